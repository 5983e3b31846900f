"""2 Teams: who works on what, what waits and why, who was told what, and who costs how much."""

from __future__ import annotations

from collections.abc import Sequence

from arctl.tui.look.plan import Node, Slot, columns, rows
from arctl.tui.panes.directions import DirectionsPane
from arctl.tui.panes.directives import DirectivesPane
from arctl.tui.panes.members import AgentsPane
from arctl.tui.panes.queue import ProposalsPane
from arctl.tui.panes.roster import RosterPane
from arctl.tui.widgets.page import Page, alone
from arctl.tui.widgets.pane import Pane


class Teams(Page):
    """All teams on top, the queue below, then directions, agents and directives."""

    PAGE = "teams"

    def panes(self) -> Sequence[Pane]:
        """Return the panes."""
        return [
            RosterPane("roster"),
            ProposalsPane("queue"),
            DirectionsPane("directions"),
            AgentsPane("agents"),
            DirectivesPane("directives"),
        ]

    def plan(self, width: int, height: int) -> Node:
        """Share the room: all teams where they fit, then what waits beside the directions."""
        del width, height
        roster = Slot("roster", fits=True, least=4, most=0.35)
        left = rows(Slot("queue", 3, 5), Slot("agents", fits=True, least=4, most=0.4), weight=3)
        right = rows(Slot("directions", 3, 5), Slot("directives", 2, 4), weight=2)
        return rows(roster, columns(left, right))

    def narrow(self, current: str) -> Node:
        """Show one pane at a time."""
        return alone(current)
