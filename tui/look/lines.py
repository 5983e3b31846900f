"""Lines of coloured text as plain data: what panes produce and widgets paint; knows nothing of Textual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len, set_cell_size

from arctl.format import NA
from arctl.tui.look.glyphs import Glyphs

Tone = Literal["", "dim", "good", "bad", "warn", "accent", "second", "strong", "added", "removed", "match"]
TONES: tuple[Tone, ...] = (
    "dim", "good", "bad", "warn", "accent", "second", "strong", "added", "removed", "match",
)  # fmt: skip

Span = tuple[str, Tone]
Line = tuple[Span, ...]


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
    """Return the cells (first, count) in which two lines differ; count 0 for none.

    Where one is wider than the other, all behind the first difference has moved.
    """
    before = [(letter, tone) for text, tone in old for letter in text]
    after = [(letter, tone) for text, tone in new for letter in text]
    head = 0
    while head < min(len(before), len(after)) and before[head] == after[head]:
        head += 1
    tail = 0
    level = cell_len(plain(old)) == cell_len(plain(new))
    while level and tail < min(len(before), len(after)) - head and before[-1 - tail] == after[-1 - tail]:
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
    # Zero-width characters aside, more letters than this cannot be seen; a megabyte is not measured.
    text = text[: 4 * width + 4]
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…"
    return " " * (width - length) + text if right else text + " " * (width - length)


def padded(spans: Line, width: int) -> Line:
    """Return a line on exactly `width` cells, cut or filled with blanks."""
    found: list[Span] = []
    left = width
    for text, tone in spans:
        if left <= 0:
            break
        piece = text if cell_len(text) <= left else fit(text, left)
        if piece:
            found.append((piece, tone))
        left -= cell_len(piece)
    if left > 0:
        found.append((" " * left, ""))
    return tuple(found)


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


def bar(share: float | None, width: int, glyphs: Glyphs, tone: Tone = "accent") -> Line:
    """Return a bar filled to `share` (0 to 1) as finely as glyphs allow; a missing reading stays empty."""
    if width <= 0:
        return ()
    if share is None:
        return ((fit(NA, width), "dim"),)
    steps = len(glyphs.partial)
    filled = round(min(1.0, max(0.0, share)) * width * steps)
    full, rest = divmod(filled, steps)
    body = glyphs.full * full + (glyphs.partial[rest] if rest else "")
    return ((body, tone), (glyphs.empty * (width - len(body)), "dim"))


def spark(values: Sequence[float | None], width: int, glyphs: Glyphs, high: float = 100.0) -> str:
    """Return a history on `width` cells, the newest at the right; each cell is the mean of its readings.

    A reading that is missing is a blank, as is the time before the first one.
    """
    if width <= 0 or not values:
        return " " * max(0, width)
    per = max(1, -(-len(values) // width))
    cells = []
    for end in range(len(values), 0, -per):
        told = [value for value in values[max(0, end - per) : end] if value is not None]
        if not told:
            cells.append(" ")
            continue
        share = min(1.0, max(0.0, sum(told) / len(told) / high))
        cells.append(glyphs.spark[round(share * (len(glyphs.spark) - 1))])
    return "".join(reversed(cells[:width])).rjust(width)


def wrap(text: str, width: int, tone: Tone = "", indent: str = "", most: int = 400) -> list[Line]:
    """Break a text of several lines into lines of at most `width` cells; at most `most` of them."""
    found: list[Line] = []
    paragraphs = text.splitlines() or [""]
    for at, paragraph in enumerate(paragraphs):
        left = paragraph[: width * most]
        room = max(8, width - cell_len(indent))
        if not left.strip():
            found.append(())
        while left.strip() and len(found) < most:
            piece, left = _broken(left, room)
            found.append(((indent + piece, tone),))
        if len(found) >= most and (left.strip() or at < len(paragraphs) - 1):
            return [*found[: most - 1], ((indent + "…", "dim"),)]
    return found


def _broken(text: str, room: int) -> tuple[str, str]:
    """Break off what fits into `room` cells, between words where there is a place for that."""
    head = text[:room]
    while cell_len(head) > room:
        head = head[:-1]
    if len(head) == len(text):
        return text.rstrip(), ""
    space = head.rfind(" ") if not text[len(head)].isspace() else len(head)
    if space < room // 3:
        return head, text[len(head) :].lstrip(" ")
    return head[:space].rstrip(), text[space:].lstrip(" ")


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


def without_first_cell(line: Line) -> Line:
    """Return a line without its first letter: a mark takes its place."""
    if not line or not line[0][0]:
        return line
    (text, tone), rest = line[0], line[1:]
    return ((text[1:], tone), *rest)
