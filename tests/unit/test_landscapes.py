"""The benchmark's landscapes are what their description says: otherwise its tables say nothing."""

from __future__ import annotations

import math

import pytest

from tests.benchmarks.landscapes import FLOOR, GAP, KINDS, make


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(5))
def test_the_optimum_is_as_far_below_the_start_as_promised(kind: str, seed: int) -> None:
    land = make(kind, seed)
    assert math.isclose(land.loss(land.optimum), FLOOR, abs_tol=1e-6)
    assert land.loss(land.start) - FLOOR == pytest.approx(GAP, rel=0.35)
    assert not land.crash(land.start)
    assert not land.crash(land.optimum)


@pytest.mark.parametrize("seed", range(5))
def test_inert_axes_change_nothing_and_the_others_do(seed: int) -> None:
    land = make("inert", seed)
    assert land.inert
    for axis in land.axes:
        moved = {**land.start, axis: 0.99}
        changes = not math.isclose(land.loss(moved), land.loss(land.start))
        assert changes == (axis not in land.inert)


def test_the_same_seed_is_the_same_landscape_and_another_is_another() -> None:
    assert make("separable", 3).optimum == make("separable", 3).optimum
    assert make("separable", 3).optimum != make("separable", 4).optimum


def test_values_beyond_a_limit_crash() -> None:
    land = make("dead", 0)
    assert land.limits
    for axis, (low, high) in land.limits.items():
        beyond = high + 0.01 if high < 1 else low - 0.01
        assert land.crash({**land.start, axis: beyond})
