"""When an axis is closed: enough was tried on it, and nothing of it was ever accepted."""

from __future__ import annotations

from arctl.daemon.actions import Step
from arctl.daemon.life.binding import BY_GATE, BY_RULE
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

#: Verdicts against an axis, with none for it, that close it: an idea of a deck once, any other when it was
#: tried both ways, or often enough one way, for whoever goes the same way a third time was told to turn.
DEAD_AFTER_CARD = 1
DEAD_AFTER_BOTH_WAYS = 2
DEAD_AFTER_ONE_WAY = 3
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
    if len(tried) < _enough(state, experiment, tried):
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
        reopen=_condition(state, experiment),
        closed_by=BY_GATE,
        evidence={"experiments": list(effects), "effects": effects},
    )
    text = f"{end.axis} is a dead end: {end.reason}"
    return Step(rows=[end], events=[Event("dead_end.closed", end.campaign, end.id, text)])


def _condition(state: State, experiment: Experiment) -> str:
    """Return what opens an axis again; a value of a parameter may be looked at again by smaller steps."""
    finer = set(parts(experiment.axis)) <= set(state.spec(experiment.campaign).params)
    return f"{REOPENING} more champions, {'nothing else left to try, ' if finer else ''}or a person"


def _paid(state: State, experiment: Experiment) -> list[float]:
    """Return when moves on the axis, alone or with others, were accepted."""
    return [
        row.closed or 0.0
        for row in state.champions_of(experiment.campaign)
        if experiment.axis == row.axis or experiment.axis in parts(row.axis)
    ]


def _enough(state: State, experiment: Experiment, tried: list[Experiment]) -> int:
    """Return how many verdicts against an axis close it."""
    proposals = [state.proposals[row.proposal] for row in tried]
    if proposals[-1].source:
        return DEAD_AFTER_CARD
    param = state.spec(experiment.campaign).params.get(experiment.axis)
    if param is not None and param.type in ("bool", "choice"):
        # Each choice is a way of its own; one that was tried again says nothing of the others.
        values = [
            repr(row.params.get(experiment.axis)) if proposal.change.get("kind") == "params" else row.id
            for row, proposal in zip(tried, proposals, strict=True)
        ]
        return max(1, len(param.choices) - 1) + len(values) - len(set(values))
    moves = {proposal.move for proposal in proposals}
    return DEAD_AFTER_ONE_WAY if moves in ({"up"}, {"down"}) else DEAD_AFTER_BOTH_WAYS


def reopen(state: State, now: float) -> Step:
    """Open an axis again when enough champions came since: what it acts on is no longer the same."""
    del now
    for campaign in state.campaigns.values():
        if campaign.state is not CampaignState.RUNNING:
            continue
        waiting = [end for end in state.dead_ends_of(campaign.id) if _champions_needed(end)]
        crowned = _crowned(state, campaign.id) if waiting else []
        for end in waiting:
            since = list(dict.fromkeys(ident for when, ident in crowned if when > end.created))
            if len(since) < _champions_needed(end):
                continue
            why = f"{' and '.join(since)} became champion since"
            text = f"dead end {end.id} ({end.axis or end.direction}) is open again: {why}"
            event = Event("dead_end.reopened", campaign.id, end.id, text)
            return Step(rows=[bump(end, revived=why)], events=[event])
    return Step()


def _crowned(state: State, campaign: str) -> list[tuple[float, str]]:
    """Return when which experiments became champion, by their evidence, then those by hand."""
    found = [(row.closed, row.id) for row in state.champions_of(campaign) if row.closed is not None]
    by_hand = (
        (deed.created, deed.target)
        for deed in state.company.deeds.values()
        if deed.campaign == campaign and deed.verb in ("promote", "rollback")
        if not deed.undone and state.experiments[deed.target].promoted
    )
    return [*found, *by_hand]


def _champions_needed(end: DeadEnd) -> int:
    """Return how many new champions open a dead end again by themselves; 0 where a person has to."""
    if end.closed_by == BY_GATE and end.reopen.startswith(f"{REOPENING} "):
        return REOPENING
    return int(end.closed_by == BY_RULE and end.reopen.startswith("a new champion"))
