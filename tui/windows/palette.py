"""The palette: a line to type commands in, and below it what they can be, as one types."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from arctl.tui.acting.commands import BY_NAME, COMMANDS, matching
from arctl.tui.data.route import is_id, is_screen
from arctl.tui.keys.actions import Scope
from arctl.tui.keys.registry import bindings
from arctl.tui.widgets.entry import Entry
from arctl.tui.windows.window import Window

#: Choices that are listed at most.
MOST = 12
#: Returns what an operand of a command may be, as (what is typed, what is said of it).
Offers = Callable[[str, str], Sequence[tuple[str, str]]]


class Palette(Window[str]):
    """A line with completion; answers with what was typed."""

    BINDINGS = bindings(Scope.MODAL, Scope.PALETTE)
    #: The line gets the focus when it has what was typed so far, no sooner.
    AUTO_FOCUS = ""

    def __init__(self, offers: Offers) -> None:
        super().__init__()
        #: What was typed before the line was there.
        self._begun = ""
        self._offers = offers
        self._choices: list[str] = []

    def compose(self) -> ComposeResult:
        """Put the line and its choices in place."""
        with Vertical(id="palette"):
            yield Entry(value=self._begun, placeholder="a command, an id, or part of one", compact=True)
            yield OptionList(id="choices")

    def on_key(self, event: Key) -> None:
        """Keep what is typed before the line is there."""
        if self.focused is None and event.is_printable and event.character:
            self._begun += event.character
            event.stop()

    def on_mount(self) -> None:
        """Give the line the focus."""
        field = self.query_one(Input)
        field.value = self._begun
        self.set_focus(field)
        field.cursor_position = len(field.value)
        self.query_one(OptionList).can_focus = False
        self.suggest(self._begun)

    def on_input_changed(self, event: Input.Changed) -> None:
        """List what it may become."""
        self.suggest(event.value)

    def suggest(self, text: str) -> None:
        """List the choices for what is typed so far."""
        found = choices(text, self._offers)[:MOST]
        self._choices = [whole for whole, _ in found]
        listed = self.query_one(OptionList)
        listed.clear_options()
        listed.add_options([Option(Content(said)) for _, said in found])
        listed.display = bool(found)
        if found:
            listed.highlighted = 0

    def action_next_choice(self) -> None:
        """Go to the next choice."""
        self.query_one(OptionList).action_cursor_down()

    def action_previous_choice(self) -> None:
        """Go to the choice before."""
        self.query_one(OptionList).action_cursor_up()

    def action_complete(self) -> None:
        """Put the choice into the line."""
        if (chosen := self._chosen()) is not None:
            field = self.query_one(Input)
            field.value = chosen
            field.cursor_position = len(chosen)

    def _chosen(self) -> str | None:
        at = self.query_one(OptionList).highlighted
        return self._choices[at] if at is not None and at < len(self._choices) else None

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Hand it in; a command that needs more is completed instead."""
        text = event.value.strip()
        name = text.partition(" ")[0]
        chosen = self._chosen()
        if self.query_one(OptionList).highlighted == 0 and (is_id(text) or is_screen(text)):
            self.dismiss(text)  # an id in full means itself, not the first of those that begin with it
            return
        if name not in BY_NAME and chosen is not None:
            text = chosen.strip()
            command = BY_NAME.get(text)
            if command is not None and len(command.operands) > command.spare and not command.verb:
                self.action_complete()
                return
        self.dismiss(text)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take a choice that was clicked."""
        self.dismiss(self._choices[event.option_index].strip())


def choices(text: str, offers: Offers) -> list[tuple[str, str]]:
    """Return what a line may become, each as (the whole line, what is said of it)."""
    name, space, tail = text.partition(" ")
    if not space:
        known = matching(name, [command.name for command in COMMANDS])
        found = [(f"{each} ", f"{BY_NAME[each].usage}   {BY_NAME[each].help}") for each in known]
        places = [(f"go {what}", f"go {what}   {said}") for what, said in offers("go", name) if name]
        return [*found, *places]
    command = BY_NAME.get(name)
    if command is None:
        return []
    *before, last = tail.split(" ")
    head = " ".join([name, *before])
    if last.startswith("--"):
        names = [f"--{option.name}" for option in command.options]
        return [(f"{head} {each} ", each) for each in names if each.startswith(last)]
    offered = [(f"{head} {what} ", f"{what}   {said}") for what, said in offers(name, last)]
    return offered or [(text, command.usage)]
