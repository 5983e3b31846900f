"""Whether a run had its machine to itself, and whether that touches its metric, as under a time budget."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

#: Share of a run in which other processes, or other runs, were on its device.
OTHERS = 0.05
#: Runnable tasks per core beyond which the host is overloaded.
OVERLOAD = 1.25
#: Times the load of quiet runs that counts as contention even below that.
RISE = 1.5
#: Share of the clock that quiet runs had, below which a device was slowed down.
SLOWER = 0.93
#: Runs of which own time and steps must be known for a guess.
KNOWN = 3
#: Spread of the script's own time, as a share, below which it is a budget.
CONSTANT = 0.01
_TRAINING = re.compile(r"train(?:ing)?", re.IGNORECASE)


def contended(
    device: Mapping[str, Any],
    seconds: float,
    quiet: Sequence[Mapping[str, Any]] = (),
    *,
    sharing: bool = False,
) -> str:
    """Say by what a run was disturbed, from its device's record; empty where it was not, or nothing is known.

    ``seconds`` is how long it ran, ``quiet`` the records of undisturbed runs of the same campaign; with
    ``sharing`` runs share a device on purpose, so that other runs on it disturb nobody more than usual.
    """
    found: list[str] = []
    for key, who in (("foreign_seconds", "other people's processes"), ("shared_seconds", "other runs")):
        share = _number(device, key) / seconds if seconds > 0 else 0.0
        if share > OTHERS and not (sharing and key == "shared_seconds"):
            found.append(f"{who} were on its device for {min(1.0, share):.0%} of the time")
    if _number(device, "throttled") > 0:
        hottest = _number(device, "temperature_c_max")
        found.append("its device was slowed down" + (f" at {hottest:.0f} °C" if hottest else ""))
    elif clock := _number(device, "clock_mhz_mean"):
        usual = median([value for each in quiet if (value := _number(each, "clock_mhz_mean")) > 0] or [0.0])
        if usual and clock < SLOWER * usual:
            found.append(f"its clock ran at {clock:.0f} MHz, {usual:.0f} in quiet runs")
    if load := _number(device, "load_mean"):
        usual = median([value for each in quiet if (value := _number(each, "load_mean")) > 0] or [0.0])
        if load > OVERLOAD and (not usual or load > RISE * usual):
            found.append(
                f"the host had a load of {load:.2f} per core" + (f", not {usual:.2f}" if usual else "")
            )
    return "; ".join(found)


def _number(device: Mapping[str, Any], key: str) -> float:
    value = device.get(key)
    return float(value) if isinstance(value, int | float) else 0.0


def by_time(runs: Iterable[Mapping[str, Any]]) -> bool | None:
    """Guess from the counters of runs of one tree whether it trains for a time, not for a number of steps.

    Under a time budget the script's own training time is nearly constant while the steps vary; with fixed
    work it is the other way round. None where too few runs say either.
    """
    pairs = [(own_time(each), _number(each, "steps")) for each in runs]
    times = [seconds for seconds, count in pairs if seconds and count]
    steps = [count for seconds, count in pairs if seconds and count]
    if len(times) < KNOWN:
        return None
    if min(steps) == max(steps):
        return False
    return max(times) - min(times) <= CONSTANT * max(times)


def own_time(counters: Mapping[str, Any]) -> float:
    """Return the script's own training time; 0 where it does not say one."""
    seconds = counters.get("seconds")
    if not isinstance(seconds, dict):
        return 0.0
    return next((float(value) for name, value in seconds.items() if _TRAINING.match(name)), 0.0)
