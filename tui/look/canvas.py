"""A canvas of dots: braille (2x4 dots a cell), blocks (2x2) or one character a cell; pure."""

from __future__ import annotations

import math

from arctl.chart import DOTS
from arctl.tui.look.glyphs import Glyphs
from arctl.tui.look.lines import Span, Tone

_BLOCKS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"

Pixel = tuple[float, float]


class Canvas:
    """Cells of dots with a tone each; what is drawn later lies on top."""

    def __init__(self, columns: int, rows: int, glyphs: Glyphs) -> None:
        self.columns, self.rows = columns, rows
        self._kind = glyphs.plot
        self._wide, self._tall = {"braille": (2, 4), "block": (2, 2), "ascii": (1, 1)}[glyphs.plot]
        self._bits: dict[tuple[int, int], int] = {}
        self._tones: dict[tuple[int, int], Tone] = {}
        self._marks: dict[tuple[int, int], tuple[str, Tone]] = {}
        self._inks: dict[tuple[int, int], str] = {}

    @property
    def across(self) -> int:
        """Dots from left to right."""
        return self.columns * self._wide

    @property
    def down(self) -> int:
        """Dots from top to bottom."""
        return self.rows * self._tall

    def dot(self, pixel: Pixel, tone: Tone, ink: str = ".") -> None:
        """Set one dot; outside of the canvas nothing happens. `ink` is its character in plain ASCII."""
        if not (math.isfinite(pixel[0]) and math.isfinite(pixel[1])):
            return
        x, y = round(pixel[0]), round(pixel[1])
        if not (0 <= x < self.across and 0 <= y < self.down):
            return
        spot = (x // self._wide, y // self._tall)
        if self._kind == "braille":
            bit = DOTS[x % 2][y % 4]
        else:
            bit = 1 << (x % self._wide + self._wide * (y % self._tall))
        if self._tones.get(spot) != tone and tone != "dim":
            # A cell has one colour: the line that matters takes it whole.
            self._bits[spot] = 0
        elif self._tones.get(spot) not in (None, tone):
            return
        self._bits[spot] = self._bits.get(spot, 0) | bit
        self._tones[spot] = tone
        self._inks[spot] = ink

    def line(self, start: Pixel, end: Pixel, tone: Tone, ink: str = "*", dash: int = 0) -> None:
        """Draw a straight line; with `dash` only every other stretch of so many dots."""
        steps = max(1, math.ceil(max(abs(end[0] - start[0]), abs(end[1] - start[1]))))
        if steps > 4 * (self.across + self.down):
            return  # a point far outside; what is inside of its line is not worth its dots
        for step in range(steps + 1):
            if dash and (round(start[0]) + step) // dash % 2:
                continue
            share = step / steps
            self.dot(
                (start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share), tone, ink
            )

    def mark(self, pixel: Pixel, glyph: str, tone: Tone) -> None:
        """Put a character of its own on a place."""
        spot = (round(pixel[0]) // self._wide, round(pixel[1]) // self._tall)
        self._marks[spot] = (glyph, tone)

    def lines(self) -> list[tuple[Span, ...]]:
        """Return the cells as lines of spans, each `columns` wide."""
        found = []
        for row in range(self.rows):
            spans: list[Span] = []
            for column in range(self.columns):
                text, tone = self._cell((column, row))
                if spans and spans[-1][1] == tone:
                    spans[-1] = (spans[-1][0] + text, tone)
                else:
                    spans.append((text, tone))
            found.append(tuple(spans))
        return found

    def _cell(self, spot: tuple[int, int]) -> Span:
        if spot in self._marks:
            return self._marks[spot]
        bits = self._bits.get(spot, 0)
        if not bits:
            return (" ", "")
        tone = self._tones[spot]
        if self._kind == "braille":
            return (chr(0x2800 + bits), tone)
        if self._kind == "block":
            return (_BLOCKS[bits], tone)
        return (self._inks[spot], tone)
