"""Curves drawn with characters: braille dots or plain ASCII, with axes; pure, for the CLI and the TUI."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from arctl.format import number

#: Dots of a braille cell, by column and row within it.
DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
#: What stands for the first series, the second, and both, in ASCII.
_MARKS = ("*", ".", "#")

Point = tuple[float, float | None]
Segment = tuple[str, int]
"""A piece of a line and the series that it belongs to; -1 for axes."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The part of the plane that is drawn, and how many dots it is drawn on."""

    left: float
    right: float
    low: float
    high: float
    across: int
    down: int

    def pixel(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point lies, in dots from the top left."""
        column = (x - self.left) / (self.right - self.left) * (self.across - 1)
        return column, (self.high - y) / (self.high - self.low) * (self.down - 1)


def draw(
    series: Sequence[Sequence[Point]], *, width: int = 78, height: int = 16, ascii_only: bool = False
) -> list[list[Segment]]:
    """Draw up to two series of (step, value) on one pair of axes; returns lines of segments.

    A value that is None or not finite is a gap. The first series lies on top. Without a finite point there
    is nothing to draw, and the list is empty.
    """
    finite = [(x, y) for points in series for x, y in points if _drawable(x, y) and y is not None]
    if not finite:
        return []
    xs, ys = [x for x, _ in finite], [y for _, y in finite]
    (left, right), (low, high) = _range(xs), _range(ys)
    labels = {0: number(high, 4), height // 2: number((high + low) / 2, 4), height - 1: number(low, 4)}
    margin = max(map(len, labels.values()))
    cells = max(10, width - margin - 2)
    across, down = (1, 1) if ascii_only else (2, 4)
    frame = Frame(left, right, low, high, cells * across, height * down)
    pixels = [set(_pixels(points, frame)) for points in series[:2]]
    if len(pixels) > 1 and not ascii_only:
        # Dotted, so that the two can be told apart without colours.
        pixels[1] = {(x, y) for x, y in pixels[1] if x % 4 < 2 and y % 2 == 0}
    lines = []
    for row in range(height):
        axis = f"{labels.get(row, ''):>{margin}} {'┤' if row in labels else '│'}"
        line: list[Segment] = [(axis.replace("┤", "+").replace("│", "|") if ascii_only else axis, -1)]
        mark = _ascii if ascii_only else _braille
        line.extend(mark(pixels, cell, row) for cell in range(cells))
        lines.append(_joined(line))
    rule = "+" + "-" * cells if ascii_only else "└" + "─" * cells
    lines.append([(" " * (margin + 1) + rule, -1)])
    first, last = number(min(xs), 6), number(max(xs), 6)
    lines.append([(" " * (margin + 2) + first + last.rjust(cells - len(first)), -1)])
    return lines


def text(lines: Sequence[Sequence[Segment]]) -> list[str]:
    """Return the lines of a drawing without their colours."""
    return ["".join(piece for piece, _ in line).rstrip() for line in lines]


def _drawable(x: float, y: float | None) -> bool:
    return y is not None and math.isfinite(x) and math.isfinite(y)


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of an axis; a single value gets some room around it."""
    low, high = min(values), max(values)
    if low < high:
        return low, high
    room = abs(low) * 0.05 or 0.5
    return low - room, high + room


def _pixels(points: Sequence[Point], frame: Frame) -> Iterator[tuple[int, int]]:
    """Yield the pixels of a curve: its points, joined by lines where no value is missing between them."""
    placed = [frame.pixel(x, y) if y is not None and _drawable(x, y) else None for x, y in points]
    for point in placed:
        if point is not None:
            yield round(point[0]), round(point[1])
    for start, end in pairwise(placed):
        if start is not None and end is not None:
            steps = math.ceil(max(abs(end[0] - start[0]), abs(end[1] - start[1])))
            for step in range(1, steps):
                share = step / steps
                yield (
                    round(start[0] + (end[0] - start[0]) * share),
                    round(start[1] + (end[1] - start[1]) * share),
                )


def _braille(pixels: Sequence[set[tuple[int, int]]], cell: int, row: int) -> Segment:
    """Return a cell; where both series pass, the first one has it."""
    for index, found in enumerate(pixels):
        bits = 0
        for x in range(2):
            for y in range(4):
                if (cell * 2 + x, row * 4 + y) in found:
                    bits |= DOTS[x][y]
        if bits:
            return chr(0x2800 + bits), index
    return " ", -1


def _ascii(pixels: Sequence[set[tuple[int, int]]], cell: int, row: int) -> Segment:
    hit = [index for index, found in enumerate(pixels) if (cell, row) in found]
    if not hit:
        return " ", -1
    return (_MARKS[2], hit[0]) if len(hit) > 1 else (_MARKS[hit[0]], hit[0])


def _joined(line: Sequence[Segment]) -> list[Segment]:
    """Put neighbouring pieces of the same series together."""
    out: list[Segment] = []
    for piece, index in line:
        if out and out[-1][1] == index:
            out[-1] = (out[-1][0] + piece, index)
        else:
            out.append((piece, index))
    return out
