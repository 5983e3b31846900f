"""The queue in a person's hands: what waits in which order, and what a move does to it. Pure.

Two queues have an order: proposals that are ready, and experiments that wait for their first run. A row's
`place` is a person's word on it: below zero it goes ahead of the rest, above zero behind; of equals the
ranking (of experiments the age) decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from arctl.daemon.life.ranking import ranked
from arctl.daemon.rows import WAITING, Experiment, ExperimentState, Proposal, ProposalState, Purpose, Run
from arctl.daemon.state import State


def ready(state: State, campaign: str) -> list[Proposal]:
    """Return the proposals that are ready, in the order in which they are taken up."""
    rows = [row for row in state.open_proposals(campaign) if row.state is ProposalState.READY]
    return ranked(state, campaign, rows)


def unstarted(state: State, campaign: str) -> list[Experiment]:
    """Return the experiments that wait for their first run, in the order in which they get it."""
    first = {run.experiment: run.number for run in state.live_runs() if _unstarted(state, run, campaign)}
    rows = [state.experiments[ident] for ident in first]
    return sorted(rows, key=lambda row: (row.place, not urgent(state, row), first[row.id]))


def urgent(state: State, row: Experiment) -> bool:
    """Tell whether an experiment goes first: a person proposed it, or asked for it by a directive."""
    proposal = state.proposals.get(row.proposal)
    return proposal is not None and proposal.urgent


def _unstarted(state: State, run: Run, campaign: str) -> bool:
    if run.campaign != campaign or run.purpose is not Purpose.SEARCH or run.state not in WAITING:
        return False
    return state.experiments[run.experiment].state is not ExperimentState.BUILDING


def begun(state: State, row: Experiment) -> bool:
    """Tell whether any run of an experiment has started."""
    return any(run.started is not None or run.state not in WAITING for run in state.runs_of(row.id))


def set_aside(state: State, row: Experiment) -> bool:
    """Tell whether a person holds an experiment of which nothing has started."""
    return row.held and not begun(state, row)


def replaced(
    order: Sequence[str], places: Mapping[str, int], moved: str, index: int, *, last: bool = False
) -> dict[str, int]:
    """Return the new places of a queue in which `moved` comes to stand at `index`.

    What stands before it is fixed where a person sees it now, so that it comes to stand where it was put;
    what stands behind goes on being ranked. Put at the end (`last`: by name) it is fixed behind all others,
    of those to come, too.
    """
    rest = [name for name in order if name != moved]
    rest.insert(index, moved)
    if (index or last) and all(places[name] > 0 for name in rest[index + 1 :]):
        behind = [*(name for name in rest[:index] if places[name] > 0), *rest[index:]]
        found = {name: number for number, name in enumerate(behind, 1)}
    else:
        fixed = max([index, *(n for n, name in enumerate(rest) if places[name] < 0 and name != moved)])
        found = {name: number - fixed - 1 for number, name in enumerate(rest[: fixed + 1])}
    return {name: place for name, place in found.items() if place != places[name]}
