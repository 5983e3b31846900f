"""What the benchmarks share: percentiles, tables, and what machine the figures come from."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """Return median, 95th percentile and maximum."""
    ordered = sorted(values)
    return statistics.median(ordered), ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], ordered[-1]


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table with its machine."""
    load = os.getloadavg()[0]
    print(f"\n{title}")
    print(
        f"({platform.machine()}, {os.cpu_count()} cores, load {load:.1f}, Python {platform.python_version()})"
    )
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, ["-" * width for width in widths], *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
