"""autoresearch's `results.tsv`: one line per experiment, tab-separated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Status = Literal["keep", "discard", "crash"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One experiment: its commit, the mean of its metric, peak memory in MiB, what became of it."""

    commit: str
    value: float | None
    peak_mb: float | None
    status: Status
    description: str


def results_tsv(metric: str, entries: Iterable[Entry]) -> str:
    """Return the table; a crash carries 0.000000 and 0.0, as the format demands, and is never a best."""
    lines = [f"commit\t{metric}\tmemory_gb\tstatus\tdescription"]
    for entry in entries:
        crashed = entry.status == "crash" or entry.value is None
        value = 0.0 if crashed or entry.value is None else entry.value
        memory = 0.0 if crashed or entry.peak_mb is None else entry.peak_mb / 1024
        words = " ".join(entry.description.split())
        commit = entry.commit[:7] or "-"
        lines.append(f"{commit}\t{value:.6f}\t{memory:.1f}\t{'crash' if crashed else entry.status}\t{words}")
    return "\n".join(lines) + "\n"
