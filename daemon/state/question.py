"""What an agent is told when it is asked: the shared state, seen from its seat."""

from __future__ import annotations

from arctl.daemon.rows import (
    Agent,
    Critique,
    Direction,
    DirectionState,
    Experiment,
    Move,
    Outcome,
    Proposal,
    Role,
    Turn,
)
from arctl.daemon.state.core import State
from arctl.daemon.state.settings import settings_of
from arctl.daemon.turns import Question

#: Posts of the forum that an agent is shown without searching.
POSTS = 20


def build(state: State, turn: Turn) -> Question:
    """Return the question of a turn; the same turn is the same question as long as nothing happened."""
    company = state.company
    campaign = state.campaigns[turn.campaign]
    agent = company.named(turn.campaign, turn.agent)
    if agent is None:
        msg = f"turn {turn.id} is of nobody"
        raise AssertionError(msg)
    team = company.teams.get(agent.team)
    direction = company.directions.get(team.direction) if team else None
    proposal, experiment, critiques = _subject(state, turn)
    base = state.experiments[turn.base]
    return Question(
        turn=turn,
        campaign=campaign,
        agent=agent,
        move=turn.move,
        settings=settings_of(state, agent, turn.move),
        base=base.id,
        commit=base.promoted or base.commit,
        params=base.params,
        history=state.history(campaign.id),
        dead_ends=tuple(state.dead_ends_of(campaign.id)),
        effects=tuple(state.effects(campaign.id).values()),
        team=team,
        direction=direction,
        directions=tuple(company.directions_of(campaign.id)),
        taken=_taken(state, agent, direction),
        open=tuple(state.open_proposals(campaign.id)),
        directives=tuple(company.directives_for(agent)),
        posts=tuple(company.latest_posts(campaign.id, POSTS)),
        want=turn.want,
        round=turn.round,
        seat=_seat(state, agent),
        reason=turn.note,
        proposal=proposal,
        experiment=experiment,
        critiques=critiques,
        run=_crashed_run(state, experiment) if turn.move is Move.REPAIR else "",
    )


def _subject(state: State, turn: Turn) -> tuple[Proposal | None, Experiment | None, tuple[Critique, ...]]:
    """Return the proposal and experiment that a turn is about, and what was said of it, or of directions."""
    experiment = state.experiments.get(turn.subject)
    proposal = state.proposals.get(experiment.proposal if experiment else turn.subject)
    if experiment is None and proposal is not None:
        experiment = state.experiments.get(proposal.experiment)
    subjects = [proposal.id] if proposal else []
    if turn.move is Move.DISCUSS:
        proposed = state.company.directions_of(turn.campaign, DirectionState.PROPOSED)
        subjects = [row.id for row in proposed]
    critiques = tuple(item for ident in subjects for item in state.company.critiques_on(ident))
    return proposal, experiment, critiques


def _taken(state: State, agent: Agent, direction: Direction | None) -> frozenset[str]:
    """Return the axes that other teams hold, for no two work on one; a solo agent has none beside it."""
    if agent.role is Role.SOLO:
        return frozenset()
    held = state.company.directions_of(agent.campaign, DirectionState.ACTIVE)
    own = direction.id if direction else ""
    return frozenset(axis for row in held if row.id != own for axis in row.axes)


def _seat(state: State, agent: Agent) -> tuple[int, int]:
    people = state.company.agents_of(agent.campaign)
    names = [row.name for row in people if row.role is Role.ANALYST and not row.outside]
    return (names.index(agent.name), len(names)) if agent.name in names else (0, 1)


def _crashed_run(state: State, experiment: Experiment | None) -> str:
    runs = state.runs_of(experiment.id) if experiment else []
    return next((run.id for run in reversed(runs) if run.outcome == Outcome.CRASHED), "")
