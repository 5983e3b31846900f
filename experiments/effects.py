"""What is known of each axis: how often it was tried, what it was worth, how often it was kept."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Trial:
    """One judged experiment on an axis; `effect` is its gain in the metric's unit, positive is better."""

    axis: str
    effect: float | None
    accepted: bool


@dataclass(frozen=True, slots=True)
class Effect:
    """An axis: trials, mean and standard deviation of the gain (positive is better), how many were kept."""

    axis: str
    n: int
    mean: float
    sd: float
    kept: int


def effects(trials: Iterable[Trial]) -> dict[str, Effect]:
    """Return the effect of each axis; a joint axis `a+b` counts for itself, not for its parts."""
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(trial.axis, []).append(trial)
    found = {}
    for axis, group in groups.items():
        gains = [trial.effect for trial in group if trial.effect is not None and math.isfinite(trial.effect)]
        mean = math.fsum(gains) / len(gains) if gains else 0.0
        spread = math.fsum((gain - mean) ** 2 for gain in gains)
        sd = math.sqrt(spread / (len(gains) - 1)) if len(gains) > 1 else 0.0
        found[axis] = Effect(axis, len(group), mean, sd, sum(trial.accepted for trial in group))
    return found


def parts(axis: str) -> tuple[str, ...]:
    """Return the axes that a joint one is made of: `WIDTH+DEPTH` is both."""
    return tuple(part for part in axis.split("+") if part)


def clash(one: Iterable[str], other: Iterable[str]) -> bool:
    """Tell whether two sets of axes meet: where one of them is, or lies within, one of the others."""
    others = tuple(other)
    return any(covers(a, b) or covers(b, a) for a in one for b in others)


def covers(outer: str, inner: str) -> bool:
    """Tell whether an axis lies within another: `optimizer` covers `optimizer.lr.matrix`."""
    return inner == outer or inner.startswith(f"{outer}.")
