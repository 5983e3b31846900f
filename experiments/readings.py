"""Numbers as training scripts print them; shared by curves and final metrics."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

NUMBER = (
    r"[-+]?(?:(?:\d{1,3}(?:,\d{3})++(?!\d)|\d++)(?:\.\d*+)?(?:[eE][-+]?\d++)?"
    r"|\.\d++(?:[eE][-+]?\d++)?|(?:nan|inf(?:inity)?)(?![A-Za-z0-9_]))"
)
"""A number with thousands commas, exponents, nan, inf; possessive, so that no line takes quadratic time."""

_WHOLE = re.compile(NUMBER, re.IGNORECASE)
_ANSI = re.compile(r"\x1b(?:\[[0-?]*+[ -/]*+[@-~]|\][^\x07\x1b]*+(?:\x07|\x1b\\)|[@-Z\\^_])")
_MOST_VALUES = 10_000
_MOST_ITEMS = 100


def number(text: str) -> float | None:
    """Read one number; None for anything else."""
    text = text.strip()
    if not _WHOLE.fullmatch(text):
        return None
    return float(text.replace(",", ""))


def plain(data: bytes) -> str:
    """Decode log output and take the colours and cursor movements out."""
    text = data.decode("utf-8", errors="replace")
    return _ANSI.sub("", text) if "\x1b" in text else text


def flat(value: object) -> dict[str, float]:
    """Flatten the numbers of a JSON value to dotted keys; list items by index, the last also as ``-1``."""
    found: dict[str, float] = {}
    for key, item in _walk(value, ""):
        found[key] = item
        if len(found) >= _MOST_VALUES:
            break
    return found


def _walk(value: object, prefix: str, depth: int = 0) -> Iterator[tuple[str, float]]:
    if isinstance(value, bool) or depth > 32:
        return
    if isinstance(value, (int, float)):
        try:
            yield prefix.removesuffix("."), float(value)
        except OverflowError:
            yield prefix.removesuffix("."), float("inf") if value > 0 else float("-inf")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _walk(item, f"{prefix}{key}.", depth + 1)
    elif isinstance(value, list) and value:
        for index, item in enumerate(value[:_MOST_ITEMS]):
            yield from _walk(item, f"{prefix}{index}.", depth + 1)
        yield from _walk(value[-1], f"{prefix}-1.", depth + 1)
