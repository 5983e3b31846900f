"""An action: one thing that a person can do with a key, and where that key works."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """Where a key works; the order is that of the help."""

    EVERYWHERE = "everywhere"
    LIST = "in a pane"
    CONTROL = "control"
    QUEUE = "in a queue"
    FORUM = "in the forum"
    CURVE = "at a curve"
    TEXT = "in a text"
    LOG = "in a log"
    SOURCES = "in the list of logs"
    REPLAY = "in a replay"
    MODAL = "in every window"
    READING = "in a window with text"
    QUESTION = "in a question"
    PALETTE = "in the palette"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a person can do; `name` is Textual's action, `label` stands in the key line."""

    name: str
    keys: tuple[str, ...]
    label: str
    help: str
    scope: Scope
    #: It asks the daemon for a change: off while cut off, in read-only sessions, in a replay.
    changes: bool = False
    #: Whether the key line has room for it; the smallest ranks stay longest, 0 is never named there.
    rank: int = 0


#: Keys as people write them, where Textual's names differ.
_WRITTEN = {
    "question_mark": "?",
    "shift+tab": "S-Tab",
    "tab": "Tab",
    "enter": "Enter",
    "escape": "Esc",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "home": "Home",
    "end": "End",
    "f1": "F1",
    "slash": "/",
    "colon": ":",
    "minus": "-",
    "plus": "+",
    "equals_sign": "=",
    "space": "Space",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "exclamation_mark": "!",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "comma": ",",
    "full_stop": ".",
}


def written(key: str) -> str:
    """Write a key as people do: `ctrl+r` is `^r`."""
    if key in _WRITTEN:
        return _WRITTEN[key]
    return "^" + key.removeprefix("ctrl+") if key.startswith("ctrl+") else key
