"""Columns of a table: titles and rows are laid out from one description, and so stand below each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from arctl.tui.look.lines import Cell, Line, Span, lay


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its title, its cells (0 takes what room is left), and from which width on it is there."""

    title: str
    width: int = 0
    right: bool = False
    least: int = 0


def titled(columns: Sequence[Column], width: int) -> Line:
    """Lay out the titles."""
    return laid(columns, [(column.title, "dim") for column in columns], width)


def laid(columns: Sequence[Column], fields: Sequence[Span], width: int) -> Line:
    """Lay out a row of one field for each column; the first one is set in by a cell."""
    cells = [
        Cell(text if at else f" {text}", column.width, tone, column.right)
        for at, (column, (text, tone)) in enumerate(zip(columns, fields, strict=True))
        if width >= column.least
    ]
    return lay(cells, width)
