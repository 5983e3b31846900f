"""How often the gate accepts a change without effect, and how often it finds a real one.

    python tests/benchmarks/gate.py [--decisions N] [--seed S]

Every figure comes from ``arctl.experiments.gate.judge``, asked run by run as the daemon asks it. Noise has
standard deviation 1, so effects are in sigma. Intervals are 95 % (Wilson).
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from arctl.experiments.gate import judge
from arctl.experiments.models import Policy

Noise = Callable[[np.random.Generator, int], np.ndarray]

NOISES: dict[str, Noise] = {
    "normal": lambda rng, n: rng.standard_normal(n),
    "t4": lambda rng, n: rng.standard_t(4, n) / math.sqrt(2.0),
    "right-skewed": lambda rng, n: rng.standard_exponential(n) - 1.0,
    "left-skewed": lambda rng, n: 1.0 - rng.standard_exponential(n),
}


@dataclass(frozen=True)
class Setting:
    """What stands around one decision: the champion's runs and the other replicated experiments."""

    name: str
    champion: int
    others: tuple[int, ...]


EARLY = Setting("first candidate (m=5, nu=4)", 5, ())
LATER = Setting("later (m=5, nu=20)", 5, (5, 3, 3, 3, 2, 5, 2))
THREE = Setting("later, m=3 (nu=20)", 3, (5, 5, 3, 3, 2, 2, 5))


@dataclass
class Tally:
    """Outcomes of many decisions."""

    accepted: int = 0
    decisions: int = 0
    runs: int = 0
    excess: float = 0.0

    def line(self) -> str:
        """Rate with its interval, runs a decision, and measured minus true effect of the winners."""
        low, high = wilson(self.accepted, self.decisions)
        rate = self.accepted / self.decisions
        over = f"{self.excess / self.accepted:+6.2f}" if self.accepted else "     -"
        return f"{rate:6.3f}  [{low:.3f}, {high:.3f}]  {self.runs / self.decisions:5.2f}  {over}"


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a proportion."""
    z, p = 1.959964, hits / total
    centre = (p + z * z / (2 * total)) / (1 + z * z / total)
    half = z * math.sqrt(p * (1 - p) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return max(0.0, centre - half), min(1.0, centre + half)


def decide(
    policy: Policy, setting: Setting, noise: Noise, effect: float, scale: float, count: int, seed: int
) -> Tally:
    """Simulate candidates whose true effect and noise are known; higher is better."""
    rng = np.random.default_rng(seed)
    tally = Tally(decisions=count)
    runs = setting.champion if policy.mode == "sequential" else 1
    for _ in range(count):
        champion = noise(rng, runs).tolist()
        pool = [champion, *(noise(rng, size).tolist() for size in setting.others)]
        values = (effect + scale * noise(rng, policy.looks[-1])).tolist()
        for n in range(1, policy.looks[-1] + 1):
            judgement = judge(policy, "maximize", 0.0, values[:n], champion, pool)
            if judgement.outcome != "more":
                break
        tally.runs += judgement.evidence.n
        if judgement.outcome == "accept":
            tally.accepted += 1
            tally.excess += judgement.evidence.effect - effect
    return tally


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--decisions", type=int, default=4000, help="decisions per line")
    parser.add_argument("--seed", type=int, default=20240501)
    options = parser.parse_args()
    sequential, greedy = Policy(), Policy(mode="greedy")
    started = time.monotonic()
    count, seed = options.decisions, options.seed
    head = f"{'':44s}   rate  95 % interval    runs  winner's excess (sigma)"

    def show(
        label: str, policy: Policy, setting: Setting, noise: str, effect: float, scale: float = 1.0
    ) -> None:
        nonlocal seed
        seed += 1
        print(f"  {label:42s} {decide(policy, setting, NOISES[noise], effect, scale, count, seed).line()}")

    print(f"{count} decisions a line, alpha {sequential.alpha}\n\nfalse accepts (no effect)\n{head}")
    for setting in (EARLY, LATER, THREE):
        for noise in NOISES:
            show(f"{noise}, {setting.name}", sequential, setting, noise, 0.0)
    show("normal, greedy", greedy, EARLY, "normal", 0.0)
    print(f"\nfalse accepts of candidates noisier than the champion (rule 9)\n{head}")
    for scale in (2.0, 4.0, 11.0):
        show(f"normal x{scale:g}, {LATER.name}", sequential, LATER, "normal", 0.0, scale)
    later_looks = Policy(looks=(2, 3, 5))
    for scale in (1.0, 2.0, 4.0, 11.0):
        show(f"normal x{scale:g}, looks 2, 3, 5", later_looks, LATER, "normal", 0.0, scale)
    print(f"\npower (a true effect is accepted)\n{head}")
    for setting in (LATER, EARLY):
        for effect in (1.0, 1.5, 2.0, 3.0):
            show(f"{effect:g} sigma, {setting.name}", sequential, setting, "normal", effect)
    for effect in (1.0, 1.5, 2.0, 3.0):
        show(f"{effect:g} sigma, greedy", greedy, EARLY, "normal", effect)
    print(f"\n{time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
