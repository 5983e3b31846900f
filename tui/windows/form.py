"""A form: a few fields with a sentence each; what is refused stays in it as it was typed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Input

from arctl.format import wrapped
from arctl.tui.look.lines import Line, line
from arctl.tui.widgets.entry import Entry
from arctl.tui.windows.window import Block, Window


@dataclass(frozen=True, slots=True)
class Field:
    """One line to fill in; `hint` stands in it while it is empty."""

    name: str
    label: str
    hint: str = ""
    value: str = ""
    needed: bool = False


#: Takes what was filled in; False where it was refused, and said why.
HandIn = Callable[[dict[str, str]], Awaitable[bool]]


class Form(Window[None]):
    """Fields to fill in; hands in those that were changed or are needed, and closes once they are taken."""

    def __init__(
        self, title: str, fields: Sequence[Field], hand_in: HandIn, told: Sequence[str] = ()
    ) -> None:
        super().__init__()
        self._heading, self._fields, self._told = title, tuple(fields), tuple(told)
        self._hand_in, self._waits = hand_in, False

    def compose(self) -> ComposeResult:
        """Put the fields in place."""
        with VerticalScroll(id="form") as body:
            body.border_title = Content(self._heading)
            body.border_subtitle = Content("Enter hands it in  Tab next field  Esc leaves it")
            yield Block(id="text")
            for field in self._fields:
                yield Block(id=f"label-{field.name}")
                yield Entry(value=field.value, placeholder=field.hint, id=f"field-{field.name}", compact=True)

    def on_mount(self) -> None:
        """Give the first field the focus."""
        self.query(Input).first().focus()
        self.call_after_refresh(self.fill)

    def fill(self) -> None:
        """Lay out the labels for the width that there is."""
        width = max(20, self.query_one("#form").scrollable_content_region.width)
        told: list[Line] = [line(part, "dim") for text in self._told for part in wrapped(text, width)]
        self.query_one("#text", Block).fill(told)
        self.query_one("#text").display = bool(told)
        for field in self._fields:
            self.query_one(f"#label-{field.name}", Block).fill([line(field.label, "strong")])

    def on_input_submitted(self) -> None:
        """Hand it in, once; what must not be empty is asked for."""
        found = {}
        for field in self._fields:
            value = self.query_one(f"#field-{field.name}", Input).value.strip()
            if not value and field.needed:
                self.query_one(f"#field-{field.name}").focus()
                self.notify(f"{field.label} must not be empty", severity="warning", markup=False)
                return
            if value != field.value or field.needed:
                found[field.name] = value
        if not found:
            self.notify("nothing was filled in or changed; Esc leaves it", severity="warning", markup=False)
        elif not self._waits:
            self._waits = True
            # Of the app, not of this window: what was handed in is done even where Esc closes it meanwhile.
            self.app.run_worker(self._handed_in(found), name="hand in")

    async def _handed_in(self, found: dict[str, str]) -> None:
        try:
            taken = await self._hand_in(found)
        finally:
            self._waits = False
        if taken and self.is_current:
            self.dismiss()
