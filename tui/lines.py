"""Lines of coloured text as plain data: what panes produce and widgets paint; knows nothing of Textual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len, set_cell_size

from arctl.format import NA

Tone = Literal["", "dim", "good", "bad", "warn", "accent", "strong"]
TONES: tuple[Tone, ...] = ("dim", "good", "bad", "warn", "accent", "strong")

Span = tuple[str, Tone]
Line = tuple[Span, ...]

_EIGHTHS = " ▏▎▍▌▋▊▉█"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list, and the id of what it stands for; "" stands for nothing that could be chosen."""

    key: str
    line: Line


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of a row; `width` 0 takes what room is left."""

    text: str
    width: int = 0
    tone: Tone = ""
    right: bool = False


def line(text: str, tone: Tone = "") -> Line:
    """Return a line of one piece."""
    return ((text, tone),)


def plain(spans: Line) -> str:
    """Return a line without its colours."""
    return "".join(text for text, _ in spans)


def merged(spans: Line) -> Line:
    """Put neighbours of one tone together, blanks with any: every piece costs 40 bytes on the wire."""
    found: list[Span] = []
    for text, tone in spans:
        if found and (tone == found[-1][1] or not text.strip(" ")):
            found[-1] = (found[-1][0] + text, found[-1][1])
        elif text:
            found.append((text, tone))
    return tuple(found)


def difference(old: Line, new: Line) -> tuple[int, int]:
    """Return the cells (first, count) in which two lines of the same width differ; count 0 for none."""
    before = [(letter, tone) for text, tone in old for letter in text]
    after = [(letter, tone) for text, tone in new for letter in text]
    head = 0
    while head < min(len(before), len(after)) and before[head] == after[head]:
        head += 1
    tail = 0
    while tail < min(len(before), len(after)) - head and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    first = cell_len("".join(letter for letter, _ in after[:head]))
    changed = [
        cell_len("".join(letter for letter, _ in each[head : len(each) - tail])) for each in (before, after)
    ]
    return first, max(changed)


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Return text on exactly `width` cells of the terminal, cut with an ellipsis."""
    if width <= 0:
        return ""
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…"
    return " " * (width - length) + text if right else text + " " * (width - length)


def lay(cells: Sequence[Cell], width: int, gap: int = 1) -> Line:
    """Lay out cells in a row of exactly `width`; what does not fit any more is left out."""
    fixed = sum(cell.width for cell in cells) + gap * (len(cells) - 1)
    loose = sum(1 for cell in cells if not cell.width)
    share = max(0, (width - fixed) // loose) if loose else 0
    spans: list[Span] = []
    left = width
    for index, cell in enumerate(cells):
        room = min(cell.width or share, left)
        if room <= 0:
            continue
        if index and spans and left > gap:
            spans.append((" " * gap, ""))
            left -= gap
            room = min(room, left)
        spans.append((fit(cell.text, room, right=cell.right), cell.tone))
        left -= room
    if left > 0:
        spans.append((" " * left, ""))
    return tuple(spans)


def bar(share: float | None, width: int, tone: Tone = "accent") -> Line:
    """Return a bar filled to `share` (0 to 1) in steps of an eighth; a missing reading stays empty."""
    if width <= 0:
        return ()
    if share is None:
        return ((fit(NA, width), "dim"),)
    eighths = round(min(1.0, max(0.0, share)) * width * 8)
    full, rest = divmod(eighths, 8)
    body = "█" * full + (_EIGHTHS[rest] if rest else "")
    return ((body, tone), ("·" * (width - len(body)), "dim"))


def edges(left: Line, right: Line, width: int) -> Line:
    """Put one line at the left edge and one at the right; the left one gives way."""
    taken = cell_len(plain(right))
    room = max(0, width - taken)
    spans: list[Span] = []
    for text, tone in left:
        piece = text if cell_len(text) <= room else fit(text, room)
        if piece:
            spans.append((piece, tone))
        room -= cell_len(piece)
    spans.append((" " * room, ""))
    return (*spans, *right)
