"""A form: a few fields with a sentence each; Enter goes on and, at the last one, hands it in."""

from __future__ import annotations

from collections.abc import Sequence
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


class Form(Window[dict[str, str]]):
    """Fields to fill in; answers with those that are not empty."""

    def __init__(self, title: str, fields: Sequence[Field], told: Sequence[str] = ()) -> None:
        super().__init__()
        self._heading, self._fields, self._told = title, tuple(fields), tuple(told)

    def compose(self) -> ComposeResult:
        """Put the fields in place."""
        with VerticalScroll(id="form") as body:
            body.border_title = Content(self._heading)
            body.border_subtitle = Content("Enter hands it in  Tab next field  Esc leaves it")
            yield Block(id="text")
            for field in self._fields:
                yield Block(classes="label", id=f"label-{field.name}")
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
        """Hand it in; what must not be empty is asked for."""
        found = {}
        for field in self._fields:
            value = self.query_one(f"#field-{field.name}", Input).value.strip()
            if not value and field.needed:
                self.query_one(f"#field-{field.name}").focus()
                self.notify(f"{field.label} must not be empty", severity="warning", markup=False)
                return
            if value != field.value or field.needed:
                found[field.name] = value
        self.dismiss(found)
