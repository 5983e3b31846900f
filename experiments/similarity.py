"""When two changes are so near each other that trying both says little: by axis, value and words."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from arctl.experiments.models import Param

#: Numbers closer than this share of their range (of its logarithm for log scales) count as the same.
TOLERANCE = 0.04
#: Share of common words in two titles from which on they say the same.
SAME_WORDS = 0.8

_WORD = re.compile(r"[a-z0-9_.]+")


def near_value(param: Param, one: Any, other: Any) -> bool:
    """Tell whether two values of a parameter are the same within tolerance."""
    if one == other:
        return True
    if not (_number(one) and _number(other)) or param.type in ("bool", "choice"):
        return False
    low, high = param.low, param.high
    if low is None or high is None or high <= low:
        return False
    if param.log and low > 0 and one > 0 and other > 0:
        return abs(math.log(one) - math.log(other)) <= TOLERANCE * (math.log(high) - math.log(low))
    return bool(abs(one - other) <= TOLERANCE * (high - low))


def _number(value: Any) -> bool:
    """Tell whether a value can be reckoned with: what a brain proposes may be anything."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def near_params(params: Mapping[str, Param], one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two sets of values are the same within tolerance, each where both have it."""
    if set(one) != set(other) or not one:
        return False
    return all(name in params and near_value(params[name], one[name], other[name]) for name in one)


def near_words(one: str, other: str) -> bool:
    """Tell whether two titles say the same: most of their words are common (Jaccard's index)."""
    first, second = set(_WORD.findall(one.lower())), set(_WORD.findall(other.lower()))
    if not first or not second:
        return False
    return len(first & second) / len(first | second) >= SAME_WORDS
