"""A member claims an idea, writes its change, hands it in or lets it go; a claim is a lease."""

from __future__ import annotations

from arctl.daemon import facts
from arctl.daemon.actions import Step
from arctl.daemon.life.weighing import let
from arctl.daemon.reduce import turns
from arctl.daemon.reduce.control.base import Request
from arctl.daemon.reduce.control.targets import listed
from arctl.daemon.reduce.members.base import LEASE, Visit, Visited, at_work, the_visit
from arctl.daemon.reduce.members.changes import change_of
from arctl.daemon.reduce.members.joining import let_go
from arctl.daemon.rows import (
    CampaignState,
    Event,
    Move,
    Proposal,
    ProposalState,
    Role,
    Turn,
    bump,
)
from arctl.daemon.turns import Reply
from arctl.errors import RefusedError


def claim(request: Request) -> Visited:
    """Give a member an idea to write: nobody else writes it until the lease ends."""
    visit = the_visit(request, Role.EXPERIMENTER)
    at_work(visit)
    if (turn := visit.turn) is not None:
        msg = f"{visit.agent.name} holds {turn.subject} already"
        raise RefusedError(msg, "submit its change, or release it")
    if visit.campaign.state is not CampaignState.RUNNING or visit.campaign.drain:
        msg = f"campaign {visit.campaign.id} begins nothing now"
        raise RefusedError(msg, f"`arctl resume {visit.campaign.id}` lets it go on")
    row = _wanted(visit)
    champion = visit.campaign.champion
    direction = request.state.company.directions.get(row.direction)
    turn = Turn(
        id=request.ids.new("q")[0],
        campaign=row.campaign,
        agent=visit.agent.name,
        move=Move.IMPLEMENT,
        created=request.now,
        expires=request.now + LEASE,
        beat=request.now,
        subject=row.id,
        team=visit.agent.team,
        base=direction.base if direction is not None and direction.base else champion,
    )
    claimed = bump(row, state=ProposalState.CLAIMED, writer=visit.agent.name)
    text = f"{visit.agent.name} writes {row.id} {row.title}"
    data = {"turn": turn.id, "expires": turn.expires}
    event = Event("proposal.claimed", row.campaign, row.id, text, visit.agent.name, data)
    step = Step(rows=[claimed, turn], events=[event])
    base = request.state.experiments[turn.base]
    return visit.done(
        step, proposal=row.id, base=base.id, commit=base.promoted or base.commit, expires=turn.expires,
        lease=LEASE,
    )  # fmt: skip


def _wanted(visit: Visit) -> Proposal:
    """Return the idea that it names, or the oldest that may be written, its own team's first."""
    state = visit.request.state
    rows = [row for row in state.open_proposals(visit.campaign.id) if _free(visit, row)]
    named = visit.request.word("proposal")
    if not named:
        ours = [row for row in rows if row.team == visit.agent.team]
        if not rows:
            msg = f"no idea waits to be written in {visit.campaign.id}"
            raise RefusedError(msg, "look again later; analysts propose them")
        return (ours or rows)[0]
    row = state.proposals.get(named)
    if row is None or row.campaign != visit.campaign.id:
        msg = f"{visit.campaign.id} has no proposal {named!r}"
        raise RefusedError(msg, f"ideas that wait: {listed(item.id for item in rows)}")
    if row not in rows:
        said = f"written by {row.writer}" if row.state is ProposalState.CLAIMED else f"{row.state}"
        if row.change.get("kind") != "idea":
            said = f"no idea: its change is written ({row.change.get('kind')})"
        elif row.state is ProposalState.READY:
            said = "held, or waits for a person's word"
        msg = f"{row.id} is {said}"
        raise RefusedError(msg, f"ideas that wait: {listed(item.id for item in rows)}")
    return row


def _free(visit: Visit, row: Proposal) -> bool:
    """Tell whether an idea may be written now: what in-house experimenters would be asked for."""
    if row.state is not ProposalState.READY or row.change.get("kind") != "idea":
        return False
    return let(visit.request.state, row)


def _held(visit: Visit) -> Turn:
    turn = visit.turn
    if turn is None or turn.move is not Move.IMPLEMENT:
        msg = f"{visit.agent.name} holds no claim"
        raise RefusedError(msg, "it ended, or was never made: claim an idea first")
    named = visit.request.word("proposal")
    if named and named != turn.subject:
        msg = f"{visit.agent.name} holds {turn.subject}, not {named}"
        raise RefusedError(msg, f"name {turn.subject}, or leave the name out")
    return turn


def submit(request: Request) -> Visited:
    """Take the change that a member wrote for its claim; the idea is ready to run with it."""
    visit = the_visit(request, Role.EXPERIMENTER)
    turn = _held(visit)
    base = request.state.experiments[turn.base]
    change = change_of(visit, base, idea=False)
    step = turns.answered(request.state, facts.TurnAnswered(turn.id, Reply(change=change)), request.now)
    row = next((row for row in step.rows if isinstance(row, Proposal)), None)
    state = row.state.value if row is not None else request.state.proposals[turn.subject].state.value
    return visit.done(step, proposal=turn.subject, state=state)


def release(request: Request) -> Visited:
    """Let a claim go: the idea returns to the queue."""
    visit = the_visit(request)
    turn = _held(visit)
    step = let_go(visit, turn, request.reason or f"{visit.agent.name} let it go")
    return visit.done(step, proposal=turn.subject)
