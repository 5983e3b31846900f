"""What is known of each axis: how often it was tried, what it was worth, how often it was kept."""

from __future__ import annotations

import math
from dataclasses import dataclass
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Gains from which on it is known how far they spread.
SPREAD = 2


@dataclass(frozen=True, slots=True)
class Trial:
    """One judged experiment on an axis; `effect` is its gain in the metric's unit, positive is better.

    `name` is what the experiment is called, `number` its place among all.
    """

    axis: str
    effect: float | None
    accepted: bool
    name: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Effect:
    """An axis: trials, mean and standard deviation of the gain (positive is better), how many were kept."""

    axis: str
    n: int
    mean: float
    sd: float
    kept: int


@dataclass(frozen=True, slots=True)
class Axis:
    """All that is known of an axis: its effect, how many of its trials have a gain, and the ones to look at.

    `first` and `last` are the oldest and the newest trial, `best` the one with the greatest gain.
    """

    effect: Effect
    measured: int
    first: Trial
    last: Trial
    best: Trial | None

    def interval(self, level: float = 0.95) -> tuple[float, float] | None:
        """Return the t interval of the mean gain; None where fewer than two gains are known."""
        if self.measured < SPREAD:
            return None
        from scipy.special import stdtrit

        reach = float(stdtrit(self.measured - 1, 0.5 + level / 2)) * self.effect.sd / math.sqrt(self.measured)
        return self.effect.mean - reach, self.effect.mean + reach


def effects(trials: Iterable[Trial]) -> dict[str, Effect]:
    """Return the effect of each axis; a joint axis `a+b` counts for itself, not for its parts."""
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(trial.axis, []).append(trial)
    return {axis: summed(group).effect for axis, group in groups.items()}


def summed(group: Sequence[Trial]) -> Axis:
    """Return what the trials of one axis, one at least, say of it."""
    known = [(trial.effect, trial) for trial in group if trial.effect is not None]
    known = [pair for pair in known if math.isfinite(pair[0])]
    gains = [gain for gain, _ in known]
    mean = math.fsum(gains) / len(gains) if gains else 0.0
    spread = math.fsum([(gain - mean) ** 2 for gain in gains])
    sd = math.sqrt(spread / (len(gains) - 1)) if len(gains) >= SPREAD else 0.0
    return Axis(
        Effect(group[0].axis, len(group), mean, sd, sum([trial.accepted for trial in group])),
        len(gains),
        min(group, key=attrgetter("number")),
        max(group, key=attrgetter("number")),
        max(known, key=itemgetter(0))[1] if known else None,
    )


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
