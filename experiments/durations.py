"""Lengths of time as people write them: ``90``, ``"90s"``, ``"10m"``, ``"1h30m"``."""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = r"\d+(?:\.\d+)?\s*[smhd]"
_WHOLE = re.compile(rf"\s*(?:{_PART}\s*)+")
_ONE = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")


def seconds(value: object) -> float:
    """Return a positive number of seconds; raises ValueError for what is not a length of time."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        msg = f"{value!r} is not a length of time"
        raise ValueError(msg)
    if isinstance(value, str):
        if not _WHOLE.fullmatch(value):
            msg = f"{value!r} is not a length of time"
            raise ValueError(msg)
        total = sum(float(number) * _UNITS[unit] for number, unit in _ONE.findall(value))
    else:
        total = float(value)
    if not (math.isfinite(total) and total > 0):
        msg = f"{value!r} is not a positive length of time"
        raise ValueError(msg)
    return total


def _validated(value: object) -> float:
    try:
        return seconds(value)
    except ValueError as error:
        raise PydanticCustomError(
            "duration",
            "{problem}",
            {
                "problem": f"{error}.",
                "remedy": 'Write seconds (90) or a string such as "90s", "10m" or "1h30m".',
            },
        ) from None


Seconds = Annotated[
    float,
    BeforeValidator(_validated),
    PlainSerializer(float, return_type=float),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "string", "pattern": rf"^\s*({_PART}\s*)+$", "examples": ["90s", "10m", "1h30m"]},
            ]
        }
    ),
]
"""A duration in seconds, read from a number or from text with units."""
