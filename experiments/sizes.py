"""Amounts of storage as people write them: ``500000000``, ``"500MB"``, ``"20GB"``, ``"1.5TiB"``."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_BINARY = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_TEXT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?\s*", re.IGNORECASE)


def size(value: object) -> int:
    """Return a number of bytes; raises ValueError for what is not an amount of storage."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and (match := _TEXT.fullmatch(value)) is not None:
        units = _BINARY if match[3] else _UNITS
        return round(float(match[1]) * units[match[2].lower()])
    msg = f"{value!r} is not an amount of storage"
    raise ValueError(msg)


def _validated(value: object) -> int:
    try:
        return size(value)
    except ValueError as error:
        raise PydanticCustomError(
            "size",
            "{problem}",
            {"problem": f"{error}.", "remedy": 'Write bytes or a string such as "500MB" or "20GB".'},
        ) from None


Size = Annotated[
    int,
    BeforeValidator(_validated),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {
                    "type": "string",
                    "pattern": r"^\s*\d+(\.\d+)?\s*[kKmMgGtT]?i?[bB]?\s*$",
                    "examples": ["20GB"],
                },
            ]
        }
    ),
]
"""A number of bytes, read from a number or from text with a unit."""
