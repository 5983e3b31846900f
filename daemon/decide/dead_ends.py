"""When an axis is closed: enough was tried on it, and nothing of it was ever accepted."""

from __future__ import annotations

from arctl.daemon.actions import Step
from arctl.daemon.model import (
    JUDGED,
    DeadEnd,
    Event,
    Experiment,
    Json,
    Verdict,
)
from arctl.daemon.state import State

#: Verdicts against an axis, with none for it, that close it: a written idea once, values of a parameter
#: when they were tried in both directions, or often enough whatever the direction.
DEAD_AFTER_IDEA = 1
DEAD_AFTER_BOTH_WAYS = 4
DEAD_AFTER_VALUES = 8


def close_axis(state: State, experiment: Experiment, evidence: Json, now: float) -> Step:
    """Close an axis on which enough was tried and nothing was ever accepted."""
    if not experiment.axis or any(
        end.axis == experiment.axis for end in state.dead_ends_of(experiment.campaign)
    ):
        return Step()
    same = state.on_axis(experiment.campaign, experiment.axis)
    if any(row.verdict == Verdict.ACCEPTED for row in same):
        return Step()
    tried = [row for row in same if row.verdict in JUDGED] + [experiment]
    if len(tried) < _enough(state, tried):
        return Step()
    ident, _ = state.ids().new("d")
    effects = {row.id: row.evidence.get("effect") for row in tried[:-1]}
    effects[experiment.id] = evidence.get("effect")
    names = ", ".join(effects)
    end = DeadEnd(
        id=ident,
        campaign=experiment.campaign,
        axis=experiment.axis,
        created=now,
        reason=f"{len(tried)} tried, none accepted ({names})",
        reopen="a new champion that changes what the axis acts on, or a person",
        closed_by="gate",
        evidence={"experiments": list(effects), "effects": effects},
    )
    text = f"{end.axis} is a dead end: {end.reason}"
    return Step(rows=[end], events=[Event("dead_end.closed", end.campaign, end.id, text)])


def _enough(state: State, tried: list[Experiment]) -> int:
    proposals = [state.proposals[row.proposal] for row in tried]
    if proposals[-1].change.get("kind") != "params":
        return DEAD_AFTER_IDEA
    moves = {proposal.move for proposal in proposals}
    return DEAD_AFTER_VALUES if moves in ({"up"}, {"down"}) else DEAD_AFTER_BOTH_WAYS
