"""Dead ends by hand: mark an axis or a range of it, and open one again."""

from __future__ import annotations

from arctl.daemon.actions import Step
from arctl.daemon.life.binding import closing_among
from arctl.daemon.reduce.control.base import Done, Request, inverse
from arctl.daemon.reduce.control.leases import withdraw
from arctl.daemon.reduce.control.targets import listed, need_campaign
from arctl.daemon.rows import PROPOSED, DeadEnd, Event, Proposal, ProposalState, bump
from arctl.errors import RefusedError, UsageError


def mark(request: Request) -> Done:
    """Close an axis, or a range of its values; what is queued inside it is refused."""
    if "dead_end" in request.fact.data:
        return _closed_again(request, _dead_end(request, request.word("dead_end")))
    campaign = need_campaign(request)
    axis = request.word("axis")
    if not axis:
        raise UsageError("a dead end needs an axis", "name it as proposals do: arctl mark optimizer.lr")
    low, high = request.number("low"), request.number("high")
    if low is not None and high is not None and low > high:
        msg = f"the range from {low:g} to {high:g} is empty"
        raise UsageError(msg, "give the smaller one to --from")
    param = request.state.spec(campaign.id).params.get(axis)
    if (low is not None or high is not None) and param is not None and param.type in ("bool", "choice"):
        msg = f"{axis} is a {param.type}, which has no range"
        raise RefusedError(msg, "leave --from and --to out to close all of it")
    for end in request.state.dead_ends_of(campaign.id):
        if end.axis == axis and (end.low, end.high) == (low, high):
            msg = f"{axis} is dead end {end.id} already: {end.reason}"
            raise RefusedError(msg, "`arctl deadends`")
    tried = [row for row in request.state.on_axis(campaign.id, axis) if row.verdict]
    effects = {row.id: row.evidence.get("effect") for row in tried}
    ident, _ = request.ids.new("d")
    end = DeadEnd(
        id=ident,
        campaign=campaign.id,
        axis=axis,
        created=request.now,
        reason=request.reason or f"marked by {request.actor}",
        reopen="a person",
        closed_by=request.actor,
        evidence={"experiments": list(effects), "effects": effects},
        low=low,
        high=high,
    )
    return _closed(request, end)


def _closed(request: Request, end: DeadEnd) -> Done:
    ends = [*request.state.dead_ends_of(end.campaign), end]
    inside = [
        row
        for row in request.state.open_proposals(end.campaign)
        if not (row.urgent and row.by_hand) and closing_among(ends, row) is not None
    ]
    also = f"; {listed(row.id for row in inside)} refused" if inside else ""
    text = f"{end.axis}{_range(end)} is dead end {end.id}: {end.reason}{also}"
    event = Event("dead_end.closed", end.campaign, end.id, text, request.actor)
    step = Step(rows=[end], events=[event])
    reason = f"inside dead end {end.id} ({end.axis}): {end.reason}"
    step.extend(_refused(request, inside, reason))
    gone = {row.id for row in inside}
    step.extend(withdraw(request, end.campaign, lambda turn: turn.subject in gone, reason, gone=gone))
    return Done(step, end.id, end.campaign, inverse("revive", end.id), {"dead_end": end.id})


def _refused(request: Request, inside: list[Proposal], reason: str) -> Step:
    step = Step()
    for row in inside:
        if row.state in PROPOSED:
            step.rows.append(bump(row, state=ProposalState.REFUSED, reason=reason))
            text = f"{row.id} {row.title} is refused: {reason}"
            step.events.append(Event("proposal.refused", row.campaign, row.id, text, request.actor))
    return step


def _range(end: DeadEnd) -> str:
    if end.low is None and end.high is None:
        return ""
    low, high = (f"{value:.6g}" if value is not None else "" for value in (end.low, end.high))
    if not high:
        return f" from {low} on"
    return f" up to {high}" if not low else f" from {low} to {high}"


def revive(request: Request) -> Done:
    """Open a dead end again; what it refused is not brought back by itself."""
    end = _dead_end(request, request.fact.target)
    if end.revived:
        msg = f"{end.id} ({end.axis}) is open already: {end.revived}"
        raise RefusedError(msg, "`arctl deadends`")
    why = f"revived by {request.actor}{request.because}"
    text = f"{end.axis}{_range(end)} is open again: {end.id} {why}"
    event = Event("dead_end.revived", end.campaign, end.id, text, request.actor)
    step = Step(rows=[bump(end, revived=why)], events=[event])
    return Done(step, end.id, end.campaign, inverse("mark", end.campaign, dead_end=end.id))


def _closed_again(request: Request, end: DeadEnd) -> Done:
    """Take a revival back."""
    if not end.revived:
        msg = f"{end.id} ({end.axis}) is closed already"
        raise RefusedError(msg, "`arctl deadends`")
    return _closed(request, bump(end, revived=""))


def _dead_end(request: Request, ident: str) -> DeadEnd:
    if ident not in request.state.dead_ends:
        closed = [
            end.id for name in request.state.campaigns for end in request.state.dead_ends_of(name)
        ]  # fmt: skip
        msg = f"there is no dead end {ident!r}"
        raise RefusedError(msg, f"closed at the moment: {listed(closed)}")
    return request.state.dead_ends[ident]
