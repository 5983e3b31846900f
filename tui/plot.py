"""The champion's progress drawn with braille dots: its line, what was discarded, where one was kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from arctl.chart import Frame
from arctl.format import number
from arctl.tui.lines import Line, Tone, fit

Point = tuple[float, float]
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_KEPT = "●"


@dataclass(frozen=True, slots=True)
class Progress:
    """What is drawn: kept and discarded experiments as (number, mean), oldest first."""

    kept: tuple[Point, ...]
    discarded: tuple[Point, ...]
    last: float
    """The number of the newest experiment: the champion's line goes on to it."""


def frame(progress: Progress, columns: int, rows: int) -> Frame:
    """Choose the part of the plane: all of the champion's line, and discards as far as they tell it apart.

    One diverged run would flatten the line; what lies further off than the line is high is not drawn.
    """
    ys = [y for _, y in progress.kept]
    low, high = min(ys), max(ys)
    room = (high - low) or abs(high) * 0.05 or 0.5
    near = [y for _, y in progress.discarded if low - room <= y <= high + room]
    low, high = min([low, *near]), max([high, *near])
    if low == high:
        low, high = low - room, high + room
    left = min([x for x, _ in progress.kept] + [x for x, _ in progress.discarded])
    return Frame(left, max(progress.last, left + 1), low, high, columns * 2, rows * 4)


def draw(progress: Progress, width: int, height: int) -> list[Line]:
    """Return `height` lines of `width` cells; an empty list where nothing was measured yet."""
    if not progress.kept or width < 16 or height < 1:
        return []
    probe = frame(progress, 1, 1)
    top, bottom = number(probe.high, 4), number(probe.low, 4)
    margin = max(len(top), len(bottom)) + 1
    columns = width - margin - 1
    plane = frame(progress, columns, height)
    line = _cells(_steps(progress, plane))
    dots = _cells(
        {_pixel(plane, point) for point in progress.discarded if plane.low <= point[1] <= plane.high}
    )
    marks = {(x // 2, y // 4) for x, y in (_pixel(plane, point) for point in progress.kept)}
    lines = []
    for row in range(height):
        label = top if row == 0 else bottom if row == height - 1 else ""
        spans: list[tuple[str, Tone]] = [(fit(label, margin, right=True), "dim"), ("│", "dim")]
        for column in range(columns):
            spot = (column, row)
            if spot in marks:
                _add(spans, _KEPT, "good")
            elif spot in line:
                _add(spans, chr(0x2800 + line[spot]), "good")
            elif spot in dots:
                _add(spans, chr(0x2800 + dots[spot]), "dim")
            else:
                _add(spans, " ", "")
        lines.append(tuple(spans))
    return lines


def _add(spans: list[tuple[str, Tone]], text: str, tone: Tone) -> None:
    """Add a cell; neighbours of the same tone are one piece."""
    if len(spans) > 2 and spans[-1][1] == tone:
        spans[-1] = (spans[-1][0] + text, tone)
    else:
        spans.append((text, tone))


def _pixel(plane: Frame, point: Point) -> tuple[int, int]:
    x, y = plane.pixel(*point)
    return round(x), round(y)


def _steps(progress: Progress, plane: Frame) -> set[tuple[int, int]]:
    """Return the pixels of a line that stays level until the next champion takes over."""
    ends = [*progress.kept, (max(progress.last, progress.kept[-1][0]), progress.kept[-1][1])]
    found = {_pixel(plane, ends[0])}
    for start, end in pairwise(_pixel(plane, point) for point in ends):
        found |= {(x, start[1]) for x in range(start[0], end[0] + 1)}
        low, high = sorted((start[1], end[1]))
        found |= {(end[0], y) for y in range(low, high + 1)}
    return found


def _cells(pixels: Sequence[tuple[int, int]] | set[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Put pixels together to the dots of each cell."""
    found: dict[tuple[int, int], int] = {}
    for x, y in pixels:
        spot = (x // 2, y // 4)
        found[spot] = found.get(spot, 0) | _DOTS[x % 2][y % 4]
    return found
