"""Intervals over paired seeds, by the bootstrap: seeds are drawn again, all arms of a seed together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

DRAWS = 2000
LEVEL = 95.0


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


def _bootstrap(count: int, figure: Callable[[np.ndarray], np.ndarray]) -> Estimate:
    """Return a figure of all seeds, and the interval of its values over seeds drawn again.

    `figure` takes seeds by their numbers, one draw a row, and returns one value for each draw.
    """
    drawn = np.random.default_rng(0).integers(count, size=(DRAWS, count))
    with np.errstate(invalid="ignore", divide="ignore"):
        values = figure(drawn)
        whole = float(figure(np.arange(count)[None, :])[0])
    tail = (100.0 - LEVEL) / 2
    low, high = np.nanpercentile(values, [tail, 100.0 - tail]) if np.isfinite(values).any() else (np.nan,) * 2
    return Estimate(whole, float(low), float(high))


def of_mean(values: Sequence[float]) -> Estimate:
    """Return the mean."""
    known = np.asarray(values, float)
    return _bootstrap(len(known), lambda drawn: known[drawn].mean(axis=1))


def of_median(values: Sequence[float]) -> Estimate:
    """Return the median."""
    known = np.asarray(values, float)
    return _bootstrap(len(known), lambda drawn: np.median(known[drawn], axis=1))


def share(flags: Sequence[bool]) -> Estimate:
    """Return the share of those that are true."""
    return of_mean([float(flag) for flag in flags])


def ratio_of_means(ones: Sequence[float], others: Sequence[float]) -> Estimate:
    """Return the ratio of two means over the same seeds."""
    a, b = np.asarray(ones, float), np.asarray(others, float)
    return _bootstrap(len(a), lambda drawn: a[drawn].mean(axis=1) / b[drawn].mean(axis=1))


def ratio_of_medians(ones: Sequence[float], others: Sequence[float]) -> Estimate:
    """Return the ratio of two medians over the same seeds."""
    a, b = np.asarray(ones, float), np.asarray(others, float)
    return _bootstrap(len(a), lambda drawn: np.median(a[drawn], axis=1) / np.median(b[drawn], axis=1))


def shown(estimate: Estimate, digits: int = 2) -> str:
    """Return an estimate as text."""
    return f"{estimate.value:.{digits}f} [{estimate.low:.{digits}f}, {estimate.high:.{digits}f}]"
