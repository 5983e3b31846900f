"""What the terminal shows, cell by cell: of every frame only the cells that differ are sent.

Textual sends a changed line from the left border of its widget on, each piece with all of its colours, and
everything after a new layout. Over a slow line that is most of what arctl would send.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import Console
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

#: Attributes, foreground and background, as parameters of SGR; "" is the terminal's own.
Look = tuple[str, str, str]
Cell = tuple[str, Look]

PLAIN: Look = ("", "", "")
#: Cells that stay the same between two that do not are sent again where that is no longer than a jump.
GAP = 4


class Cells:
    """The cells that were sent; None stands for what is not known."""

    def __init__(self) -> None:
        self._rows: dict[int, list[Cell | None]] = {}

    def forget(self) -> None:
        """Something else wrote to the terminal, or it has another size: nothing is known any more."""
        self._rows.clear()

    def lean(self, update: ChopsUpdate | LayoutUpdate) -> CompositorUpdate:
        """Return an update that sends no more than it has to."""
        return _Lean(self, update)

    def render(self, update: ChopsUpdate | LayoutUpdate, console: Console) -> str:
        """Return what brings the terminal from what it shows to what it should show."""
        system = console._color_system or ColorSystem.TRUECOLOR
        found: dict[int, list[Cell | None]] = {}
        for x, y, strip in pieces(update):
            row = found.get(y)
            if row is None:
                row = found[y] = list(self._rows.get(y, ()))
            put(row, x, strip, system)
        written: list[str] = []
        look = PLAIN
        for y in sorted(found):
            look = _line(written, y, self._rows.get(y, []), found[y], look)
        self._rows.update(found)
        if look != PLAIN:
            written.append("\x1b[0m")
        return "".join(written)


class _Lean(CompositorUpdate):
    def __init__(self, cells: Cells, update: ChopsUpdate | LayoutUpdate) -> None:
        self._cells, self._update = cells, update

    def render_segments(self, console: Console) -> str:
        """Called only when it is really written."""
        return self._cells.render(self._update, console)


def pieces(update: ChopsUpdate | LayoutUpdate) -> Iterator[tuple[int, int, Strip]]:
    """Yield what an update paints: column, line, and the strip from there on."""
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            x = update.region.x
            for strip in strips:
                yield x, y, strip
                x += strip.cell_length
        return
    for y, first, last in update.spans:
        for end, (x, part) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if part is None or x > last or end <= first:
                continue
            yield x, y, part if end <= last else part.crop(0, last - x)


def put(row: list[Cell | None], x: int, strip: Strip, system: ColorSystem) -> None:
    """Put a strip into a row; a piece with wide or combining characters stays one, before empty cells."""
    cells: list[Cell | None] = []
    for text, style, _ in strip:
        look = PLAIN if style is None else look_of(style, system)
        if text.isascii() or all(cell_len(letter) == 1 for letter in text):
            cells += [(letter, look) for letter in text]
        else:
            cells += [(text, look), *[("", look)] * (cell_len(text) - 1)]
    end = x + len(cells)
    row += [None] * (x - len(row))
    _cut(row, x)
    _cut(row, end)
    row[x:end] = cells


def _cut(row: list[Cell | None], x: int) -> None:
    """Where a piece reaches across a place, what is left of it there is no longer known."""
    if x >= len(row) or not _inside(row[x]):
        return
    first = last = x
    while first > 0 and _inside(row[first]):
        first -= 1
    while last < len(row) and _inside(row[last]):
        last += 1
    row[first:last] = [None] * (last - first)


def _inside(cell: Cell | None) -> bool:
    return cell is not None and not cell[0]


@lru_cache(maxsize=4096)
def look_of(style: Style, system: ColorSystem) -> Look:
    """Return a style as parameters of SGR."""
    ink, paper = style.color, style.bgcolor
    return (
        Strip.render_ansi(style.without_color, system),
        "" if ink is None else ";".join(ink.downgrade(system).get_ansi_codes()),
        "" if paper is None else ";".join(paper.downgrade(system).get_ansi_codes(foreground=False)),
    )


def change(old: Look, new: Look) -> str:
    """Return what changes one look into another."""
    if old == new:
        return ""
    if old[0] != new[0]:
        return f"\x1b[{';'.join(['0', *filter(None, new)])}m"
    told = []
    if old[1] != new[1]:
        told.append(new[1] or "39")
    if old[2] != new[2]:
        told.append(new[2] or "49")
    return f"\x1b[{';'.join(told)}m"


def _line(written: list[str], y: int, old: list[Cell | None], new: list[Cell | None], look: Look) -> Look:
    """Write the cells of a line that differ, and return the look that the terminal is left with."""
    if old == new:
        return look
    if _uneven(old) or _uneven(new):
        old = []  # terminals differ about such characters: the line is sent as a whole
    differ = [x for x, cell in enumerate(new) if cell is not None and (x >= len(old) or cell != old[x])]
    at = -1
    for x in differ:
        if at < 0:
            written.append(f"\x1b[{y + 1};{x + 1}H")
        elif x > at:
            between = new[at:x]
            if x - at <= GAP and all(cell is not None and cell[1] == look for cell in between):
                written += [cell[0] for cell in between if cell is not None]
            else:
                written.append(f"\x1b[{x - at}C")
        text, wanted = new[x] or (" ", PLAIN)
        if wanted != look:
            written.append(change(look, wanted))
            look = wanted
        written.append(text)
        at = x + 1
    return look


def _uneven(row: list[Cell | None]) -> bool:
    return any(cell is not None and len(cell[0]) != 1 for cell in row)
