"""Learning curves drawn with dots: several runs on one plane, with every spike and every gap; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from arctl.chart import Frame
from arctl.format import number
from arctl.tui.look.canvas import Canvas, Pixel
from arctl.tui.look.glyphs import Glyphs
from arctl.tui.look.lines import Line, Span, Tone, fit

#: A step and its value; None is a value that was no number.
Point = tuple[float, float | None]
#: How lines are told apart: colour, character in ASCII, and the length of their dashes in dots.
STYLES: tuple[tuple[Tone, str, int], ...] = (
    ("accent", "*", 0),
    ("second", "o", 3),
    ("warn", "+", 2),
    ("dim", ".", 1),
)


@dataclass(frozen=True, slots=True)
class Series:
    """One line: what it is called, and its points by their steps."""

    name: str
    points: tuple[Point, ...]

    @property
    def last(self) -> tuple[float, float] | None:
        """The last point with a value."""
        return next(((x, y) for x, y in reversed(self.points) if y is not None), None)

    def at(self, step: float) -> float | None:
        """Return the last value up to a step; None before the first and well behind the last."""
        if not self.points:
            return None
        first, last = self.points[0][0], self.points[-1][0]
        # Of thinned curves the very last step need not be there.
        if step > last + (last - first) / 50:
            return None
        return next((y for x, y in reversed(self.points) if x <= step and y is not None), None)


@dataclass(frozen=True, slots=True)
class Plane:
    """The part that is drawn; with `logarithmic` low and high are powers of ten."""

    left: float
    right: float
    low: float
    high: float
    logarithmic: bool = False

    def height(self, value: float | None) -> float | None:
        """Return where a value lies; None where it cannot be drawn."""
        if value is None or not self.logarithmic:
            return value
        return math.log10(value) if value > 0 else None

    def value(self, height: float) -> float:
        """Return the value of a height."""
        return 10**height if self.logarithmic else height


def plane(series: Sequence[Series], zoom: int = 0, *, logarithmic: bool = False) -> Plane | None:
    """Choose what is drawn: all steps, or the last of them; None where there is nothing to draw."""
    steps = [x for one in series for x, _ in one.points]
    if not steps:
        return None
    first, right = min(steps), max(steps)
    left = right - (right - first) / 2**zoom
    probe = Plane(left, right, 0, 1, logarithmic)
    heights = [
        height
        for one in series
        for x, y in one.points
        if x >= left and (height := probe.height(y)) is not None and math.isfinite(height)
    ]
    if not heights:
        return None
    low, high = min(heights), max(heights)
    if low == high:
        room = abs(high) * 0.05 or 0.5
        low, high = low - room, high + room
    if left == right:
        left, right = left - 0.5, right + 0.5
    return Plane(left, right, low, high, logarithmic)


def draw(
    series: Sequence[Series],
    width: int,
    height: int,
    glyphs: Glyphs,
    zoom: int = 0,
    *,
    logarithmic: bool = False,
) -> list[Line]:
    """Return `height` lines of `width` cells, the axis of steps last; empty where nothing can be drawn.

    The first line lies on top of the others.
    """
    found = plane(series, zoom, logarithmic=logarithmic)
    if found is None or width < 20 or height < 3:
        return []
    labels = _labels(found, height - 1)
    margin = max(len(text) for text in labels.values()) + 1
    columns = width - margin - 1
    canvas = Canvas(columns, height - 1, glyphs)
    frame = Frame(found.left, found.right, found.low, found.high, canvas.across, canvas.down)
    for place in range(len(series) - 1, -1, -1):
        _trace(canvas, frame, found, series[place].points, STYLES[min(place, len(STYLES) - 1)])
    lines: list[Line] = []
    for row, cells in enumerate(canvas.lines()):
        text = labels.get(row, "")
        edge = glyphs.tick if text else glyphs.vertical
        lines.append(((fit(text, margin, right=True), "dim"), (edge, "dim"), *cells))
    lines.append(((" " * (margin + 1) + _axis(found, columns), "dim"),))
    return lines


def _labels(found: Plane, rows: int) -> dict[int, str]:
    """Return the texts at the left edge by their row: both ends, and between them as many as have room."""
    parts = 1 if rows < 5 else 2 if rows < 12 else 4
    places = {round((rows - 1) * part / parts) for part in range(parts + 1)}
    texts = {}
    for row in sorted(places):
        share = row / max(1, rows - 1)
        texts[row] = number(found.value(found.high - (found.high - found.low) * share), 4)
    return texts


def _axis(found: Plane, columns: int) -> str:
    """Write the steps below the plot: both ends, and between them where there is room."""
    parts = 4 if columns >= 60 else 2 if columns >= 30 else 1
    cells = [" "] * columns
    for part in range(parts + 1):
        step = found.left + (found.right - found.left) * part / parts
        text = f"{step:.0f}" if abs(step) < 1e6 else f"{step:.3g}"
        text += " step" if part == parts else ""
        at = round((columns - 1) * part / parts) - (len(text) // 2 if 0 < part < parts else 0)
        at = max(0, min(columns - len(text), at))
        if all(cell == " " for cell in cells[max(0, at - 1) : at + len(text) + 1]):
            cells[at : at + len(text)] = text
    return "".join(cells)[:columns]


def _trace(
    canvas: Canvas, frame: Frame, found: Plane, points: Sequence[Point], style: tuple[Tone, str, int]
) -> None:
    """Draw one line: of each column of dots the lowest and the highest, so that no spike is lost."""
    tone, ink, dash = style
    column: int | None = None
    seen: list[Pixel] = []
    before: Pixel | None = None
    for x, y in points:
        height = found.height(y)
        if x < found.left or height is None:
            # A gap: what follows begins anew.
            _stroke(canvas, seen, before, tone, ink, dash)
            column, seen, before = None, [], None
            continue
        pixel = frame.pixel(x, height)
        if round(pixel[0]) != column:
            before = _stroke(canvas, seen, before, tone, ink, dash)
            column, seen = round(pixel[0]), []
        seen.append(pixel)
    _stroke(canvas, seen, before, tone, ink, dash)


def _stroke(
    canvas: Canvas, seen: Sequence[Pixel], before: Pixel | None, tone: Tone, ink: str, dash: int
) -> Pixel | None:
    """Draw what one column has, joined to the column before; return where it ends."""
    if not seen:
        return before
    if before is not None:
        canvas.line(before, seen[0], tone, ink, dash)
    top = min(pixel[1] for pixel in seen)
    bottom = max(pixel[1] for pixel in seen)
    x = seen[0][0]
    canvas.line((x, top), (x, bottom), tone, ink)
    return seen[-1]


def legend(series: Sequence[Series], glyphs: Glyphs, width: int) -> list[Line]:
    """Say which line is whose, its last value, and how much the first one differs at the same step."""
    found: list[Line] = []
    spans: list[Span] = []
    taken = 0
    first = series[0].last if series else None
    for place, one in enumerate(series):
        tone, ink, dash = STYLES[min(place, len(STYLES) - 1)]
        stroke = (
            ink * 2
            if glyphs.plot == "ascii"
            else glyphs.horizontal * 2
            if not dash
            else f"{glyphs.horizontal} "
        )
        last = one.last
        text = f" {one.name}"
        if last is not None:
            text += f" {number(last[1], 5)} @{last[0]:.0f}"
        if place and first is not None and (other := one.at(first[0])) is not None:
            if last is not None and last[0] > first[0]:
                text += f", {number(other, 5)} @{first[0]:.0f}"
            text += f" ({first[1] - other:+.3g})"
        size = len(stroke) + len(text) + 3
        if spans and taken + size > width:
            found.append(tuple(spans))
            spans, taken = [], 0
        spans += [
            (f" {stroke}", tone),
            (fit(text, max(1, min(cell_len(text), width - len(stroke) - 1))), ""),
            ("  ", ""),
        ]
        taken += size
    return [*found, tuple(spans)] if spans else found
