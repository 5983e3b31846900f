"""How proposals, experiments and runs begin: the one place where their rows are made."""

from __future__ import annotations

from arctl.daemon.rows import (
    Experiment,
    ExperimentState,
    Proposal,
    Purpose,
    Run,
    RunState,
)
from arctl.daemon.state import Ids, State
from arctl.daemon.turns import Draft

#: Seeds that nobody named begin here; each is used once.
FIRST_SEED = 1000


def new_proposal(
    ids: Ids, campaign: str, base: str, draft: Draft, *, agent: str, brain: str, now: float
) -> Proposal:
    """Make a draft a proposal."""
    return Proposal(
        id=ids.new("p")[0],
        campaign=campaign,
        created=now,
        agent=agent,
        brain=brain,
        base=base,
        title=draft.title,
        change=draft.change,
        hypothesis=draft.hypothesis,
        axis=draft.axis,
        move=draft.move,
        expected=draft.expected,
        if_works=draft.if_works,
        if_fails=draft.if_fails,
        cost=draft.cost,
        difference=draft.difference,
        source=draft.source,
    )


def new_experiment(
    ids: Ids, proposal: Proposal, now: float, *, rebase_of: str = "", forked: bool = False
) -> Experiment:
    """Begin the experiment of a proposal; its commit is still to be built."""
    ident, number = ids.new("e")
    return Experiment(
        id=ident,
        campaign=proposal.campaign,
        number=number,
        created=now,
        state=ExperimentState.BUILDING,
        title=proposal.title,
        proposal=proposal.id,
        axis=proposal.axis,
        base=proposal.base,
        rebase_of=rebase_of,
        team=proposal.team,
        direction=proposal.direction,
        forked=forked,
    )


def new_runs(
    state: State, ids: Ids, experiment: Experiment, purpose: Purpose, count: int, now: float
) -> list[Run]:
    """Queue the next runs of an experiment, each with a seed that it has not used yet."""
    used = {run.seed for run in state.runs_of(experiment.id)}
    panel = state.spec(experiment.campaign).policy.seeds or ()
    turn = experiment.number % len(panel) if panel else 0
    unused = [seed for seed in (*panel[turn:], *panel[:turn]) if seed not in used]
    runs = []
    for _ in range(count):
        ident, number = ids.new("r")
        # Where the panel is used up, a seed of its own: a champion is never judged by the runs that won.
        seed = unused.pop(0) if unused and purpose is not Purpose.SETUP else FIRST_SEED + number
        run = Run(
            id=ident,
            campaign=experiment.campaign,
            experiment=experiment.id,
            number=number,
            created=now,
            purpose=purpose,
            seed=seed,
            state=RunState.QUEUED,
        )
        runs.append(run)
    return runs
