"""What every request is made of: who asks for what and why, and what came of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from arctl.daemon import facts
from arctl.daemon.actions import Step
from arctl.daemon.rows import Deed, Json
from arctl.daemon.state import Ids, State
from arctl.errors import RefusedError, UsageError
from arctl.text import clean, clean_block

#: The longest reason that is recorded, and the longest text of an instruction.
MAX_REASON = 500
MAX_TEXT = 4000


@dataclass(frozen=True, slots=True)
class Request:
    """One request with all that it is answered from."""

    state: State
    fact: facts.Control
    now: float
    ids: Ids

    @property
    def actor(self) -> str:
        """Who asks."""
        return self.fact.actor

    @property
    def reason(self) -> str:
        """Why, harmless and on one line."""
        return clean(self.fact.reason, MAX_REASON)

    @property
    def because(self) -> str:
        """The reason, as the end of a sentence."""
        return f": {self.reason}" if self.reason else ""

    @property
    def ended(self) -> str:
        """What is said of whatever this request ends."""
        return f"killed by {self.actor}{self.because}"

    @property
    def mode(self) -> str:
        """How a pause is meant: hold, drain or freeze."""
        return str(self.fact.data.get("mode") or "hold")

    @property
    def campaign(self) -> str:
        """The campaign that the request names; empty where it names none."""
        return str(self.fact.data.get("campaign") or "")

    def word(self, name: str) -> str:
        """Return a text of the request on one line; empty where it is absent."""
        return clean(str(self.fact.data.get(name) or ""), MAX_REASON)

    def text(self, name: str = "text") -> str:
        """Return a text of the request that must be there."""
        found = clean_block(str(self.fact.data.get(name) or "")).strip()
        if not found:
            msg = f"{self.fact.verb} needs words"
            raise UsageError(msg, "say it in a sentence")
        return found[:MAX_TEXT]

    def words(self, name: str) -> tuple[str, ...]:
        """Return a list of texts of the request."""
        found = self.fact.data.get(name) or ()
        items = found if isinstance(found, list | tuple) else (found,)
        return tuple(dict.fromkeys(clean(str(item), MAX_REASON) for item in items if item))

    def number(self, name: str) -> float | None:
        """Return a number of the request; None where it is absent."""
        found = self.fact.data.get(name)
        if found is None:
            return None
        if isinstance(found, bool) or not isinstance(found, int | float):
            msg = f"{name} must be a number, not {found!r}"
            raise UsageError(msg, "as in 0.1 or 1e-3")
        try:
            number = float(found)
        except OverflowError:  # a whole number of hundreds of digits
            number = math.inf
        if not math.isfinite(number):
            msg = f"{name} must be a finite number, not {number}"
            raise UsageError(msg, "as in 0.1 or 1e-3; leave it out where there is no limit")
        return number


class NotYetError(RefusedError):
    """What is asked for cannot be done at this moment, but in the next."""


@dataclass(frozen=True, slots=True)
class Done:
    """What a request changed; a step without rows means that there was nothing to do."""

    step: Step
    target: str
    campaign: str
    #: The request that takes it back, as `{"verb", "target", "data"}`; empty where nothing can.
    undo: Json = field(default_factory=dict)
    #: What the answer carries besides target, verb, revision and text.
    answer: dict[str, Any] = field(default_factory=dict)
    #: What was done, where the first event tells only a part of it.
    text: str = ""
    #: The request that does it again after it was undone, where that is not the one that was made.
    again: Json = field(default_factory=dict)
    #: The deed that this does again.
    redoes: Deed | None = None


Handler = Callable[[Request], Done]


def inverse(verb: str, target: str, **data: Any) -> Json:
    """Return how a deed is undone."""
    return {"verb": verb, "target": target, "data": data}
