"""Foreign text made harmless: the one place where escapes, controls and direction marks are taken out."""

from __future__ import annotations

import re

# CSI and OSC sequences, string sequences (DCS, SOS, PM, APC), and two-character escapes; 8-bit forms too.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
# Controls other than tab and newline; marks that turn the direction of text; zero-width and line separators.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)


def clean_block(text: str) -> str:
    """Return text that is safe to print over several lines; tabs become spaces, a return ends a line."""
    text = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROLS.sub("", text).expandtabs(4)
    # A lone surrogate cannot be encoded on its way to a terminal.
    return text.encode("utf-8", "replace").decode("utf-8")


def clean(text: str, width: int | None = None) -> str:
    """Return text that is safe on one line, cut to `width` characters where given."""
    line = " ".join(clean_block(text).split())
    return line if width is None or len(line) <= width else line[: max(0, width - 1)] + "…"
