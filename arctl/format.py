"""How numbers, times and tables are written for people; pure, and shared by every face."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from arctl.text import clean

#: What stands for a reading or a value that is not there; never 0.
NA = "-"
#: The narrowest that a column of words becomes where a table is too wide, and the last column.
LEAST, LEAST_LAST = 6, 12


def number(value: float | None, digits: int = 6) -> str:
    """Write a number with so many significant digits; NA for none."""
    if value is None:
        return NA
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    return f"{value:.{digits}g}"


def signed(value: float | None, digits: int = 3) -> str:
    """Write a difference with its sign; NA for none."""
    return NA if value is None else f"{value:+.{digits}g}"


def interval(low: float | None, high: float | None, digits: int = 3) -> str:
    """Write an interval; NA where either end is missing."""
    return NA if low is None or high is None else f"[{signed(low, digits)}, {signed(high, digits)}]"


def duration(seconds: float | None) -> str:
    """Write a length of time: `0.8s`, `42s`, `3m05s`, `2h04m`, `3d04h`; NA for none."""
    if seconds is None or not math.isfinite(seconds):
        return NA
    seconds = max(0.0, seconds)
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d{whole % 86400 // 3600:02d}h"


def count(number_of: int, one: str, many: str = "") -> str:
    """Write a count with its noun: `1 run`, `3 runs`."""
    return f"{number_of} {one if number_of == 1 else many or one + 's'}"


def word(name: str) -> str:
    """Write a verdict or a state as words: `timed_out` becomes `timed out`."""
    return clean(name).replace("_", " ")


def table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = (), width: int = 80
) -> list[str]:
    """Lay out a table as lines of at most `width`; the last column is cut, those in `right` end flush.

    Where that is not enough the widest columns of words are cut, too; figures never are. Cells are foreign
    text: they are cleaned here. An empty `head` leaves the heading out.
    """
    cells = [[clean(cell) for cell in row] for row in ([head, *rows] if head else rows)]
    if not cells:
        return []
    columns = len(cells[0])
    widths = [max(len(row[column]) for row in cells) for column in range(columns)]
    _fit(widths, width - 2 * (columns - 1), right)
    lines = []
    for row in cells:
        shown = [clean(cell, widths[column]) for column, cell in enumerate(row)]
        laid = [
            cell.rjust(widths[column]) if column in right else cell.ljust(widths[column])
            for column, cell in enumerate(shown)
        ]
        lines.append("  ".join(laid).rstrip())
    return lines


def _fit(widths: list[int], room: int, right: Sequence[int]) -> None:
    """Narrow columns until they fit: the last one first, then the widest of those that hold words."""
    last = len(widths) - 1
    widths[last] = min(widths[last], max(LEAST_LAST, room - sum(widths[:last])))
    words = [column for column in range(last) if column not in right]
    while sum(widths) > room and words:
        widest = max(words, key=lambda column: widths[column])
        if widths[widest] <= LEAST:
            break
        widths[widest] -= 1


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """Break foreign text into cleaned lines of at most `width`, each with an indent; no command is broken."""
    import textwrap

    held = re.sub("`[^`]*`", lambda span: span[0].replace(" ", "\0"), clean(text))
    lines = textwrap.wrap(held, width, initial_indent=indent, subsequent_indent=indent)
    return [line.replace("\0", " ") for line in lines]
