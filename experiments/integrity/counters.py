"""What a run's output says besides the metric: time, steps, tokens, train loss, how often it printed what."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from arctl.experiments.models import Metric
from arctl.experiments.progress import ProgressParser
from arctl.experiments.readings import NUMBER, number, plain

#: Names under which scripts print their own time, in seconds.
SECONDS = re.compile(
    r"(?:train(?:ing)?|total|wall|elapsed|run)_?(?:clock_?)?(?:seconds|secs|sec|time|time_s|s)|seconds", re.I
)
STEPS = ("num_steps", "total_steps", "steps", "num_iters", "iterations", "step")
BATCH = ("total_batch_size", "tokens_per_step", "batch_size", "batch")
TOKENS = ("total_tokens_m", "tokens_m", "total_tokens", "num_tokens", "tokens")
#: What a curve's train loss is called, best first.
LOSSES = ("train_loss", "train/loss", "training_loss", "loss")
#: Values of the metric that are kept where a run printed it often.
MOST = 20


def counters(
    metric: Metric, log_tail: bytes, metrics: Mapping[str, float], pattern: str | None = None
) -> dict[str, Any]:
    """Return, as plain JSON data, what a finished run said of itself; what it did not say is left out."""
    lower = {name.lower().replace(" ", "_"): value for name, value in metrics.items() if math.isfinite(value)}
    found: dict[str, Any] = {}
    seconds = {
        name: value
        for name, value in lower.items()
        if value > 0 and name != metric.name.lower() and SECONDS.fullmatch(name)
    }
    if seconds:
        found["seconds"] = seconds
    for key, names in (("steps", STEPS), ("batch", BATCH), ("tokens", TOKENS)):
        name = next((name for name in names if lower.get(name, 0) > 0), "")
        if name:
            found[key] = lower[name] * (1e6 if name.endswith("_m") else 1)
    loss = train_loss(metric.name, log_tail, pattern)
    if loss is not None:
        found["train_loss"] = loss
    if metric.source in ("block", "regex"):
        values = printed(metric, log_tail)
        found["printed"] = len(values)
        if len(set(values)) > 1:
            found["values"] = values[-MOST:]
    odd = sorted(name for name, value in metrics.items() if not math.isfinite(value) and name != metric.name)
    if odd:
        found["not_finite"] = odd[:MOST]
    return found


def train_loss(metric: str, log_tail: bytes, pattern: str | None = None) -> float | None:
    """Return the last train loss of the curve: the mean of its last five points, None without a curve."""
    parser = ProgressParser(pattern)
    points = [*parser.feed(log_tail), *parser.close()]
    for name in LOSSES:
        if name == metric:
            continue
        values = [point.value for point in points if point.metric.lower() == name]
        last = [value for value in values[-5:] if math.isfinite(value)]
        if last:
            return math.fsum(last) / len(last)
    return None


def printed(metric: Metric, log_tail: bytes) -> list[float]:
    """Return every value of the metric that stands on a line of its own, in order."""
    if metric.source == "regex":
        found = []
        for match in re.finditer(metric.pattern or "()", plain(log_tail), re.MULTILINE):
            text = match["value"] if "value" in match.re.groupindex else match[1] if match.re.groups else ""
            value = number(text or "")
            if value is not None:
                found.append(value)
        return found
    line = re.compile(
        rf"^[ \t]*(?:METRIC[ \t]+)?{re.escape(metric.name)}[ \t]*[:=][ \t]*({NUMBER})", re.IGNORECASE
    )
    values = (line.match(text) for text in re.split(r"[\r\n]", plain(log_tail)))
    return [value for each in values if each is not None and (value := number(each[1])) is not None]
