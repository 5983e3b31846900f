"""How much equal runs differ: pooled spread, its degrees of freedom, and whether pooling is allowed."""

from __future__ import annotations

import math
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

NOISIER = 0.10
"""Level of the variance-ratio test above which a candidate or champion is judged by its own spread."""
OUTLYING = 0.01
"""Level, over all groups together, at which a noisier experiment is left out of the pool."""


LARGEST = 1e100
"""Size beyond which a value counts as not finite: squares of larger ones overflow."""


class Spread(NamedTuple):
    """A standard deviation (in the metric's unit) and its degrees of freedom."""

    sigma: float
    nu: int


def usable(values: Iterable[float]) -> bool:
    """Whether all values are finite, and small enough that sums of their squares are."""
    return all(abs(value) <= LARGEST for value in values)


def sum_of_squares(values: Sequence[float]) -> float:
    """Squared deviations from the mean; exactly 0 for equal values, whatever the mean rounds to."""
    if not values or min(values) == max(values):
        return 0.0
    mean = fmean(values)
    return math.fsum((value - mean) ** 2 for value in values)


def spread(values: Sequence[float]) -> Spread:
    """The sample's own standard deviation; (0, 0) below two values."""
    return pooled([values])


def pooled(pool: Sequence[Sequence[float]]) -> Spread:
    """Pooled within-experiment standard deviation: sqrt(sum of squares / nu), nu = sum of (n_i - 1).

    Experiments with a single run say nothing about noise and are passed over; (0, 0) when none has two.
    """
    groups = [values for values in pool if len(values) > 1]
    nu = sum(len(values) - 1 for values in groups)
    if nu == 0:
        return Spread(0.0, 0)
    return Spread(math.sqrt(math.fsum(sum_of_squares(values) for values in groups) / nu), nu)


def noisier(values: Sequence[float], rest: Spread, level: float = NOISIER) -> bool:
    """Whether a sample varies more than the rest, by a one-sided F test of the variances."""
    own = spread(values)
    if own.nu == 0 or rest.nu == 0 or own.sigma == 0.0:
        return False
    if rest.sigma == 0.0:
        return True
    from scipy.special import fdtrc

    ratio = min(own.sigma / rest.sigma, 1e100)  # its square must stay a float
    return bool(fdtrc(own.nu, rest.nu, ratio**2) < level)


def homogeneous(pool: Sequence[Sequence[float]]) -> tuple[list[tuple[float, ...]], int]:
    """Leave out of a pool the experiments that are plainly noisier than the others together.

    One experiment with a diverging learning rate would otherwise hide every later gain. Returns the groups
    with two or more values that stay, and how many were left out (the test's level is divided by the number
    of groups).
    """
    groups = sorted(
        (tuple(values) for values in pool if len(values) > 1), key=lambda group: spread(group).sigma
    )
    total = len(groups)
    while len(groups) > 1 and noisier(groups[-1], pooled(groups[:-1]), OUTLYING / total):
        groups.pop()
    return groups, total - len(groups)
