"""Only cells that differ are sent, and the terminal shows what it would show if all were."""

from __future__ import annotations

import random
import re

import pytest
from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from arctl.tui.widgets.cells import Cells, look_of

WIDTH, HEIGHT = 40, 6
CONSOLE = Console(color_system="truecolor", force_terminal=True)
STYLES = [
    Style.parse(each) for each in ("red on #202020", "bold red on #202020", "#00ff00", "", "reverse", "bold")
]
TOKEN = re.compile(r"\x1b\[([\d;]*)([A-Za-z])|(\n)|([^\x1b\n]+)")


class Shown:
    """What a terminal shows after some bytes: letters with the look that they were written in."""

    def __init__(self) -> None:
        self.cells = {(x, y): (" ", ("", "", "")) for x in range(WIDTH) for y in range(HEIGHT)}
        self.x = self.y = 0
        self.look = ("", "", "")

    def take(self, text: str) -> Shown:
        for given, final, _, letters in TOKEN.findall(text):
            if final == "H":
                self.y, self.x = (int(each) - 1 for each in given.split(";"))
            elif final == "C":
                self.x += int(given)
            elif final == "m":
                self.look = _looked(self.look, given)
            for letter in letters:
                width = cell_len(letter)
                if not width:  # a mark joins the letter before it
                    at = self.x - 1
                    while not self.cells[at, self.y][0]:
                        at -= 1
                    before, look = self.cells[at, self.y]
                    self.cells[at, self.y] = (before + letter, look)
                    continue
                for more in range(width):
                    self.cells[self.x + more, self.y] = ("" if more else letter, self.look)
                self.x += width
        return self


def _looked(look: tuple[str, str, str], given: str) -> tuple[str, str, str]:
    """Apply the parameters of one SGR sequence."""
    (attributes, ink, paper), codes = look, given.split(";") if given else ["0"]
    while codes:
        code = codes.pop(0)
        if code == "0":
            attributes = ink = paper = ""
        elif code in ("38", "48"):
            count = 4 if codes[0] == "2" else 2
            colour = ";".join([code, *codes[:count]])
            codes = codes[count:]
            ink, paper = (colour, paper) if code == "38" else (ink, colour)
        elif code == "39":
            ink = ""
        elif code == "49":
            paper = ""
        elif 30 <= int(code) <= 37:
            ink = code
        elif 40 <= int(code) <= 47:
            paper = code
        else:
            attributes = ";".join(filter(None, [attributes, code]))
    return attributes, ink, paper


def strip(rng: random.Random, width: int, letters: str) -> Strip:
    """Make a strip of exactly `width` cells."""
    segments, left = [], width
    while left > 0:
        text = "".join(rng.choices(letters, k=rng.randrange(1, 9)))
        while cell_len(text) > left:
            text = text[:-1]
        text = text.lstrip("\u0301") or " "
        segments.append(Segment(text, rng.choice(STYLES)))
        left -= cell_len(text)
    return Strip(segments, width)


def update(rng: random.Random, letters: str) -> ChopsUpdate | LayoutUpdate:
    """Make a layout or a few spans of lines, each in two pieces."""
    cut = WIDTH // 2
    lines = [{0: strip(rng, cut, letters), cut: strip(rng, WIDTH - cut, letters)} for _ in range(HEIGHT)]
    if rng.random() < 0.2:
        return LayoutUpdate([list(line.values()) for line in lines], Region(0, 0, WIDTH, HEIGHT))
    rows = sorted(rng.sample(range(HEIGHT), 3))
    spans = [
        (y, first, rng.randrange(first + 1, WIDTH + 1)) for y in rows for first in [rng.randrange(WIDTH)]
    ]
    return ChopsUpdate(lines, spans, [[cut, WIDTH]] * HEIGHT)


@pytest.mark.parametrize(
    "letters", ["ab  ", "ab─▌", "a世 ", "ae\u0301 "], ids=["ascii", "drawn", "wide", "marks"]
)
@pytest.mark.parametrize("seed", range(5))
def test_what_is_shown_is_what_textual_would_have_shown(letters: str, seed: int) -> None:
    rng, cells = random.Random(seed), Cells()
    lean, whole = Shown(), Shown()
    for _ in range(40):
        each = update(rng, letters)
        whole.take(each.render_segments(CONSOLE))
        lean.take(cells.render(each, CONSOLE))
        for place, (letter, look) in whole.cells.items():
            assert lean.cells[place] == (letter, look), place


def test_the_same_frame_again_sends_nothing() -> None:
    cells, rng = Cells(), random.Random(1)
    lines = [[strip(rng, WIDTH, "ab ")] for _ in range(HEIGHT)]
    frame = LayoutUpdate(lines, Region(0, 0, WIDTH, HEIGHT))
    assert len(cells.render(frame, CONSOLE)) > WIDTH * HEIGHT
    assert cells.render(frame, CONSOLE) == ""


def test_what_was_forgotten_is_sent_again() -> None:
    cells, rng = Cells(), random.Random(1)
    frame = LayoutUpdate([[strip(rng, WIDTH, "ab ")]], Region(0, 0, WIDTH, 1))
    first = cells.render(frame, CONSOLE)
    cells.forget()
    assert cells.render(frame, CONSOLE) == first


def test_one_letter_costs_a_move_and_a_look() -> None:
    cells, style = Cells(), STYLES[0]
    for text in ("util 90%", "util 91%"):
        sent = cells.render(
            LayoutUpdate([[Strip([Segment(text, style)])]], Region(0, 0, len(text), 1)), CONSOLE
        )
    look = ";".join(filter(None, look_of(style, ColorSystem.TRUECOLOR)))
    assert sent == f"\x1b[1;7H\x1b[{look}m1\x1b[0m"
