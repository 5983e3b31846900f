"""Foreign text on its way to a model: cleaned, shortened, and fenced off as data."""

from __future__ import annotations

import math
import re

from arctl.text import clean, clean_block

# What looks like a tag or a turn of a conversation; a traceback's <module> stays readable.
_TAG = re.compile(r"<(/?[A-Za-z!|][^<>\n]{0,200})>")
_TURN = re.compile(r"^(\s*)(human|assistant|system|user)(\s*):", re.IGNORECASE | re.MULTILINE)


def line(text: str, limit: int = 200) -> str:
    """Return foreign text on one line, without escapes and markup."""
    return clean(plain(text[: 20 * limit]), limit)


def block(text: str, limit: int, *, end: bool = False) -> str:
    """Return foreign text over several lines, without escapes and markup; `end` keeps its end when cut."""
    # Cut first, generously: cleaning a megabyte costs time, and escapes only ever make it shorter.
    rough = text[-4 * limit :] if end else text[: 4 * limit]
    return cut(plain(clean_block(rough)).strip("\n"), limit, end=end)


def verbatim(text: str) -> str:
    """Return a file's text as it is to be copied from: without escapes, with its tabs and markup."""
    return "\t".join(clean_block(part) for part in text.split("\t"))


def plain(text: str) -> str:
    """Take the meaning out of markup, and keep it readable."""
    return _TURN.sub(r"\1\2\3 -", _TAG.sub("‹\\1›", text))


def cut(text: str, limit: int, *, end: bool = False) -> str:
    """Return at most `limit` characters, and say how many were left out."""
    if len(text) <= limit:
        return text
    said = f"[{len(text) - limit} characters left out]"
    return f"{said}\n{text[-limit:]}" if end else f"{text[:limit]}\n{said}"


def fence(kind: str, text: str, of: str = "") -> str:
    """Return text between tags that say that it is data; the text cannot close them."""
    tag, number = "data", 1
    while f"</{tag}" in text:
        number += 1
        tag = f"data{number}"
    quoted = line(of).replace('"', "'")
    named = f' of="{quoted}"' if of else ""
    return f'<{tag} kind="{kind}"{named}>\n{text}\n</{tag}>'


def number(value: float | None) -> str:
    """Return a figure with six digits, a dash where there is none."""
    return "-" if value is None or not math.isfinite(value) else f"{value:.6g}"
