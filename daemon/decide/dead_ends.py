"""When an axis is closed: enough was tried on it, and nothing of it was ever accepted."""

from __future__ import annotations

from arctl.daemon.actions import Step
from arctl.daemon.rows import (
    JUDGED,
    CampaignState,
    DeadEnd,
    Event,
    Experiment,
    Json,
    bump,
)
from arctl.daemon.state import State
from arctl.experiments.effects import parts

#: Verdicts against an axis, with none for it, that close it: a written idea once, values of a parameter
#: when they were tried in both directions, or often enough whatever the direction.
DEAD_AFTER_IDEA = 1
DEAD_AFTER_BOTH_WAYS = 4
DEAD_AFTER_VALUES = 8
#: Champions that open an axis again which was closed before they came.
REOPENING = 2


def close_axis(state: State, experiment: Experiment, evidence: Json, now: float) -> Step:
    """Close an axis on which enough was tried, and nothing accepted, since it was opened or last paid."""
    known = [end for end in state.all_dead_ends(experiment.campaign) if end.axis == experiment.axis]
    if not experiment.axis or any(not end.revived for end in known):
        return Step()
    # What was tried before it was opened again, or before it paid, counts no more.
    since = max([0.0, *(end.created for end in known), *_paid(state, experiment)])
    same = [row for row in state.on_axis(experiment.campaign, experiment.axis) if row.created > since]
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
        reopen=f"{REOPENING} more champions, or a person" if not known else "a person",
        closed_by="gate",
        evidence={"experiments": list(effects), "effects": effects},
    )
    text = f"{end.axis} is a dead end: {end.reason}"
    return Step(rows=[end], events=[Event("dead_end.closed", end.campaign, end.id, text)])


def _paid(state: State, experiment: Experiment) -> list[float]:
    """Return when moves on the axis, alone or with others, were accepted."""
    return [
        row.closed or 0.0
        for row in state.champions_of(experiment.campaign)
        if experiment.axis == row.axis or experiment.axis in parts(row.axis)
    ]


def _enough(state: State, tried: list[Experiment]) -> int:
    proposals = [state.proposals[row.proposal] for row in tried]
    if proposals[-1].change.get("kind") != "params":
        return DEAD_AFTER_IDEA
    moves = {proposal.move for proposal in proposals}
    return DEAD_AFTER_VALUES if moves in ({"up"}, {"down"}) else DEAD_AFTER_BOTH_WAYS


def reopen(state: State, now: float) -> Step:
    """Open an axis again, once, when enough champions came since: what it acts on is no longer the same."""
    del now
    for campaign in state.campaigns.values():
        if campaign.state is not CampaignState.RUNNING:
            continue
        for end in state.dead_ends_of(campaign.id):
            if not (needed := _champions_needed(end)):
                continue
            since = [
                row.id
                for row in state.champions_of(campaign.id)
                if row.closed is not None and row.closed > end.created
            ]
            if len(since) < needed:
                continue
            why = f"{' and '.join(since)} became champion since"
            text = f"dead end {end.id} ({end.axis or end.direction}) is open again: {why}"
            event = Event("dead_end.reopened", campaign.id, end.id, text)
            return Step(rows=[bump(end, revived=why)], events=[event])
    return Step()


def _champions_needed(end: DeadEnd) -> int:
    """Return how many new champions open a dead end again by themselves; 0 where a person has to."""
    if end.closed_by == "gate" and end.reopen.startswith(f"{REOPENING} "):
        return REOPENING
    return int(end.closed_by == "arctl" and end.reopen.startswith("a new champion"))
