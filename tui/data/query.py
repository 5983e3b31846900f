"""Queries: what a screen wants to know of the daemon, as values that name their answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Pace(StrEnum):
    """When an answer is out of date."""

    #: After any event.
    EVENTS = "events"
    #: After a second: a log that grows, a curve that is drawn on.
    SECOND = "second"
    #: Never, within one connection: the difference of a commit.
    ONCE = "once"


@dataclass(frozen=True, slots=True)
class Query:
    """A method of the daemon and its parameters; the same question is the same value."""

    method: str
    params: tuple[tuple[str, Any], ...] = ()
    pace: Pace = Pace.EVENTS

    @property
    def given(self) -> dict[str, Any]:
        """The parameters as they go over the wire."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in self.params}


def query(method: str, pace: Pace = Pace.EVENTS, /, **params: Any) -> Query:
    """Make a query; parameters that are None are left out, lists become tuples."""
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in params.items()}
    return Query(method, tuple(sorted((k, v) for k, v in given.items() if v is not None)), pace)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the reply, or why there is none; `at` in seconds of a monotonic clock."""

    reply: Any = None
    error: str = ""
    at: float = 0.0
    #: The newest event that had been seen when it was asked.
    seq: int = 0


#: What stands for an answer that did not come yet.
UNKNOWN = Answer(at=-1.0)
