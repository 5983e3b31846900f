"""Whether an answer is made of what an answer is made of: brains may be anybody's code."""

from __future__ import annotations

import dataclasses
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints


def misfit(value: Any, kind: Any, name: str = "answer") -> str:
    """Say which part of a value is not what its type says; empty where all is. An enumeration may be text."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind is Any:
        return ""
    if origin in (Union, UnionType):
        found = [misfit(value, one, name) for one in inner]
        return "" if "" in found else found[0]
    if origin is tuple:
        if not isinstance(value, tuple | list):
            return f"{name} is {_told(value)}"
        parts = (misfit(item, inner[0], f"{name}[{index}]") for index, item in enumerate(value))
        return next((part for part in parts if part), "")
    plain = origin or kind
    if isinstance(plain, type) and issubclass(plain, str):
        plain = str
    if not isinstance(value, plain):
        return f"{name} is {_told(value)}"
    if not dataclasses.is_dataclass(kind):
        return ""
    hints: dict[str, Any] = _hints(kind)  # type: ignore[arg-type]  # a class can be a key
    parts = (misfit(getattr(value, field), hint, f"{name}.{field}") for field, hint in hints.items())
    return next((part for part in parts if part), "")


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _told(value: Any) -> str:
    return "nothing" if value is None else f"of type {type(value).__name__}"
