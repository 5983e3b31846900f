"""What the interface asks of a source, be it a running daemon or a recorded history."""

from __future__ import annotations

from typing import Any, Protocol

from arctl.tui.data.view import View


class Source(Protocol):
    """One worker that keeps a view up to date."""

    view: View

    async def run(self) -> None:
        """Keep the view up to date until cancelled."""

    async def call(self, method: str, **params: Any) -> Any:
        """Ask for one thing; raises a typed error."""

    def choose(self, campaign: str) -> None:
        """Show another campaign."""

    def look(self) -> None:
        """See at once to what the screen wants by now."""

    def resync(self) -> None:
        """Ask for everything anew."""
