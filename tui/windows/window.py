"""What windows share: they open over a page, Esc closes them, and some are read from top to bottom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

from arctl.tui.keys.actions import Scope
from arctl.tui.keys.registry import bindings
from arctl.tui.look.lines import Line
from arctl.tui.widgets.paint import Lines

T = TypeVar("T")


class Window(ModalScreen[T], Generic[T]):
    """A window that Esc closes."""

    BINDINGS = bindings(Scope.MODAL)

    def fill(self) -> None:
        """Lay out the text for the width that there is."""

    def on_mount(self) -> None:
        """Have what has the focus stay in sight, however late a part of the window gets its height."""
        for body in self.query(VerticalScroll):
            self.watch(body, "virtual_size", self._in_sight, init=False)

    def on_resize(self) -> None:
        """Lay out anew."""
        self.call_after_refresh(self._anew)

    def _anew(self) -> None:
        if self.is_attached:
            self.fill()
            self.call_after_refresh(self._fitted)

    def _fitted(self) -> None:
        if self.is_attached:
            self.fill()  # once more: a scrollbar may have come, and taken of the width
            self._in_sight()

    def _in_sight(self) -> None:
        if self.is_attached and self.focused is not None:
            self.focused.scroll_visible(animate=False)

    def action_close(self) -> None:
        """Close it without an answer."""
        self.dismiss(None)


class Block(Lines):
    """Lines as high as there are lines of them."""

    def fill(self, lines: list[Line]) -> None:
        """Show these lines and take the height that they need."""
        self.styles.height = max(1, len(lines))
        self.set_lines(lines)


class Reading(Window[None]):
    """A window with text to scroll through."""

    BINDINGS = bindings(Scope.MODAL, Scope.READING)

    def __init__(self, title: str) -> None:
        super().__init__()
        self._heading = title

    def compose(self) -> ComposeResult:
        """Put the text in place."""
        with VerticalScroll(id="window") as body:
            body.border_title = Content(self._heading)
            body.border_subtitle = Content("Esc close  j k scroll")
            yield Block(id="text")

    def lines(self, width: int) -> list[Line]:
        """Return the text on `width` cells."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Fill it once there is a size."""
        self.call_after_refresh(self.fill)

    def fill(self) -> None:
        """Lay out the text for the width that there is."""
        if self.is_attached:
            width = self.query_one("#window").scrollable_content_region.width
            self.query_one(Block).fill(self.lines(max(20, width)))

    def action_down(self) -> None:
        """Scroll down."""
        self.query_one("#window").scroll_relative(y=1, animate=False)

    def action_up(self) -> None:
        """Scroll up."""
        self.query_one("#window").scroll_relative(y=-1, animate=False)


class Told(Reading):
    """A window with a text that is laid out by who opens it."""

    def __init__(self, title: str, told: Callable[[int], list[Line]]) -> None:
        super().__init__(title)
        self._told = told

    def lines(self, width: int) -> list[Line]:
        """Return the text on `width` cells."""
        return self._told(width)
