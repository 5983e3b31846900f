"""Reading replies with care: what is missing or of another kind becomes empty, and every text is harmless."""

from __future__ import annotations

import math
from typing import Any

from arctl.text import clean, clean_block

#: Characters of a text on one line that are looked at: nobody reads on, and a megabyte is not cleaned again
#: and again with every look.
LONGEST = 8_000


def word(data: Any, name: str) -> str:
    """Return a text of a reply on one line; "" where there is none."""
    value = data.get(name) if isinstance(data, dict) else None
    return _line(value) if isinstance(value, str) else ""


def _line(text: str) -> str:
    return clean(text) if len(text) <= LONGEST else clean(text[:LONGEST]) + "…"


def block(data: Any, name: str) -> str:
    """Return a text of a reply with its line breaks; "" where there is none."""
    value = data.get(name) if isinstance(data, dict) else None
    return clean_block(value) if isinstance(value, str) else ""


def real(data: Any, name: str) -> float | None:
    """Return a finite number of a reply; None where there is none."""
    value = data.get(name) if isinstance(data, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def whole(data: Any, name: str) -> int:
    """Return a count of a reply; 0 where there is none."""
    return int(real(data, name) or 0)


def yes(data: Any, name: str) -> bool:
    """Tell whether a reply says so."""
    return isinstance(data, dict) and bool(data.get(name))


def listed(data: Any, name: str) -> list[Any]:
    """Return a list of a reply; an empty one where there is none."""
    value = data.get(name) if isinstance(data, dict) else None
    return value if isinstance(value, list) else []


def words(data: Any, name: str) -> tuple[str, ...]:
    """Return the texts of a list of a reply."""
    return tuple(_line(item) for item in listed(data, name) if isinstance(item, str))


def inner(data: Any, name: str) -> dict[str, Any]:
    """Return an object of a reply; an empty one where there is none."""
    value = data.get(name) if isinstance(data, dict) else None
    return value if isinstance(value, dict) else {}
