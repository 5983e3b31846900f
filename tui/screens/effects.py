"""6 Effects: what each axis was worth, on how much evidence."""

from __future__ import annotations

from collections.abc import Sequence

from arctl.tui.data.route import Route, Screen
from arctl.tui.look.plan import WIDE, Node, Slot, columns, rows
from arctl.tui.look.scene import Scene
from arctl.tui.panes.effects import AxisPane, EffectsPane
from arctl.tui.screens.beside import Beside
from arctl.tui.widgets.page import Crumb
from arctl.tui.widgets.pane import Pane


class Effects(Beside):
    """The table of axes, and below or beside it the one under the cursor."""

    PAGE = "effects"

    def panes(self) -> Sequence[Pane]:
        """Return the panes."""
        axes = EffectsPane("axes")
        return [axes, AxisPane("axis", axes)]

    def plan(self, width: int, height: int) -> Node:
        """Put the axis below the table: drawn to scale it needs the width; beside it on a wide terminal."""
        if width >= WIDE:
            return columns(Slot("axes", 3), Slot("axis", 2))
        return rows(Slot("axes", fits=True, least=5, most=0.5), Slot("axis"))

    def crumbs(self, scene: Scene) -> Sequence[Crumb]:
        """Return the way to what is open."""
        view, home = scene.view, Route(Screen.EFFECTS)
        found = [(f"Effects in {view.chosen}" if view.chosen else "Effects", home)]
        axis = scene.route.id.partition(":")[2]
        return [*found, (axis, scene.route)] if axis else found
