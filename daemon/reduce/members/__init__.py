"""Members from outside: agents that nobody asks, who come by themselves under the rules that bind everyone.

A visit names the member and what it does; the rows and events are those of any agent. Nothing here is a
person's deed: a member can neither steer nor undo, and what it says is kept as foreign text.
"""

from __future__ import annotations

from collections.abc import Callable

from arctl.daemon import facts
from arctl.daemon.actions import Answer, Step
from arctl.daemon.reduce.control.base import Request
from arctl.daemon.reduce.members import claims, ideas, joining, talk
from arctl.daemon.reduce.members.base import PREFIX, Visited
from arctl.daemon.state import State
from arctl.errors import ArctlError, UsageError

__all__ = ["PREFIX", "VERBS", "visit"]

VERBS: dict[str, Callable[[Request], Visited]] = {
    "join": joining.join,
    "leave": joining.leave,
    "beat": joining.beat,
    "note": joining.note,
    "propose": ideas.propose,
    "revise": ideas.revise,
    "withdraw": ideas.withdraw,
    "critique": ideas.critique,
    "direction": ideas.direction,
    "post": talk.post,
    "claim": claims.claim,
    "submit": claims.submit,
    "release": claims.release,
}


def visit(state: State, fact: facts.Control, now: float) -> Step:
    """Carry out what a member came for, or refuse it with the reason."""
    verb = fact.verb.removeprefix(PREFIX)
    handler = VERBS.get(verb)
    try:
        if handler is None:
            msg = f"members cannot {verb!r}"
            raise UsageError(msg, f"there are {', '.join(VERBS)}")
        done = handler(Request(state, fact, now, state.ids()))
    except ArctlError as error:
        return Step(answers=[Answer(fact.ticket, error=error)])
    step = done.step
    text = step.events[0].text if step.events else "noted"
    result = {"member": done.member, "verb": verb, "text": text, **done.answer}
    step.answers.append(Answer(fact.ticket, result))
    return step
