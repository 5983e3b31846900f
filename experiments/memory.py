"""Amounts of memory as people write them: ``"20GB"``, ``"512MiB"``, ``"40G"``; bare numbers are megabytes."""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

#: Bytes of a unit. As tools of GPUs do, GB is read as GiB: a card of 80 GB has 80 GiB.
_UNITS = {"": 2**20, "M": 2**20, "G": 2**30, "T": 2**40}
_WRITTEN = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([MGTmgt]?)(?:[iI]?[bB])?\s*")


def mebibytes(value: object) -> float:
    """Return an amount of memory in MiB; raises ValueError for what is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        msg = f"{value!r} is not an amount of memory"
        raise ValueError(msg)
    found = _WRITTEN.fullmatch(str(value))
    if found is None:
        msg = f"{value!r} is not an amount of memory"
        raise ValueError(msg)
    amount = float(found[1]) * _UNITS[found[2].upper()] / 2**20
    if not (math.isfinite(amount) and amount > 0):
        msg = f"{value!r} is not an amount of memory above zero"
        raise ValueError(msg)
    return amount


def _validated(value: object) -> float:
    try:
        return mebibytes(value)
    except ValueError as error:
        raise PydanticCustomError(
            "memory", "{problem}", {"problem": f"{error}.", "remedy": 'Write for example "20GB" or "512MB".'}
        ) from None


Memory = Annotated[
    float,
    BeforeValidator(_validated),
    PlainSerializer(float, return_type=float),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "string", "pattern": _WRITTEN.pattern, "examples": ["20GB", "512MB"]},
            ]
        }
    ),
]
"""An amount of memory in MiB, read from text with a unit."""
