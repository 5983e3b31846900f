"""What people ask for, by verb. Each takes effect in the step that records it, with who and why.

A request names what it is about and is answered by `{"target", "verb", "rev", "text", …}`. What it changed is
kept as a deed with the request that undoes it. No agent is waited for.
"""

from __future__ import annotations

from typing import Any

from arctl.daemon import facts
from arctl.daemon.actions import Answer, Step
from arctl.daemon.reduce.control import (
    champion,
    dead_ends,
    device_quarantine,
    directions,
    directives,
    editing,
    everything,
    kills,
    moving,
    proposals,
    quarantine,
    rerunning,
    stashing,
    talk,
    undoing,
)
from arctl.daemon.reduce.control.base import Done, Handler, Request, inverse
from arctl.daemon.reduce.control.service import detach, stop
from arctl.daemon.reduce.control.targets import find, rev_of
from arctl.daemon.reduce.control.waits import waiting
from arctl.daemon.rows import Deed, Json, bump
from arctl.daemon.state import State
from arctl.errors import ArctlError, RefusedError, UsageError

__all__ = ["VERBS", "can_redo", "can_undo", "control", "detach", "find", "stop"]


def _undo(request: Request) -> Done:
    return undoing.undo(request, VERBS)


def _redo(request: Request) -> Done:
    return undoing.redo(request, VERBS)


VERBS: dict[str, Handler] = {
    "pause": everything.pause,
    "resume": everything.resume,
    "kill": kills.kill,
    "redirect": directives.redirect,
    "withdraw": directives.withdraw,
    "direction": directions.direction,
    "fork": directions.fork,
    "propose": proposals.propose,
    "approve": proposals.approve,
    "reject": proposals.reject,
    "restore": proposals.restore,
    "move": moving.move,
    "place": moving.place,
    "stash": stashing.stash,
    "unstash": stashing.unstash,
    "edit": editing.edit,
    "reword": editing.reword,
    "rerun": rerunning.rerun,
    "release": device_quarantine.release,
    "invalidate": quarantine.invalidate,
    "detain": quarantine.detain,
    "mark": dead_ends.mark,
    "revive": dead_ends.revive,
    "quarantine": device_quarantine.quarantine,
    "promote": champion.promote,
    "rollback": champion.rollback,
    "say": talk.say,
    "each": everything.each,
    "undo": _undo,
    "redo": _redo,
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


def can_redo(state: State, deed: Deed, now: float) -> bool:
    """Tell whether a deed that was undone can be done again as things stand now."""
    fact = facts.Control(ticket="", verb="redo", target=deed.id, actor=deed.actor)
    return undoing.can_be_again(Request(state, fact, now, state.ids()), deed, VERBS)


def _unchanged(state: State, fact: facts.Control) -> None:
    """Refuse a request that was made looking at an older version of its target."""
    if fact.if_rev is None:
        return
    row = _row(state, fact.target)
    if row is not None and rev_of(row) != fact.if_rev:
        message = f"{row.id} has changed since you looked (revision {rev_of(row)}, not {fact.if_rev})"
        raise RefusedError(message, "look again, then repeat the command")


def _row(state: State, ident: str) -> Any:
    return find(state, ident) or state.proposals.get(ident) or state.dead_ends.get(ident)


def _recorded(request: Request, done: Done) -> Step:
    """Add the deed and the answer to what was done."""
    step, fact = done.step, request.fact
    text = done.text or (step.events[0].text if step.events else "nothing to do")
    text += waiting(request, done.campaign) if step.rows else ""
    revs = {row.id: row.rev for row in step.rows}
    row = _row(request.state, done.target)
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
            # What is done again is the same deed once more, undone and known like the first.
            verb=done.redoes.verb if done.redoes else fact.verb,
            target=done.target,
            reason=request.reason or (done.redoes.reason if done.redoes else ""),
            text=text,
            undo=done.undo,
            request=_asked(fact, done),
            again=done.redoes.id if done.redoes else "",
        )
        if done.redoes:
            step.rows.append(bump(done.redoes, redone=ident))
        step.rows.append(deed)
        answer |= {"deed": ident, "undoable": bool(done.undo)}
    step.answers.append(Answer(fact.ticket, answer))
    return step


def _asked(fact: facts.Control, done: Done) -> Json:
    """Return what is kept of a request: enough to do it again, where it can be undone at all."""
    if undone := done.answer.get("undone"):
        return inverse("undo", undone)
    return (done.again or inverse(fact.verb, fact.target, **fact.data)) if done.undo else {}
