"""The gate, which says whether a candidate is better than the champion by more than chance explains.

Pure: values in, a judgement with its evidence out. `sequential` accepts at a controlled rate of false
accepts, `greedy` is autoresearch's "lower once is kept".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TYPE_CHECKING

from arctl.experiments.boundary import critical_value
from arctl.experiments.evidence import Evidence, Judgement, Method, Outcome
from arctl.experiments.guard import violations
from arctl.experiments.noise import Spread, homogeneous, noisier, pooled, spread, usable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from arctl.experiments.models import Goal, Guardrail, Policy

__all__ = ["Evidence", "Judgement", "Outcome", "judge", "minimum_detectable_effect", "pooled"]

FUTILITY = (0.8, 0.9, 1.0)
"""Z below which a candidate is given up, at its first, second and third look."""
SUSPICIOUS_Z = 4.5
"""A single run this many standard errors better needs a second one: it may be noisy by itself."""


@dataclass(frozen=True, slots=True)
class _Error:
    """Standard error of the difference of means, and how it was come by."""

    value: float
    nu: float
    sigma: float
    method: Method
    note: str


def judge(
    policy: Policy,
    goal: Goal,
    min_improvement: float,
    candidate: Sequence[float],
    champion: Sequence[float],
    pool: Sequence[Sequence[float]] = (),
    guardrails: Sequence[Guardrail] = (),
    candidate_metrics: Sequence[Mapping[str, float]] = (),
    champion_metrics: Sequence[Mapping[str, float]] = (),
    baseline_metrics: Sequence[Mapping[str, float]] = (),
) -> Judgement:
    """Judge a candidate by the values of its runs so far.

    ``candidate`` and ``champion`` are raw values of the metric, one a run, finite; ``pool`` holds the values
    of every replicated experiment of the campaign and may or may not include these two: they are counted
    once. The ``*_metrics`` are all metrics of each run, for the guardrails. ``more`` asks for another run of
    the candidate.
    """
    broken = (
        violations(guardrails, candidate_metrics, champion_metrics, baseline_metrics) if candidate else ()
    )
    blank = _blank(policy, goal, candidate, champion, broken)
    if not candidate:
        return Judgement("more", "The candidate has no run yet.", blank)
    if not usable(candidate):
        return Judgement("reject", "A run of the candidate ended with a value that is not finite.", blank)
    if not champion or not usable(champion):
        return Judgement("inconclusive", "The champion has no finite value to compare with.", blank)
    if broken:
        return Judgement("reject", f"A guardrail is violated: {broken[0]}.", blank)
    if policy.mode == "greedy":
        return _greedy(blank, min_improvement)
    return _sequential(policy, goal, min_improvement, candidate, champion, pool, blank)


def _blank(
    policy: Policy, goal: Goal, candidate: Sequence[float], champion: Sequence[float], broken: tuple[str, ...]
) -> Evidence:
    """Evidence with means and effect only."""
    mean_c = fmean(candidate) if candidate and usable(candidate) else math.nan
    mean_0 = fmean(champion) if champion and usable(champion) else math.nan
    return Evidence(
        policy=policy.mode,
        n=len(candidate),
        m=len(champion),
        mean_candidate=mean_c,
        mean_champion=mean_0,
        effect=mean_c - mean_0 if goal == "maximize" else mean_0 - mean_c,
        effect_low=None,
        effect_high=None,
        sigma=None,
        nu=0,
        z=None,
        threshold=None,
        futility=None,
        method="single",
        minimum_detectable_effect=None,
        guardrails=broken,
    )


def _greedy(evidence: Evidence, min_improvement: float) -> Judgement:
    """Keep what is strictly better, as autoresearch does; equal is discarded."""
    evidence = replace(evidence, note="greedy: compared once, without regard to noise")
    if evidence.effect > min_improvement:
        return Judgement(
            "accept", f"Better by {evidence.effect:.6g}; greedy keeps whatever is better once.", evidence
        )
    return Judgement("reject", f"Not better than the champion (effect {evidence.effect:+.6g}).", evidence)


def _sequential(
    policy: Policy,
    goal: Goal,
    min_improvement: float,
    candidate: Sequence[float],
    champion: Sequence[float],
    pool: Sequence[Sequence[float]],
    evidence: Evidence,
) -> Judgement:
    n, last = len(candidate), policy.looks[-1]
    error = _standard_error(candidate, champion, pool)
    if error is None:
        reason = "No experiment has two runs, so the noise is unknown and nothing can be accepted."
        return Judgement("inconclusive", reason, evidence)
    threshold = quantile(error.nu, policy.alpha, policy.looks)
    margin = evidence.effect - min_improvement
    z = margin / error.value if error.value > 0 else math.copysign(math.inf, margin) if margin else 0.0
    look = policy.looks.index(n) if n in policy.looks else None
    futility = FUTILITY[look] if look is not None and look < len(FUTILITY) and n < last else None
    reach = minimum_detectable_effect(
        error.sigma, error.nu, last, len(champion), policy.alpha, looks=policy.looks
    )
    evidence = replace(
        evidence,
        effect_low=evidence.effect - threshold * error.value,
        effect_high=evidence.effect + threshold * error.value,
        sigma=error.sigma,
        nu=error.nu,
        z=z,
        threshold=threshold,
        futility=futility,
        method=error.method,
        minimum_detectable_effect=reach + min_improvement,
        note=error.note,
    )
    if look is None and n < last:
        following = next(k for k in policy.looks if k > n)
        return Judgement("more", f"{n} runs so far; the next look is after {following}.", evidence)
    return _verdict(evidence, margin, at_last=n >= last)


def _verdict(evidence: Evidence, margin: float, *, at_last: bool) -> Judgement:
    """Compare Z with the boundary, then with the futility bound."""
    z, threshold = evidence.z or 0.0, evidence.threshold or 0.0
    shown = f"Z {z:.2f} after {_runs(evidence.n)}"
    if margin > 0 and z >= threshold:
        blocked = _one_run_is_not_enough(evidence)
        if not blocked:
            return Judgement(
                "accept", f"{shown} reaches {threshold:.2f}: better by {evidence.effect:.6g}.", evidence
            )
        if not at_last:
            return Judgement("more", f"{shown} is above {threshold:.2f}, but {blocked}.", evidence)
        return Judgement("inconclusive", f"{shown}, but {blocked}.", evidence)
    if evidence.futility is not None and z < evidence.futility:
        return Judgement(
            "reject", f"{shown} is below {evidence.futility:.1f}: more runs would hardly help.", evidence
        )
    if not at_last:
        return Judgement("more", f"{shown} is between giving up and accepting ({threshold:.2f}).", evidence)
    reason = f"{shown} stays below {threshold:.2f}, and no further look is planned."
    return Judgement("inconclusive", reason, evidence)


def _one_run_is_not_enough(evidence: Evidence) -> str:
    """Why an accept on one run must wait for a second; empty when it need not."""
    if evidence.n > 1 or evidence.sigma == 0.0:
        return ""
    if evidence.method == "welch":
        return "the champion's spread differs from the pool's, so one run is not enough"
    if evidence.z is not None and evidence.z > SUSPICIOUS_Z:
        return "one run so far from the rest may be noise of its own, so a second is needed"
    return ""


def _runs(n: int) -> str:
    return "1 run" if n == 1 else f"{n} runs"


def _standard_error(
    candidate: Sequence[float], champion: Sequence[float], pool: Sequence[Sequence[float]]
) -> _Error | None:
    """Pool while the variance ratios allow it, otherwise a noisier side stands on its own spread."""
    n, m = len(candidate), len(champion)
    mine, theirs = tuple(candidate), tuple(champion)
    others = [tuple(values) for values in pool if usable(values)]
    for known in (mine, theirs):
        if known in others:
            others.remove(known)
    others, left_out = homogeneous(others)
    common = pooled(others)
    champion_differs = noisier(theirs, common)
    if not champion_differs:
        common = pooled([*others, theirs])
    candidate_differs = noisier(mine, common)
    if not candidate_differs and common.nu > 0:
        common = pooled([*others, mine] if champion_differs else [*others, theirs, mine])
    elif common.nu == 0:
        common = pooled([mine])
    if common.nu == 0:
        return None
    notes = (
        [f"{left_out} noisier experiment{'s' if left_out > 1 else ''} left out of sigma"] if left_out else []
    )
    if not (candidate_differs or champion_differs):
        if common.sigma == 0.0:
            notes.append(
                "replicated runs agree to the last bit: deterministic, or the seed does not reach them"
            )
        return _Error(
            common.sigma * math.sqrt(1 / n + 1 / m), common.nu, common.sigma, "pooled", "; ".join(notes)
        )
    a = spread(mine) if candidate_differs else common
    b = spread(theirs) if champion_differs else common
    who = [
        name
        for name, differs in (("candidate", candidate_differs), ("champion", champion_differs))
        if differs
    ]
    notes.append(
        f"the spread of the {' and the '.join(who)} is larger than the pool's: judged by Welch's test"
    )
    return _welch(a, n, b, m, "; ".join(notes))


def _welch(a: Spread, n: int, b: Spread, m: int, note: str) -> _Error:
    """Welch's standard error, with Satterthwaite's degrees of freedom."""
    u, v = a.sigma / math.sqrt(n), b.sigma / math.sqrt(m)
    error = math.hypot(u, v)
    nu = 1.0 / (
        (u / error) ** 4 / a.nu + (v / error) ** 4 / b.nu
    )  # by shares: squares of small spreads vanish
    return _Error(error, nu, max(a.sigma, b.sigma), "welch", note)


def quantile(nu: float, alpha: float, looks: Sequence[int]) -> float:
    """The boundary on Z at ``nu`` degrees of freedom: t_nu^-1(1 - Phi_bar(c))."""
    from scipy.special import ndtr, stdtrit

    return float(stdtrit(nu, ndtr(critical_value(alpha, looks))))


def minimum_detectable_effect(
    sigma: float,
    nu: float,
    n: int,
    m: int,
    alpha: float,
    power: float = 0.8,
    looks: Sequence[int] = (1, 2, 3, 5),
) -> float:
    """The true effect that is accepted with this probability after ``n`` runs, against ``m`` of the champion.

    In the metric's unit, on top of ``min_improvement``; from the noncentral t distribution, without the
    chances of earlier looks (slightly too large for the last one). Infinite without degrees of freedom.
    """
    if nu <= 0 or n < 1 or m < 1:
        return math.inf
    if sigma == 0.0:
        return 0.0
    from scipy.special import nctdtrinc, ndtri

    threshold = quantile(nu, alpha, looks)
    shift = float(nctdtrinc(nu, 1.0 - power, threshold))
    if not math.isfinite(shift):  # the inversion fails far out: the normal approximation is close there
        shift = threshold + float(ndtri(power))
    return shift * sigma * math.sqrt(1 / n + 1 / m)
