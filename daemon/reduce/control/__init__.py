"""What people ask for, by verb. Each takes effect in the step that records it, with who and why.

A request names what it is about and is answered by `{"target", "verb", "rev", "text", …}`. What it changed is
kept as a deed with the request that undoes it. No agent is waited for.
"""

from __future__ import annotations

from arctl.daemon import facts
from arctl.daemon.actions import Answer, Step
from arctl.daemon.reduce.control import (
    champion,
    dead_ends,
    directions,
    directives,
    holds,
    kills,
    proposals,
    talk,
    undoing,
)
from arctl.daemon.reduce.control.base import Done, Handler, Request
from arctl.daemon.reduce.control.service import detach, stop
from arctl.daemon.reduce.control.targets import find, rev_of
from arctl.daemon.reduce.control.waits import waiting
from arctl.daemon.rows import Deed, Json
from arctl.daemon.state import State
from arctl.errors import ArctlError, RefusedError, UsageError

__all__ = ["VERBS", "can_undo", "control", "detach", "find", "stop"]


def _undo(request: Request) -> Done:
    return undoing.undo(request, VERBS)


VERBS: dict[str, Handler] = {
    "pause": holds.pause,
    "resume": holds.resume,
    "kill": kills.kill,
    "redirect": directives.redirect,
    "withdraw": directives.withdraw,
    "direction": directions.direction,
    "fork": directions.fork,
    "propose": proposals.propose,
    "approve": proposals.approve,
    "reject": proposals.reject,
    "restore": proposals.restore,
    "mark": dead_ends.mark,
    "revive": dead_ends.revive,
    "promote": champion.promote,
    "rollback": champion.rollback,
    "say": talk.say,
    "undo": _undo,
}


def control(state: State, fact: facts.Control, now: float) -> Step:
    """Carry out a request and keep it as a deed; refuse it with the reason otherwise."""
    handler = VERBS.get(fact.verb)
    request = Request(state, fact, now, state.ids())
    try:
        if handler is None:
            msg = f"there is no request called {fact.verb!r}"
            raise UsageError(msg, f"there are {', '.join(VERBS)}")
        _unchanged(state, fact)
        done = handler(request)
    except ArctlError as error:
        return Step(answers=[Answer(fact.ticket, error=error)])
    return _recorded(request, done)


def can_undo(state: State, deed: Deed, now: float) -> bool:
    """Tell whether a deed can be undone as things stand now."""
    fact = facts.Control(ticket="", verb="undo", target=deed.id, actor=deed.actor)
    return undoing.can_be(Request(state, fact, now, state.ids()), deed, VERBS)


def _unchanged(state: State, fact: facts.Control) -> None:
    """Refuse a request that was made looking at an older version of its target."""
    if fact.if_rev is None:
        return
    row = find(state, fact.target) or state.proposals.get(fact.target) or state.dead_ends.get(fact.target)
    if row is not None and rev_of(row) != fact.if_rev:
        message = f"{row.id} has changed since you looked (revision {rev_of(row)}, not {fact.if_rev})"
        raise RefusedError(message, "look again, then repeat the command")


def _recorded(request: Request, done: Done) -> Step:
    """Add the deed and the answer to what was done."""
    step, fact = done.step, request.fact
    text = done.text or (step.events[0].text if step.events else "nothing to do")
    text += waiting(request, done.campaign) if step.rows else ""
    revs = {row.id: row.rev for row in step.rows}
    row = find(request.state, done.target)
    answer: Json = {
        "target": done.target,
        "verb": fact.verb,
        "rev": revs.get(done.target, rev_of(row)),
        "text": text,
        **done.answer,
    }
    if step.rows or step.actions:
        ident, _ = request.ids.new("u")
        deed = Deed(
            id=ident,
            campaign=done.campaign,
            created=request.now,
            actor=fact.actor,
            verb=fact.verb,
            target=done.target,
            reason=request.reason,
            text=text,
            undo=done.undo,
        )
        step.rows.append(deed)
        answer |= {"deed": ident, "undoable": bool(done.undo)}
    step.answers.append(Answer(fact.ticket, answer))
    return step
