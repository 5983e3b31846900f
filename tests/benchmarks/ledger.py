"""How many events and curve points the ledger takes in a second, alone and one by one.

`python -m tests.benchmarks.ledger [--events N] [--points N]`. Through the real writer, with
synchronous=FULL, in transactions of different sizes; beside it a single `sqlite-utils` insert each.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

import sqlite_utils

from arctl.daemon.rows import CurvePoint, Event
from arctl.daemon.store import Batch, Writer
from tests.benchmarks.support import table


async def measure(folder: Path, events: int, points: int) -> list[list[str]]:
    """Write through the writer in batches of several sizes."""
    rows = []
    for size in (1, 10, 100, 1000):
        writer = Writer(folder / f"events{size}.db")
        await writer.open()
        count = min(events, size * 400)
        begun = time.perf_counter()
        for start in range(0, count, size):
            found = [Event("run.started", "toy", f"r{start + n}", "r1 started on gpu0") for n in range(size)]
            await writer.write(Batch(events=found, at=time.time()))
        rows.append(["event", str(size), *rates(count, time.perf_counter() - begun)])
        await writer.close()
    for size in (10, 100, 1000, 10_000):
        writer = Writer(folder / f"points{size}.db")
        await writer.open()
        count = min(points, size * 400)
        begun = time.perf_counter()
        for start in range(0, count, size):
            found_points = [CurvePoint("r1", 1, start + n, "loss", float(n), 0.5) for n in range(size)]
            await writer.write(Batch(points=found_points, at=time.time()))
        rows.append(["curve point", str(size), *rates(count, time.perf_counter() - begun)])
        await writer.close()
    return rows


def one_by_one(folder: Path, count: int) -> list[str]:
    """Insert curve points with sqlite-utils, one at a time, in one transaction."""
    database = sqlite_utils.Database(folder / "single.db")
    database.execute("PRAGMA journal_mode=WAL")
    begun = time.perf_counter()
    with database.atomic():
        for number in range(count):
            database["points"].insert({"run": "r1", "ordinal": number, "metric": "loss", "value": 0.5})
    seconds = time.perf_counter() - begun
    database.close()
    return ["curve point, sqlite-utils insert", "1 (one commit)", *rates(count, seconds)]


def rates(count: int, seconds: float) -> list[str]:
    """Return the count, the rate and the time for one."""
    return [str(count), f"{count / seconds:,.0f}", f"{seconds / count * 1e6:.1f}"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--points", type=int, default=1_000_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(measure(Path(folder), chosen.events, chosen.points))
        rows.append(one_by_one(Path(folder), 5000))
    header = ["what", "in a transaction", "n", "per second", "µs each"]
    table("Writes to the ledger (WAL, synchronous=FULL)", header, rows)


if __name__ == "__main__":
    main()
