"""3 Experiments: all of them, however many, and the one under the cursor."""

from __future__ import annotations

from collections.abc import Sequence

from arctl.tui.look.plan import WIDE, Node, Slot, columns, rows
from arctl.tui.panes.experiments import ExperimentsPane
from arctl.tui.panes.preview import PreviewPane
from arctl.tui.widgets.page import Page
from arctl.tui.widgets.pane import Pane


class Experiments(Page):
    """The list, and the experiment under its cursor beside or below it."""

    PAGE = "experiments"

    def panes(self) -> Sequence[Pane]:
        """Return the panes."""
        listing = ExperimentsPane("experiments")
        return [listing, PreviewPane("preview", listing)]

    def plan(self, width: int, height: int) -> Node:
        """Share the room: beside each other where the list keeps its columns, else below."""
        if width >= WIDE:
            return columns(Slot("experiments", 5), Slot("preview", 3))
        if height >= 20:
            return rows(Slot("experiments", 3, 8), Slot("preview", 2, 7))
        return rows(Slot("experiments"))
