"""Plans: how a page's panes share its room, worked out from what each of them needs; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

#: Below these a screen is narrow or low: panes lose their boxes, pages show one pane at a time.
NARROW, LOW = 100, 30
#: From here on there is room for a third column.
WIDE = 160


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a page in cells: left, top, width, height."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Slot:
    """Room for one pane: a share by `weight`, at least `least` cells.

    With `fits` it takes just what its rows need, up to `most` (a share of the whole), before others share.
    """

    pane: str
    weight: int = 1
    least: int = 3
    fits: bool = False
    most: float = 0.5


@dataclass(frozen=True, slots=True)
class Split:
    """Parts below each other (`down`) or beside each other."""

    parts: tuple[Slot | Split, ...]
    down: bool = True
    weight: int = 1
    least: int = 3


Node = Slot | Split


def rows(*parts: Node, weight: int = 1, least: int = 3) -> Split:
    """Put parts below each other."""
    return Split(parts, True, weight, least)


def columns(*parts: Node, weight: int = 1, least: int = 3) -> Split:
    """Put parts beside each other."""
    return Split(parts, False, weight, least)


def arrange(node: Node, box: Box, needs: Mapping[str, int], frame: int) -> dict[str, Box]:
    """Return the box of each pane; `needs` are the rows that panes want, `frame` what their borders take."""
    if isinstance(node, Slot):
        return {node.pane: box}
    length = box.height if node.down else box.width
    sizes = _sizes(node, length, needs, frame)
    found: dict[str, Box] = {}
    at = box.y if node.down else box.x
    for part, size in zip(node.parts, sizes, strict=True):
        if size > 0:
            inner = Box(box.x, at, box.width, size) if node.down else Box(at, box.y, size, box.height)
            found |= arrange(part, inner, needs, frame)
        at += size
    return found


def _sizes(node: Split, length: int, needs: Mapping[str, int], frame: int) -> list[int]:
    """Share a length out: what fits first, the rest by weight; the last part takes what rounding leaves."""
    sizes = [0] * len(node.parts)
    loose = []
    for at, part in enumerate(node.parts):
        if isinstance(part, Slot) and part.fits and node.down:
            wanted = max(part.least, needs.get(part.pane, 1) + frame)
            sizes[at] = min(wanted, max(part.least, int(length * part.most)))
        else:
            loose.append(at)
    left = max(0, length - sum(sizes))
    weights = sum(node.parts[at].weight for at in loose)
    for place, at in enumerate(loose):
        part = node.parts[at]
        share = left if place == len(loose) - 1 else left * part.weight // max(1, weights)
        sizes[at] = min(left, max(min(part.least, left), share))
        left -= sizes[at]
        weights -= part.weight
    if left and not loose and sizes:
        sizes[-1] += left
    over = sum(sizes) - length
    for at in range(len(sizes) - 1, -1, -1):
        cut = min(max(0, over), sizes[at])
        sizes[at] -= cut
        over -= cut
    return sizes
