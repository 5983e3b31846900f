"""Events: what happened last, newest first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from arctl.tui.lines import Cell, Row, Tone, lay
from arctl.tui.state import View
from arctl.tui.widgets.pane import Pane

_TONES: dict[str, Tone] = {
    "champion.new": "good",
    "campaign.held": "bad",
    "action.failed": "bad",
    "campaign.paused": "warn",
    "campaign.killed": "warn",
    "daemon.stopping": "warn",
}


class EventsPane(Pane):
    """The newest events of all campaigns."""

    EMPTY = "nothing has happened yet"

    def rows(self, view: View, now: float, width: int) -> Sequence[Row]:
        """Return one row for each event, the newest on top, at this machine's local time."""
        del now
        several = len(view.campaigns) > 1
        found = []
        for row in reversed(view.events):
            at = dt.datetime.fromtimestamp(row.at, tz=dt.UTC).astimezone()
            cells = [Cell(f" {at:%H:%M:%S}", 9, "dim")]
            if several:
                cells.append(Cell(row.campaign, 10, "dim"))
            cells.append(Cell(row.text, 0, _TONES.get(row.kind, "")))
            found.append(Row(str(row.seq), lay(cells, width)))
        return found

    def heading(self, view: View) -> str:
        """Return the title."""
        del view
        return "Events"
