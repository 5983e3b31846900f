"""What a model gave to a tool, read by type and bounded: nothing of it is trusted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from arctl.daemon.rows import Json
from arctl.experiments.models import Param
from arctl.text import clean, clean_block

TITLE, TEXT, NOTES = 200, 4000, 4000
_AXIS = re.compile(r"[A-Za-z_][\w-]*(\.[A-Za-z0-9_][\w-]*)*", re.ASCII)
_IDENT = re.compile(r"[a-z]\d{1,9}")
MAX_AXIS, MAX_PARTS, MAX_LINKS = 120, 4, 12


class MisuseError(Exception):
    """A tool cannot be used like that; the model is told why and may mend it."""


class Given:
    """The input of one tool call."""

    def __init__(self, values: Any) -> None:
        if not isinstance(values, dict):
            msg = "the input must be an object"
            raise MisuseError(msg)
        self._values: Json = values

    def raw(self, name: str) -> Any:
        """Return a value as it came, None where there is none."""
        return self._values.get(name)

    def _text(self, name: str, *, need: bool) -> str:
        value = self._values.get(name)
        if value is None:
            value = ""
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            msg = f"{name} must be text, not {type(value).__name__}"
            raise MisuseError(msg)
        if need and not value.strip():
            msg = f"{name} is missing"
            raise MisuseError(msg)
        return value

    def title(self, name: str, *, need: bool = False, limit: int = TITLE) -> str:
        """Return text on one line, cut to `limit` characters."""
        found = clean(self._text(name, need=need)[: 20 * limit], limit)
        if need and not found:
            msg = f"{name} is empty"
            raise MisuseError(msg)
        return found

    def text(self, name: str, *, need: bool = False, limit: int = TEXT) -> str:
        """Return text over several lines, cut to `limit` characters."""
        found = clean_block(self._text(name, need=need)[: 4 * limit]).strip()
        if need and not found:
            msg = f"{name} is empty"
            raise MisuseError(msg)
        return found if len(found) <= limit else found[: limit - 1] + "…"

    def body(self, name: str) -> str:
        """Return text exactly as it was given, for files."""
        return self._text(name, need=False)

    def choice(self, name: str, allowed: tuple[str, ...], default: str = "") -> str:
        """Return one of a few words."""
        value = self._text(name, need=False).strip().lower() or default
        if value not in allowed:
            msg = f"{name} must be one of {', '.join(word for word in allowed if word)}"
            raise MisuseError(msg)
        return value

    def flag(self, name: str) -> bool:
        """Return true or false."""
        value = self._values.get(name, False)
        if value is None:
            return False
        if not isinstance(value, bool):
            msg = f"{name} must be true or false"
            raise MisuseError(msg)
        return value

    def integer(self, name: str, default: int, most: int) -> int:
        """Return a whole number from 1 to `most`."""
        value = self._values.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int):
            msg = f"{name} must be a whole number"
            raise MisuseError(msg)
        return max(1, min(value, most))

    def items(self, name: str) -> list[Any]:
        """Return a list; a lone value counts as a list of it."""
        value = self._values.get(name)
        if value is None or value == "":
            return []
        return value if isinstance(value, list) else [value]

    def titles(self, name: str, most: int) -> tuple[str, ...]:
        """Return short texts."""
        found = [clean(item[:4000], TITLE) for item in self.items(name)[:most] if isinstance(item, str)]
        return tuple(item for item in found if item)

    def links(self, name: str = "links") -> tuple[str, ...]:
        """Return ids; what is none is left out."""
        listed = [item.strip() for item in self.items(name)[:100] if isinstance(item, str)]
        return tuple(dict.fromkeys(item for item in listed if _IDENT.fullmatch(item)))[:MAX_LINKS]


def axis(text: str) -> str:
    """Return an axis: dotted names, several joined by `+`; raises `MisuseError`."""
    parts = [part.strip() for part in text.split("+")]
    good = all(_AXIS.fullmatch(part) for part in parts) and len(parts) <= MAX_PARTS
    if not good or len(text) > MAX_AXIS:
        msg = f"an axis is dotted names like optimizer.lr, joined by + for several; not {text[:60]!r}"
        raise MisuseError(msg)
    return "+".join(dict.fromkeys(parts))


def values(given: Given, params: Mapping[str, Param]) -> Json:
    """Return the values of a change of parameters, each within its range; raises `MisuseError`."""
    listed = given.raw("params")
    pairs = listed.items() if isinstance(listed, dict) else [_pair(item) for item in given.items("params")]
    found: Json = {}
    for name, value in pairs:
        if name not in params:
            known = ", ".join(params) or "none"
            msg = f"no tunable parameter is called {str(name)[:60]!r}; there are: {known[:1500]}"
            raise MisuseError(msg)
        found[name] = _value(name, params[name], value)
    if not found:
        msg = "params is empty: give a list of {name, value}"
        raise MisuseError(msg)
    return found


def _pair(item: Any) -> tuple[str, Any]:
    if not isinstance(item, dict) or not isinstance(item.get("name"), str) or "value" not in item:
        msg = "each of params is an object with name and value"
        raise MisuseError(msg)
    return item["name"], item["value"]


def _value(name: str, param: Param, value: Any) -> Any:
    """Return a value of a parameter's type, from itself or from its text."""
    found = value
    if isinstance(value, str) and param.type != "choice":
        try:
            found = json.loads(value.strip().lower())
        except ValueError:
            found = value
    if param.type == "choice":
        alike = [choice for choice in param.choices if choice == value or str(choice) == str(value)]
        if not alike:
            msg = f"{name} must be one of {', '.join(map(str, param.choices))[:500]}"
            raise MisuseError(msg)
        return alike[0]
    if param.type == "bool":
        if not isinstance(found, bool):
            msg = f"{name} must be true or false"
            raise MisuseError(msg)
        return found
    if isinstance(found, bool) or not isinstance(found, int | float):
        msg = f"{name} must be a number"
        raise MisuseError(msg)
    if param.type == "int":
        if found != found or abs(found) > 1e15 or int(found) != found:
            msg = f"{name} must be a whole number"
            raise MisuseError(msg)
        found = int(found)
    low = param.low if param.low is not None else float("-inf")
    high = param.high if param.high is not None else float("inf")
    if not low <= found <= high:
        msg = f"{name} must lie between {param.low} and {param.high}"
        raise MisuseError(msg)
    return found
