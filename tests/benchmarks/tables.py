"""Tables of figures, for a terminal or for a document, each with the machine that they come from."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass
class Table:
    """Rows under a title, and the loads of the machine (of the last minute) when they were added."""

    title: str
    header: Sequence[str]
    rows: list[list[str]] = field(default_factory=list)
    loads: list[float] = field(default_factory=list)

    def add(self, rows: Sequence[list[str]]) -> None:
        """Add what was just measured."""
        self.rows += rows
        self.loads.append(os.getloadavg()[0])

    def print(self, *, markdown: bool = False) -> None:
        """Print it, as Markdown where that is wanted."""
        loads = f"{min(self.loads):.1f} to {max(self.loads):.1f}"
        told = (
            f"{platform.machine()}, {os.cpu_count()} cores, load {loads}, Python {platform.python_version()}"
        )
        lines = [self.header, *self.rows]
        widths = [max(len(row[column]) for row in lines) for column in range(len(self.header))]
        print(f"\n### {self.title}\n{told}\n" if markdown else f"\n{self.title}\n({told})")
        ruled = [self.header, ["-" * width for width in widths], *self.rows]
        for row in ruled:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            print(f"| {' | '.join(cells)} |" if markdown else "  ".join(cells).rstrip())
