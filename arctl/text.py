"""Foreign text made harmless: the one place where escapes, controls and direction marks are taken out."""

from __future__ import annotations

import re
import unicodedata

# CSI and OSC sequences, string sequences (DCS, SOS, PM, APC), and two-character escapes; 8-bit forms too.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
# What is not seen, or changes how its neighbours are: controls other than tab and newline; marks that turn
# the direction of text; zero-width and line separators; variation selectors, tags, annotations; fillers.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
# Private use and noncharacters: each font shows something else, in a width of its own.
_PRIVATE = re.compile("[\ue000-\uf8ff\ufdd0-\ufdef\ufffe\uffff\U000f0000-\U0010ffff]")
# Two of these are one flag in one terminal and two boxes in the next: the letters of the flag say it in both.
_FLAGS = re.compile("[\U0001f1e6-\U0001f1ff]")
#: Marks that one letter may carry: scripts in use need three, heaps that climb over other lines need more.
MARKS = 3


def clean_block(text: str) -> str:
    """Return text that is safe to print over several lines; tabs become spaces, a return ends a line."""
    # Most texts are harmless as they are, and telling so costs a fiftieth of looking for escapes.
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    text = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROLS.sub("", text).expandtabs(4)
    if text.isascii():
        return text
    text = _FLAGS.sub(lambda found: chr(ord(found[0]) - 0x1F1E6 + ord("A")), _PRIVATE.sub("�", text))
    # A lone surrogate cannot be encoded on its way to a terminal.
    return _unheaped(text.encode("utf-8", "replace").decode("utf-8"))


def _unheaped(text: str) -> str:
    """Leave each letter a few marks; one without a letter before it would sit on whatever stands there."""
    if not any(map(_is_mark, set(text))):
        return text
    kept, marks = [], MARKS
    for letter in text:
        if _is_mark(letter):
            marks += 1
            if marks > MARKS:
                continue
        else:
            marks = MARKS if letter.isspace() else 0
        kept.append(letter)
    return "".join(kept)


def _is_mark(letter: str) -> bool:
    return unicodedata.category(letter) in ("Mn", "Me")


def clean(text: str, width: int | None = None) -> str:
    """Return text that is safe on one line, cut to `width` characters where given."""
    line = " ".join(clean_block(text).split())
    return line if width is None or len(line) <= width else line[: max(0, width - 1)] + "…"
