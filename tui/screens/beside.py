"""Pages with a list and what its cursor is on beside it: Enter goes in, Esc comes back to the list."""

from __future__ import annotations

from arctl.tui.look.scene import Scene
from arctl.tui.panes.tables import Table
from arctl.tui.widgets.page import Page
from arctl.tui.widgets.pane import Pane


class Beside(Page):
    """A page whose first pane is the list, and whose second one shows what the list's cursor is on."""

    def opened(self, scene: Scene) -> None:
        """Go into what is open; the list keeps its place."""
        super().opened(scene)
        names = list(self._panes)
        self._current = names[1] if scene.route.id else names[0]

    def on_pane_entered(self, message: Pane.Entered) -> None:
        """Go into what is open already; anything else the app opens."""
        names = list(self._panes)
        listing = self._panes[names[0]]
        if message.pane is listing and isinstance(listing, Table) and message.key == self.scene.route.id:
            listing.opened()
            self.select(names[1])
