"""7 Logs: what the daemon, runs and agents print: together, or one of them from its end to its beginning."""

from __future__ import annotations

from collections.abc import Sequence

from arctl.tui.data.query import Query
from arctl.tui.data.route import Route, Screen
from arctl.tui.look.plan import WIDE, Node, Slot, columns
from arctl.tui.look.scene import Scene
from arctl.tui.panes.loglines import LogPane
from arctl.tui.panes.sources import SourcesPane
from arctl.tui.screens.beside import Beside
from arctl.tui.widgets.page import Crumb, alone
from arctl.tui.widgets.pane import Pane


class Logs(Beside):
    """The logs, and beside them the lines of those that were chosen."""

    PAGE = "logs"

    def panes(self) -> Sequence[Pane]:
        """Return the panes."""
        sources = SourcesPane("sources")
        return [sources, LogPane("lines", sources)]

    def first(self) -> str:
        """Begin at the lines."""
        return "lines"

    def opened(self, scene: Scene) -> None:
        """Go to the lines of what is open."""
        super().opened(scene)
        self._current = "lines"

    def plan(self, width: int, height: int) -> Node:
        """Give most of the room to the lines."""
        return columns(Slot("sources", 2), Slot("lines", 5 if width >= WIDE else 4))

    def narrow(self, current: str) -> Node:
        """Show the lines or the logs."""
        return alone(current)

    def wants(self, scene: Scene) -> list[Query]:
        """Ask for the logs as well where only the lines are seen."""
        return [*self.pane("sources").wants(scene), *self.pane("lines").wants(scene)]

    def crumbs(self, scene: Scene) -> Sequence[Crumb]:
        """Return the way to what is open."""
        found = [("Logs", Route(Screen.LOGS))]
        return [*found, (scene.route.id, scene.route)] if scene.route.id else found

    def on_sources_pane_asked(self, message: SourcesPane.Asked) -> None:
        """Answer a key of one pane in the other."""
        lines = self.pane("lines")
        if message.action in ("sources", "lines"):
            self.select(message.action)
        elif isinstance(lines, LogPane):
            {"follow": lines.action_follow, "times": lines.action_times, "level": lines.action_level}[
                message.action
            ]()
