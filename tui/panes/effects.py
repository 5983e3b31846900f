"""Effects: what each axis was worth, as an interval drawn to scale around nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from arctl.format import NA, count, interval, signed
from arctl.tui.data.query import Query, query
from arctl.tui.data.reading import inner, listed, real, whole, word, yes
from arctl.tui.look.glyphs import Glyphs
from arctl.tui.look.lines import Cell, Line, Row, Span, Tone, lay, padded
from arctl.tui.look.scene import Scene
from arctl.tui.look.words import NO_CAMPAIGN, better, effect, sign, standing
from arctl.tui.look.words import mean as written_mean
from arctl.tui.panes.tables import SortedTable, dim_names, moment
from arctl.tui.panes.thread import evidence_line, link_line
from arctl.tui.widgets.kinds import QueuePane

#: Experiments of an axis that are listed at most.
MOST = 300


def effects_query(campaign: str) -> Query:
    """Return the query of a campaign's axes."""
    return query("effects", campaign=campaign)


def _number(data: Any, name: str) -> float:
    value = real(data, name)
    return -1e300 if value is None else value


#: Columns by which the table is sorted, one after the other.
SORTS: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("by mean", lambda data: -_number(data, "mean")),
    ("by tries", lambda data: -whole(data, "n")),
    ("by keep rate", lambda data: -_number(data, "rate")),
    ("by best", lambda data: -_number(inner(data, "best"), "effect")),
    ("by name", lambda data: word(data, "axis").lower()),
)


def reach(axes: Sequence[Any]) -> float:
    """Return how far the scale goes to either side: all means, and the intervals that are no exception.

    An interval of two tries is often a hundred times as long as all others; it is drawn cut off.
    """
    means = [abs(value) for data in axes if (value := real(data, "mean")) is not None]
    ends = sorted(
        max(abs(low), abs(high))
        for data in axes
        if (low := real(data, "low")) is not None and (high := real(data, "high")) is not None
    )
    usual = ends[(len(ends) - 1) * 3 // 4] if ends else 0.0
    most = max(means, default=0.0)
    return max(most * 1.1, min(usual, most * 6 or usual)) or 1.0


def drawn(
    low: float | None, mean: float | None, high: float | None, scale: float, width: int, glyphs: Glyphs
) -> str:
    """Draw an interval around nothing on `width` cells; what lies beyond the scale ends in < or >."""
    cells = [" "] * width
    middle = (width - 1) // 2

    def place(value: float) -> int:
        return round(middle + max(-1.0, min(1.0, value / scale)) * middle)

    cells[middle] = glyphs.vertical
    if low is not None and high is not None:
        for at in range(place(low), place(high) + 1):
            cells[at] = glyphs.horizontal
        if place(low) < middle < place(high):
            cells[middle] = glyphs.vertical
        if low < -scale:
            cells[0] = "<"
        if high > scale:
            cells[2 * middle] = ">"
    if mean is not None:
        cells[place(mean)] = glyphs.kept
    return "".join(cells)


def ruler(scale: float, room: int) -> str:
    """Return the ends of the scale and its middle, above the drawings."""
    left, right, side = f"{-scale:.2g}", f"{scale:+.2g}", (room - 1) // 2
    if len(left) >= side or len(right) >= side:
        return "0".center(room)
    return left.ljust(side) + "0" + right.rjust(room - side - 1)


class EffectsPane(SortedTable):
    """The axes on which something was judged."""

    ORDERS = SORTS
    HINTS = "Enter open  s sort  d dead end  / filter"

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the query of the effects."""
        return [effects_query(scene.view.chosen)] if scene.view.chosen else []

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return a row for each axis."""
        axes = listed(scene.view.answer(effects_query(scene.view.chosen)).reply, "axes")
        if not axes:
            return []
        scale = reach(axes)
        ordered = sorted(axes, key=self.order[1])
        found = []
        for data in ordered:
            key = f"axis:{word(data, 'axis')}"
            found.append(Row(key, _line(data, scene, width, scale, self.sign(scene, key))))
        return found

    def names(self, scene: Scene, width: int) -> Line:
        """Name the columns; above the drawing stand nothing and the ends of its scale."""
        axes = listed(scene.view.answer(effects_query(scene.view.chosen)).reply, "axes")
        cells = [Cell(" axis"), Cell("n", 4, right=True), Cell("kept", 9, right=True)]
        cells.append(Cell("mean", 8, right=True))
        if room := plot_width(width):
            cells.append(Cell(ruler(reach(axes), room), room))
        if width >= 100:
            cells += [Cell("best", 6), Cell("last", 6)]
        return dim_names(cells, width)

    def axis(self, key: str) -> str:
        """Return the axis of a row."""
        return key.partition(":")[2]

    def heading(self, scene: Scene) -> str:
        """Return the title: how many axes, of which metric, in which order."""
        reply = scene.view.answer(effects_query(scene.view.chosen)).reply
        if not listed(reply, "axes"):
            return "Effects"
        said = f"Effects on {word(reply, 'metric')}  {count(whole(reply, 'total'), 'axis', 'axes')}"
        return f"{said}  {self.order[0]}  + is better"

    def empty(self, scene: Scene) -> str:
        """Say what will appear."""
        if not scene.view.chosen:
            return NO_CAMPAIGN
        return "nothing was judged yet: axes stand here with their effects"


def plot_width(width: int) -> int:
    """Return how many cells the drawing gets: odd, so that nothing lies in the middle; 0 for none."""
    room = width - 60 if width >= 100 else width - 42
    return 0 if room < 9 else min(61, room - (1 - room % 2))


def _line(data: Any, scene: Scene, width: int, scale: float, here: str) -> Line:
    low, mean, high = real(data, "low"), real(data, "mean"), real(data, "high")
    dead = word(data, "dead")
    name = f"{here}{word(data, 'axis')}" + (f" {scene.glyphs.bad} {dead}" if dead else "")
    rate = real(data, "rate")
    kept = f"{whole(data, 'kept')} {rate:4.0%}" if rate is not None else str(whole(data, "kept"))
    cells = [
        Cell(name, 0, "dim" if dead else "strong"),
        Cell(str(whole(data, "n")), 4, right=True),
        Cell(kept, 9, right=True),
        Cell(effect(mean), 8, better(mean), right=True),
    ]
    if room := plot_width(width):
        cells.append(Cell(drawn(low, mean, high, scale, room, scene.glyphs), room, tone(low, high)))
    if width >= 100:
        cells += [
            Cell(word(inner(data, "best"), "id"), 6, "accent"),
            Cell(word(inner(data, "last"), "id"), 6),
        ]
    return lay(cells, width)


def tone(low: float | None, high: float | None) -> Tone:
    """Return the tone of an interval: good where all of it is better than nothing."""
    if low is None or high is None:
        return "dim"
    return "good" if low > 0 else "bad" if high < 0 else "dim"


class AxisPane(QueuePane):
    """The axis under the table's cursor: its numbers, and every experiment on it."""

    EMPTY = "its mean effect, and every experiment on it"
    HINTS = "Enter open  d dead end"

    def __init__(self, name: str, axes: EffectsPane) -> None:
        super().__init__(name)
        self._axes = axes
        self._shown = ""

    def _named(self, scene: Scene) -> str:
        kind, _, rest = self._axes.chosen(scene).partition(":")
        return rest if kind == "axis" else ""

    def _tried(self, scene: Scene) -> Query | None:
        axis = self._named(scene)
        if not axis or not scene.view.chosen:
            return None
        return query("experiments", campaign=scene.view.chosen, text=axis, limit=MOST)

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the query of the axis's experiments."""
        tried = self._tried(scene)
        return [] if tried is None else [tried, effects_query(scene.view.chosen)]

    def depends(self, scene: Scene) -> tuple[object, ...]:
        """Return the axis and its experiments."""
        found = tuple(scene.view.answer(each).reply for each in self.wants(scene))
        return (self._named(scene), int(scene.now / 60), len(found), *found)

    def show(self, scene: Scene) -> None:
        """Show a scene; another axis begins at its top."""
        shown = self._named(scene)
        if shown != self._shown:
            self._shown = shown
            self.forget(scene)
        super().show(scene)

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return the numbers of the axis, then its experiments, the newest first."""
        axis, tried = self._named(scene), self._tried(scene)
        axes = listed(scene.view.answer(effects_query(scene.view.chosen)).reply, "axes")
        data = next((each for each in axes if word(each, "axis") == axis), None)
        found = _facts(data, scene, width)
        reply = scene.view.answer(tried).reply if tried is not None else None
        same = [row for row in listed(reply, "experiments") if word(row, "axis") == axis][::-1]
        if same:
            found += [Row("", padded(((f" experiments on it ({len(same)})", "strong"),), width))]
            found += [Row(word(row, "id"), _experiment(row, scene, width)) for row in same]
        return found

    def heading(self, scene: Scene) -> str:
        """Return the title."""
        return f"Axis {self._named(scene)}".rstrip()

    def axis(self, key: str) -> str:
        """Return the axis."""
        del key
        return self._named(self.scene)

    def empty(self, scene: Scene) -> str:
        """Say that there is nothing."""
        axis = self._named(scene)
        return f"nothing was judged on {axis} yet" if axis else self.EMPTY


def _facts(data: Any, scene: Scene, width: int) -> list[Row]:
    if data is None:
        return []
    low, high, n = real(data, "low"), real(data, "high"), whole(data, "n")
    gain: Span = (signed(real(data, "mean")), better(real(data, "mean")))
    spans: list[Span] = [(" mean ", "dim"), gain, (f"  95 % {interval(low, high)}", "")]
    kept = f" tried {n}, kept {whole(data, 'kept')}"
    found = [Row("", padded(tuple(spans), width)), Row("", padded(((kept, "dim"),), width))]
    for label in ("best", "last"):
        of = inner(data, label)
        if ident := word(of, "id"):
            line = ((f" {label} ", "dim"), *evidence_line(ident, real(of, "effect"), scene, width - 6))
            found.append(Row(ident, padded(line, width)))
    if dead := word(data, "dead"):
        found.append(Row(dead, link_line(dead, scene, width)))
    return [*found, Row("", padded((), width))]


def _experiment(row: Any, scene: Scene, width: int) -> Line:
    running, held = bool(listed(row, "running")), yes(row, "held")
    verdict, state = word(row, "verdict"), word(row, "state")
    mark, colour = sign(verdict, state, scene.glyphs, running=running, held=held)
    told, _ = standing(verdict, state, running=running, held=held)
    gain = real(row, "effect")
    cells = [
        Cell(f" {mark}", 2, colour),
        Cell(word(row, "id"), 6, "accent"),
        Cell(told, 12, colour),
        Cell(effect(gain), 8, better(gain), right=True),
        Cell(written_mean(real(row, "mean")) or NA, 8, right=True),
        Cell(f" {word(row, 'title')}"),
    ]
    if width >= 70:
        cells.append(
            Cell(moment(real(row, "closed") or real(row, "created"), scene.now), 6, "dim", right=True)
        )
    return lay(cells, width)
