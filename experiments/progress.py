"""Learning curves from a run's output, as it comes: (step, metric, value) points."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from arctl.experiments.readings import NUMBER, flat, number, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_LINE = 64 * 1024
"""Bytes after which a line without an end is thrown away up to its end."""
_LONGEST_RECOGNISED = 4096  # characters of a line that the automatic recogniser looks at

_STEP_WORDS = (
    "global_step",
    "step",
    "iteration",
    "iter",
    "it",
    "epoch",
)  # the finest count of a line is its step
_STEP = re.compile(
    rf"(?<![\w./-])['\"]?(?P<word>{'|'.join(_STEP_WORDS)})['\"]?\s*+[:=#]?\s*+[\[(]?\s*+"
    rf"(?P<value>{NUMBER})(?:\s*+/\s*+\d++)?(?!\d|[-.:]\d)",
    re.IGNORECASE,
)
_PAIR = re.compile(
    r"(?<![\w./-])(?:(?P<split>train|training|val|valid|validation|test|eval)\s++)?"
    r"(?P<key>[A-Za-z_][\w./-]{0,63}+)"
    rf"['\"]?\s*+[:=]\s*+(?P<value>{NUMBER})(?!\d|[-/.:]\d)",
    re.IGNORECASE,
)
_SPACED = re.compile(  # `iter 10: loss 3.2`: only words that name a measure, or any prose would match
    r"(?<![\w./-])(?:(?P<split>train|training|val|valid|validation|test|eval)\s++)?"
    r"(?P<key>(?:\w{1,32}[_/])?(?:loss|acc|accuracy|ppl|perplexity|bpb|bpc|lr|mfu|reward|return|score|auc|auroc|"
    rf"f1|mae|mse|rmse|error))\s++(?P<value>{NUMBER})(?!\d|[-/.:]\d)",
    re.IGNORECASE,
)
_COUNTED = re.compile(rf"\s*+METRIC\s++(?P<key>[^\s=]{{1,128}}+)\s*+=\s*+(?P<value>{NUMBER})", re.IGNORECASE)
_NO_METRICS = {"remaining", "eta", "elapsed", *_STEP_WORDS} - {"epoch"}


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a curve; ``value`` may be nan or inf, as the run printed it."""

    step: float
    metric: str
    value: float


class ProgressParser:
    """Turns output into points; with no pattern it recognises the usual forms by itself.

    Known without a pattern: autoresearch's status line, ``step=10 loss=0.3``, ``epoch 3/10 - loss: 0.4``,
    ``iter 10: loss 3.2``, JSON lines with a step, and ``METRIC name=value`` (whose steps are counted).
    """

    def __init__(self, pattern: str | None = None) -> None:
        self._pattern = re.compile(pattern) if pattern is not None else None
        self._partial = bytearray()
        self._discarding = False
        self._counts: dict[str, int] = {}

    def feed(self, data: bytes) -> list[Point]:
        """Take the next bytes of the output; return the points of the lines that they end.

        Lines end at a line feed and at a carriage return, by which progress bars overwrite themselves.
        """
        *ended, rest = re.split(rb"[\r\n]", data)
        points: list[Point] = []
        for piece in ended:
            points.extend(self._line(piece))
        self._keep(rest)
        return points

    def close(self) -> list[Point]:
        """Return the points of a last line that had no end."""
        return self._line(b"")

    def _keep(self, piece: bytes) -> None:
        if self._discarding:
            return
        if len(self._partial) + len(piece) > LONGEST_LINE:
            self._discarding = True
            self._partial.clear()
        else:
            self._partial += piece

    def _line(self, piece: bytes) -> list[Point]:
        """End the current line with this piece."""
        self._keep(piece)
        line, self._partial = bytes(self._partial), bytearray()
        discarded, self._discarding = self._discarding, False
        if discarded or not line.strip():
            return []
        text = plain(line)
        if self._pattern is not None:
            return list(self._matched(self._pattern, text))
        return list(self._recognised(text[:_LONGEST_RECOGNISED]))

    def _matched(self, pattern: re.Pattern[str], text: str) -> Iterator[Point]:
        found = pattern.search(text)
        if found is None:
            return
        groups = found.groupdict()
        step = number(groups.pop("step", None) or "")
        for name, written in groups.items():
            value = number(written) if written else None
            if step is not None and value is not None:
                yield Point(step, name, value)

    def _recognised(self, text: str) -> Iterator[Point]:
        counted = _COUNTED.match(text)
        if counted:
            yield from self._count(counted)
            return
        stripped = text.strip()
        if stripped.startswith("{") and stripped.endswith("}"):
            points = _json_points(stripped)
            if points is not None:
                yield from points
                return
        yield from _line_points(text)

    def _count(self, found: re.Match[str]) -> Iterator[Point]:
        value = number(found["value"])
        if value is not None:
            count = self._counts.get(found["key"], 0) + 1
            self._counts[found["key"]] = count
            yield Point(float(count), found["key"], value)


def _json_points(text: str) -> list[Point] | None:
    """Points of a JSON line; None when it is not JSON (a Python dict looks alike)."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return None
    values = flat(record)
    step_key = next((word for word in _STEP_WORDS if word in values), None)
    if step_key is None:
        return []
    step = values.pop(step_key)
    if step != step:  # nan is no step
        return []
    return [Point(step, name, value) for name, value in values.items()]


def _line_points(text: str) -> Iterator[Point]:
    steps = list(_STEP.finditer(text))
    if not steps:
        return
    best = min(steps, key=lambda found: _STEP_WORDS.index(found["word"].lower()))
    step = number(best["value"])
    if step is None or step - step != 0:  # nan and inf are no steps
        return
    seen: dict[str, float] = {}
    for pattern in (_PAIR, _SPACED):
        for found in pattern.finditer(text):
            if best.start() <= found.start("key") < best.end():
                continue
            key = f"{found['split']}_{found['key']}" if found["split"] else found["key"]
            value = number(found["value"])
            if value is not None and key.lower() not in _NO_METRICS:
                seen.setdefault(key, value)
    for key, value in seen.items():
        yield Point(step, key, value)
