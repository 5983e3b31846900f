"""Reading ``arctl.toml``: every problem at once, each with its line and what to do."""

from __future__ import annotations

import difflib
import re
import tomllib
from typing import TYPE_CHECKING, Any, get_args

from pydantic import ValidationError

from arctl.experiments.check import check_files, cross_rules
from arctl.experiments.company import Brain
from arctl.experiments.errors import Problem, SpecError
from arctl.experiments.globs import matches
from arctl.experiments.models import (
    Files,
    Guardrail,
    Keep,
    Limits,
    Metric,
    Param,
    Policy,
    Progress,
    Run,
    Seed,
    Spec,
)
from arctl.experiments.positions import key_lines, line_of
from arctl.experiments.rules import to_slug
from arctl.experiments.tables import Table, Value

if TYPE_CHECKING:
    import pathlib

    from pydantic_core import ErrorDetails

    from arctl.experiments.positions import Path

__all__ = [
    "Brain",
    "Files",
    "Guardrail",
    "Keep",
    "Limits",
    "Metric",
    "Param",
    "Policy",
    "Progress",
    "Run",
    "Seed",
    "Spec",
    "SpecError",
    "Value",
    "check_files",
    "json_schema",
    "load",
    "matches",
    "parse",
    "to_slug",
]

_AT = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)")


def load(path: pathlib.Path) -> Spec:
    """Read a campaign's file; raises SpecError, also for a file that cannot be read."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        remedy = "Run `arctl init` in the campaign's folder to write one."
        raise SpecError(
            (Problem(str(path), None, "", f"cannot be read: {error.strerror}.", remedy),)
        ) from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problem = Problem(str(path), line, "", "is not UTF-8 text.", "Save it as UTF-8.")
        raise SpecError((problem,)) from error
    return parse(text, str(path), path.absolute().parent.name)


def parse(text: str, file: str, default_name: str) -> Spec:
    """Make a spec from TOML text; ``file`` is named in the problems, ``default_name`` is the folder's.

    Raises SpecError with all problems, in the order of their lines.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SpecError((_toml_problem(text, file, str(error)),)) from error
    lines = key_lines(text)
    named = {**data, "name": data.get("name", to_slug(default_name))}
    problems: list[Problem] = []
    spec: Spec | None = None
    try:
        spec = Spec.model_validate(named)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            problems.extend(_problems(detail, data, lines, file))
    for path, message, remedy in cross_rules(data):
        problems.append(Problem(file, line_of(lines, path), dotted(path), message, remedy))
    if spec is None or problems:
        unique = dict.fromkeys(problems)
        raise SpecError(tuple(sorted(unique, key=lambda problem: problem.line or 0)))
    return spec


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of ``arctl.toml``, for editors."""
    schema = Spec.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "arctl.toml"
    schema["required"] = [
        name for name in schema["required"] if name != "name"
    ]  # the folder's name stands in
    return schema


def dotted(path: Path) -> str:
    """Write a key path as people do: ``guardrails[0].metric``."""
    out = ""
    for part in path:
        out += f"[{part}]" if isinstance(part, int) else (f".{part}" if out else part)
    return out


def _toml_problem(text: str, file: str, message: str) -> Problem:
    found = _AT.search(message)
    last = max(1, len(text.splitlines()))
    line = int(found.group(1)) if found and found.group(1) else last
    reason = _AT.sub("", message)
    remedy = "Text goes in quotes, lists in [ ], one `key = value` a line; see https://toml.io."
    return Problem(file, min(line, last), "", f"is not valid TOML: {reason}.", remedy)


def _problems(detail: ErrorDetails, data: dict[str, Any], lines: dict[Path, int], file: str) -> list[Problem]:
    """Say one of pydantic's findings in our words; a broken rule may stand for several keys."""
    kind = detail["type"]
    loc: Path = tuple(detail["loc"])
    context: dict[str, Any] = detail.get("ctx", {})

    def problem(path: Path, message: str, remedy: str) -> Problem:
        return Problem(file, line_of(lines, path) or 1, dotted(path), message, remedy)

    if kind == "rules":
        return [
            problem((*loc, *([key] if key else [])), message, remedy)
            for key, message, remedy in context["rules"]
        ]
    if kind == "missing":
        return [problem(loc, "is missing.", _expected(loc))]
    if kind == "extra_forbidden":
        return [problem(loc, "is not a key that arctl knows.", _did_you_mean(loc))]
    path = _within(loc, data)
    if "remedy" in context:
        return [problem(path, str(context["problem"]), str(context["remedy"]))]
    if loc[-1] == "[key]":
        return [
            problem(
                path, "is not a usable name.", "Use letters, digits, `_` and `-`, starting with a letter."
            )
        ]
    reason = detail["msg"].removeprefix("Input ").rstrip(".")
    given = _short(detail["input"])
    return [problem(path, f"{given} does not fit: it {reason}.", _expected(path))]


def _short(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    text = repr(value) if not isinstance(value, bool) else str(value).lower()
    return text if len(text) <= 60 else text[:57] + "..."


def _within(loc: Path, data: Any) -> Path:
    """Cut what pydantic appends for the members of a union: keep what stands in the data."""
    path: Path = ()
    for part in loc:
        inside = part in data if isinstance(data, dict) else False
        if isinstance(data, list) and isinstance(part, int):
            inside = part < len(data)
        if not inside:
            break
        data = data[part]
        path += (part,)
    return path


def _table_of(path: Path) -> type[Table] | None:
    """The model behind a key path, through ``params.NAME`` and ``guardrails[0]``."""
    model: type[Table] = Spec
    rest = list(path)
    while rest:
        field = model.model_fields.get(str(rest.pop(0)))
        inner = _table_in(field.annotation) if field else None
        if inner is None:
            return None
        if rest and inner in (Param, Guardrail):
            rest.pop(0)  # the parameter's name, the guardrail's number
        model = inner
    return model


def _table_in(annotation: Any) -> type[Table] | None:
    if isinstance(annotation, type) and issubclass(annotation, Table):
        return annotation
    return next((found for arg in get_args(annotation) if (found := _table_in(arg))), None)


def _expected(path: Path) -> str:
    """What a key is for, from its description."""
    table = _table_of(path[:-1])
    field = table.model_fields.get(str(path[-1])) if table and path else None
    if field is None or not field.description:
        return "See docs/campaign.md."
    return f"Expected: {field.description}"


def _did_you_mean(loc: Path) -> str:
    """The closest key of the same table, else the table where this key belongs."""
    table = _table_of(loc[:-1])
    name = str(loc[-1])
    known = list(table.model_fields) if table else []
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"Did you mean {close[0]}?"
    homes = [
        key
        for key, field in Spec.model_fields.items()
        if (inner := _table_in(field.annotation)) and name in inner.model_fields and inner is not table
    ]
    if homes:
        return f"It belongs in [{homes[0]}]." if homes[0] != "guardrails" else "It belongs in [[guardrails]]."
    return f"Known here: {', '.join(known)}." if known else "Remove it."
