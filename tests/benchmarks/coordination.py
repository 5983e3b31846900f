"""What working together is worth: all arms side by side on the same landscapes, with paired seeds.

`python -m tests.benchmarks.coordination [--seeds N] [--regime NAME] [--arms A,B] [--jobs N] [--quick]`
runs whole campaigns with the real decisions in virtual time, and prints a table for each regime: means
with 95 % intervals over the seeds, and ratios of times to the target with intervals of the paired bootstrap.
What is measured, and what it shows, stands in docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections.abc import Callable, Sequence

from tests.benchmarks.arms import ARMS, MAIN, REGIMES, Result, work
from tests.benchmarks.landscapes import KINDS
from tests.benchmarks.paired import (
    Estimate,
    of_mean,
    of_median,
    ratio_of_means,
    ratio_of_medians,
    share,
    shown,
)
from tests.benchmarks.support import table

Key = tuple[str, str, str, int]
#: The regime in which mechanisms are switched off where all are asked for.
ABLATED = "wallclock-slow"
#: With whom times to the target are compared.
AGAINST = ("single", "independent")


def one(key: Key) -> tuple[Key, Result]:
    """Run one campaign; called in a worker process."""
    regime, arm, kind, seed = key
    return key, work(ARMS[arm], REGIMES[regime], kind, seed)


def collect(keys: list[Key], jobs: int) -> dict[Key, Result]:
    """Run all campaigns on some processes."""
    if jobs == 1:
        return dict(map(one, keys))
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        return dict(pool.imap_unordered(one, keys, chunksize=4))


def kind_of(seed: int) -> str:
    """Return the landscape of a seed: they take turns, so that every arm sees the same mixture."""
    return KINDS[seed % len(KINDS)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=102, help="landscapes, each drawn from its own seed")
    parser.add_argument("--regime", default="all", choices=["all", *REGIMES])
    parser.add_argument("--arms", default="", help="names of arms, separated by commas; all by default")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--quick", action="store_true", help="12 seeds, without the mechanisms switched off")
    chosen = parser.parse_args()
    seeds = 12 if chosen.quick else chosen.seeds
    for regime in REGIMES if chosen.regime == "all" else [chosen.regime]:
        switched = not chosen.quick and (chosen.regime != "all" or regime == ABLATED)
        everybody = [arm.name for arm in (ARMS.values() if switched else MAIN)]
        arms = chosen.arms.split(",") if chosen.arms else everybody
        begun = time.monotonic()
        keys = [(regime, arm, kind_of(seed), seed) for arm in arms for seed in range(seeds)]
        found = collect(keys, chosen.jobs)
        results = {arm: [found[regime, arm, kind_of(seed), seed] for seed in range(seeds)] for arm in arms}
        show(regime, results)
        print(f"\n{len(keys)} campaigns in {time.monotonic() - begun:.0f} s")


WHERE = {
    "wasted": "wasted",
    "repeated": "repeated",
    "closed": "closed",
    "failing": "failing line",
    "again": "second looks",
    "ever": "ever failing",
    "worthless": "truly no gain",
}


VERSUS = [f"/ {other}" for other in AGAINST]


def _times(regime: str, rows: list[Result]) -> list[float]:
    return [row.evaluations if REGIMES[regime].runs else row.time for row in rows]


def _against(
    regime: str,
    results: dict[str, list[Result]],
    arm: str,
    ratio: Callable[[Sequence[float], Sequence[float]], Estimate],
) -> list[str]:
    """Return the ratios of an arm's times to those of the controls."""
    return [
        shown(ratio(_times(regime, results[arm]), _times(regime, results[other])))
        if other in results and other != arm
        else "-"
        for other in AGAINST
    ]


def _promoted(row: Result) -> int:
    return row.false + row.improved


def show(regime: str, results: dict[str, list[Result]]) -> None:
    """Print what came of a regime."""
    seeds = len(next(iter(results.values())))
    unit = "evaluations" if REGIMES[regime].runs else "run lengths"
    first, second, third = [], [], []
    for arm, rows in results.items():
        times = _times(regime, rows)
        first.append(
            [
                arm,
                shown(share([row.reached for row in rows])),
                shown(of_median(times), 0),
                *_against(regime, results, arm, ratio_of_medians),
                shown(of_mean(times), 0),
                *_against(regime, results, arm, ratio_of_means),
                shown(of_mean([row.way for row in rows])),
            ]
        )
        tried = sum(row.waste.tried for row in rows)
        second.append(
            [
                arm,
                shown(ratio_of_means([row.waste.wasted for row in rows], [row.waste.tried for row in rows])),
                *(f"{sum(getattr(row.waste, part) for row in rows) / tried:.3f}" for part in [*WHERE][1:]),
                f"{tried / seeds:.0f}",
                f"{sum(row.runs for row in rows) / seeds:.0f}",
                f"{sum(row.idle for row in rows) / seeds:.2f}",
                f"{sum(row.turns for row in rows) / seeds:.0f}",
                f"{sum(row.thought for row in rows) / seeds:.0f}",
            ]
        )
        third.append(
            [
                arm,
                shown(of_mean([row.improved for row in rows])),
                shown(ratio_of_means([row.false for row in rows], [_promoted(row) for row in rows])),
                shown(ratio_of_means([row.missed for row in rows], [row.worthy for row in rows])),
                shown(of_mean([row.overclaim for row in rows])),
            ]
        )
    table(
        f"{regime}: {seeds} paired seeds; time to the target in {unit}",
        ["arm", "reached", "median", *VERSUS, "mean (censored)", *VERSUS, "way gone at the end"],
        first,
    )
    table(
        f"{regime}: where the runs went, as shares of the runs of candidates",
        ["arm", *WHERE.values(), "candidate runs", "runs", "idle", "turns", "thought"],
        second,
    )
    table(
        f"{regime}: what was promoted",
        ["arm", "true improvements", "false share", "missed share", "overclaim, sigma"],
        third,
    )


if __name__ == "__main__":
    main()
