"""Rules between tables of a spec, and of a spec with the files that it speaks of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from arctl.experiments import surface
from arctl.experiments.company import lacking
from arctl.experiments.errors import Problem, ScienceError
from arctl.experiments.globs import matches
from arctl.experiments.positions import key_lines, line_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from arctl.experiments.company import Brain
    from arctl.experiments.models import Param, Spec
    from arctl.experiments.positions import Path
    from arctl.experiments.tables import Value


PLACEHOLDER = "name-of-the-metric"
"""What `arctl init` writes where it cannot know the metric."""

#: Options of the interpreter that take no word of their own may stand before the script.
_SCRIPT = re.compile(
    r"(?:^|\s)(?:python3?|uv run(?:\s+python3?)?)\s+(?:-[bBdEiIOPqsSuvx]+\s+)*(?P<file>[\w./-]+\.py)\b"
)


def cross_rules(data: dict[str, Any]) -> Iterator[tuple[Path, str, str]]:
    """Yield broken rules between tables as (key path, message, remedy).

    Works on the raw data, so that these are reported together with whatever else is wrong.
    """
    params = data.get("params")
    params = params if isinstance(params, dict) else {}
    for name, param in params.items():
        conditions = param.get("when") if isinstance(param, dict) else None
        for other, wanted in conditions.items() if isinstance(conditions, dict) else ():
            path: Path = ("params", name, "when", other)
            if other not in params:
                yield path, f"there is no parameter {other}.", "Name another table of [params], or remove it."
            elif name in _ancestors(other, params):
                yield path, f"{name} and {other} wait for each other.", "Remove one of the two conditions."
            elif never := _never(wanted, params[other]):
                yield path, f"{other} is never {never}.", f"Use values that [params.{other}] can take."
    yield from _shared_constants(params)
    yield from _overrides(data)
    files = data.get("files")
    files = files if isinstance(files, dict) else {}
    editable, protected = _texts(files.get("editable")), _texts(files.get("protected"))
    for index, glob in enumerate(protected):
        if glob in editable:
            path = ("files", "protected", index)
            yield path, f"{glob!r} is both editable and protected.", "Take it out of one of the two lists."
    if editable:
        for name, param in params.items():
            file = param.get("file") if isinstance(param, dict) else None
            if isinstance(file, str) and not matches(editable, file):
                remedy = "Add it to files.editable: a parameter is tuned by editing its file."
                yield ("params", name, "file"), f"{file!r} is not an editable file.", remedy


def _overrides(data: dict[str, Any]) -> Iterator[tuple[Path, str, str]]:
    """Yield what a role or a team lacks once its settings are laid over those of [brain]."""
    base, roles = _table(data.get("brain")), _table(data.get("roles"))
    mix = _table(data.get("teams")).get("mix")
    mixes = [_table(item) for item in mix] if isinstance(mix, list) and mix else [{}]
    seen: set[Path] = set()
    for index, team in enumerate(mixes):
        for role in ("analyst", "experimenter", "solo", *(["critic"] if "critic" in roles else [])):
            part = _table(roles.get(role))
            wrong = lacking({**base, **team, **part})
            # Where each of both would do alone, the narrower one is told.
            path: Path = ("roles", role) if part else ("teams", "mix", index)
            if wrong is None or (not part and not team) or path in seen:
                continue
            seen.add(path)
            yield path, wrong.message, wrong.remedy


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _never(wanted: object, other: object) -> str:
    """The values of a condition that the other parameter, a choice, does not have."""
    choices = other.get("choices") if isinstance(other, dict) else None
    if not isinstance(choices, list) or not isinstance(wanted, (bool, int, float, str, list)):
        return ""
    values = wanted if isinstance(wanted, list) else [wanted]
    return ", ".join(repr(value) for value in values if value not in choices)


def _ancestors(name: str, params: dict[str, Any]) -> set[str]:
    """Every parameter that ``name`` depends on, itself included."""
    seen: set[str] = set()
    queue = [name]
    while queue:
        current = queue.pop()
        if current in seen:
            continue
        seen.add(current)
        param = params.get(current)
        conditions = param.get("when") if isinstance(param, dict) else None
        queue.extend(conditions if isinstance(conditions, dict) else ())
    return seen


def _shared_constants(params: dict[str, Any]) -> Iterator[tuple[Path, str, str]]:
    seen: dict[tuple[object, object], str] = {}
    for name, param in params.items():
        if not isinstance(param, dict) or not isinstance(param.get("file"), str):
            continue
        place = (param["file"], param.get("key") or name)
        if place in seen:
            yield ("params", name), f"{seen[place]} tunes the same constant.", "Remove one of the two tables."
        seen.setdefault(place, name)


def check_files(
    spec: Spec, read: Callable[[str], str | None], file: str, kinds: Collection[str] = ()
) -> list[Problem]:
    """Check a spec against the campaign's tree, and against the kinds of brains that are installed.

    ``read`` returns a file's text by its relative path, or None when there is none; ``read(file)`` is asked
    for the spec's own text, to name lines. Without ``kinds`` every brain counts as installed. Returns the
    problems in the order of the file's lines.
    """
    own = read(file)
    lines = key_lines(own) if own is not None else {}
    problems = [
        Problem(file, line_of(lines, path), ".".join(str(part) for part in path), message, remedy)
        for path, message, remedy in (*_brain_rules(spec, kinds), *_file_rules(spec, read))
    ]
    return sorted(problems, key=lambda problem: problem.line or 0)


def _brain_rules(spec: Spec, kinds: Collection[str]) -> Iterator[tuple[Path, str, str]]:
    """Yield the brains, of everybody, of a role or of a team, that are installed nowhere."""
    named: list[tuple[Path, Brain]] = [(("brain",), spec.brain)]
    named += [(("roles", role), part) for role, part in spec.roles.items()]
    named += [(("teams", "mix", index), part) for index, part in enumerate(spec.teams.mix)]
    for path, brain in named:
        # What an override does not set stands in [brain].
        if kinds and brain.kind not in kinds and (path == ("brain",) or "kind" in brain.model_fields_set):
            remedy = f"Set one of {', '.join(sorted(kinds))}, or install the package that brings it."
            yield (*path, "kind"), f"there is no brain called {brain.kind!r}.", remedy


def _file_rules(spec: Spec, read: Callable[[str], str | None]) -> Iterator[tuple[Path, str, str]]:
    if spec.objective is not None and read(spec.objective) is None:
        yield ("objective",), f"there is no file {spec.objective}.", "Write one, or remove the key."
    if spec.brain.kind == "search" and not spec.params:
        remedy = "Add a [params.NAME] table for each constant to tune, or choose another brain."
        yield ("brain", "kind"), "the search brain has no parameters to search.", remedy
    if spec.metric.name == PLACEHOLDER:
        remedy = "Write the name that the script prints, as in `val_loss: 0.123`, or name a file of results."
        yield ("metric", "name"), "the metric has not been named yet.", remedy
    yield from _script_rules(spec, read)
    yield from _seed_rules(spec, read)
    yield from _literal_paths(spec, read)
    texts = {param.file: read(param.file) for param in spec.params.values()}
    for name, param in spec.params.items():
        text = texts[param.file]
        where: Path = ("params", name)
        if text is None:
            yield (
                (*where, "file"),
                f"there is no file {param.file}.",
                "Correct the path; it is relative to the campaign.",
            )
            continue
        try:
            value = surface.read(text, param.file, {name: param})[name]
        except ScienceError as error:
            yield (*where, "key"), error.message, error.remedy
            continue
        wrong = misfit(param, value)
        if wrong:
            remedy = f"Correct [params.{name}] or the value in {param.file}."
            yield where, f"{param.key} is {value!r} in {param.file}, {wrong}.", remedy


def _script_rules(spec: Spec, read: Callable[[str], str | None]) -> Iterator[tuple[Path, str, str]]:
    """Yield the commands whose script is not in the campaign's tree."""
    for table, settings in (("run", spec.run), ("score", spec.score)):
        for key in ("setup", "prepare", "command", "inputs", "predict"):
            file = _script(getattr(settings, key, None) or "")
            if file and read(file) is None:
                remedy = "Correct the command; it runs in the campaign's folder."
                yield (table, key), f"there is no file {file}.", remedy


def _script(command: str) -> str:
    """Return the script of the campaign's own that a command starts; empty where that cannot be told."""
    found = _SCRIPT.search(command)
    # What comes before it may go to another folder, or make the file.
    if found is None or found["file"].startswith("/") or re.search(r"[&|;]|\bcd ", command[: found.start()]):
        return ""
    return found["file"].removeprefix("./")


def _seed_rules(spec: Spec, read: Callable[[str], str | None]) -> Iterator[tuple[Path, str, str]]:
    pattern = spec.seed_pattern()
    if spec.seed is None or spec.seed.file is None or pattern is None:
        return
    text = read(spec.seed.file)
    if text is None:
        yield ("seed", "file"), f"there is no file {spec.seed.file}.", "Correct the path."
    elif pattern.search(text) is None:
        remedy = "Correct the pattern so that its first group is the seed in that file."
        yield ("seed", "pattern"), f"the pattern does not match in {spec.seed.file}.", remedy


def _literal_paths(spec: Spec, read: Callable[[str], str | None]) -> Iterator[tuple[Path, str, str]]:
    """Check the entries without wildcards: they name one file, which must not be in both lists."""
    for kind, globs, others in (
        ("editable", spec.files.editable, spec.files.protected),
        ("protected", spec.files.protected, spec.files.editable),
    ):
        for index, glob in enumerate(globs):
            if re.search(r"[*?\[]", glob) or glob.endswith("/") or read(glob) is None:
                continue
            if matches(others, glob):
                other = "protected" if kind == "editable" else "editable"
                message = f"{glob} is matched by {other} as well."
                yield (
                    ("files", kind, index),
                    message,
                    "A file is either editable or protected: narrow one of the globs.",
                )


def misfit(param: Param, value: Value) -> str:
    """Say why a value does not fit a parameter; empty when it does."""
    match param.type:
        case "choice":
            same = any(type(value) is type(choice) and value == choice for choice in param.choices)
            return "" if same else f"not one of {list(param.choices)}"
        case "bool":
            return "" if isinstance(value, bool) else "not true or false"
        case "int":
            if isinstance(value, bool) or not isinstance(value, int):
                return "not a whole number"
        case "float":
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                return "not a number"
    if param.low is not None and value < param.low:
        return f"below low ({param.low:g})"
    if param.high is not None and value > param.high:
        return f"above high ({param.high:g})"
    return ""
