"""The numbers that a run leaves at its end: from its log or from a file that it writes."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from arctl.experiments.progress import Point, ProgressParser
from arctl.experiments.readings import NUMBER, flat, number, plain
from arctl.experiments.rules import value_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from arctl.experiments.models import Metric

__all__ = ["Final", "Outcome", "Point", "ProgressParser", "final_metrics", "outcome", "primary", "read_final"]

_RULE = re.compile(r"\s*+-{3,}+\s*+")
_ENTRY = re.compile(
    rf"\s*+(?:METRIC\s++)?(?P<key>[A-Za-z_][\w ./()%@-]{{0,127}}?)\s*+[:=]\s*+(?P<value>{NUMBER})"
    r"(?:\s*+(?:%|[A-Za-z/]++))?\s*+",
    re.IGNORECASE,
)
_LONGEST_ENTRY = 512  # characters: a longer line is no `key: value`


@dataclass(frozen=True, slots=True)
class Final:
    """What was found: metrics by name (nan and inf as printed), remarks, and why there is nothing."""

    metrics: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The deciding metric of a run: its value, or a sentence of evidence why there is none to use."""

    status: Literal["ok", "missing", "not_finite"]
    value: float | None
    evidence: str
    notes: tuple[str, ...] = ()


def final_metrics(
    metric: Metric, log_tail: bytes, read_file: Callable[[str], bytes | None]
) -> dict[str, float]:
    """Return all final metrics of a run by name; never raises, whatever the bytes.

    ``log_tail`` is the end of the log (64 KiB suffice), ``read_file`` gives a file of the run's folder or
    None.
    """
    return dict(read_final(metric, log_tail, read_file).metrics)


def read_final(metric: Metric, log_tail: bytes, read_file: Callable[[str], bytes | None]) -> Final:
    """As ``final_metrics``, with remarks on doubtful finds, and why the deciding metric is missing."""
    match metric.source:
        case "block":
            return _from_block(metric.name, log_tail)
        case "regex":
            return _from_pattern(metric, log_tail)
        case _:
            return _from_file(metric, read_file)


def outcome(
    metric: Metric, log_tail: bytes, read_file: Callable[[str], bytes | None]
) -> tuple[Outcome, dict[str, float]]:
    """Read a run's end in one call: the deciding metric's outcome, and all metrics."""
    final = read_final(metric, log_tail, read_file)
    return primary(metric, final.metrics, final.notes, final.missing), dict(final.metrics)


def primary(
    metric: Metric, metrics: Mapping[str, float], notes: tuple[str, ...] = (), missing: str = ""
) -> Outcome:
    """Tell a usable value from a missing one and from nan and inf, which are failures and never 0."""
    value = metrics.get(metric.name)
    if value is None:
        return Outcome("missing", None, missing or _absent(metric, metrics), notes)
    if not math.isfinite(value):
        return Outcome("not_finite", None, f"the run ended with {metric.name} = {value}", notes)
    return Outcome("ok", value, f"{metric.name} = {value:.10g}", notes)


def _absent(metric: Metric, metrics: Mapping[str, float]) -> str:
    where = metric.file if metric.file is not None else "the log"
    return f"no number named `{metric.name}` in {where}{_instead(metrics)}"


def _instead(metrics: Mapping[str, float]) -> str:
    """Name a few metrics that were there: a misspelt name is the usual cause."""
    names = sorted(metrics)[:8]
    return f"; found {', '.join(names)}" if names else ""


def _size(data: bytes) -> str:
    return f"{len(data) / 1024:.0f} KiB" if len(data) >= 1024 else f"{len(data)} bytes"


def _from_block(name: str, log_tail: bytes) -> Final:
    """The last block of ``key: value`` lines after ``---``; without one, the last occurrences in the tail."""
    lines = re.split(r"[\r\n]", plain(log_tail))
    blocks = _blocks(lines)
    notes: list[str] = []
    metrics: dict[str, float] = {}
    if blocks:
        for key, value in blocks[-1]:
            if key in metrics and metrics[key] != value:
                notes.append(f"{key} stands more than once in the final block; the last one counts")
            metrics[key] = value
        if len(blocks) > 1 and any(key == name for block in blocks[:-1] for key, _ in block):
            notes.append(f"{len(blocks)} blocks after `---` in the log; the last one counts")
    if name not in metrics:
        everywhere = {key: value for line in lines if (entry := _entry(line)) for key, value in [entry]}
        if blocks and name in everywhere:
            notes.append(f"{name} is not in the final block; its last line in the log counts")
        metrics = {**everywhere, **metrics}
    missing = ""
    if name not in metrics:
        missing = f"no line `{name}: <number>` in the last {_size(log_tail)} of the log{_instead(metrics)}"
        if not log_tail.strip():
            missing = "the run printed nothing"
    return Final(metrics, tuple(dict.fromkeys(notes)), missing)


def _blocks(lines: Sequence[str]) -> list[list[tuple[str, float]]]:
    """Runs of ``key: value`` lines that follow a ``---`` line; blank lines do not end one."""
    blocks: list[list[tuple[str, float]]] = []
    current: list[tuple[str, float]] | None = None
    for line in lines:
        if _RULE.fullmatch(line):
            current = []
            blocks.append(current)
        elif current is not None and (entry := _entry(line)):
            current.append(entry)
        elif current and line.strip():
            current = None
    return [block for block in blocks if block]


def _entry(line: str) -> tuple[str, float] | None:
    found = _ENTRY.fullmatch(line) if len(line) <= _LONGEST_ENTRY else None
    value = number(found["value"]) if found else None
    return (found["key"], value) if found and value is not None else None


def _from_pattern(metric: Metric, log_tail: bytes) -> Final:
    """The last match of the user's pattern, beside the ``name: value`` lines that guardrails may want."""
    pattern = value_pattern(metric.pattern or "()")
    others = dict(_from_block(metric.name, log_tail).metrics)
    others.pop(metric.name, None)
    last = None
    for found in pattern.finditer(plain(log_tail)):
        last = found
    if last is None:
        return Final(others, missing=f"the pattern matches nothing in the last {_size(log_tail)} of the log")
    written = last["value"] if "value" in pattern.groupindex else last[1]
    value = number(written) if written is not None else None
    if value is None:
        return Final(others, missing=f"the pattern's last match, {(written or '')[:40]!r}, is not a number")
    return Final({**others, metric.name: value})


def _from_file(metric: Metric, read_file: Callable[[str], bytes | None]) -> Final:
    """A JSON file, or the last record of a JSON lines file; nested names are joined with dots."""
    file = metric.file or ""
    data = read_file(file)
    if data is None:
        return Final(missing=f"the run left no file {file}")
    text = data.decode("utf-8-sig", errors="replace")
    notes: tuple[str, ...] = ()
    if metric.source == "jsonl":
        record, skipped = _last_record(text)
        if skipped:
            notes = (f"the last {skipped} line{'s' if skipped > 1 else ''} of {file} could not be read",)
    else:
        record = _json(text)
    if record is None:
        kind = "a line of JSON" if metric.source == "jsonl" else "valid JSON"
        return Final(
            notes=notes,
            missing=f"{file} holds no {kind}" if metric.source == "jsonl" else f"{file} is not {kind}",
        )
    metrics = flat(record)
    missing = "" if metric.name in metrics else f"no number at `{metric.name}` in {file}{_instead(metrics)}"
    return Final(metrics, notes, missing)


def _last_record(text: str) -> tuple[object, int]:
    """The last line that is JSON, and how many broken ones follow it: a killed run leaves half a line."""
    skipped = 0
    for line in reversed(text.splitlines()):
        if not line.strip():
            continue
        record = _json(line)
        if record is not None:
            return record, skipped
        skipped += 1
    return None, skipped


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
