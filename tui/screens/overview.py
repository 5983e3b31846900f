"""The overview: are the devices busy and on what, are we getting better, what happened last."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from arctl.tui.state import View
from arctl.tui.widgets.campaigns import CampaignsPane
from arctl.tui.widgets.champion import ChampionPane
from arctl.tui.widgets.devices import DevicesPane
from arctl.tui.widgets.events import EventsPane
from arctl.tui.widgets.experiments import ExperimentsPane
from arctl.tui.widgets.pane import Pane


class Overview(Vertical):
    """Devices on top, campaigns and experiments beside the champion's curve, events below."""

    def __init__(self) -> None:
        super().__init__(id="overview")
        self._heights: tuple[int, int, int] = (0, 0, 0)
        self._view = View()

    def compose(self) -> ComposeResult:
        """Put the panes in place."""
        yield DevicesPane(id="devices")
        with Horizontal(id="middle"):
            with Vertical(id="lists"):
                yield CampaignsPane(id="campaigns")
                yield ExperimentsPane(id="experiments")
            yield ChampionPane(id="champion")
        yield EventsPane(id="events")

    def show(self, view: View, now: float) -> None:
        """Show a view."""
        self._view = view
        self._share_out()
        # Queries that may find nothing: the last view can arrive while the panes are being taken down.
        for part in self.query("*"):
            if isinstance(part, Pane | ChampionPane):
                part.show(view, now)

    def on_resize(self, event: events.Resize) -> None:
        """Share the height out anew."""
        self._share_out(event.size.height)

    def _share_out(self, height: int = 0) -> None:
        """Give every pane what it needs, and what is left to the experiments and the curve."""
        heights = shares(height or self.size.height, len(self._view.devices), len(self._view.campaigns))
        if heights == self._heights:
            return
        self._heights = heights
        for name, rows in zip(("#devices", "#campaigns", "#events"), heights, strict=True):
            self.query(name).set_styles(height=rows)


def shares(height: int, devices: int, campaigns: int) -> tuple[int, int, int]:
    """Return the heights of devices, campaigns and events, their titles included."""
    for_devices = min(max(1, devices) + 1, max(2, height * 9 // 20))
    for_campaigns = min(max(1, campaigns) + 1, max(2, height // 6))
    for_events = max(3, min(16, (height - for_devices) * 3 // 10))
    return for_devices, for_campaigns, for_events
