"""A pane: a titled list of rows with a cursor, painted line by line, moved through with one hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from arctl.tui.keys import Scope, bindings
from arctl.tui.lines import Row, difference
from arctl.tui.state import View
from arctl.tui.widgets.paint import TONE_CLASSES, paint


class Pane(ScrollView, can_focus=True):
    """A list of rows; subclasses say which rows and which title a view gives."""

    BINDINGS = bindings(Scope.LIST)
    COMPONENT_CLASSES: ClassVar[set[str]] = {*TONE_CLASSES, "pane--cursor"}
    #: What is said in place of rows.
    EMPTY = "nothing yet"

    class Moved(Message):
        """Somebody put the cursor on another row."""

        def __init__(self, pane: Pane, key: str) -> None:
            super().__init__()
            self.pane, self.key = pane, key

    class Entered(Message):
        """Somebody wants to see what a row stands for."""

        def __init__(self, pane: Pane, key: str) -> None:
            super().__init__()
            self.pane, self.key = pane, key

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._view = View()
        self._now = 0.0
        self._rows: tuple[Row, ...] = ()
        self._at = 0
        #: At the top the cursor stays with what is newest; anywhere else it stays with its row.
        self._moved = False
        self._stale = False
        self._title = ""

    # -- what subclasses say -----------------------------------------------------------------------------

    def rows(self, view: View, now: float, width: int) -> Sequence[Row]:
        """Return the rows of a view on `width` cells."""
        raise NotImplementedError

    def heading(self, view: View) -> str:
        """Return the pane's title."""
        raise NotImplementedError

    def resting(self, view: View) -> str:
        """Return the row that the cursor rests on until somebody moves it; "" for the top one."""
        del view
        return ""

    # -- showing -----------------------------------------------------------------------------------------

    @property
    def key(self) -> str:
        """Return the id under the cursor, "" where there is none."""
        return self._rows[self._at].key if self._at < len(self._rows) else ""

    def show(self, view: View, now: float) -> None:
        """Show a view; only lines that are different are painted again."""
        self._view, self._now = view, now
        self.lay_out()

    def lay_out(self) -> None:
        """Bring rows, cursor, title and scroll position in line with the view."""
        width = self.scrollable_content_region.width
        if width <= 0:
            return
        title = self.heading(self._view)
        if title != self._title:
            self._title = title
            self.border_title = Content(f" {title} ")
        before, key, at = self._rows, self.key, self._at
        self._rows = tuple(self.rows(self._view, self._now, width))
        self._at = self._place(key)
        stale = not self._view.live
        if len(before) != len(self._rows) or self.virtual_size.width != width:
            self.virtual_size = Size(width, len(self._rows))
        if stale != self._stale or not self._rows:
            self._stale = stale
            self.refresh()
        else:
            self._repaint(before, at)
        if self._moved and self._at != at and key:
            # Rows came in above: the row under the cursor stays where it was on the screen.
            self.scroll_to(y=self.scroll_offset.y + self._at - at, animate=False, immediate=True)

    def _place(self, key: str) -> int:
        wanted = key if self._moved else self.resting(self._view)
        if wanted:
            for index, row in enumerate(self._rows):
                if row.key == wanted:
                    return index
        return min(self._at if self._moved else 0, max(0, len(self._rows) - 1))

    def _repaint(self, before: tuple[Row, ...], at: int) -> None:
        if at != self._at:
            self._touch(at, self._at)
        for index in range(max(len(before), len(self._rows))):
            if index < len(before) and index < len(self._rows):
                first, count = difference(before[index].line, self._rows[index].line)
                if count:
                    self._touch(index, first=first, count=count)
            else:
                self._touch(index)

    def _touch(self, *indices: int, first: int = 0, count: int = 0) -> None:
        """Repaint rows, or `count` cells of them from `first` on, as far as they can be seen."""
        top, size = self.scroll_offset.y, self.scrollable_content_region.size
        for index in indices:
            if 0 <= index - top < size.height:
                self.refresh(Region(first, index - top, count or size.width, 1))

    def render_line(self, y: int) -> Strip:
        """Paint one line."""
        width, base = self.scrollable_content_region.width, self.rich_style
        index = y + self.scroll_offset.y
        if not self._rows and y == 0:
            # Before the first connection nothing is known, not even that there is nothing.
            text = self.EMPTY if self._view.host else "not connected yet"
            return paint(self, ((" " + text, "dim"),), width, base)
        if index >= len(self._rows):
            return Strip.blank(width, base)
        if index == self._at and self.has_focus:
            base += self.get_component_rich_style("pane--cursor", partial=True)
        return paint(self, self._rows[index].line, width, base, stale=self._stale)

    # -- moving ------------------------------------------------------------------------------------------

    def move(self, to: int) -> None:
        """Put the cursor on a row, as far as there are rows."""
        to = max(0, min(to, len(self._rows) - 1))
        self._moved = to > 0
        if to == self._at or not self._rows:
            return
        before, self._at = self._at, to
        self._touch(before, to)
        self.scroll_to_region(Region(0, to, 1, 1), animate=False, immediate=True)
        self.post_message(self.Moved(self, self.key))

    def action_down(self) -> None:
        """Go down."""
        self.move(self._at + 1)

    def action_up(self) -> None:
        """Go up."""
        self.move(self._at - 1)

    def action_first(self) -> None:
        """Go to the top."""
        self.move(0)

    def action_last(self) -> None:
        """Go to the bottom."""
        self.move(len(self._rows) - 1)

    def action_half_down(self) -> None:
        """Go down half a page."""
        self.move(self._at + max(1, self.size.height // 2))

    def action_half_up(self) -> None:
        """Go up half a page."""
        self.move(self._at - max(1, self.size.height // 2))

    def action_enter(self) -> None:
        """Ask to see what the row stands for."""
        self.post_message(self.Entered(self, self.key))

    def on_click(self, event: events.Click) -> None:
        """Choose a row with the mouse; twice opens it."""
        offset = event.get_content_offset(self)
        if offset is not None:
            self.move(offset.y + self.scroll_offset.y)
            if event.chain == 2:
                self.action_enter()

    def on_resize(self) -> None:
        """Lay out anew."""
        self.lay_out()

    def on_focus(self) -> None:
        """Show the cursor."""
        self._touch(self._at)

    def on_blur(self) -> None:
        """Hide the cursor."""
        self._touch(self._at)
