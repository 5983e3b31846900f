"""Hostile texts in every field of every reply, and what must never reach a terminal."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from arctl.text import MARKS
from tests.tui.recorded import Json, Recording

#: A megabyte on one line.
LONG = "w" * 1_000_000
#: Escapes, titles, markup, direction marks, NUL, backspaces, marks in heaps, wide letters, flags, selectors.
EVIL = (
    "\x1b[2J\x1b[H\x1b]0;OWNED\x07\x1b]52;c;T1dORUQ=\x07\x1bP+q544e\x1b\\\x9b31m\x1b(0\x1bc[red]bold[/red]"
    "[@click=app.quit]x[/]\x00\x08\x7f\r\u202e\u2066\u200b\u200d漢字é\u0301" + "a" + "\u0336" * 60 +
    "\U0001f1e9\U0001f1ea👩\u200d👩\u200d👧❤\ufe0f\U000e0041\ue0b0\ufdd0\u2028\u0085\ttab\n\u0301line"
)  # fmt: skip
#: Fields whose values lead from one thing to the next: without them nothing could be opened.
NAMES = frozenset({
    "id", "campaign", "experiment", "run", "team", "direction", "agent", "thread", "parent", "champion",
    "subject", "base", "proposal", "directive", "source", "axis", "kind", "state", "verdict", "seq",
})  # fmt: skip


def poisoned(value: Any, *, keep: frozenset[str] = NAMES, tail: str = "", name: str = "") -> Any:
    """Return a reply with hostile text in each of its texts, but in those of the fields that are kept."""
    if isinstance(value, str):
        return value if name in keep else EVIL + value + EVIL + tail
    if isinstance(value, list):
        return [poisoned(item, keep=keep, tail=tail, name=name) for item in value]
    if isinstance(value, dict):
        return {key: poisoned(item, keep=keep, tail=tail, name=key) for key, item in value.items()}
    return value


def poison(recording: Recording, *, keep: frozenset[str] = NAMES, tail: str = "") -> Recording:
    """Return a recording in which every text is hostile; queries and places stay, so that all is opened."""

    def changed(value: Any) -> Any:
        return poisoned(value, keep=keep, tail=tail)

    status = changed(recording.status)
    if recording.status.get("campaigns") and "campaign" not in keep:
        # What is asked names the campaign: the first one keeps its name, and hostile others stand beside it.
        status["campaigns"].append(recording.status["campaigns"][0])
    return Recording(
        recording.at, EVIL, status, changed(recording.devices), changed(recording.events), recording.places,
        {name: _reply(found, changed) for name, found in recording.replies.items()},
    )  # fmt: skip


def _reply(found: Json, changed: Any) -> Json:
    return {"reply": changed(found["reply"])} if "reply" in found else {"error": EVIL + found["error"]}


#: Categories of characters that a terminal obeys, or shows in a width of its own.
_BAD = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def raw(text: str) -> list[str]:
    """Return what of a screen's text must not be there."""
    found = [f"U+{ord(letter):04X}" for letter in set(text) - {"\n"} if unicodedata.category(letter) in _BAD]
    found += [name for name in ("OWNED", "T1dORUQ", "\ufe0f") if name in text]
    heap = re.search(f"[\u0300-\u036f]{{{MARKS + 1}}}", text)
    return [*found, *(["a heap of marks"] if heap else [])]


#: What the interface itself sends to a terminal: colours and places, modes, erasing to the end of a line.
_SENT = re.compile(
    rb"\x1b\[[0-9;:?<=>]*[A-HJKSTdfhlmnqrtu]|\x1b\[[0-9;?]*\$p|\x1b\[\?[0-9;$]*[a-z]|\x1b[=>78]|\x1b\([B0]|\x1bP[^\x1b]*\x1b\\"
    rb"|\x1b\[[0-9;]* q"
)


def escapes(sent: bytes) -> list[bytes]:
    """Return the escapes among what was sent to a terminal that no interface has a reason to send."""
    left = _SENT.sub(b"", sent)
    return re.findall(rb"[\x1b\x9b\x9d][^\x1b]{0,40}|[\x00-\x07\x0b\x0c\x0e-\x1a\x7f]", left)
