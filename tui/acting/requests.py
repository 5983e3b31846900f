"""What is asked of the daemon: a method with its parameters, and how it is told in words."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from arctl.errors import UsageError
from arctl.numbers import finite
from arctl.tui.acting.targets import Target


@dataclass(frozen=True, slots=True)
class Request:
    """One change that a person asked for."""

    method: str
    params: dict[str, Any] = field(default_factory=dict)
    words: str = ""


def about(method: str, target: Target, **params: Any) -> Request:
    """Ask for something about a thing."""
    given = {name: value for name, value in params.items() if value not in (None, "", (), [])}
    return Request(method, {"target": target.id, **given}, f"{method} {target.words}")


def toggled(target: Target) -> Request:
    """Pause what goes on, or let go on what was paused."""
    return about("resume" if target.held else "pause", target)


def marking(campaign: str, given: Mapping[str, str]) -> Request:
    """Close an axis or a range of it, as a form has it; raises `UsageError` for a bound that is no number."""
    params: dict[str, Any] = {"campaign": campaign, **given}
    for name in ("low", "high"):
        if name in given:
            params[name] = figure(given[name], "write 0.1, or leave it empty for no bound")
    return Request("mark", params, f"mark {given['axis']}")


def figure(text: str, remedy: str) -> float:
    """Read a number; raises `UsageError` for what is none, and for what has no end: the wire has neither."""
    if (found := finite(text)) is None:
        msg = f"{text!r} is no number"
        raise UsageError(msg, remedy)
    return found


def values_of(text: str, known: Iterable[str] = ()) -> dict[str, str | None]:
    """Read `NAME=VALUE NAME='A B'`; names that are known and left out are None: they are set no more.

    Raises `UsageError` for a part without a value, and for a quote that is not closed.
    """
    found: dict[str, str | None] = dict.fromkeys(known)
    try:
        parts = shlex.split(text)
    except ValueError as error:
        msg = f"{text} cannot be read: {error}"
        raise UsageError(msg, "close the quote") from error
    for part in parts:
        name, equals, value = part.partition("=")
        if not equals:
            msg = f"{part!r} names no value"
            raise UsageError(msg, "write NAME=VALUE")
        found[name] = value
    return found
