"""What the gate says, with what it rests on."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

Outcome = Literal["accept", "reject", "inconclusive", "more"]
Method = Literal["pooled", "welch", "single"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a judgement rests on; effects are oriented (positive is better) and in the metric's unit.

    ``effect_low`` to ``effect_high`` is a repeated confidence interval at 1 - 2 alpha over all looks
    (Jennison and Turnbull 1989): it excludes ``min_improvement`` from below exactly when the candidate is
    accepted.
    """

    policy: str
    n: int
    m: int
    mean_candidate: float
    mean_champion: float
    effect: float
    effect_low: float | None
    effect_high: float | None
    sigma: float | None
    nu: float
    z: float | None
    threshold: float | None
    futility: float | None
    method: Method
    minimum_detectable_effect: float | None
    guardrails: tuple[str, ...] = ()
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON data; infinities and nan, which JSON has not, become None."""
        return {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in asdict(self).items()
        }


@dataclass(frozen=True, slots=True)
class Judgement:
    """Accept, reject, inconclusive, or more runs are needed; with one plain sentence why."""

    outcome: Outcome
    reason: str
    evidence: Evidence
