"""From lines to the terminal: tones become styles of the theme, and only cells that changed are repainted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from arctl.tui.look.lines import TONES, Line, Tone, difference, merged

TONE_CLASSES = {f"tone--{tone}" for tone in TONES}
#: What must never reach a terminal; texts are cleaned where they come in, and this is the last door.
_RAW = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
#: What stands for the letters that arctl itself writes, where only ASCII is wanted.
_NEAR = {"…": ".", "→": ">", "°": "'", "·": ".", "−": "-", "–": "-", "×": "x", "←": "<", "↑": "^", "↓": "v"}


def style_of(widget: Widget, tone: Tone) -> Style:
    """Return the style that the theme gives to a tone."""
    if not tone:
        return Style.null()
    return widget.get_component_rich_style(f"tone--{tone}", partial=True)


def paint(widget: Widget, spans: Line, width: int, base: Style, *, stale: bool = False) -> Strip:
    """Return a line on exactly `width` cells; what is stale loses its colours and steps back."""
    plain = widget.app.has_class("-ascii")
    segments = [
        Segment(
            ascii_only(text) if plain else _RAW.sub(" ", text),
            base + style_of(widget, "dim" if stale and tone != "strong" else tone),
        )
        for text, tone in merged(spans)
    ]
    return Strip(segments).adjust_cell_length(width, base)


def ascii_only(text: str) -> str:
    """Return a text in plain ASCII, each letter on as many cells as before."""
    return "".join(
        letter if " " <= letter <= "~" else _NEAR.get(letter, "?" * cell_len(letter)) for letter in text
    )


class Lines(Widget):
    """A block of lines that cannot be entered or scrolled."""

    COMPONENT_CLASSES: ClassVar[set[str]] = TONE_CLASSES

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes, markup=False)
        self._lines: tuple[Line, ...] = ()

    def set_lines(self, lines: Sequence[Line]) -> None:
        """Show these lines; those that are the same as before are not touched."""
        before, now = self._lines, tuple(lines)
        if before == now:
            return
        self._lines = now
        if len(before) != len(now):
            self.refresh()
            return
        regions = []
        for y, (old, new) in enumerate(zip(before, now, strict=True)):
            first, count = difference(old, new)
            regions.append(Region(first, y, count, 1))
        self.refresh(*filter(None, regions))

    def render_line(self, y: int) -> Strip:
        """Paint one line."""
        width, base = self.size.width, self.rich_style
        if y >= len(self._lines):
            return Strip.blank(width, base)
        return paint(self, self._lines[y], width, base)
