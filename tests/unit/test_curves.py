"""Curves by window: spikes stay, gaps stay, the whole is never more than was asked for."""

from __future__ import annotations

import asyncio
import math
import random
from pathlib import Path

import pytest

from arctl.daemon.rows import CurvePoint
from arctl.daemon.store import Batch, Reader, Writer, curves
from arctl.daemon.store.curves import Series


def series(*points: tuple[float, float | None]) -> Series:
    found = Series()
    for step, value in points:
        found.add(step, value)
    return found


def test_a_window_keeps_the_extremes_of_every_column() -> None:
    rng = random.Random(1)
    points = [(float(step), rng.random()) for step in range(10_000)]
    points[4321] = (4321.0, 99.0)
    known = series(*points)
    shown = known.window(0.0, 9999.0, 80)
    assert len(shown) <= 160
    assert (4321.0, 99.0) in shown
    assert shown == sorted(shown, key=lambda point: point[0])
    for column in range(80):
        low, high = 9999.0 * column / 80, 9999.0 * (column + 1) / 80
        inside = [value for step, value in points if (low < step or not column) and step <= high]
        there = [value for step, value in shown if (low < step or not column) and step <= high]
        assert {min(inside), max(inside)} == set(there)


def test_a_window_of_few_points_shows_them_all_and_no_others() -> None:
    known = series(*((float(step), float(-step)) for step in range(1000)))
    assert known.window(10.0, 14.0, 80) == [(float(n), float(-n)) for n in range(10, 15)]
    assert known.window(2000.0, 3000.0, 80) == []


def test_what_is_no_number_is_a_gap_at_its_step() -> None:
    known = series((1, 0.5), (2, math.nan), (3, None), (4, math.inf), (5, 0.25))
    assert known.thinned(100) == [(1, 0.5), (2, None), (3, None), (4, None), (5, 0.25)]
    assert known.extent() == (1, 5)
    long = series(*((float(n), None if 400 <= n < 600 else float(n)) for n in range(1000)))
    shown = long.window(0, 999, 10)
    gaps = [step for step, value in shown if value is None]
    assert gaps
    assert all(400 <= step < 600 for step in gaps)
    assert len(gaps) <= 10


def test_steps_that_are_counted_anew_are_drawn_in_their_order() -> None:
    known = series((1, 1.0), (2, 2.0), (3, 3.0), (1, 0.5), (2, None))
    assert [step for step, _ in known.thinned(100)] == [1, 1, 2, 2, 3]
    assert known.window(2, 3, 10) == [(2, 2.0), (2, None), (3, 3.0)]
    known.add(0, 7.0)
    assert known.extent() == (0, 3)


def test_a_long_curve_is_thinned_evenly_with_its_end() -> None:
    for gap in (False, True):
        known = series(*((float(n), None if gap and n == 5 else float(n)) for n in range(10_001)))
        shown = known.thinned(100)
        assert len(shown) == 101
        assert shown[-1] == (10_000, 10_000)
        assert shown[0] == (0, 0)


@pytest.mark.anyio
async def test_new_points_are_added_to_those_that_were_read(tmp_path: Path) -> None:
    writer, reader = Writer(tmp_path / "l.db"), Reader(tmp_path / "l.db")
    await writer.open()

    async def wrote(*ordinals: int, attempt: int = 1) -> list[float]:
        found = [CurvePoint("r1", attempt, n, "loss" if n % 2 else "lr", float(n), n / 2) for n in ordinals]
        await writer.write(Batch(points=found, at=1.0))
        return await reader.curves("r1", attempt, lambda known: list(known["loss"].steps))

    assert await wrote(0, 1, 2, 3) == [1, 3]
    assert await wrote(4, 5) == [1, 3, 5]
    assert await wrote(1, attempt=2) == [1], "another attempt has curves of its own"
    assert await reader.curves("r9", 1, dict) == {}
    await reader.close()
    await writer.close()


def test_curves_in_memory_are_bounded(tmp_path: Path) -> None:
    async def live() -> int:
        writer, reader = Writer(tmp_path / "l.db"), Reader(tmp_path / "l.db")
        await writer.open()
        points = [CurvePoint(f"r{r}", 1, n, "loss", float(n), 0.5) for r in range(9) for n in range(10)]
        await writer.write(Batch(points=points, at=1.0))
        for run in range(9):
            assert await reader.curves(f"r{run}", 1, lambda known: len(known["loss"])) == 10
        kept = len(reader._curves._known)
        await reader.close()
        await writer.close()
        return kept

    before, curves.MAX_KEPT = curves.MAX_KEPT, 35
    try:
        assert asyncio.run(live()) == 3
    finally:
        curves.MAX_KEPT = before
