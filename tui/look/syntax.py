"""A difference as lines with their kinds and colours; pure, and made once for each answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from arctl.tui.look.lines import Span, Tone

_HUNK = re.compile(r"^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
#: Lines that are looked at, and letters of a line whose words are told apart.
MOST_LINES, MOST_LETTERS = 5000, 400
_WORDS = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Changed:
    """One line of a difference: `kind` is file, hunk, +, - or a blank; `number` is its new line."""

    kind: str
    spans: tuple[Span, ...]
    number: int | None = None

    @property
    def text(self) -> str:
        """The line without its colours."""
        return "".join(text for text, _ in self.spans)


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file of a difference, and how many lines it gained and lost."""

    name: str
    added: int
    removed: int


@lru_cache(maxsize=16)
def parse(text: str) -> tuple[Changed, ...]:
    """Read a unified difference (of cleaned text) as lines."""
    found: list[Changed] = []
    lexer = ""
    number = 0
    left = text.splitlines()
    head, heading = 0, True
    gone: list[int] = []
    for raw in left[:MOST_LINES]:
        if raw.startswith("diff --git "):
            name = raw.rpartition(" b/")[2] or raw
            lexer, head, heading, gone = name, len(found), True, []
            found.append(Changed("file", ((name, "strong"),)))
            continue
        if match := _HUNK.match(raw):
            number, heading, gone = int(match[2]), False, []
            found.append(Changed("hunk", ((raw, "accent"),)))
            continue
        if heading:
            if raw.startswith(("new file", "deleted file", "rename ", "old mode", "new mode", "Binary ")):
                found[head : head + 1] = (
                    [Changed("file", (*found[head].spans, (f"  {raw}", "dim")))] if found else []
                )
            continue
        sign, body = raw[:1], raw[1:]
        if sign == "-":
            gone.append(len(found))
            found.append(Changed("-", ((body, "removed"),)))
        elif sign == "+":
            line: tuple[Span, ...] = ((body, "added"),)
            if gone:
                before = gone.pop(0)
                old, line = _words(found[before].text, body)
                found[before] = Changed("-", old)
            found.append(Changed("+", line, number))
            number += 1
        else:
            gone = []
            if sign == "\\":
                found.append(Changed(" ", ((raw, "dim"),)))
                continue
            found.append(Changed(" ", _tokens(lexer, body), number))
            number += 1
    if len(left) > MOST_LINES:
        found.append(
            Changed("hunk", ((f"… {len(left) - MOST_LINES} lines more: `arctl diff` has them", "dim"),))
        )
    return tuple(found)


def files(changed: Sequence[Changed]) -> tuple[FileChange, ...]:
    """Return the files of a difference with what they gained and lost."""
    found: list[FileChange] = []
    name, added, removed, some = "", 0, 0, False
    for line in changed:
        if line.kind == "file":
            if some:
                found.append(FileChange(name, added, removed))
            name, added, removed, some = line.spans[0][0], 0, 0, True
        added += line.kind == "+"
        removed += line.kind == "-"
    return (*found, FileChange(name, added, removed)) if some or added or removed else ()


def _words(old: str, new: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Return a line and what became of it, the words in which they differ standing out."""
    whole: tuple[tuple[Span, ...], tuple[Span, ...]] = (((old, "removed"),), ((new, "added"),))
    if len(old) > MOST_LETTERS or len(new) > MOST_LETTERS:
        return whole
    left, right = _WORDS.findall(old), _WORDS.findall(new)
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    if matcher.ratio() < 0.5:
        return whole
    before: list[Span] = []
    after: list[Span] = []
    for kind, i, j, k, m in matcher.get_opcodes():
        same = kind == "equal"
        before.append(("".join(left[i:j]), "removed" if same else "strong"))
        after.append(("".join(right[k:m]), "added" if same else "strong"))
    return tuple(span for span in before if span[0]), tuple(span for span in after if span[0])


def _tokens(name: str, text: str) -> tuple[Span, ...]:
    """Colour a line of Python that did not change; other languages stay as they are."""
    if not name.endswith(".py") or len(text) > MOST_LETTERS or not text.strip():
        return ((text, ""),)
    # Imported late: only a page with a difference needs it.
    from pygments.lexers.python import PythonLexer  # type: ignore[import-untyped]
    from pygments.token import (  # type: ignore[import-untyped]
        Comment,
        Keyword,
        Number,
        String,
    )

    tones: tuple[tuple[object, Tone], ...] = (
        (Comment, "dim"), (String, "second"), (Keyword, "accent"), (Number, "warn"),
    )  # fmt: skip
    found: list[Span] = []
    for kind, piece in PythonLexer(stripnl=False, ensurenl=False).get_tokens(text):
        tone: Tone = next((tone for family, tone in tones if kind in family), "")  # type: ignore[operator]
        if found and found[-1][1] == tone:
            found[-1] = (found[-1][0] + piece, tone)
        elif piece:
            found.append((piece, tone))
    return tuple(found)
