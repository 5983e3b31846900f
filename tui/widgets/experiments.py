"""Experiments of the chosen campaign, newest first: verdict, mean, effect, and what was tried."""

from __future__ import annotations

from collections.abc import Sequence

from arctl.format import NA, signed
from arctl.format import word as written
from arctl.tui.lines import Cell, Row, Tone, lay
from arctl.tui.rows import Experiment
from arctl.tui.state import View
from arctl.tui.widgets.pane import Pane

VERDICT_TONES: dict[str, Tone] = {
    "accepted": "good",
    "by_hand": "good",
    "baseline": "good",
    "rejected": "",
    "inconclusive": "warn",
    "crashed": "bad",
    "timed_out": "bad",
    "no_metric": "bad",
    "not_finite": "bad",
    "invalid": "bad",
    "out_of_scope": "bad",
    "conflict": "bad",
}


def standing(row: Experiment) -> tuple[str, Tone]:
    """Say where an experiment stands, in a word: its verdict, or how far it is."""
    if row.verdict:
        return written(row.verdict), VERDICT_TONES.get(row.verdict, "dim")
    if row.held:
        return "paused", "warn"
    if row.running:
        return "running", "accent"
    return ("queued" if row.state == "open" else row.state), "accent"


def _mean(value: float | None) -> str:
    """Write a mean with its closing zeros: below each other, numbers are compared by their ends."""
    return NA if value is None else f"{value:#.5g}".rstrip(".")


def _effect(value: float | None) -> str:
    """Write an effect in seven characters; a tiny one as a power of ten."""
    text = signed(value, 2)
    return text if value is None or len(text) <= 7 else f"{value:+.0e}"


class ExperimentsPane(Pane):
    """The experiments of the chosen campaign."""

    EMPTY = "no experiment yet"

    def rows(self, view: View, now: float, width: int) -> Sequence[Row]:
        """Return one row for each experiment, the newest on top."""
        del now
        champion = view.campaign.champion if view.campaign else ""
        return [Row(row.id, self._line(row, champion, width)) for row in reversed(view.experiments)]

    @staticmethod
    def _line(row: Experiment, champion: str, width: int) -> tuple[tuple[str, Tone], ...]:
        word, tone = standing(row)
        better: Tone = "" if row.effect is None else "good" if row.effect > 0 else "dim"
        cells = [
            Cell(("★" if row.id == champion else " ") + row.id, 6, "strong"),
            Cell(word, 12, tone),
            Cell(_mean(row.mean), 7, right=True),
            Cell(_effect(row.effect), 7, better, right=True),
        ]
        if width >= 60:
            cells.append(Cell(f"{row.runs or NA}", 3, "dim", right=True))
        cells.append(Cell(row.title))
        if width >= 100:
            cells.append(Cell(row.reason, width // 3, "dim"))
        return lay(cells, width)

    def heading(self, view: View) -> str:
        """Return the title, with the columns' names."""
        row = view.campaign
        if row is None:
            return "Experiments"
        return f"Experiments ({row.experiments})  {row.metric}, effect on its base"
