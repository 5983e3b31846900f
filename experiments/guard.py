"""Guardrails: second metrics that must not get worse; a missing value is a violation, never 0."""

from __future__ import annotations

import math
from statistics import fmean
from typing import TYPE_CHECKING

from arctl.experiments.noise import usable
from arctl.experiments.rules import allowed_change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from arctl.experiments.models import Guardrail

    Runs = Sequence[Mapping[str, float]]


def violations(
    guardrails: Sequence[Guardrail], candidate: Runs, champion: Runs, baseline: Runs
) -> tuple[str, ...]:
    """Say which guardrails the mean of the candidate's runs violates, against the champion and the baseline.

    Each argument holds the metrics of every run of that experiment. The baseline stands beside the champion
    so that a series of small steps cannot ratchet a limit away.
    """
    found: list[str] = []
    for guardrail in guardrails:
        value = _mean(candidate, guardrail.metric)
        if value is None:
            found.append(f"{guardrail.metric} is missing or not finite in a run of the candidate")
            continue
        for name, runs in (("champion", champion), ("baseline", baseline)):
            reference = _mean(runs, guardrail.metric)
            if reference is None:
                found.append(f"{guardrail.metric} is missing or not finite in a run of the {name}")
            else:
                found.extend(_exceeded(guardrail, value, name, reference))
    return tuple(found)


def _mean(runs: Runs, metric: str) -> float | None:
    """The mean over all runs; None unless every run has a finite value."""
    values = [run.get(metric, math.nan) for run in runs]
    if not values or not usable(values):
        return None
    return fmean(values)


def _exceeded(guardrail: Guardrail, value: float, name: str, reference: float) -> list[str]:
    found: list[str] = []
    for limit, change, word in (
        (guardrail.max_increase, value - reference, "rose"),
        (guardrail.max_decrease, reference - value, "fell"),
    ):
        if limit is not None and change > allowed_change(limit, reference):
            shown = limit if isinstance(limit, str) else f"{limit:g}"
            moved = f"{guardrail.metric} {word} from {reference:.6g} ({name}) to {value:.6g}"
            found.append(f"{moved}, more than {shown} is allowed")
    return found
