"""Runs of an experiment as rows: seed, value, time, outcome, and why one failed."""

from __future__ import annotations

from typing import Any

from arctl.format import NA, duration, number
from arctl.format import word as written
from arctl.tui.data.reading import inner, listed, real, whole, word, words, yes
from arctl.tui.data.times import clock
from arctl.tui.look.lines import Cell, Line, Row, Tone, fit, lay, line
from arctl.tui.look.scene import Scene

#: Lines of a failed run's end.
TAIL = 8


def run_rows(reply: Any, scene: Scene, width: int) -> list[Row]:
    """Return a table of the runs; every id is a link, a crash is followed by the end of its log."""
    runs = listed(reply, "runs")
    if not runs:
        return []
    names = ("RUN", "SEED", "VALUE", "TIME", "OUTCOME", "ON", "FOR")
    rows = [Row("", lay(_cells(names, ["dim"] * 7, width), width))]
    rows += [Row(word(run, "id"), run_line(run, scene, width)) for run in runs]
    for run in reversed(runs):
        tail = words(inner(run, "evidence"), "tail")
        if tail:
            why = word(run, "reason")
            said = (
                f" the end of {word(run, 'id')} ({written(word(run, 'outcome'))}{': ' if why else ''}{why})"
            )
            rows.append(Row("section:tail", line(fit(said, width), "bad")))
            rows += [Row("", line(fit("  " + text, width), "dim")) for text in tail[-TAIL:]]
            break
    return rows


def run_line(run: Any, scene: Scene, width: int) -> Line:
    """Lay out one run."""
    outcome, state = word(run, "outcome"), word(run, "state")
    stands = written(outcome or state)
    tone: Tone = "" if outcome in ("ok", "") else "bad"
    if not outcome and state in ("launching", "running"):
        tone = "accent"
    if yes(run, "held"):
        stands, tone = "paused", "warn"
    if why := word(run, "stopping") or (word(run, "reason") if outcome != "ok" else ""):
        stands = f"{stands}: {why}" if outcome else f"{stands}, {why}"
    value, time = number(real(run, "value"), 6), _time(run, scene.now)
    device, purpose = word(run, "device_name") or NA, word(run, "purpose")
    texts = (word(run, "id"), str(whole(run, "seed")), value, time, stands, device, purpose)
    return lay(_cells(texts, ["accent", "", "", "dim", tone, "dim", "dim"], width), width)


def _cells(texts: tuple[str, ...], tones: list[Tone], width: int) -> list[Cell]:
    ident, seed, value, time, outcome, device, purpose = texts
    found = [
        Cell(" " + ident, 7, tones[0]),
        Cell(seed, 6, tones[1], right=True),
        Cell(value, 9, tones[2], right=True),
        Cell(time, 7, tones[3], right=True),
        Cell(outcome, 0, tones[4]),
    ]
    if width >= 52:
        found.append(Cell(device, 8, tones[5]))
    if width >= 64:
        found.append(Cell(purpose, 8, tones[6]))
    return found


def _time(run: Any, now: float) -> str:
    started, ended = real(run, "started"), real(run, "ended")
    if ended is not None:
        return duration(real(run, "seconds"))
    return clock(now - started) if started is not None else NA
