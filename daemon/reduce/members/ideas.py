"""A member's ideas and its word on those of others, admitted and weighed like everybody's."""

from __future__ import annotations

import re
from typing import Any

from arctl.daemon.actions import Step
from arctl.daemon.life import proposing
from arctl.daemon.life.binding import closing_dead_end
from arctl.daemon.reduce import answers, discussing
from arctl.daemon.reduce.control.base import Request
from arctl.daemon.reduce.control.setting import titled
from arctl.daemon.reduce.control.targets import listed
from arctl.daemon.reduce.members.base import Visit, Visited, at_work, paced, the_visit
from arctl.daemon.reduce.members.changes import change_of
from arctl.daemon.rows import (
    OUTSIDE,
    STANCES,
    Direction,
    DirectionState,
    DirectiveState,
    Discussion,
    Event,
    Experiment,
    Json,
    Move,
    Proposal,
    ProposalState,
    Role,
    Turn,
    bump,
)
from arctl.daemon.turns import DirectionDraft, Draft, Opinion, Reply
from arctl.errors import RefusedError, UsageError
from arctl.text import clean

#: Proposals of one member that wait at a time, and its directions in one discussion.
OPEN = 4
DIRECTIONS = 3
MOVES = ("up", "down", "replace", "remove", "structural")
WAITING = frozenset({ProposalState.PENDING, ProposalState.OBJECTED, ProposalState.READY})
AXIS = re.compile(r"[A-Za-z_][\w-]*(\.\w[\w-]*)*(\+[A-Za-z_][\w-]*(\.\w[\w-]*)*){0,3}", re.ASCII)
#: What a member may say of a proposal besides its title, axis, move and change.
WORDS = ("hypothesis", "expected", "if_works", "if_fails", "cost", "difference")


def propose(request: Request) -> Visited:
    """Put a member's idea into the queue; what binds everyone binds it."""
    visit = the_visit(request, Role.ANALYST)
    at_work(visit)
    state, agent = request.state, visit.agent
    mine = [row for row in state.open_proposals(visit.campaign.id) if row.made_by(agent.name)]
    if sum(row.state in WAITING for row in mine) >= OPEN:
        msg = f"{OPEN} proposals of {agent.name} wait: {listed(row.id for row in mine)}"
        raise RefusedError(msg, "wait until one is taken up, or withdraw one")
    direction = state.company.direction_of(agent.team)
    base = _base(visit, direction)
    draft = _draft(visit, base, of=None)
    _untaken(visit, draft.axis)
    heard = [row for row in state.company.directives_for(agent) if row.state is DirectiveState.ACKNOWLEDGED]
    step = proposing.admit(
        state, request.ids, visit.campaign, draft, author=agent.name, brain=OUTSIDE, base=base.id,
        now=request.now, team=agent.team, direction=direction.id if direction else "",
        directive=heard[-1].id if heard else "",
    )  # fmt: skip
    return _stands(visit, step)


def revise(request: Request) -> Visited:
    """Write a member's proposal anew after an objection."""
    visit = the_visit(request, Role.ANALYST)
    at_work(visit)
    row = _own(visit)
    if row.state is not ProposalState.OBJECTED:
        msg = f"{row.id} is {row.state}: nobody objects"
        raise RefusedError(msg, "only a proposal that was objected to is written anew")
    draft = _draft(visit, _base(visit, request.state.company.direction_of(row.team)), of=row)
    return _stands(visit, proposing.revise(request.state, request.ids, row, draft, request.now))


def withdraw(request: Request) -> Visited:
    """Give up a proposal of the member's own of which no experiment was made yet."""
    visit = the_visit(request)
    row = _own(visit)
    if row.state not in WAITING:
        msg = f"{row.id} is {row.state}"
        raise RefusedError(msg, f"it became {row.experiment}" if row.experiment else "it no longer waits")
    why = request.reason or f"{visit.agent.name} gave it up"
    text = f"{row.id} {row.title} is withdrawn: {why}"
    event = Event("proposal.withdrawn", row.campaign, row.id, text, visit.agent.name)
    step = Step(rows=[bump(row, state=ProposalState.WITHDRAWN, reason=why)], events=[event])
    return visit.done(step, proposal=row.id, state=ProposalState.WITHDRAWN.value)


def _own(visit: Visit) -> Proposal:
    ident = visit.request.word("proposal")
    row = visit.request.state.proposals.get(ident)
    if row is None or row.campaign != visit.campaign.id or not row.made_by(visit.agent.name):
        msg = f"{visit.agent.name} made no proposal {ident!r}"
        raise RefusedError(msg, "name one of your own")
    return row


def _base(visit: Visit, direction: Direction | None) -> Experiment:
    state = visit.request.state
    return state.experiments[direction.base if direction and direction.base else visit.campaign.champion]


def _draft(visit: Visit, base: Experiment, *, of: Proposal | None) -> Draft:
    """Return the idea of a request; what a revision leaves out stays as it was."""
    data = visit.request.fact.data
    said = {name: str(data.get(name) or (getattr(of, name) if of else "")) for name in WORDS}
    if not said["hypothesis"].strip():
        raise UsageError("a proposal needs a hypothesis", "say in a sentence why it should work")
    change: Json = change_of(visit, base, idea=True) if of is None or "change" in data else of.change
    axis, move, title = (clean(str(data.get(name) or ""), 200) for name in ("axis", "move", "title"))
    if of is not None:
        axis, move, title = axis or of.axis, move or of.move, title or of.title
    if change["kind"] == "params":
        made, way = titled(base.params, change["values"])
        axis, move, title = axis or "+".join(sorted(change["values"])), move or way, title or made
    move = move or "structural"
    if not AXIS.fullmatch(axis):
        msg = f"{clean(axis, 60)!r} is no axis"
        raise UsageError(msg, "dotted names like optimizer.lr, joined by + for several")
    if move not in MOVES:
        msg = f"there is no move called {clean(move, 40)!r}"
        raise UsageError(msg, f"use one of {', '.join(MOVES)}")
    if not title:
        raise UsageError("a proposal needs a title", "say in a few words what it changes")
    return Draft(title=title, change=change, axis=axis, move=move, **said)


def _untaken(visit: Visit, axis: str) -> None:
    """Refuse an axis that another team holds: no two teams work on one."""
    team = proposing.neighbours(visit.request.state, visit.campaign.id, axis, visit.agent.team)
    if team is not None:
        msg = f"{axis} is held by team {team.name} ({team.id})"
        raise RefusedError(msg, "join that team, or tell it in the forum")


def _stands(visit: Visit, step: Step) -> Visited:
    """Return where a proposal stands now, with the evidence where that is why it may not run."""
    row = next(row for row in step.rows if isinstance(row, Proposal))
    told: dict[str, Any] = {"proposal": row.id, "state": row.state.value, "reason": row.reason}
    if row.near:
        told["near"] = list(row.near)
    end = closing_dead_end(visit.request.state, row) if row.state is ProposalState.REFUSED else None
    if end is not None:
        names = ("id", "axis", "low", "high", "reason", "reopen", "closed_by", "evidence")
        told["dead_end"] = {name: getattr(end, name) for name in names}
    if row.state is ProposalState.READY and visit.request.state.spec(row.campaign).policy.approve:
        told["waits"] = "a person's approval"
    return visit.done(step, **told)


# -- the word on others' ideas ---------------------------------------------------------------------------


def critique(request: Request) -> Visited:
    """Endorse, object to, or ask to revise a proposal or, while a discussion goes on, a direction."""
    visit = the_visit(request, Role.ANALYST)
    paced(visit)
    stance, subject = request.word("stance"), request.word("subject")
    if stance not in STANCES:
        msg = f"there is no stance called {clean(stance, 40)!r}"
        raise UsageError(msg, f"use {', '.join(STANCES)}")
    opinion = Opinion(subject, STANCES[stance], request.text("reason"), request.words("links"))
    said = request.state.company.critiques_on(subject)
    latest = [item for item in said if item.author == visit.agent.name and not item.by_hand]
    if latest and latest[-1].stance is opinion.stance and not latest[-1].lifted:
        msg = f"{visit.agent.name} said so already in {latest[-1].id}"
        raise RefusedError(msg, "say more in the forum, or change your mind")
    row = request.state.proposals.get(subject)
    if row is not None and row.campaign == visit.campaign.id:
        return _proposal_judged(visit, row, opinion)
    direction = request.state.company.directions.get(subject)
    if direction is not None and direction.campaign == visit.campaign.id:
        return _direction_judged(visit, direction, opinion)
    waiting = [item.id for item in request.state.open_proposals(visit.campaign.id)]
    msg = f"{visit.campaign.id} has no proposal or direction {subject!r}"
    raise RefusedError(msg, f"open proposals: {listed(waiting)}")


def _proposal_judged(visit: Visit, row: Proposal, opinion: Opinion) -> Visited:
    if row.made_by(visit.agent.name):
        msg = f"{row.id} is your own: somebody else looks at it"
        raise RefusedError(msg, "revise or withdraw it instead")
    if row.state not in (ProposalState.PENDING, ProposalState.OBJECTED):
        msg = f"{row.id} is {row.state}: its critique is over"
        raise RefusedError(msg, "say it in the forum, with a link to it")
    step = _taken(visit, Move.CRITIQUE, row.id, Reply(opinions=(opinion,)))
    new = next((item for item in step.rows if isinstance(item, Proposal)), row)
    return visit.done(step, subject=row.id, stance=opinion.stance.value, state=new.state.value)


def _direction_judged(visit: Visit, row: Direction, opinion: Opinion) -> Visited:
    if row.made_by(visit.agent.name):
        msg = f"{row.id} is your own: others judge it"
        raise RefusedError(msg, "say more about it in the forum")
    discussion = visit.request.state.company.discussion(visit.campaign.id)
    if discussion is None or row.state is not DirectionState.PROPOSED:
        msg = f"{row.id} is {row.state}: directions are judged while a discussion goes on"
        raise RefusedError(msg, "say it in the forum, with a link to it")
    step = _taken(visit, Move.DISCUSS, discussion.id, Reply(opinions=(opinion,)))
    return visit.done(step, subject=row.id, stance=opinion.stance.value, state=row.state.value)


def direction(request: Request) -> Visited:
    """Bring a direction into the discussion that goes on; without one it waits for a free team."""
    visit = the_visit(request, Role.ANALYST)
    paced(visit)
    data, state = request.fact.data, request.state
    axes = request.words("axes")
    if not axes or any(not AXIS.fullmatch(axis) for axis in axes):
        raise UsageError("a direction needs axes", "dotted names like optimizer.lr")
    if len(axes) > discussing.MAX_AXES:
        msg = f"a direction has at most {discussing.MAX_AXES} axes, not {len(axes)}"
        raise UsageError(msg, "name those that it is about; a name covers what lies below it, as optimizer")
    said = {name: str(data.get(name) or "").strip() for name in ("hypothesis", "prediction", "falsifier")}
    for name, text in said.items():
        if not text:
            msg = f"a direction needs a {name}"
            raise UsageError(msg, "what it claims, what it predicts, and what would show that it is wrong")
    draft = DirectionDraft(str(data.get("title") or ""), axes=axes, first=request.words("first"), **said)
    going = state.company.discussion(visit.campaign.id)
    mine = [
        row
        for row in state.company.all_directions(visit.campaign.id)
        if row.made_by(visit.agent.name)
        and (row.discussion == going.id if going else row.state is DirectionState.STANDING)
    ]
    if len(mine) >= DIRECTIONS:
        msg = f"{visit.agent.name} proposed {listed(row.id for row in mine)} already"
        raise RefusedError(msg, "others have a word, too")
    if going is not None:
        step = _taken(visit, Move.DISCUSS, going.id, Reply(directions=(draft,)))
    else:
        step = discussing.standing(state, request.ids, visit.agent, draft, request.now)
    row = next((row for row in step.rows if isinstance(row, Direction)), None)
    if row is None:
        raise RefusedError(step.events[0].text, "the board lists directions and dead ends")
    return visit.done(step, direction=row.id, state=row.state.value, discussion=going.id if going else "")


def _taken(visit: Visit, move: Move, subject: str, reply: Reply) -> Step:
    """Have an answer taken as if the member had been asked: by the rules that take everybody's."""
    request = visit.request
    turn = Turn(
        "", visit.campaign.id, visit.agent.name, move, request.now, request.now, subject=subject,
        team=visit.agent.team,
    )  # fmt: skip
    step = answers.taken(request.state, request.ids, visit.agent, turn, reply, request.now)
    # Those who were asked are still waited for: a discussion counts their answers alone.
    step.rows[:] = [row for row in step.rows if not isinstance(row, Discussion)]
    return step
