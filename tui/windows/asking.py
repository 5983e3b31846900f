"""Questions: one whose safe answer has the focus, one whose answer must be typed, and a choice."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Input, OptionList
from textual.widgets.option_list import Option

from arctl.format import wrapped
from arctl.tui.keys.actions import Scope
from arctl.tui.keys.registry import bindings
from arctl.tui.look.lines import Line, line
from arctl.tui.widgets.entry import Entry
from arctl.tui.windows.window import Block, Window


def question_lines(question: str, told: Sequence[str], width: int) -> list[Line]:
    """Lay out a question and what belongs to it."""
    lines: list[Line] = [line(text, "strong") for text in wrapped(question, max(20, width))]
    for text in told:
        lines += [line(part) for part in wrapped(text, max(20, width))]
    return lines


class Confirm(Window[int]):
    """A question with several answers; Cancel has the focus, and what each answer costs is stated.

    Answers with the place of the chosen one, None for Cancel.
    """

    BINDINGS = bindings(Scope.MODAL, Scope.QUESTION)

    def __init__(self, question: str, answers: Sequence[tuple[str, Sequence[str]]]) -> None:
        super().__init__()
        self._question, self._answers = question, tuple(answers)

    def compose(self) -> ComposeResult:
        """Put the question in place."""
        with Vertical(id="question"):
            yield Block(id="text")
            # Below each other where they are many: all can be seen, however narrow it is.
            with Vertical(id="answers") if len(self._answers) > 2 else Horizontal():
                yield Button("Cancel", id="cancel", variant="default", compact=True)
                for at, (label, _) in enumerate(self._answers):
                    yield Button(Content(label), id=f"answer-{at}", variant="error", compact=True)

    def on_mount(self) -> None:
        """State the question; Cancel has the focus."""
        self.query_one("#cancel").focus()
        self.call_after_refresh(self.fill)

    def on_descendant_focus(self) -> None:
        """Tell what the answer under the focus costs."""
        self.fill()

    def fill(self) -> None:
        """Lay out the question for the width that there is."""
        width = self.query_one("#question").scrollable_content_region.width
        name = self.focused.id or "" if self.focused is not None else ""
        at = int(name.removeprefix("answer-")) if name.startswith("answer-") else 0
        label, cost = self._answers[at]
        told = [f"{label}:", *cost] if len(self._answers) > 1 else list(cost)
        self.query_one(Block).fill(question_lines(self._question, told, width))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer."""
        name = event.button.id or ""
        self.dismiss(int(name.removeprefix("answer-")) if name.startswith("answer-") else None)


class TypeToConfirm(Window[bool]):
    """A question that is answered by typing a name."""

    def __init__(self, question: str, cost: Sequence[str], name: str) -> None:
        super().__init__()
        self._question, self._cost, self._word = question, list(cost), name

    def compose(self) -> ComposeResult:
        """Put the question in place."""
        with Vertical(id="question"):
            yield Block(id="text")
            yield Entry(placeholder=self._word, id="typed", compact=True)

    def on_mount(self) -> None:
        """State the question."""
        self.query_one(Input).focus()
        self.call_after_refresh(self.fill)

    def fill(self) -> None:
        """Lay out the question for the width that there is."""
        width = self.query_one("#question").scrollable_content_region.width
        told = [*self._cost, f"Type {self._word} and Enter to do it, Esc to leave it."]
        self.query_one(Block).fill(question_lines(self._question, told, width))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer, if the name is right."""
        if event.value.strip() == self._word:
            self.dismiss(True)
        else:
            self.notify(f"that is not {self._word}; Esc leaves it as it is", severity="warning", markup=False)


class Choose(Window[str]):
    """A choice among a few things; Enter takes the one under the cursor."""

    def __init__(self, title: str, choices: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._heading, self._choices = title, tuple(choices)

    def compose(self) -> ComposeResult:
        """Put the choices in place."""
        with Vertical(id="question") as body:
            body.border_title = Content(self._heading)
            yield OptionList(*(Option(Content(text), id=None) for _, text in self._choices), id="choices")

    def on_mount(self) -> None:
        """Give the choices the focus."""
        self.query_one(OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take it."""
        self.dismiss(self._choices[event.option_index][0])
