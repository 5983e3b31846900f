"""The champion's progress drawn with dots: its line, what was discarded, where one was kept; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from arctl.chart import Frame
from arctl.format import number
from arctl.tui.look.canvas import Canvas, Pixel
from arctl.tui.look.glyphs import Glyphs
from arctl.tui.look.lines import Line, fit

Point = tuple[float, float]

#: Below so many lines the numbers of experiments are left out.
LOW = 6


@dataclass(frozen=True, slots=True)
class Progress:
    """What is drawn: kept and discarded experiments as (number, mean), oldest first.

    `last` is the number of the newest experiment: the champion's line goes on to it.
    """

    kept: tuple[Point, ...]
    discarded: tuple[Point, ...]
    last: float


def plane(progress: Progress, zoom: int) -> tuple[float, float, float, float]:
    """Choose the part that is drawn (left, right, low, high): the line, and discards that tell it apart.

    One diverged run would flatten the line; what lies further off than the line is high is not drawn.
    """
    left = min([x for x, _ in progress.kept] + [x for x, _ in progress.discarded])
    right = max(progress.last, left + 1)
    left = right - (right - left) / 2**zoom
    reigning = [point for point in progress.kept if point[0] <= left][-1:]
    ys = [y for _, y in [*reigning, *(point for point in progress.kept if point[0] >= left)]]
    low, high = min(ys), max(ys)
    room = (high - low) or abs(high) * 0.05 or 0.5
    near = [y for x, y in progress.discarded if x >= left and low - room <= y <= high + room]
    low, high = min([low, *near]), max([high, *near])
    if low == high:
        low, high = low - room, high + room
    return left, right, low, high


def draw(progress: Progress, width: int, height: int, glyphs: Glyphs, zoom: int = 0) -> list[Line]:
    """Return `height` lines of `width` cells, the axis of numbers last; empty where nothing was measured."""
    if not progress.kept or width < 16 or height < 2:
        return []
    left, right, low, high = plane(progress, zoom)
    top, bottom = number(high, 4), number(low, 4)
    margin = max(len(top), len(bottom)) + 1
    axis = height >= LOW
    columns, rows = width - margin - 1, height - axis
    canvas = Canvas(columns, rows, glyphs)
    frame = Frame(left, right, low, high, canvas.across, canvas.down)
    for point in progress.discarded:
        canvas.dot(frame.pixel(*point), "dim")
    for start, end in _steps(progress, frame):
        canvas.line(start, end, "good")
    for point in progress.kept:
        if left <= point[0] <= right:
            canvas.mark(frame.pixel(*point), glyphs.kept, "good")
    lines: list[Line] = []
    for row, cells in enumerate(canvas.lines()):
        label = top if row == 0 else bottom if row == rows - 1 else ""
        lines.append(((fit(label, margin, right=True), "dim"), (glyphs.vertical, "dim"), *cells))
    if not axis:
        return lines
    first, last = f"{left:.0f}", f"{right:.0f}"
    middle = f"{'experiments':^{max(0, columns - len(first) - len(last))}}"
    lines.append(((fit(" " * (margin + 1) + first + middle + last, width), "dim"),))
    return lines


def _steps(progress: Progress, frame: Frame) -> Sequence[tuple[Pixel, Pixel]]:
    """Return the pieces of a line that stays level until the next champion takes over."""
    ends = [*progress.kept, (max(progress.last, progress.kept[-1][0]), progress.kept[-1][1])]
    found: list[tuple[Pixel, Pixel]] = []
    for (x0, y0), (x1, y1) in pairwise(ends):
        if x1 < frame.left:
            continue
        x0 = max(x0, frame.left)
        found.append((frame.pixel(x0, y0), frame.pixel(x1, y0)))
        if y1 != y0:
            found.append((frame.pixel(x1, y0), frame.pixel(x1, y1)))
    return found
