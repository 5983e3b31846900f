"""Windows that open over a view: the frame they share, the help, and the question before a kill."""

from __future__ import annotations

from typing import Generic, TypeVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button

from arctl.format import wrapped
from arctl.tui.keys import ACTIONS, Scope, bindings, written
from arctl.tui.lines import Line, fit, line
from arctl.tui.widgets.paint import Lines

T = TypeVar("T")


class Window(ModalScreen[T], Generic[T]):
    """A window that Esc closes."""

    BINDINGS = bindings(Scope.MODAL)

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

    BINDINGS = bindings(Scope.MODAL, Scope.DETAIL)

    def __init__(self, title: str) -> None:
        super().__init__()
        self._heading = title

    def compose(self) -> ComposeResult:
        """Put the text in place."""
        with VerticalScroll(id="window") as body:
            body.border_title = Content(self._heading)
            body.border_subtitle = Content("Esc close · j k scroll")
            yield Block(id="text")

    def lines(self, width: int) -> list[Line]:
        """Return the text on `width` cells."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Fill it once there is a size."""
        self.call_after_refresh(self.fill)

    def on_resize(self) -> None:
        """Lay out anew."""
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


class Help(Reading):
    """Every key, from the registry."""

    def __init__(self) -> None:
        super().__init__("Keys")

    def lines(self, width: int) -> list[Line]:
        """Return the actions by where they work."""
        return help_lines(width)


def help_lines(width: int) -> list[Line]:
    """Lay out the registry as help."""
    lines: list[Line] = []
    for scope in Scope:
        lines.append((("" if not lines else " ", ""),))
        lines.append(((scope.value, "strong"),))
        for action in ACTIONS:
            if action.scope is scope:
                keys = " ".join(map(written, action.keys))
                for index, text in enumerate(wrapped(action.help, max(20, width - 16))):
                    lines.append(((f"  {fit('' if index else keys, 12)} ", "accent"), (text, "")))
    return lines[1:]


class Confirm(Window[bool]):
    """A question whose safe answer has the focus; the cost is stated."""

    BINDINGS = bindings(Scope.MODAL, Scope.QUESTION)

    def __init__(self, question: str, cost: list[str], yes: str) -> None:
        super().__init__()
        self._question, self._cost, self._yes = question, cost, yes

    def compose(self) -> ComposeResult:
        """Put the question in place."""
        with Vertical(id="question"):
            yield Block(id="text")
            with Horizontal():
                yield Button("Cancel", id="cancel", variant="default")
                yield Button(Content(self._yes), id="yes", variant="error")

    def on_mount(self) -> None:
        """State the question; Cancel has the focus."""
        self.query_one("#cancel").focus()
        self.call_after_refresh(self.fill)

    def fill(self) -> None:
        """Lay out the question for the width that there is."""
        width = self.query_one("#question").content_region.width
        lines: list[Line] = [line(self._question, "strong")]
        for text in self._cost:
            lines += [line(part) for part in wrapped(text, max(20, width))]
        self.query_one(Block).fill(lines)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer."""
        self.dismiss(event.button.id == "yes")
