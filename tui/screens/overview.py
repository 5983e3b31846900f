"""1 Overview: are the devices busy and on what, are we getting better, who works on what, what happened."""

from __future__ import annotations

from collections.abc import Sequence

from arctl.tui.look.plan import WIDE, Node, Slot, columns, rows
from arctl.tui.panes.champion import ChampionPane
from arctl.tui.panes.devices import DevicesPane
from arctl.tui.panes.events import EventsPane
from arctl.tui.panes.teams import TeamsPane
from arctl.tui.widgets.page import Page
from arctl.tui.widgets.pane import Pane


class Overview(Page):
    """Devices on top, teams beside the champion's curve, events below."""

    PAGE = "overview"

    def panes(self) -> Sequence[Pane]:
        """Return the panes."""
        return [DevicesPane("devices"), TeamsPane("teams"), ChampionPane("champion"), EventsPane("events")]

    def first(self) -> str:
        """Begin at the teams."""
        return "teams"

    def plan(self, width: int, height: int) -> Node:
        """Share the room: all devices where they fit, then teams and curve, then events."""
        devices = Slot("devices", fits=True, least=2, most=0.45)
        if width >= WIDE:
            left = rows(Slot("teams", fits=True, least=4, most=0.5), Slot("events", 1, 4), weight=3)
            return rows(devices, columns(left, Slot("champion", 2)))
        if width < 100:
            return rows(
                devices,
                Slot("teams", fits=True, least=3, most=0.3),
                Slot("champion", 2, 5),
                Slot("events", 1, 3),
            )
        middle = columns(Slot("teams", 6), Slot("champion", 4), weight=5, least=8)
        return rows(devices, middle, Slot("events", 3, 4))
