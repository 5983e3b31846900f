"""An application that sends the terminal only the cells that differ from what it shows."""

from __future__ import annotations

from typing import Any

from rich.console import RenderableType
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.screen import Screen

from arctl.tui.widgets.cells import Cells


class LeanApp(App[None]):
    """Textual's application, but for the bytes."""

    def __init__(self, *, ansi_color: bool | None = None) -> None:
        super().__init__(ansi_color=ansi_color)
        self._cells = Cells()

    async def on_mount(self) -> None:
        """Forget what was shown whenever the pager or a shell had the terminal."""
        self.app_resume_signal.subscribe(self, lambda _: self._cells.forget(), immediate=True)

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        if isinstance(renderable, ChopsUpdate | LayoutUpdate):
            super()._display(screen, self._cells.lean(renderable))  # type: ignore[arg-type]
        else:
            super()._display(screen, renderable)

    def repaint(self) -> None:
        """Send everything anew, whatever the terminal shows."""
        self._cells.forget()
        if self.screen_stack:
            self.screen.refresh()
