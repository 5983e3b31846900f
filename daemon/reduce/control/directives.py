"""Redirect: an instruction that analysts must acknowledge; queued work from before it is set aside."""

from __future__ import annotations

from arctl.daemon.actions import Step
from arctl.daemon.life.proposing import set_aside
from arctl.daemon.life.talking import new_post, posted
from arctl.daemon.reduce.control.base import Done, Request, inverse
from arctl.daemon.reduce.control.leases import withdraw as let_go
from arctl.daemon.reduce.control.targets import campaign_of, listed, need
from arctl.daemon.rows import (
    ALIVE,
    Campaign,
    Direction,
    DirectionState,
    Directive,
    DirectiveState,
    Event,
    PostKind,
    Proposal,
    ProposalState,
    Team,
    TeamState,
    bump,
)
from arctl.errors import RefusedError
from arctl.text import clean

#: States of a directive that still binds.
LIVE = (DirectiveState.ISSUED, DirectiveState.ACKNOWLEDGED)
#: States of queued work that a directive sets aside.
QUEUED = frozenset(
    {ProposalState.PENDING, ProposalState.OBJECTED, ProposalState.READY, ProposalState.CLAIMED}
)


def redirect(request: Request) -> Done:
    """Write a directive, its thread in the forum, and set aside what was queued before it."""
    target = need(request)
    if not isinstance(target, Campaign | Team | Direction):
        msg = f"{request.fact.target} takes no directive"
        raise RefusedError(msg, "redirect a campaign, a team or a direction")
    if isinstance(target, Team) and target.state is TeamState.RETIRED:
        msg = f"{target.id} {target.name} is retired"
        raise RefusedError(msg, "`arctl teams` shows which there are")
    if isinstance(target, Direction) and target.state not in ALIVE:
        msg = f"{target.id} has ended: {target.state}"
        raise RefusedError(msg, "`arctl teams` shows the others")
    words, campaign = request.text(), campaign_of(target)
    ident, _ = request.ids.new("i")
    queue = _queue(request, campaign, target)
    post = new_post(
        request.state, request.ids, campaign, author=request.actor, kind=PostKind.DIRECTIVE, text=words,
        now=request.now, team=target.id if isinstance(target, Team) else "", links=(ident, target.id),
    )  # fmt: skip
    directive = Directive(
        id=ident, campaign=campaign, created=request.now, target=target.id, text=words, author=request.actor,
        thread=post.id,
    )  # fmt: skip
    aside = f"; {len(queue)} queued set aside ({listed(row.id for row in queue)})" if queue else ""
    text = f"{ident} for {target.id}: {clean(words, 200)}{aside}"
    data = {"target": target.id, "text": words, "parked": [row.id for row in queue], "thread": post.id}
    step = Step(
        rows=[directive, post], events=[Event("directive.issued", campaign, ident, text, request.actor, data)]
    )
    step.events.append(posted(post))
    reason = f"{set_aside(ident)}{clean(words, 200)}"
    for row in queue:
        step.rows.append(bump(row, state=ProposalState.PARKED, reason=reason))
        said = f"{row.id} {row.title} is {reason}"
        step.events.append(
            Event("proposal.parked", campaign, row.id, said, request.actor, {"directive": ident})
        )
    parked = {row.id for row in queue}
    step.extend(let_go(request, campaign, lambda turn: turn.subject in parked, reason, gone=parked))
    states = {row.id: _state_again(row).value for row in queue}
    undo = inverse("withdraw", ident, states=states)
    return Done(
        step, target.id, campaign, undo, {"directive": ident, "thread": post.id, "parked": list(states)}
    )


def _queue(request: Request, campaign: str, target: Campaign | Team | Direction) -> list[Proposal]:
    """Return the queued work of a target that a directive speaks of; what a person proposed stays."""
    rows = [row for row in request.state.open_proposals(campaign) if row.state in QUEUED]
    rows = [row for row in rows if not (row.urgent and row.by_hand)]
    match target:
        case Team():
            return [row for row in rows if row.team == target.id]
        case Direction():
            return [row for row in rows if row.direction == target.id]
        case _:
            return rows


def _state_again(row: Proposal) -> ProposalState:
    """Return the state that a parked proposal goes back to: whoever was writing it has let go of it."""
    return ProposalState.READY if row.state is ProposalState.CLAIMED else row.state


def withdraw(request: Request) -> Done:
    """End a directive and take what it set aside back; or take a standing direction of a person's back."""
    directive = request.state.company.directives.get(request.fact.target)
    if directive is not None:
        return _ended(request, directive)
    direction = request.state.company.directions.get(request.fact.target)
    if direction is not None:
        return _taken_back(request, direction)
    live = [row.id for row in request.state.company.directives.values() if row.state in LIVE]
    msg = f"there is no directive {request.fact.target!r}"
    raise RefusedError(msg, f"directives that stand: {listed(live)}")


def _ended(request: Request, row: Directive) -> Done:
    if row.state not in LIVE:
        msg = f"{row.id} is {row.state} already"
        raise RefusedError(msg, "`arctl directives` shows which stand")
    back = _parked(request, row)
    names = f"; {listed(item.id for item, _ in back)} queued again" if back else ""
    text = f"{row.id} is withdrawn{names}{request.because}"
    ended = bump(row, state=DirectiveState.WITHDRAWN, ended=request.now)
    event = Event("directive.withdrawn", row.campaign, row.id, text, request.actor)
    step = Step(rows=[ended], events=[event])
    for item, wanted in back:
        step.rows.append(bump(item, state=wanted, reason=""))
        said = f"{item.id} {item.title} is {wanted} again: {row.id} is withdrawn"
        step.events.append(Event("proposal.unparked", row.campaign, item.id, said, request.actor))
    return Done(step, row.id, row.campaign)


def _parked(request: Request, row: Directive) -> list[tuple[Proposal, ProposalState]]:
    """Return what a directive set aside and is still there, with the state that it had."""
    deeds = request.state.company.deeds.values()
    deed = next((deed for deed in deeds if deed.undo.get("target") == row.id), None)
    states = (deed.undo.get("data") or {}).get("states", {}) if deed is not None else {}
    prefix = set_aside(row.id)
    return [
        (item, ProposalState(states.get(item.id, ProposalState.PENDING)))
        for item in request.state.open_proposals(row.campaign)
        if item.state is ProposalState.PARKED
        and not item.stashed
        and (item.id in states or item.reason.startswith(prefix))
    ]


def _taken_back(request: Request, row: Direction) -> Done:
    if row.state is not DirectionState.STANDING:
        msg = f"direction {row.id} is {row.state}, not waiting for a team"
        raise RefusedError(msg, f"`arctl kill {row.id}` ends it")
    text = f"direction {row.id} {row.title} is withdrawn{request.because}"
    gone = bump(row, state=DirectionState.RETIRED, reason=f"withdrawn by {request.actor}{request.because}")
    event = Event("direction.retired", row.campaign, row.id, text, request.actor)
    return Done(Step(rows=[gone], events=[event]), row.id, row.campaign)
