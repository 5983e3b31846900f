"""The group-sequential boundary of the gate: how large Z must be when one looks several times."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_LOOKS = (1, 2, 3, 5)
_TABLE = {0.10: 1.752, 0.05: 2.087, 0.02: 2.471}
_NODES = 96  # Gauss-Legendre nodes per look: the crossing probability is exact to about 1e-8
_FAR = 9.0  # standard deviations below which a path cannot come back


def critical_value(alpha: float, looks: Sequence[int] = DEFAULT_LOOKS) -> float:
    """Return c, the constant boundary on Z with P(Z_n >= c at any look) = alpha without an effect.

    A Pocock boundary at unequal information, for a champion whose mean is known: Z_n are the standardised
    partial sums of the candidate's runs, corr(Z_n, Z_k) = sqrt(n/k). A champion of m runs is shared by all
    looks, which correlates them more (corr = sqrt((1/k + 1/m) / (1/n + 1/m)) for n < k), so that the same c
    errs on the safe side: at m = 5 the exact values are 1.698, 2.040 and 2.426. Futility stops are ignored
    (non-binding). The values for alpha .10, .05 and .02 at looks 1, 2, 3, 5 are tabulated, others are
    integrated numerically.
    """
    if not 0.0 < alpha < 0.5:
        msg = f"alpha must lie between 0 and 0.5, not {alpha}"
        raise ValueError(msg)
    if tuple(looks) == DEFAULT_LOOKS and alpha in _TABLE:
        return _TABLE[alpha]
    return _solved(float(alpha), tuple(looks))


@lru_cache(maxsize=64)
def _solved(alpha: float, looks: tuple[int, ...]) -> float:
    low, high = 0.0, 8.0  # the probability falls in c: plain bisection is enough
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (middle, high) if crossing_probability(middle, looks) > alpha else (low, middle)
    return (low + high) / 2


def crossing_probability(c: float, looks: Sequence[int]) -> float:
    """Return P(Z_n >= c at any look) without an effect, by integrating over the sum at each look in turn.

    The recursion of Armitage, McPherson and Rowe (1969): the density of the paths that have not yet crossed
    is carried from look to look on quadrature nodes.
    """
    import numpy as np
    from scipy.special import ndtr

    if not looks or looks[0] < 1 or any(b <= a for a, b in pairwise(looks)):
        msg = f"looks must rise from 1 or more, not {list(looks)}"
        raise ValueError(msg)
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)

    def grid(n: int) -> tuple[np.ndarray, np.ndarray]:
        low, high = -_FAR * math.sqrt(n), c * math.sqrt(n)
        return (high - low) / 2 * nodes + (high + low) / 2, (high - low) / 2 * weights

    inside = float(ndtr(c))
    n = looks[0]
    sums, width = grid(n)
    mass = width * np.exp(-(sums**2) / (2 * n)) / math.sqrt(2 * math.pi * n)
    for k in looks[1:]:
        step = math.sqrt(k - n)
        inside = float(np.sum(mass * ndtr((c * math.sqrt(k) - sums) / step)))
        ends, width = grid(k)
        steps = (ends[:, None] - sums[None, :]) / step
        mass = width * (np.exp(-(steps**2) / 2) @ mass) / (step * math.sqrt(2 * math.pi))
        n, sums = k, ends
    return 1.0 - inside
