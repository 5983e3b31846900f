"""Written ideas: a patch with a short header, or a bare unified difference."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from arctl.experiments.errors import ScienceError

FIELDS = ("title", "hypothesis", "axis", "move", "expected", "if-works", "if-fails")


@dataclass(frozen=True, slots=True)
class Card:
    """One written idea; `patch` is a unified difference."""

    title: str
    patch: str
    hypothesis: str = ""
    axis: str = ""
    move: str = ""
    expected: str = ""
    if_works: str = ""
    if_fails: str = ""


def parse(text: str, name: str) -> Card:
    """Read a card with its header; raises `ScienceError` with the line of the file `name` that is wrong.

    The header is `key: value` lines, closed by a line `---`; an indented line continues the one above.
    """
    fields: dict[str, str] = {}
    lines = text.splitlines(keepends=True)
    key = ""
    for number, line in enumerate(lines, start=1):
        if line.strip() == "---":
            patch = "".join(lines[number:])
            break
        word, colon, value = line.partition(":")
        if line[:1].isspace() and key:
            fields[key] += " " + line.strip()
        elif colon and word.strip() in FIELDS:
            key = word.strip()
            fields[key] = value.strip()
        elif line.strip():
            msg = f"{name}:{number}: {line.strip()[:40]!r} is no header line"
            raise ScienceError(msg, f"write one of {', '.join(FIELDS)}, then a line --- before the diff")
    else:
        msg = f"{name}: the header is not closed"
        raise ScienceError(msg, "put a line --- between the header and the diff")
    if not fields.get("title"):
        msg = f"{name}: there is no title"
        raise ScienceError(msg, "begin the header with a line `title: …`")
    return Card(
        title=fields["title"],
        patch=patch,
        hypothesis=fields.get("hypothesis", ""),
        axis=fields.get("axis", ""),
        move=fields.get("move", ""),
        expected=fields.get("expected", ""),
        if_works=fields.get("if-works", ""),
        if_fails=fields.get("if-fails", ""),
    )


def has_header(text: str) -> bool:
    """Tell whether a text begins with a card's header rather than with a difference."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    word, colon, _ = first.partition(":")
    return bool(colon) and word.strip() in FIELDS


def read(text: str, name: str) -> Card:
    """Read a card, or a bare difference that is called by its file's name; raises `ScienceError`."""
    card = parse(text, name) if has_header(text) else Card(title=name, patch=text)
    if not is_patch(card.patch):
        msg = f"{name} holds no unified difference"
        raise ScienceError(msg, "write one with `git diff > idea.patch`")
    return card


def is_patch(text: str) -> bool:
    """Tell whether a text looks like a unified difference: a file's two names, or git's line for a file."""
    lines = text.splitlines()
    names = any(one.startswith("--- ") and two.startswith("+++ ") for one, two in itertools.pairwise(lines))
    return names or any(line.startswith("diff --git ") for line in lines)
