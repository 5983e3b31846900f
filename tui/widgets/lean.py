"""An application that answers at once over slow lines: few bytes, and no garbage collected under a key."""

from __future__ import annotations

import gc
import time
from typing import Any

from rich.console import RenderableType
from textual import events
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.screen import Screen

from arctl.tui.widgets.cells import Cells
from arctl.tui.widgets.entry import Entry

#: Seconds without a key or the mouse after which nobody is taken to wait for an answer.
CALM = 1.0
#: Collections of the middle generation after which there may be something worth a full one.
WORTH = 5
#: Thresholds of the three generations; a full collection under a key becomes rare.
THRESHOLDS = (5_000, 10, 50)


class LeanApp(App[None]):
    """Textual's application, but for the bytes and for when garbage is collected."""

    def __init__(self, *, ansi_color: bool | None = None) -> None:
        super().__init__(ansi_color=ansi_color)
        self._cells = Cells()
        self._touched = time.monotonic()
        self._frozen = False

    async def on_mount(self) -> None:
        """Forget what was shown whenever the pager or a shell had the terminal; tidy up while it is calm."""
        self.app_resume_signal.subscribe(self, lambda _: self._cells.forget(), immediate=True)
        if not self.is_headless:
            gc.set_threshold(*THRESHOLDS)
            self.set_interval(CALM, self._tidy)

    async def on_event(self, event: events.Event) -> None:
        """Remember when somebody last waited for an answer, and keep the order of what is typed."""
        if isinstance(event, events.InputEvent):
            self._touched = time.monotonic()
        entry = self.focused if self.screen_stack and not event.is_forwarded else None
        if isinstance(entry, Entry) and isinstance(event, events.Key | events.Paste):
            await self._typed(entry, event)
        else:
            await super().on_event(event)

    async def _typed(self, entry: Entry, event: events.Key | events.Paste) -> None:
        """Let a key count in a line before the next one is looked at.

        Textual hands letters to the line at once, and keys that do something only after a detour: of what
        comes in one go, as over a slow line, letters behind a Tab or Backspace would count before it.
        """
        self.app_focus = True
        if isinstance(event, events.Paste):
            entry.typed(event.text)
        elif event.is_printable and event.character:
            entry.typed(event.character)
        elif not await self._check_bindings(event.key, priority=True):
            await self._check_bindings(event.key)

    def _tidy(self) -> None:
        """Collect garbage where nobody waits: a full collection takes longer than a frame may."""
        if time.monotonic() - self._touched < CALM:
            return
        if not self._frozen:
            self._frozen = True
            gc.collect()
            gc.freeze()  # what was imported and what was put in place is there to stay
        elif gc.get_count()[2] >= WORTH:
            gc.collect()

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
