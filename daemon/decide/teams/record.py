"""What came of a direction: how much was tried since it last paid, what was kept, who knows more."""

from __future__ import annotations

from dataclasses import dataclass

from arctl.daemon.decide.teams.supply import exhausted
from arctl.daemon.rows import JUDGED, Direction, ProposalState, Role, Team, Verdict
from arctl.daemon.state import State
from arctl.experiments.effects import covers, parts

#: Verdicts of experiments that used a slot and brought nothing.
VAIN = frozenset(
    {Verdict.REJECTED, Verdict.INCONCLUSIVE, Verdict.CRASHED, Verdict.TIMED_OUT, Verdict.NO_METRIC,
     Verdict.NOT_FINITE, Verdict.INVALID}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Record:
    """What came of a team's direction since it took it up, or since its last acceptance."""

    finished: int
    rejected: int
    accepted: int
    open: int
    #: Of those that are open, the ones of which something was measured.
    measured: int


def record(state: State, team: Team, direction: Direction) -> Record:
    """Count a direction's experiments: those in vain since the last acceptance, and all that were kept."""
    rows = state.of_direction(direction.id)
    begun = max(team.since, direction.since)
    ended = [row for row in rows if row.closed is not None]
    accepted = [row for row in ended if row.verdict == Verdict.ACCEPTED]
    since = max([begun, *(row.closed or 0.0 for row in accepted)])
    vain = [row for row in ended if row.verdict in VAIN and (row.closed or 0.0) > since]
    rejected = [row for row in ended if row.verdict == Verdict.REJECTED]
    measured = sum(bool(row.values) for row in rows if row.closed is None)
    return Record(len(vain), len(rejected), len(accepted), len(rows) - len(ended), measured)


def untried(state: State, direction: Direction, least: int = 1) -> list[str]:
    """Return the axes of a direction on which fewer than `least` experiments were judged in it."""
    rows = (row for row in state.of_direction(direction.id) if row.verdict in JUDGED)
    tried = [parts(row.axis) for row in rows]
    return [axis for axis in direction.axes if sum(touches(axis, names) for names in tried) < least]


def touches(axis: str, tried: tuple[str, ...]) -> bool:
    """Tell whether something tried lies on an axis: `optimizer.lr` lies on `optimizer`."""
    return any(covers(axis, name) for name in tried)


def spent(state: State, team: Team, known: Record) -> bool:
    """Tell whether a team has nothing under way and nobody who knows more."""
    members = state.company.members(team)
    people = [row for row in members if row.role is not Role.EXPERIMENTER and not row.outside]
    waiting = any(row.team == team.id for row in state.open_proposals(team.campaign) if still(row.state))
    done = all(exhausted(state, row) for row in people)
    return not known.open and not waiting and done


def still(state: ProposalState) -> bool:
    """Tell whether an open proposal may run without a person's word."""
    return state is not ProposalState.PARKED
