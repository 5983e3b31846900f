"""How things stood: the replies that a daemon would have given at a moment, from a campaign's history; pure.

Times are seconds since the epoch. What a history does not keep (readings of devices, the turns of agents)
is left out rather than made up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from arctl.tui.source.past import community, ledger
from arctl.tui.source.past.hidden import without_what_came_later
from arctl.tui.source.past.history import History, Json

__all__ = ["History", "reply", "without_what_came_later"]

_REPLIES: dict[str, Callable[[History, float, Json], Any]] = {
    "status": ledger.status,
    "gpus": ledger.gpus,
    "experiments": ledger.experiments,
    "progress": ledger.progress,
    "effects": ledger.effects,
    "teams": community.teams,
    "forum": community.forum,
    "deadends": community.dead_ends,
    "directives": community.directives,
}


def reply(history: History, at: float, method: str, params: Json) -> Any:
    """Return what the daemon would have answered; None where a history cannot tell."""
    make = _REPLIES.get(method)
    return make(history, at, params) if make is not None else None
