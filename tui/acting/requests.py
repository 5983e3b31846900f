"""What is asked of the daemon: a method with its parameters, and how it is told in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

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


def toggled(target: Target, *, freeze: bool = False) -> Request:
    """Pause what goes on, or let go on what was paused."""
    if target.held:
        return about("resume", target)
    return about("pause", target, mode="freeze" if freeze else None)
