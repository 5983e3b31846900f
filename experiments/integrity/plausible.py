"""Values that cannot be, and gains that are too good: against what the metric allows, noise and history."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from arctl.experiments.integrity.compare import Reading, loss_shift
from arctl.experiments.integrity.finding import Finding

#: Standard deviations of one run beyond which a gain is looked at at all.
JUMP = 12.0
#: Times the largest accepted gain beyond which a gain has no precedent, once a few were accepted.
PRECEDENT = 3.0
HISTORY = 3
#: Share of what is left to a perfect value that one change may take.
SHARE = 0.5
#: Share of the champion's value that one change may gain where no perfect value is known, or a loss has it.
PART = 0.5
#: The same where the train loss does not come along.
ALONE = 0.15

_WITHIN_ONE = re.compile(
    r"(?:^|_)(?:acc|accuracy|auc|auroc|auprc|roc|f1|precision|recall|dice|iou|map|ndcg|mrr|spearman|pearson"
    r"|r2|mcc|kappa|win_?rate|pass_?rate|pass|em|exact_match)(?:$|_|@|\d)",
    re.IGNORECASE,
)
_SIGNED = re.compile(r"spearman|pearson|r2|mcc|kappa", re.IGNORECASE)
_NOT_NEGATIVE = re.compile(
    r"(?:^|_)(?:\w*loss|bpb|bpc|ppl|perplexity|mse|rmse|mae|mape|wer|cer|error|err|error_rate|nll|ce|logloss"
    r"|brier|seconds|time|latency|fid)(?:$|_)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Ground:
    """What a gain is measured against; values are as they were measured."""

    metric: str
    maximize: bool
    baseline: Sequence[float]
    champion: Sequence[float]
    #: Standard deviation of one run; 0 where it is not known, or runs repeat exactly.
    sigma: float
    #: Gains of what was accepted so far, positive.
    gains: Sequence[float] = ()
    #: The change only sets parameters that people declared, within the range that they gave.
    declared: bool = False


def perfect(metric: str, *, maximize: bool, baseline: float) -> float | None:
    """Return the value that nothing can be better than, where the metric's name tells it."""
    if maximize and _WITHIN_ONE.search(metric):
        return 100.0 if baseline > 1.5 else 1.0
    if not maximize and baseline > 0 and _NOT_NEGATIVE.search(metric):
        return 1.0 if re.search(r"ppl|perplexity", metric, re.IGNORECASE) and baseline > 1 else 0.0
    return None


def impossible(metric: str, *, maximize: bool, baseline: float, value: float) -> str:
    """Say why a value cannot be, or is as good as no model; empty where it can."""
    best = perfect(metric, maximize=maximize, baseline=baseline)
    if best is None:
        return ""
    beyond = value > best if maximize else value < best
    if beyond:
        return f"{metric} {value:.6g} is better than {best:g}, the best that there is"
    if value == best and baseline != best:
        return f"{metric} is exactly {best:g}, a perfect value; the baseline has {baseline:.6g}"
    least = -1.0 if _SIGNED.search(metric) else 0.0
    if maximize and value < least * (best if least else 1.0):
        return f"{metric} {value:.6g} is less than such a metric can be"
    return ""


def plausible(candidate: Sequence[Reading], champion: Sequence[Reading], ground: Ground) -> list[Finding]:
    """Return what is implausible about a candidate's values: nothing, or one finding with its reason."""
    if not candidate or not ground.champion:
        return []
    base = fmean(ground.baseline or ground.champion)
    for each in candidate:
        why = impossible(ground.metric, maximize=ground.maximize, baseline=base, value=each.value)
        if why:
            return [Finding("value", "quarantine", why, each.run)]
    return _jump(candidate, champion, ground, base)


def _jump(
    candidate: Sequence[Reading], champion: Sequence[Reading], ground: Ground, base: float
) -> list[Finding]:
    theirs = fmean(ground.champion)
    ours = fmean([each.value for each in candidate])
    gain = (ours - theirs) * (1 if ground.maximize else -1)
    if gain <= 0 or (ground.sigma > 0 and gain <= JUMP * ground.sigma):
        return []
    best = perfect(ground.metric, maximize=ground.maximize, baseline=base)
    # What remains to a perfect value is a scale for accuracies; losses are rarely near their 0.
    room = abs(best - base) if best is not None else abs(theirs)
    share = gain / room if room > 0 else math.inf
    along = _comes_along(candidate, champion)
    reasons: list[str] = []
    if best is not None and share > SHARE:
        reasons.append(f"it takes {share:.0%} of the way from the baseline to {best:g} in one step")
    elif best is None and share > PART:
        reasons.append(f"it gains {share:.0%} of the champion's value in one step")
    elif along is False and share > ALONE:
        reasons.append("the train loss did not come along")
    if len(ground.gains) >= HISTORY and gain > PRECEDENT * max(ground.gains) and share > ALONE:
        reasons.append(f"it is {gain / max(ground.gains):.1f} times the largest gain accepted so far")
    noise = f", {gain / ground.sigma:.0f} standard deviations" if ground.sigma > 0 else ""
    said = f"a gain of {gain:.6g}{noise}"
    where = candidate[0].run
    if not reasons:
        return [Finding("jump", "note", f"{said}: a large step", where)]
    if ground.declared:
        reasons.append("it only sets declared parameters within their range")
    elif along:
        reasons.append("the train loss came along")
    mild = ground.declared or (along is True and share <= SHARE)
    return [Finding("jump", "flag" if mild else "quarantine", f"{said}: {'; '.join(reasons)}", where)]


def _comes_along(candidate: Sequence[Reading], champion: Sequence[Reading]) -> bool | None:
    """Tell whether the train loss fell about as the metric did; None where that is not known."""
    shifts = [shift for each in candidate if (shift := loss_shift(each, champion)) is not None]
    if not shifts:
        return None
    fell = fmean([math.log(shift.loss) for shift in shifts])
    ours = fmean([math.log(shift.now / shift.usual) for shift in shifts]) + fell
    # The logarithm of the metric's own change is that of the ratio's and of the loss's together.
    return fell < 0 and ours < 0 and fell < 0.4 * ours
