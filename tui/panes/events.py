"""Events: what happened last, newest first."""

from __future__ import annotations

from collections.abc import Sequence

from arctl.events import QUIET
from arctl.tui.data.times import wall
from arctl.tui.look.lines import Cell, Line, Row, lay
from arctl.tui.look.scene import Listing, Scene
from arctl.tui.look.words import EVENTS
from arctl.tui.widgets.pane import Pane


class EventsPane(Pane):
    """The newest events of all campaigns."""

    EMPTY = "nothing has happened yet"
    HINTS = "Enter details  / filter"

    def depends(self, scene: Scene) -> tuple[object, ...]:
        """Return the events, and whether there are several campaigns."""
        return (scene.view.events, len(scene.view.campaigns) > 1)

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return one row for each event, the newest on top, at this machine's local time."""
        events = [row for row in reversed(scene.view.events) if row.kind not in QUIET]
        several = len(scene.view.campaigns) > 1

        def make(at: int) -> Line:
            row = events[at]
            cells = [Cell(f" {wall(row.at)}", 9, "dim")]
            if several:
                cells.append(Cell(row.campaign, 10, "dim"))
            cells.append(Cell(row.text, 0, EVENTS.get(row.kind, "")))
            if width >= 110:
                cells.append(Cell(row.actor, 12, "dim"))
            return lay(cells, width)

        return Listing([f"event:{row.seq}" for row in events], make)

    def heading(self, scene: Scene) -> str:
        """Return the title."""
        del scene
        return "Events"

    def height_wanted(self, scene: Scene) -> int:
        """Take what is left, up to a dozen."""
        del scene
        return 12
