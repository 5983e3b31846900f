"""Dead ends of a team's direction: what was given up, on what evidence, and what would open it again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arctl.tui.data.query import Query, query
from arctl.tui.data.reading import inner, listed, word
from arctl.tui.look.columns import Column, laid, titled
from arctl.tui.look.lines import Line, Row, Span
from arctl.tui.look.scene import Scene
from arctl.tui.look.words import effect
from arctl.tui.panes import asked
from arctl.tui.panes.deadends import best, effects, title
from arctl.tui.panes.headed import HeadedQueue
from arctl.tui.panes.roster import closes


class ClosedPane(HeadedQueue):
    """The dead ends of the direction that is open, or of the open team's direction."""

    HEAD = 1
    EMPTY = "none here; d (or `arctl mark`) closes an axis"
    HINTS = "d mark dead end  D revive"

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the queries of what is open and of the campaign's dead ends."""
        campaign = asked.open_campaign(scene)
        if not campaign or not scene.route.id:
            return []
        return [asked.one(scene.route.id), query("deadends", campaign=campaign)]

    def ends(self, scene: Scene) -> list[Any]:
        """Return the dead ends, newest first."""
        wanted = self.wants(scene)
        if len(wanted) < 2:
            return []
        reply = scene.view.answer(wanted[0]).reply
        direction = inner(inner(reply, "team") or reply, "direction")
        found = scene.view.answer(wanted[1]).reply
        rows = found if isinstance(found, list) else []
        mine = {word(item, "dead_end") for item in listed(reply, "directions")} - {""}
        return [end for end in rows if word(end, "id") in mine or closes(end, direction)][::-1]

    def titles(self, width: int) -> Line:
        """Name the columns."""
        return titled(_columns(width), width)

    def body(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return a row for each dead end."""
        return [Row(word(data, "id"), end_line(data, width)) for data in self.ends(scene)]

    def heading(self, scene: Scene) -> str:
        """Return the title."""
        known = any(scene.view.answer(each).reply is not None for each in self.wants(scene)[1:])
        return f"Dead ends ({len(self.ends(scene))})" if known else "Dead ends"

    def axis(self, key: str) -> str:
        """Return the axis of a dead end."""
        return next((word(data, "axis") for data in self.ends(self.scene) if word(data, "id") == key), "")


def _columns(width: int) -> list[Column]:
    return [
        Column("ID", 5),
        Column("IDEA", 18 if width >= 70 else 12),
        Column("RUNS", 4, right=True),
        Column("BEST", 8, right=True),
        Column("WHY"),
        Column("REOPENS", width // 3, least=84),
    ]


def end_line(data: Any, width: int) -> Line:
    """Lay out one dead end: what it closes, how much was tried, the best of it, and why."""
    tried, gain = effects(data), best(data)
    fields: list[Span] = [
        (word(data, "id"), "accent"),
        (title(data), ""),
        (str(len(tried)) if tried else "-", "dim"),
        (effect(gain), ""),
        (word(data, "reason"), ""),
        (word(data, "reopen"), "dim"),
    ]
    return laid(_columns(width), fields, width)
