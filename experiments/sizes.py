"""Amounts of memory and disk as people write them: ``"20GB"``, ``"512MiB"``, a number of bytes."""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

_UNITS = {"": 1, "K": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}
_BINARY = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_PATTERN = r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\s*"
_WHOLE = re.compile(_PATTERN, re.IGNORECASE)


def size(value: object) -> int:
    """Return a positive number of bytes; raises ValueError for what is not an amount."""
    found = _WHOLE.fullmatch(value) if isinstance(value, str) else None
    if found is not None:
        units = _BINARY if found[3] else _UNITS
        value = float(found[1]) * units[found[2].upper()]
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not math.isfinite(value)
        or value < 1
    ):
        msg = f"{value!r} is not an amount of bytes"
        raise ValueError(msg)
    return int(value)


def _validated(value: object) -> int:
    try:
        return size(value)
    except ValueError as error:
        context = {"problem": f"{error}.", "remedy": 'Write text such as "20GB" or "512MiB".'}
        raise PydanticCustomError("size", "{problem}", context) from None


Size = Annotated[
    int,
    BeforeValidator(_validated),
    PlainSerializer(int, return_type=int),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "exclusiveMinimum": 0},
                {"type": "string", "pattern": f"^{_PATTERN}$", "examples": ["20GB", "512MiB"]},
            ]
        }
    ),
]
"""An amount in bytes, read from a number or from text with a unit."""
