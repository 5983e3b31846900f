"""Objectives with a known truth, on which ways of working are compared; losses are in units of the noise.

Every landscape has numeric axes between 0 and 1, a start, an optimum drawn from its seed, and 30 standard
deviations of one run between them (autoresearch's published branch went 35). What is special about each:

- `separable`: every axis counts for itself, some much more than others;
- `interacting`: three pairs of axes lie in narrow valleys: one moved alone gains next to nothing;
- `deceptive`: on three axes the start sits in a shallow well, the optimum lies behind a barrier;
- `inert`: half of the axes do nothing;
- `twins`: three pairs of axes do the same thing;
- `dead`: on four axes all values beyond a limit crash, and any run crashes by chance now and then.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

Params = dict[str, float]
Term = Callable[[Params], float]

KINDS = ("separable", "interacting", "deceptive", "inert", "twins", "dead")
NAMES = ("A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L")
MIDDLE = 0.5
#: Loss between the middle and the optimum, in standard deviations of one run.
GAP = 30.0
#: Loss of the optimum: nothing depends on it.
FLOOR = 100.0
#: How much steeper a valley is across than along.
NARROW = 8.0
#: What a shallow well keeps of the loss, as a share of what the axis has to give.
SHALLOW = 0.6
#: Share of runs of the `dead` landscape that crash by chance.
CRASHES = 0.05
#: Axes on which a strong champion is still off.
OFF = 3


@dataclass(frozen=True)
class Landscape:
    """A truth: `loss` without noise, which values crash, which axes do nothing, where a search begins."""

    kind: str
    axes: tuple[str, ...]
    start: Params
    optimum: Params
    terms: tuple[tuple[float, Term], ...]
    limits: dict[str, tuple[float, float]] = field(default_factory=dict)
    inert: frozenset[str] = frozenset()
    crashes: float = 0.0

    def loss(self, params: Params) -> float:
        """Return the true loss."""
        return FLOOR + sum(weight * term(params) for weight, term in self.terms)

    def crash(self, params: Params) -> bool:
        """Tell whether a run with these values is sure to crash."""
        return any(not low <= params[name] <= high for name, (low, high) in self.limits.items())

    @property
    def gap(self) -> float:
        """What there is to gain from the start."""
        return self.loss(self.start) - self.loss(self.optimum)


def make(kind: str, seed: int, *, strong: bool = False) -> Landscape:
    """Draw a landscape; a strong start is near the optimum on all axes but a few."""
    rng = random.Random(f"{kind}/{seed}")
    optimum = {name: _away(rng) for name in NAMES}
    inert: frozenset[str] = frozenset()
    limits: dict[str, tuple[float, float]] = {}
    single, terms = list(NAMES), []
    rng.shuffle(single)
    if kind == "inert":
        inert = frozenset(single[:6])
        single = single[6:]
    elif kind == "interacting":
        pairs, single = single[:6], single[6:]
        for one, other in zip(pairs[::2], pairs[1::2], strict=True):
            # Both are equally far off, to whichever sides: the start lies on the floor of the valley.
            side = rng.choice((1.0, -1.0))
            optimum[other] = MIDDLE + side * (optimum[one] - MIDDLE)
            terms.append((_weight(rng) * 1.5, _valley(optimum, one, other, side)))
    elif kind == "twins":
        pairs, single = single[:6], single[6:]
        for one, other in zip(pairs[::2], pairs[1::2], strict=True):
            optimum[other] = optimum[one]
            terms.append((_weight(rng) * 2, _twins(optimum, one, other)))
    elif kind == "deceptive":
        wells, single = single[:3], single[3:]
        for name in wells:
            optimum[name] = MIDDLE + rng.choice((1.0, -1.0)) * rng.uniform(0.35, 0.45)
            terms.append((_weight(rng), _wells(optimum, name, rng)))
    elif kind == "dead":
        for name in single[:4]:
            limits[name] = _limit(optimum[name], rng)
    terms += [(_weight(rng), _bowl(optimum, name)) for name in single]
    start = dict.fromkeys(NAMES, MIDDLE)
    total = sum(weight * term(start) for weight, term in terms)
    scaled = tuple((weight * GAP / total, term) for weight, term in terms)
    if strong:
        start = _strong(optimum, inert, limits, rng)
    crashes = CRASHES if kind == "dead" else 0.0
    return Landscape(kind, NAMES, start, optimum, scaled, limits, inert, crashes)


def _away(rng: random.Random) -> float:
    """Draw an optimum that is not where the search begins."""
    return MIDDLE + rng.choice((1.0, -1.0)) * rng.uniform(0.1, 0.45)


def _weight(rng: random.Random) -> float:
    return rng.lognormvariate(0.0, 0.8)


def _bowl(optimum: Params, name: str) -> Term:
    return lambda params: (params[name] - optimum[name]) ** 2


def _valley(optimum: Params, one: str, other: str, side: float) -> Term:
    def term(params: Params) -> float:
        a, b = params[one] - optimum[one], side * (params[other] - optimum[other])
        return ((a + b) ** 2 + NARROW * (a - b) ** 2) / 2

    return term


def _twins(optimum: Params, one: str, other: str) -> Term:
    return lambda params: ((params[one] + params[other]) / 2 - optimum[one]) ** 2


def _wells(optimum: Params, name: str, rng: random.Random) -> Term:
    away = MIDDLE - optimum[name]
    local = MIDDLE + rng.choice((1.0, -1.0)) * rng.uniform(0.02, 0.08)
    depth = SHALLOW * away**2
    # Twice as steep as the deep well: what leads out of the shallow one gets worse first.
    return lambda params: min((params[name] - optimum[name]) ** 2, depth + 2 * (params[name] - local) ** 2)


def _limit(best: float, rng: random.Random) -> tuple[float, float]:
    """Return what does not crash: the side where the optimum lies, and a little of the other."""
    edge = rng.uniform(0.1, 0.2)
    return (0.0, MIDDLE + edge) if best < MIDDLE else (MIDDLE - edge, 1.0)


def _strong(
    optimum: Params,
    inert: frozenset[str],
    limits: dict[str, tuple[float, float]],
    rng: random.Random,
) -> Params:
    """Return a start that is near the optimum, but on a few axes that count."""
    off = rng.sample([name for name in NAMES if name not in inert], OFF)
    start = {}
    for name in NAMES:
        best = optimum[name]
        step = rng.uniform(0.25, 0.4) * (1 if best < MIDDLE else -1) if name in off else rng.gauss(0, 0.04)
        low, high = limits.get(name, (0.0, 1.0))
        start[name] = round(min(max(best + step, low), high), 3)
    return start
