"""The tunable surface: reading and writing named constants in Python, YAML, TOML and JSON files."""

from __future__ import annotations

import json
import math
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from arctl.experiments import documents, pyconstants
from arctl.experiments.guess import guess
from arctl.experiments.pyconstants import SurfaceError, constants

if TYPE_CHECKING:
    from collections.abc import Mapping

    from arctl.experiments.models import Param
    from arctl.experiments.tables import Value

__all__ = ["SurfaceError", "active", "constants", "guess", "read", "same", "write", "write_seed"]

_KINDS = {
    ".py": "python",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".toml": "toml",
    ".json": "json",
}


def read(text: str, filename: str, params: Mapping[str, Param]) -> dict[str, Value]:
    """Read from a file's text the values of those parameters that stand in it (``param.file == filename``).

    Raises SurfaceError when a constant is missing, assigned twice or no single value.
    """
    kind = _kind(filename)
    return {name: _read(text, kind, param.key) for name, param in _here(filename, params).items()}


def write(text: str, filename: str, values: Mapping[str, Value], params: Mapping[str, Param]) -> str:
    """Return the text with these values in place; nothing else changes, and an equal value is not rewritten.

    Values of parameters in other files are passed over. Raises SurfaceError, also for a name without a
    parameter.
    """
    unknown = sorted(set(values) - set(params))
    if unknown:
        msg = f"there is no parameter {unknown[0]}."
        raise SurfaceError(msg, "Only names under [params] can be set.")
    kind = _kind(filename)
    for name, param in _here(filename, params).items():
        if name not in values:
            continue
        value = _typed(values[name], param, name)
        current = _read(text, kind, param.key)
        if type(current) is type(value) and current == value:
            continue
        text = _write(text, kind, param.key, value)
        written = _read(text, kind, param.key)
        if not same(written, value):  # never hand out a change that the file does not carry
            msg = f"{name} was written as {value!r} and reads as {written!r} in {filename}."
            raise SurfaceError(msg, "Write the value plainly on its own line in that file.")
    return text


def write_seed(text: str, pattern: str, seed: int) -> str:
    """Put a seed in place of the first group of *every* match: scripts seed the CPU and the GPU on two lines.

    Raises SurfaceError when the pattern does not match.
    """
    pieces: list[str] = []
    end = 0
    for found in re.finditer(pattern, text):
        if found.start(1) < end:  # the group took no part in the match
            continue
        pieces += [text[end : found.start(1)], str(seed)]
        end = found.end(1)
    if not pieces:
        msg = "the seed's pattern does not match in its file."
        raise SurfaceError(msg, "Correct seed.pattern so that its first group is the seed.")
    return "".join([*pieces, text[end:]])


def active(params: Mapping[str, Param], values: Mapping[str, Value]) -> set[str]:
    """Names of the parameters whose conditions hold, also those of the parameters that they depend on."""
    state: dict[str, bool] = {}

    def holds(name: str, path: frozenset[str]) -> bool:
        if name in state:
            return state[name]
        if name in path or name not in params:
            return False
        state[name] = all(
            holds(other, path | {name}) and other in values and _allowed(values[other], wanted)
            for other, wanted in params[name].when.items()
        )
        return state[name]

    return {name for name in params if holds(name, frozenset())}


def same(a: Value, b: Value) -> bool:
    """Whether two values are equal as parameters: 1 and 1.0 are, True and 1 are not."""
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def outside(values: Mapping[str, Value], params: Mapping[str, Param]) -> str:
    """Say which value a parameter cannot have, by its name, range or choices; empty where all fit."""
    for name, value in values.items():
        param = params.get(name)
        if param is None:
            return f"there is no parameter {name}"
        if param.type == "choice" and not any(same(value, choice) for choice in param.choices):
            return f"{name} cannot be {value!r}: its choices are {', '.join(map(str, param.choices))}"
        if isinstance(value, bool | str) or param.low is None or param.high is None:
            continue
        if not param.low <= value <= param.high:
            return f"{name} cannot be {value:g}: its range is {param.low:g} to {param.high:g}"
    return ""


def _allowed(value: Value, wanted: Value | tuple[Value, ...]) -> bool:
    options = wanted if isinstance(wanted, tuple) else (wanted,)
    return any(same(value, option) for option in options)


def _here(filename: str, params: Mapping[str, Param]) -> dict[str, Param]:
    path = PurePosixPath(filename)
    return {name: param for name, param in params.items() if PurePosixPath(param.file) == path}


def _kind(filename: str) -> str:
    kind = _KINDS.get(PurePosixPath(filename).suffix.lower())
    if kind is None:
        msg = f"{filename} is of a kind that parameters cannot stand in."
        raise SurfaceError(msg, f"Use one of {', '.join(_KINDS)}.")
    return kind


def _typed(value: Value, param: Param, name: str) -> Value:
    """The value as the parameter's type writes it; a float stays a float at 1.0."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if param.type == "float" and number:
        value = float(value)
    elif param.type == "int" and number and float(value).is_integer():
        value = int(value)
    elif (
        param.type == "int" or param.type == "float" or (param.type == "bool" and not isinstance(value, bool))
    ):
        msg = f"{value!r} is no {param.type}, which {name} is."
        raise SurfaceError(msg, "Give a value of the parameter's type.")
    if isinstance(value, float) and not math.isfinite(value):
        msg = f"{name} cannot be {value}."
        raise SurfaceError(msg, "Give a finite number.")
    return value


def _read(text: str, kind: str, key: str) -> Value:
    match kind:
        case "python":
            return pyconstants.locate(text, key).value
        case "yaml":
            return documents.scalar(documents.find_yaml(text, key).value, key)
        case "json":
            return documents.scalar(documents.find_json(text, key).value, key)
        case _:
            return documents.scalar(documents.read_toml(text, key), key)


def _write(text: str, kind: str, key: str, value: Value) -> str:
    match kind:
        case "python":
            return pyconstants.replaced(text, key, value)
        case "yaml":
            place = documents.find_yaml(text, key)
            return text[: place.start] + documents.yaml_literal(value) + text[place.end :]
        case "json":
            place = documents.find_json(text, key)
            return text[: place.start] + json.dumps(value, ensure_ascii=False) + text[place.end :]
        case _:
            return documents.write_toml(text, key, value)
