"""What a script's source gives away: the metric that it prints and the way it takes a seed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arctl.experiments.models import Goal

_FORMAT = r"(?:\{|%[-+0-9.]*[fge])"  # where a value is put: an f-string's or format's brace, or %f
_PRINTED = re.compile(
    r"(?P<line>[\"'](?:---\\n|\\n)?\s*(?:METRIC\s+)?)?(?<![\w./-])"
    rf"(?P<key>[A-Za-z_][\w./-]*)\s*(?P<sep>[:=])\s*{_FORMAT}"
)
_LOWER = re.compile(
    r"(?:^|[_/.-])(?:loss|bpb|bpc|ppl|perplexity|error|err|mae|mse|rmse|nll|wer|cer|fid)(?:$|[_/.-])",
    re.IGNORECASE,
)
_HIGHER = re.compile(
    r"(?:^|[_/.-])(?:acc|accuracy|auc|auroc|auprc|f1|score|reward|return|r2|spearman|pearson|iou|dice|bleu|map|"
    r"precision|recall|mcc)(?:$|[_/.-])",
    re.IGNORECASE,
)
_HELD_OUT = re.compile(r"(?:^|[_/.-])(?:val|valid|validation|test|eval|dev|cv)(?:$|[_/.-])", re.IGNORECASE)
_SEED_PATTERNS = (
    r"manual_seed\((\d+)\)",
    r"(?m)^SEED\s*(?::\s*int\s*)?=\s*(\d+)",
    r"random_state\s*=\s*(\d+)",
    r"random\.seed\(\s*(\d+)\s*\)",
    r"default_rng\(\s*(\d+)\s*\)",
)


@dataclass(frozen=True, slots=True)
class PrintedMetric:
    """A metric that a script prints; with a pattern when it does not stand on a line of its own."""

    name: str
    goal: Goal
    pattern: str | None = None


def printed_metric(source: str) -> PrintedMetric | None:
    """The printed name that most looks like what decides: held-out measures first, then whole lines."""
    best: tuple[tuple[int, int, int], PrintedMetric] | None = None
    for order, found in enumerate(_PRINTED.finditer(source)):
        key = found["key"]
        lower, higher = _LOWER.search(key), _HIGHER.search(key)
        if not (lower or higher):
            continue
        alone = found["line"] is not None
        pattern = None if alone else rf"{re.escape(key)}\s*{found['sep']}\s*([-+\d.eE]+|nan|inf)"
        metric = PrintedMetric(key, "maximize" if higher and not lower else "minimize", pattern)
        score = (
            1 if _HELD_OUT.search(key) else 0,
            1 if alone else 0,
            order,
        )  # of equals the last: printed at the end
        if best is None or score > best[0]:
            best = score, metric
    return best[1] if best else None


def seed_hook(script: str, source: str) -> dict[str, str] | None:
    """The ``[seed]`` table for a script: its argument, its variable, or a place in its text."""
    if re.search(r"[\"']--seed[\"']", source):
        return {"arg": "--seed {seed}"}
    variable = re.search(r"(?:environ(?:\.get)?|getenv)\s*[\[(]\s*[\"'](\w*SEED)[\"']", source)
    if variable:
        return {"env": variable[1]}
    pattern = next((pattern for pattern in _SEED_PATTERNS if re.search(pattern, source)), None)
    return {"file": script, "pattern": pattern} if pattern else None
