"""A direction: what it claims, how far it is from being given up, what was tried, what waits."""

from __future__ import annotations

from collections.abc import Sequence

from arctl.tui.data.reading import inner, listed, whole, word
from arctl.tui.data.route import Route, Screen
from arctl.tui.look.lines import Line
from arctl.tui.look.plan import WIDE, Node, Slot, columns, rows
from arctl.tui.look.scene import Scene
from arctl.tui.panes import asked
from arctl.tui.panes.about_direction import AxesPane, DirectionPane, OpinionsPane
from arctl.tui.panes.directions import held_or
from arctl.tui.panes.directives import headline_of
from arctl.tui.panes.history import HistoryPane
from arctl.tui.panes.queue import WorkPane
from arctl.tui.screens.about import About
from arctl.tui.widgets.page import Crumb
from arctl.tui.widgets.pane import Pane


class DirectionPage(About):
    """One direction."""

    PAGE = "direction"

    def panes(self) -> Sequence[Pane]:
        """Return the panes."""
        return [
            DirectionPane("about"),
            AxesPane("axes"),
            WorkPane("queue"),
            OpinionsPane("critique"),
            HistoryPane("history"),
        ]

    def plan(self, width: int, height: int) -> Node:
        """Share the room: its words beside its axes and critics, what waits and what was judged below."""
        axes = Slot("axes", fits=True, least=4, most=0.5)
        if width >= WIDE and height >= 30:
            right = rows(axes, Slot("queue", 2, 5), Slot("history", 3, 5), weight=3)
            return columns(rows(Slot("about", 3, 8), Slot("critique", 2, 4), weight=2), right)
        right = rows(axes, Slot("critique", 1, 4), weight=5)
        top = columns(Slot("about", 6), right, weight=4, least=8)
        return rows(top, Slot("queue", 2, 4), Slot("history", 3, 4))

    def crumbs(self, scene: Scene) -> Sequence[Crumb]:
        """Return the way: Teams > its team > the direction."""
        row = inner(scene.view.answer(asked.one(scene.route.id)).reply, "direction")
        found = [("Teams", Route(Screen.TEAMS))]
        if word(row, "team"):
            found.append((word(row, "team_name"), Route(Screen.TEAMS, word(row, "team"))))
        return [*found, (f"{scene.route.id} {word(row, 'title')}".strip(), scene.route)]

    def headline(self, scene: Scene, width: int) -> Line:
        """Say how the direction stands, and which directive does."""
        del width
        reply = scene.view.answer(asked.one(scene.route.id)).reply
        row, known = inner(reply, "direction"), inner(reply, "record")
        if not row:
            return ()
        state, tone = held_or(row, word(row, "state"))
        line: Line = ((state, tone),)
        if known:
            line = (*line, (f"  {whole(known, 'accepted')}/{whole(reply, 'total')} kept", "dim"))
        return (*line, *headline_of(listed(reply, "directives")))
