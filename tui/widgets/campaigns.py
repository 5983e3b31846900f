"""Campaigns: one row each; the one under the cursor is the one whose experiments are listed."""

from __future__ import annotations

from collections.abc import Sequence

from arctl.format import number
from arctl.tui.lines import Cell, Row, Tone, lay
from arctl.tui.state import View
from arctl.tui.widgets.pane import Pane

_TONES: dict[str, Tone] = {"running": "good", "paused": "warn", "held": "bad", "finished": "dim"}


class CampaignsPane(Pane):
    """The campaigns of this daemon."""

    EMPTY = "none yet: `arctl start PATH` or `arctl demo`"

    def rows(self, view: View, now: float, width: int) -> Sequence[Row]:
        """Return one row for each campaign; where it stands still, the reason is shown in place of counts."""
        del now
        found = []
        for row in view.campaigns:
            kept = f"kept {row.accepted} of {row.experiments}"
            busy = f"{row.running} running, {row.queued} queued, {kept}"
            said = f"{kept}: {row.reason}" if row.state == "finished" else row.reason or busy
            cells = [
                Cell(("▸" if row.id == view.chosen else " ") + row.id, max(10, width // 5), "strong"),
                Cell(row.state, 8, _TONES.get(row.state, "")),
                Cell(said, 0, "warn" if row.state in ("paused", "held") else ""),
            ]
            if width >= 90:
                best = f"{row.metric} {number(row.champion_mean, 5)} {row.champion}"
                cells.append(Cell(best, min(30, width // 3), "accent", right=True))
            found.append(Row(row.id, lay(cells, width)))
        return found

    def resting(self, view: View) -> str:
        """Rest on the chosen campaign."""
        return view.chosen

    def heading(self, view: View) -> str:
        """Return the title."""
        return f"Campaigns ({len(view.campaigns)})"
