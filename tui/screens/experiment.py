"""One experiment: the verdict in a sentence, the evidence it rests on, and its runs."""

from __future__ import annotations

from typing import Any

from arctl.format import NA, duration, interval, number, signed, wrapped
from arctl.format import word as written
from arctl.tui.lines import Cell, Line, Tone, lay, line
from arctl.tui.rows import listed, real, whole, word
from arctl.tui.screens.window import Reading
from arctl.tui.widgets.experiments import VERDICT_TONES


class ExperimentWindow(Reading):
    """What `show` answers, laid out to be read from the top."""

    def __init__(self, reply: Any) -> None:
        row = reply.get("experiment")
        super().__init__(f"{word(row, 'id')} {word(row, 'title')}")
        self._reply = reply

    def lines(self, width: int) -> list[Line]:
        """Return the experiment on `width` cells."""
        return experiment_lines(self._reply, width)


def experiment_lines(reply: Any, width: int) -> list[Line]:
    """Lay out the answer of `show`."""
    row = reply.get("experiment")
    lines = [*_verdict(reply, width), line("")]
    evidence = row.get("evidence") if isinstance(row, dict) else None
    if facts := _evidence(evidence):
        lines += [line("Evidence", "strong"), *facts, line("")]
    if note := word(evidence, "note"):
        lines += [*(line(text, "dim") for text in wrapped(note, width, "  ")), line("")]
    lines += _idea(reply.get("proposal"), width)
    lines += [line("Runs", "strong"), *_runs(listed(reply, "runs"), width)]
    if ref := word(reply, "ref"):
        lines += [line(""), line(f"{word(row, 'commit')[:12]} at {ref}", "dim")]
    return lines


def _verdict(reply: Any, width: int) -> list[Line]:
    row = reply.get("experiment")
    verdict = word(row, "verdict")
    tone: Tone = VERDICT_TONES.get(verdict, "dim") if verdict else "accent"
    said = written(verdict) if verdict else f"no verdict yet, {word(row, 'state')}"
    if reply.get("champion") is True:
        said += " · the champion"
    lines: list[Line] = [line(said, tone)]
    lines += [line(text) for text in wrapped(word(row, "reason"), width)]
    base = reply.get("base")
    values = listed(row, "bank") or listed(row, "values")
    mean = number(sum(values) / len(values) if values else None)
    against = f", against {number(real(base, 'mean'))} of {word(base, 'id')}" if base else ""
    better = "higher is better" if word(reply, "goal") == "maximize" else "lower is better"
    count = f" over {len(values)} runs" if len(values) > 1 else ""
    lines.append(line(f"{word(reply, 'metric')} {mean}{count}{against} ({better})"))
    return lines


def _evidence(data: Any) -> list[Line]:
    """Return the gate's numbers, one a line, with what they mean."""
    if real(data, "effect") is None:
        return []
    champion = word(data, "against") or "its base"
    facts = [
        ("effect", signed(real(data, "effect")), "positive is better"),
        ("interval", interval(real(data, "effect_low"), real(data, "effect_high")), "of all looks together"),
        ("runs", f"{whole(data, 'n')} against {whole(data, 'm')}", f"of the candidate, of {champion}"),
    ]
    if real(data, "z") is not None:
        wanted = number(real(data, "threshold"), 3)
        facts.append(("Z", number(real(data, "z"), 3), f"accepted from {wanted} on"))
    if real(data, "sigma") is not None:
        facts.append(("sigma", number(real(data, "sigma"), 3), f"noise of one run, {word(data, 'method')}"))
    if real(data, "minimum_detectable_effect") is not None:
        least = number(real(data, "minimum_detectable_effect"), 3)
        facts.append(("detectable", least, "the smallest effect that would be found 4 times in 5"))
    return [((f"  {name:<11}", "dim"), (f"{value:<22}", ""), (note, "dim")) for name, value, note in facts]


def _idea(proposal: Any, width: int) -> list[Line]:
    """Return what was expected, where a brain said so."""
    lines: list[Line] = []
    for name in ("hypothesis", "expected", "if_works", "if_fails"):
        if text := word(proposal, name):
            lines += [line(part) for part in wrapped(f"{written(name)}: {text}", width, "  ")]
    return [line("Idea", "strong"), *lines, line("")] if lines else []


def _runs(runs: list[Any], width: int) -> list[Line]:
    if not runs:
        return [line("  none", "dim")]
    lines = []
    for run in runs:
        outcome = word(run, "outcome") or word(run, "state")
        tone: Tone = (
            "good"
            if outcome == "ok"
            else "dim"
            if outcome == "cancelled"
            else "bad"
            if word(run, "outcome")
            else "accent"
        )
        value = real(run, "value")
        cells = [
            Cell("  " + word(run, "id"), 8, "strong"),
            Cell(word(run, "purpose"), 9),
            Cell(f"seed {whole(run, 'seed')}", 10, "dim"),
            Cell(written(outcome), 9, tone),
            Cell(NA if value is None else number(value), 10, right=True),
            Cell(duration(real(run, "seconds")) if word(run, "outcome") else NA, 7, "dim", right=True),
            Cell(word(run, "device_name"), 7, "dim"),
            Cell(word(run, "reason"), 0, "dim"),
        ]
        lines.append(lay(cells, width))
    return lines
