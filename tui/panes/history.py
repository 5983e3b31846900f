"""History: what was judged, newest first, in windows: however long it is, what is in sight is fetched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arctl.format import duration
from arctl.tui.data.query import Query, query
from arctl.tui.data.reading import listed, real, whole, word
from arctl.tui.look.columns import Column, laid, titled
from arctl.tui.look.lines import Cell, Line, Row, Span, lay
from arctl.tui.look.scene import Listing, Scene
from arctl.tui.look.words import better, effect, mean, sign, verdict
from arctl.tui.panes import asked
from arctl.tui.panes.headed import HeadedQueue
from arctl.tui.widgets.pane import Pane

#: Rows of one window.
PAGE = 100


class HistoryPane(HeadedQueue):
    """The experiments of what is open that were judged."""

    HEAD = 1
    SORTS = ("new", "effect", "mean", "seconds", "verdict", "title")
    BEAT = 5.0
    EMPTY = "nothing was judged here yet"
    HINTS = "Enter open  s sort  R rerun  / filter"

    def titles(self, width: int) -> Line:
        """Name the columns."""
        return titled(_columns(width), width)

    def window(self, scene: Scene, page: int) -> Query | None:
        """Return the query of one window; None where nothing is open."""
        ident, campaign = scene.route.id, asked.open_campaign(scene)
        if not campaign:
            return None
        whose = {"t": "team", "h": "direction", "a": "agent"}.get(ident[:1], "")
        given: dict[str, Any] = {whose: ident} if whose else {}
        if wanted := self.filter.lstrip("!"):
            given |= {"text": wanted, "not": True if self.filter.startswith("!") else None}
        return query(
            "experiments", campaign=campaign, state="closed", sort=self.SORTS[self._sort],
            offset=page * PAGE, limit=PAGE, **given,
        )  # fmt: skip

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the queries of the windows that can be seen; the first one tells how many there are."""
        sight = self.in_sight
        pages = {0, sight.start // PAGE, sight.stop // PAGE}
        return [found for page in sorted(pages) if (found := self.window(scene, page)) is not None]

    def depends(self, scene: Scene) -> tuple[object, ...]:
        """Return the windows that can be seen."""
        return (*super().depends(scene), tuple(self.wants(scene)))

    def rows(self, scene: Scene, width: int) -> Listing:
        """Return a row for each experiment; what was not fetched yet is a blank."""
        first = self.window(scene, 0)
        total = whole(scene.view.answer(first).reply, "total") if first is not None else 0
        if not total:
            return Listing([], lambda at: ())
        pages: dict[int, list[Any]] = {}
        keys = [""] * total
        for page in range((total - 1) // PAGE + 1):
            wanted = self.window(scene, page)
            found = listed(scene.view.answer(wanted).reply, "experiments") if wanted is not None else []
            if found:
                pages[page] = found
                keys[page * PAGE : page * PAGE + len(found)] = [word(row, "id") for row in found]
        del keys[total:]

        def make(at: int) -> Line:
            rows, place = pages.get(at // PAGE, []), at % PAGE
            if place >= len(rows):
                return lay([Cell("   " + scene.glyphs.discarded, 0, "dim")], width)
            return history_line(rows[place], scene, width)

        return Listing(keys, make)

    def _filtered(self, found: Sequence[Row]) -> Sequence[Row]:
        """Leave the filter to the daemon: it knows rows that are not here, and words that no row shows."""
        return found

    def heading(self, scene: Scene) -> str:
        """Return the title with how many there are."""
        first = self.window(scene, 0)
        reply = scene.view.answer(first).reply if first is not None else None
        if reply is None:
            return "History"
        total = whole(reply, "total")
        return f"History ({total})" + (f"  by {self.sorted_by}" if self.sorted_by else "")

    def move(self, to: int) -> None:
        """Go to a row, fetched or not: where it was not fetched yet it comes at once."""
        Pane.move(self, to)

    def axis(self, key: str) -> str:
        """Return the axis of an experiment, for the key that closes it."""
        for wanted in self.wants(self.scene):
            for row in listed(self.scene.view.answer(wanted).reply, "experiments"):
                if word(row, "id") == key:
                    return word(row, "axis")
        return ""


def _columns(width: int) -> list[Column]:
    return [
        Column("", 2),
        Column("ID", 6),
        Column("VERDICT", 12),
        Column("MEAN", 8, right=True),
        Column("EFFECT", 8, right=True),
        Column("TIME", 6, right=True, least=60),
        Column("TITLE", 0 if width < 110 else max(24, width // 4)),
        Column("BY", 8, least=72),
        Column("AGO", 3, right=True, least=80),
        Column("WHY", least=110),
    ]


def history_line(data: Any, scene: Scene, width: int) -> Line:
    """Lay out one experiment that was judged."""
    told, gain = word(data, "verdict"), real(data, "effect")
    fields: list[Span] = [
        sign(told, word(data, "state"), scene.glyphs, running=False, held=False),
        (word(data, "id"), "accent"),
        verdict(told),
        (mean(real(data, "mean")), ""),
        (effect(gain), better(gain)),
        (duration(real(data, "seconds")), "dim"),
        (word(data, "title"), ""),
        (word(data, "agent"), "dim"),
        (asked.ago(scene, real(data, "closed")), "dim"),
        (word(data, "reason"), "dim"),
    ]
    return (*laid(_columns(width - 1), fields, width - 1), (" ", ""))
