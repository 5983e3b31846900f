"""An agent: what it does now, what it thinks with, what came of its proposals, what it said."""

from __future__ import annotations

from collections.abc import Sequence

from arctl.tui.data.query import Query
from arctl.tui.data.reading import inner, real, whole, word
from arctl.tui.data.route import Route, Screen
from arctl.tui.look.lines import Line
from arctl.tui.look.plan import WIDE, Node, Slot, columns, rows
from arctl.tui.look.scene import Scene
from arctl.tui.panes import asked
from arctl.tui.panes.about_agent import AgentPane, FatesPane, PostsPane, TurnsPane
from arctl.tui.screens.about import About
from arctl.tui.widgets.page import Crumb
from arctl.tui.widgets.pane import Pane


class AgentPage(About):
    """One agent."""

    PAGE = "agent"

    def panes(self) -> Sequence[Pane]:
        """Return the panes."""
        return [AgentPane("about"), FatesPane("proposals"), TurnsPane("turns"), PostsPane("posts")]

    def plan(self, width: int, height: int) -> Node:
        """Share the room: who it is beside its proposals, then its turns and its posts."""
        if width >= WIDE and height >= 30:
            right = rows(Slot("proposals", 3, 6), Slot("turns", 2, 5), Slot("posts", 2, 4), weight=3)
            return columns(Slot("about", 2), right)
        top = columns(Slot("about", 5), Slot("proposals", 6), weight=3, least=8)
        return rows(top, columns(Slot("turns", 5), Slot("posts", 6), weight=2, least=5))

    def asks(self, scene: Scene) -> Sequence[Query]:
        """Return the query of the agent."""
        return [asked.agent(scene.route.id)]

    def crumbs(self, scene: Scene) -> Sequence[Crumb]:
        """Return the way: Teams > its team > the agent."""
        row = inner(scene.view.answer(asked.agent(scene.route.id)).reply, "agent")
        found = [("Teams", Route(Screen.TEAMS))]
        if word(row, "team"):
            found.append(
                (word(row, "team_name") or word(row, "team"), Route(Screen.TEAMS, word(row, "team")))
            )
        return [*found, (word(row, "name") or scene.route.id, scene.route)]

    def headline(self, scene: Scene, width: int) -> Line:
        """Say what it does, and what it cost."""
        del width
        row = inner(scene.view.answer(asked.agent(scene.route.id)).reply, "agent")
        if not row:
            return ()
        said, tone = asked.doing(row, scene)
        cost = f"  {asked.thousands(whole(row, 'tokens'))} tokens, {asked.money(real(row, 'usd'))}"
        return ((said, tone), (cost if whole(row, "tokens") else "", "dim"))
