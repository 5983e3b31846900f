"""Dead ends: what was given up, on what evidence, and what would open it again."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from arctl.format import NA
from arctl.tui.data.query import Query, query
from arctl.tui.data.reading import inner, listed, real, word, words
from arctl.tui.data.times import since
from arctl.tui.look.lines import Cell, Line, Row, lay, padded, wrap
from arctl.tui.look.scene import Scene
from arctl.tui.look.words import NO_CAMPAIGN, better, effect
from arctl.tui.panes.champion import progress_query
from arctl.tui.panes.tables import SortedTable, dim_names, moment
from arctl.tui.panes.thread import evidence_line, link_line
from arctl.tui.widgets.kinds import QueuePane

#: Dead ends of one answer, and answers at most.
PAGE = 500
MOST_PAGES = 40

#: How many champions open it again, as the reopen condition writes it.
_CHAMPIONS = re.compile(r"^(\d+|an?) (?:more|new) champions?\b")


def page_query(campaign: str, after: str) -> Query:
    """Return the query of the dead ends behind one, those that were opened again as well."""
    return query("deadends", campaign=campaign, all=True, after=after or None, limit=PAGE)


def known(scene: Scene) -> tuple[list[Any], list[Query]]:
    """Return the dead ends that are known, oldest first, and the queries for all of them."""
    rows: list[Any] = []
    asked: list[Query] = []
    after = ""
    while scene.view.chosen and len(asked) < MOST_PAGES:
        asked.append(page_query(scene.view.chosen, after))
        reply = scene.view.answer(asked[-1]).reply
        page = reply if isinstance(reply, list) else []
        rows += page
        last = word(page[-1], "id") if page else ""
        if not last or last == after:
            break
        after = last
    return rows, asked


def title(data: Any) -> str:
    """Say what was given up: the axis with its range, or the direction."""
    low, high = real(data, "low"), real(data, "high")
    what = word(data, "axis") or word(data, "title") or word(data, "direction")
    if low is None and high is None:
        return what
    if low is None:
        return f"{what} up to {high:g}"
    return f"{what} from {low:g}" + (f" to {high:g}" if high is not None else "")


def effects(data: Any) -> dict[str, float | None]:
    """Return the experiments that speak against it, each with its effect."""
    evidence = inner(data, "evidence")
    told = inner(evidence, "effects")
    return {ident: real(told, ident) for ident in words(evidence, "experiments")}


def best(data: Any) -> float | None:
    """Return the best effect that was seen in it."""
    return max((value for value in effects(data).values() if value is not None), default=None)


def _known(value: float | None) -> float:
    return -1e300 if value is None else value


#: Columns by which the list is sorted, one after the other.
SORTS: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("newest first", lambda data: -(real(data, "created") or 0.0)),
    ("best effect first", lambda data: -_known(best(data))),
    ("most runs first", lambda data: -len(effects(data))),
    ("by name", lambda data: title(data).lower()),
)


class DeadEndsPane(SortedTable):
    """The dead ends of the chosen campaign; those that were opened again stand below."""

    ORDERS = SORTS
    BEAT = 5.0
    HINTS = "Enter open  d mark  D revive  s sort"

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the queries of all pages up to the first one that is not known."""
        return known(scene)[1]

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return a row for each dead end."""
        found, _ = known(scene)
        if not found:
            return []
        found.sort(key=self.order[1])
        found.sort(key=lambda data: bool(word(data, "revived")))
        signs = [self.sign(scene, word(data, "id")) for data in found]
        return [
            Row(word(data, "id"), _line(data, scene, width, sign))
            for data, sign in zip(found, signs, strict=True)
        ]

    def names(self, scene: Scene, width: int) -> Line:
        """Name the columns."""
        del scene
        cells = [Cell("", 3), Cell("", 4), Cell("axis or direction")]
        cells += [Cell("runs", 4, right=True), Cell("best", 8, right=True)]
        if width >= 70:
            cells.append(Cell("why"))
        if width >= 130:
            cells.append(Cell("opens again with", 24))
        if width >= 50:
            cells.append(Cell("by", 8))
        return dim_names([*cells, Cell("age", 4, right=True)], width)

    def axis(self, key: str) -> str:
        """Return the axis of a dead end."""
        return next((word(data, "axis") for data in known(self.scene)[0] if word(data, "id") == key), "")

    def heading(self, scene: Scene) -> str:
        """Return the title: how many are closed, how many were opened again."""
        found, _ = known(scene)
        again = sum(bool(word(data, "revived")) for data in found)
        said = f"Dead ends ({len(found) - again})"
        said += f"  {again} open again" if again else ""
        return f"{said}  {self.order[0]}" if found else said

    def empty(self, scene: Scene) -> str:
        """Say what will appear, and how to add to it."""
        if not scene.view.chosen:
            return NO_CAMPAIGN
        return "nothing was given up so far; d closes an axis by hand"


def _line(data: Any, scene: Scene, width: int, here: str) -> Line:
    again, gain = word(data, "revived"), best(data)
    sign = scene.glyphs.up if again else scene.glyphs.bad
    cells = [
        Cell(here + sign, 3, "good" if again else "bad"),
        Cell(word(data, "id"), 4, "dim"),
        Cell(title(data), 0, "dim" if again else "strong"),
        Cell(str(len(effects(data)) or NA), 4, right=True),
        Cell(effect(gain), 8, better(gain), right=True),
    ]
    if width >= 70:
        cells.append(Cell(f"open again: {again}" if again else word(data, "reason"), 0, "dim"))
    if width >= 130:
        cells.append(Cell("" if again else word(data, "reopen"), 24, "dim"))
    if width >= 50:
        cells.append(Cell(word(data, "closed_by"), 8, "dim"))
    age = since(scene.now - (real(data, "created") or scene.now))
    return lay([*cells, Cell(age, 4, "dim", right=True)], width)


class DeadEndPane(QueuePane):
    """The dead end under the list's cursor: why, its evidence, what opens it again, what it refused."""

    EMPTY = "why, on what evidence, and what would open it again"
    HINTS = "Enter open  d mark  D revive"

    def __init__(self, name: str, ends: DeadEndsPane) -> None:
        super().__init__(name)
        self._ends = ends
        self._shown = ""

    def _data(self, scene: Scene) -> Any:
        ident = self._ends.chosen(scene)
        return next((data for data in known(scene)[0] if word(data, "id") == ident), None)

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the queries of what was tried in it, and of the champions."""
        data = self._data(scene)
        if data is None:
            return []
        direction, axis = word(data, "direction"), word(data, "axis")
        about = {"text": axis} if axis else {"direction": direction}
        tried = query("experiments", campaign=scene.view.chosen, limit=200, **about)
        return [tried, progress_query(scene.view.chosen)]

    def depends(self, scene: Scene) -> tuple[object, ...]:
        """Return the dead end, what is known of its evidence, and the events."""
        data = self._data(scene)
        tried = tuple(map(scene.view.things.get, effects(data)))
        replies = tuple(scene.view.answer(each).reply for each in self.wants(scene)[1:])
        there = self._ends.chosen(scene) if known(scene)[0] else ""
        return (data, there, tried, scene.view.events, int(scene.now / 60), *replies)

    def show(self, scene: Scene) -> None:
        """Show a scene; another dead end begins at its top."""
        shown = self._ends.chosen(scene)
        if shown != self._shown:
            self._shown = shown
            self.forget(scene)
        super().show(scene)

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return all that is known of a dead end."""
        data = self._data(scene)
        if data is None:
            return []
        told: Line = ((" ", ""), (title(data), "strong"), (f"  {word(data, 'id')}", "dim"))
        found = [Row(word(data, "id"), padded(told, width))]
        by = f"closed by {word(data, 'closed_by') or NA} {moment(real(data, 'created'), scene.now)}"
        found.append(Row("", padded(((f" {by}", "dim"),), width)))
        if again := word(data, "revived"):
            found += _said("open again", again, width)
        found += _said("why", word(data, "reason"), width)
        if not again and (reopen := word(data, "reopen")):
            found += _said("opens again with", reopen, width)
            found += [Row("", padded(((line, "dim"),), width)) for line in self._progress(data, scene)]
        if direction := word(data, "direction"):
            found += [Row("", ()), Row(direction, link_line(direction, scene, width))]
        if axis := word(data, "axis"):
            line = f" {scene.glyphs.arrow} all that was tried on {axis}"
            found += [Row("", ()), Row(f"axis:{axis}", padded(((line, "accent"),), width))]
        tried = effects(data)
        if tried:
            found += [Row("", ()), Row("", padded(((f" tried in it ({len(tried)})", "strong"),), width))]
            found += [Row(each, evidence_line(each, gain, scene, width)) for each, gain in tried.items()]
        refused = _refused(data, scene)
        if refused:
            head = f" refused because of it lately ({len(refused)})"
            found += [Row("", ()), Row("", padded(((head, "strong"),), width))]
            found += [Row(each, link_line(each, scene, width)) for each in refused]
        return [row if row.line else Row(row.key, padded((), width)) for row in found]

    def _progress(self, data: Any, scene: Scene) -> list[str]:
        """Say how far the condition is: which champions came since."""
        needed = _CHAMPIONS.match(word(data, "reopen"))
        if needed is None:
            return []
        closed = real(data, "created") or 0.0
        kept = listed(scene.view.answer(progress_query(scene.view.chosen)).reply, "kept")
        came = [{"id": row[2]} for row in kept if _is_kept(row) and row[4] > closed]
        of = int(needed[1]) if needed[1].isdigit() else 1
        names = ", ".join(word(row, "id") for row in came)
        return [f"   {len(came)} of {of} since" + (f": {names}" if names else "")]

    def empty(self, scene: Scene) -> str:
        """Say what is shown here, or that what was asked for is not there."""
        found, ident = known(scene)[0], self._ends.chosen(scene)
        return f"there is no dead end {ident!r} in {scene.view.chosen}" if found and ident else self.EMPTY

    def heading(self, scene: Scene) -> str:
        """Return the title."""
        return f"Dead end {self._ends.chosen(scene)}".rstrip()

    def subject(self, scene: Scene) -> str:
        """Keys act on the dead end."""
        return self._ends.chosen(scene) or super().subject(scene)

    def axis(self, key: str) -> str:
        """Return the axis of the dead end."""
        del key
        return word(self._data(self.scene), "axis")


def _is_kept(row: Any) -> bool:
    return isinstance(row, list) and len(row) > 4 and isinstance(row[4], int | float)


def _said(label: str, text: str, width: int) -> list[Row]:
    lines = wrap(f"{label}: {text}", width - 2, indent="   ", most=60)
    first, rest = lines[:1], lines[1:]
    found = [Row("", padded(((" ", ""), (line[0][0].strip(), "")), width)) for line in first if line]
    return [*found, *(Row("", padded(line, width)) for line in rest)]


def _refused(data: Any, scene: Scene) -> list[str]:
    """Return the proposals that the newest events say were refused because of it."""
    wanted = f"dead end {word(data, 'id')} "
    return [row.subject for row in scene.view.events if row.kind == "proposal.refused" and wanted in row.text]
