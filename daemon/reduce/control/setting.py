"""Values that a person types, checked against the tunable surface before anything is queued."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from arctl.errors import RefusedError
from arctl.experiments import surface
from arctl.experiments.models import Param, Spec
from arctl.numbers import finite

YES, NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def chosen(spec: Spec, params: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values by their parameters' types; raises `RefusedError` that names what does not fit."""
    found: dict[str, Any] = {}
    for name, raw in values.items():
        param = spec.params.get(name)
        if param is None:
            close = difflib.get_close_matches(name, spec.params, n=1)
            known = ", ".join(sorted(spec.params)) or "none"
            msg = f"there is no parameter {name}"
            raise RefusedError(msg, f"did you mean {close[0]}?" if close else f"[params] has: {known}")
        found[name] = _value(name, param, raw)
    after = {**params, **found}
    acting = surface.active(spec.params, after)
    for name in found:
        if name not in acting:
            wants = ", ".join(f"{key} = {wanted}" for key, wanted in spec.params[name].when.items())
            msg = f"{name} does nothing here"
            raise RefusedError(msg, f"it acts when {wants}: set that as well")
    if all(name in params and surface.same(params[name], value) for name, value in found.items()):
        raise RefusedError("this changes nothing: the base has these values", "`arctl champion` shows it")
    return found


def _value(name: str, param: Param, raw: Any) -> Any:
    """Read one value."""
    text = str(raw).strip()
    if param.type == "choice":
        for choice in param.choices:
            if surface.same(choice, raw) or str(choice).lower() == text.lower():
                return choice
        listed = ", ".join(map(str, param.choices))
        msg = f"{name} cannot be {text!r}"
        raise RefusedError(msg, f"[params.{name}] choices: {listed}")
    if param.type == "bool":
        if text.lower() in (*YES, *NO):
            return text.lower() in YES
        msg = f"{name} is a bool, not {text!r}"
        raise RefusedError(msg, f"give --set {name}=true or {name}=false")
    return _number(name, param, text)


def _number(name: str, param: Param, text: str) -> float | int:
    if (value := finite(text)) is None:
        msg = f"{name} is a number, not {text!r}"
        raise RefusedError(msg, f"give one, as in --set {name}={_example(param)}")
    if param.type == "int" and not value.is_integer():
        msg = f"{name} is a whole number, not {text}"
        raise RefusedError(msg, f"--set {name}={round(value)}")
    low, high = param.low, param.high
    if (low is not None and value < low) or (high is not None and value > high):
        msg = f"{name} = {text} is outside its range, {low:g} to {high:g}"
        raise RefusedError(msg, f"widen [params.{name}] in arctl.toml first; the edit is seen at once")
    return int(value) if param.type == "int" else value


def _example(param: Param) -> str:
    return f"{param.low:g}" if param.low is not None else "1"


def titled(params: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[str, str]:
    """Return a title for set values, and the way that they move: up, down or replace."""
    parts = []
    for name, value in values.items():
        was = params.get(name)
        parts.append(f"{name} {was} -> {value}" if was is not None else f"{name} = {value}")
    moves = {_way(params.get(name), value) for name, value in values.items()}
    return ", ".join(parts), moves.pop() if len(moves) == 1 else "replace"


def _way(was: Any, value: Any) -> str:
    numbers = all(isinstance(item, int | float) and not isinstance(item, bool) for item in (was, value))
    return ("up" if value > was else "down") if numbers and was != value else "replace"
