"""Values in YAML, TOML and JSON files by dotted path, changed without touching anything else in the text."""

from __future__ import annotations

import json
import re
from json import JSONDecodeError, JSONDecoder
from typing import TYPE_CHECKING, Any, NamedTuple

from arctl.experiments.pyconstants import SurfaceError

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

    from arctl.experiments.tables import Value

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_YAML_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none"}
_BLANK = re.compile(r"[ \t\r\n]*")


class Place(NamedTuple):
    """A value and the span of its text, in characters."""

    value: object
    start: int
    end: int


def scalar(value: object, key: str) -> Value:
    """The value if it is one that a parameter can take; raises SurfaceError for tables, lists and null."""
    if isinstance(value, (bool, int, float, str)):
        return value
    msg = f"{key} holds no number, bool or string."
    raise SurfaceError(msg, "Name a single value by its full dotted path.")


def missing(key: str, part: str) -> SurfaceError:
    """The error for a path that leads nowhere."""
    at = f" (at {part!r})" if part != key else ""
    return SurfaceError(f"there is no key {key}{at}.", "Correct the dotted path; list items go by number.")


def unreadable(kind: str, error: Exception) -> SurfaceError:
    """The error for a file that its format's reader refuses."""
    reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
    return SurfaceError(f"the file is not valid {kind}: {reason}.", "Correct the file.")


# JSON ------------------------------------------------------------------------------------------


def find_json(text: str, key: str) -> Place:
    """Find a value in JSON text."""
    decoder = JSONDecoder()
    start = 1 if text.startswith("\ufeff") else 0
    try:
        json.loads(text[start:])
        at = _blank(text, start)
        for part in key.split("."):
            at = _enter(decoder, text, at, part, key)
        value, end = decoder.raw_decode(text, at)
    except (JSONDecodeError, RecursionError) as error:
        raise unreadable("JSON", error) from error
    return Place(value, at, end)


def _enter(decoder: JSONDecoder, text: str, at: int, part: str, key: str) -> int:
    """The start of the member or item ``part`` of the container that starts at ``at``."""
    is_object = text[at] == "{"
    if not is_object and text[at] != "[":
        raise missing(key, part)
    found: list[int] = []
    index = 0
    at = _blank(text, at + 1)
    while text[at] not in "}]":
        name = str(index)
        if is_object:
            name, at = decoder.raw_decode(text, at)
            at = _blank(text, _blank(text, at) + 1)  # over the colon
        if name == part:
            found.append(at)
        _, at = decoder.raw_decode(text, at)
        at = _blank(text, at)
        if text[at] == ",":
            at = _blank(text, at + 1)
        index += 1
    if not found:
        raise missing(key, part)
    if len(found) > 1:
        raise duplicated(key, part)
    return found[0]


def duplicated(key: str, part: str) -> SurfaceError:
    """The error for a key that stands twice in one table."""
    return SurfaceError(f"{part!r} in {key} stands there twice.", "Keep one of them.")


def _blank(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match else at


# YAML ------------------------------------------------------------------------------------------


def find_yaml(text: str, key: str) -> Place:
    """Find a value in YAML text of one document."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

    try:
        node: Node | None = YAML(typ="rt", pure=True).compose(text)
        value: Any = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        raise unreadable("YAML", error) from error
    root = node
    for part in key.split("."):
        if isinstance(node, MappingNode):
            pairs = [(k, v) for k, v in node.value if isinstance(k, ScalarNode) and k.value == part]
            if len(pairs) > 1:
                raise duplicated(key, part)
            if not pairs:
                raise missing(key, part)
            value = next(
                (v for k, v in value.items() if str(k) == part or k == _loaded(pairs[0][0].value)), None
            )
            node = pairs[0][1]
        elif isinstance(node, SequenceNode) and part.isdecimal() and int(part) < len(node.value):
            node, value = node.value[int(part)], value[int(part)]
        else:
            raise missing(key, part)
    if not isinstance(node, ScalarNode) or root is None:
        return Place(value, 0, 0)
    span = text[node.start_mark.index : node.end_mark.index]
    if node.anchor or span[:1] in ("&", "!", "|", ">", ""):
        msg = f"{key} is written with an anchor, a tag or as a block."
        raise SurfaceError(msg, "Write the value plainly on its own line.")
    return Place(value, node.start_mark.index, node.end_mark.index)


def _loaded(text: str) -> object:
    """A key as YAML types it: ``1:`` is a number."""
    try:
        return int(text)
    except ValueError:
        return text


def yaml_literal(value: Value) -> str:
    """Write a value so that YAML 1.1 and 1.2 readers agree: 1.1 takes ``1e-05`` for text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        mantissa, exponent, power = repr(value).partition("e")
        if exponent:
            power = power if power[0] in "+-" else f"+{power}"
            return f"{mantissa if '.' in mantissa else mantissa + '.0'}e{power}"
        return mantissa
    if isinstance(value, int):
        return str(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _YAML_WORDS:
        return value
    escaped = (
        char if char.isprintable() else f"\\U{ord(char):08x}" for char in re.sub(r'(["\\])', r"\\\1", value)
    )
    return f'"{"".join(escaped)}"'


# TOML ------------------------------------------------------------------------------------------


def read_toml(text: str, key: str) -> object:
    """Find a value in TOML text."""
    import tomllib

    try:
        value: Any = tomllib.loads(text.removeprefix("\ufeff"))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise unreadable("TOML", error) from error
    for part in key.split("."):
        value = _member(value, part, key)
    return value


def _member(value: Any, part: str, key: str) -> Any:
    if isinstance(value, dict) and part in value:
        return value[part]
    if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
        return value[int(part)]
    raise missing(key, part)


def write_toml(text: str, key: str, value: Value) -> str:
    """Change one value in TOML text; comments and layout stay."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(text)
    except TOMLKitError as error:
        raise unreadable("TOML", error) from error
    container: Any = document
    *parents, last = key.split(".")
    for part in parents:
        container = _member(container, part, key)
    if isinstance(container, list):
        container[int(last)] = value
    else:
        container[last] = value
    return tomlkit.dumps(document)
