"""4 Forum: what is said, planned and decided; what waits for a person; how directives stand."""

from __future__ import annotations

from collections.abc import Sequence

from arctl.tui.data.route import Route, Screen
from arctl.tui.look.plan import Node, Slot, columns, rows
from arctl.tui.look.scene import Scene
from arctl.tui.panes.thread import ThreadPane
from arctl.tui.panes.threads import ThreadsPane
from arctl.tui.screens.beside import Beside
from arctl.tui.widgets.page import Crumb, campaign_of
from arctl.tui.widgets.pane import Pane


class Forum(Beside):
    """The threads, and beside or below them the one under the cursor."""

    PAGE = "forum"

    def panes(self) -> Sequence[Pane]:
        """Return the panes."""
        threads = ThreadsPane("threads")
        return [threads, ThreadPane("thread", threads)]

    def plan(self, width: int, height: int) -> Node:
        """Put the thread beside the list, below it where lines would be too short."""
        if width < 100:
            return rows(Slot("threads", fits=True, least=5, most=0.4), Slot("thread"))
        return columns(Slot("threads"), Slot("thread"))

    def crumbs(self, scene: Scene) -> Sequence[Crumb]:
        """Return the way to what is open."""
        home = Route(Screen.FORUM)
        found = [(f"Forum of {campaign_of(scene.view)}", home)] if scene.view.chosen else [("Forum", home)]
        return [*found, (scene.route.id, scene.route)] if scene.route.id else found
