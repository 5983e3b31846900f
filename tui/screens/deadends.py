"""5 Dead ends: what was given up and why, and what would open it again."""

from __future__ import annotations

from collections.abc import Sequence

from arctl.tui.data.route import Route, Screen
from arctl.tui.look.plan import WIDE, Node, Slot, columns, rows
from arctl.tui.look.scene import Scene
from arctl.tui.panes.deadends import DeadEndPane, DeadEndsPane
from arctl.tui.screens.beside import Beside
from arctl.tui.widgets.page import Crumb
from arctl.tui.widgets.pane import Pane


class DeadEnds(Beside):
    """The list, and beside or below it the one under the cursor."""

    PAGE = "deadends"

    def panes(self) -> Sequence[Pane]:
        """Return the panes."""
        ends = DeadEndsPane("ends")
        return [ends, DeadEndPane("end", ends)]

    def plan(self, width: int, height: int) -> Node:
        """Put the detail beside the list, below it where the list would be too narrow."""
        if width < 100:
            return rows(Slot("ends", fits=True, least=5, most=0.45), Slot("end"))
        return columns(Slot("ends", 3 if width >= WIDE else 1), Slot("end", 2 if width >= WIDE else 1))

    def crumbs(self, scene: Scene) -> Sequence[Crumb]:
        """Return the way to what is open."""
        view, home = scene.view, Route(Screen.DEAD_ENDS)
        found = [(f"Dead ends of {view.chosen}" if view.chosen else "Dead ends", home)]
        return [*found, (scene.route.id, scene.route)] if scene.route.id else found
