"""What the values of ``arctl.toml`` must obey beyond their types; each broken rule names its remedy."""

from __future__ import annotations

import math
import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from collections.abc import Sequence

SLUG = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_PERCENT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*")


class Rule(NamedTuple):
    """A broken rule: the key within its table (empty for the table itself), what is wrong, what to do."""

    key: str
    message: str
    remedy: str


def complain(rules: Sequence[Rule]) -> None:
    """Raise the broken rules of one table together, in the form that ``spec.parse`` unpacks."""
    if rules:
        text = " ".join(rule.message for rule in rules)
        raise PydanticCustomError("rules", "{text}", {"text": text, "rules": [tuple(rule) for rule in rules]})


def _refuse(message: str, remedy: str) -> NoReturn:
    raise PydanticCustomError("rule", "{problem}", {"problem": message, "remedy": remedy})


def slug(value: object) -> str:
    """A name that can be one component of a git branch."""
    # git refuses two dots and these two endings in a branch's name
    if (
        isinstance(value, str)
        and SLUG.fullmatch(value)
        and not (".." in value or value.endswith((".", ".lock")))
    ):
        return value
    message = f"{value!r} cannot be the name of a campaign (it becomes a git branch)."
    _refuse(
        message, "Use up to 64 lower-case letters, digits, `.`, `_` and `-`, starting with a letter or digit."
    )


def to_slug(text: str) -> str:
    """Turn a folder's name into a name that ``slug`` accepts."""
    cleaned = re.sub(r"[^a-z0-9._-]+", "-", text.lower())
    cleaned = re.sub(r"\.{2,}", ".", cleaned).strip("._-")[:64].removesuffix(".lock").strip("._-")
    return cleaned or "campaign"


def relative_path(value: object) -> object:
    """A path within the campaign's folder, written with ``/``; ``./`` in front is dropped."""
    if not isinstance(value, str) or not value:
        return value  # the type is reported by the model
    path = PurePosixPath(value)
    if path.is_absolute() or value.startswith("~") or ".." in path.parts or "\\" in value or "\0" in value:
        _refuse(
            f"{value!r} leaves the campaign's folder.", "Write a path relative to it, with `/` between names."
        )
    if not path.parts:
        _refuse(f"{value!r} names the campaign's folder itself.", "Name a file or a folder within it.")
    return str(path)


def glob_pattern(value: object) -> object:
    """A glob over relative paths."""
    if not isinstance(value, str) or not value:
        return value
    if value.startswith(("/", "~")) or ".." in value.split("/") or "\\" in value:
        _refuse(f"{value!r} leaves the campaign's folder.", 'Write a relative glob such as "src/**/*.py".')
    return value


def allowance(value: object) -> object:
    """A non-negative number, or text such as ``"10%"``."""
    remedy = 'Write a number of the metric\'s own unit (500) or a share of it as text ("10%").'
    if isinstance(value, bool):
        _refuse(f"{value!r} is not a limit.", remedy)
    if isinstance(value, (int, float)):
        if math.isfinite(value) and value >= 0:
            return float(value)
        _refuse(f"{value!r} is not a limit: it must be 0 or more.", remedy)
    if isinstance(value, str) and _PERCENT.fullmatch(value):
        return value.strip()
    _refuse(f"{value!r} is not a limit.", remedy)


def allowed_change(limit: float | str, reference: float) -> float:
    """The change that a guardrail's limit allows at a reference value, in the metric's unit."""
    if isinstance(limit, str):
        found = _PERCENT.fullmatch(limit)
        if found is None:
            msg = f"{limit!r} is neither a number nor a percentage"
            raise ValueError(msg)
        return abs(reference) * float(found.group(1)) / 100.0
    return limit


def progress_pattern(value: object) -> object:
    """A pattern with a group named step and at least one other named group."""
    if not isinstance(value, str) or not value:
        return value
    try:
        names = re.compile(value).groupindex
    except re.error as error:
        _refuse(f"the pattern does not compile: {error}.", "Use Python's syntax in a '…' literal string.")
    if "step" not in names or len(names) < 2:
        _refuse(
            "the pattern needs a group named step and one for each metric.",
            r"For example: pattern = 'step (?P<step>\d+) loss (?P<loss>[\d.]+)'",
        )
    return value


def value_pattern(pattern: str) -> re.Pattern[str]:
    """Compile a pattern for one value: a group named value, or exactly one; raises ValueError."""
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        msg = f"the pattern does not compile: {error}."
        raise ValueError(msg) from None
    if "value" not in compiled.groupindex and compiled.groups != 1:
        msg = f"the pattern has {compiled.groups} groups, none of them named value."
        raise ValueError(msg)
    return compiled


def check_metric(source: str, file: str | None, pattern: str | None) -> list[Rule]:
    """Rules between source, file and pattern."""
    rules: list[Rule] = []
    in_file = source in ("json", "jsonl")
    if in_file and file is None:
        rules.append(
            Rule(
                "source", f"source {source} needs a file.", 'Name what the run writes: file = "metrics.json".'
            )
        )
    if not in_file and file is not None:
        rules.append(
            Rule("file", f"file is not used by source {source}.", 'Set source = "json", or remove file.')
        )
    if source == "regex":
        if pattern is None:
            remedy = r"For example: pattern = 'val loss ([\d.]+)'"
            rules.append(Rule("source", "source regex needs a pattern.", remedy))
        else:
            try:
                value_pattern(pattern)
            except ValueError as error:
                rules.append(
                    Rule("pattern", str(error), "Use one group around the number, or name it (?P<value>…).")
                )
    elif pattern is not None:
        rules.append(
            Rule("pattern", f"pattern is not used by source {source}.", 'Set source = "regex", or remove it.')
        )
    return rules


def check_seed(env: str | None, arg: str | None, file: str | None, pattern: str | None) -> list[Rule]:
    """Exactly one of env, arg and file with pattern."""
    given = [name for name, value in (("env", env), ("arg", arg), ("file", file)) if value is not None]
    rules: list[Rule] = []
    if len(given) != 1:
        found = " and ".join(given) if given else "none"
        remedy = 'Keep one: env = "SEED", arg = "--seed {seed}", or file with pattern.'
        rules.append(
            Rule(
                given[1] if given else "",
                f"exactly one of env, arg and file is needed, found {found}.",
                remedy,
            )
        )
    if env is not None and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", env):
        rules.append(Rule("env", f"{env!r} is not the name of a variable.", 'For example: env = "SEED"'))
    if arg is not None and "{seed}" not in arg:
        rules.append(Rule("arg", "arg has no {seed} in it.", 'For example: arg = "--seed {seed}"'))
    if file is not None and pattern is None:
        rules.append(Rule("file", "file needs a pattern.", r"For example: pattern = 'manual_seed\((\d+)\)'"))
    if pattern is not None:
        if file is None:
            rules.append(
                Rule("pattern", "pattern needs a file.", 'Name the file that it is for: file = "train.py".')
            )
        try:
            if re.compile(pattern).groups < 1:
                rules.append(
                    Rule(
                        "pattern", "pattern has no group.", r"Put ( ) around the seed: 'manual_seed\((\d+)\)'"
                    )
                )
        except re.error as error:
            rules.append(
                Rule("pattern", f"the pattern does not compile: {error}.", "Use Python's syntax in '…'.")
            )
    return rules


def check_param(
    kind: str,
    low: float | None,
    high: float | None,
    step: float | None,
    log: bool,
    choices: Sequence[object],
) -> list[Rule]:
    """A range for numbers, at least two choices for a choice, neither for a bool."""
    rules: list[Rule] = []
    if kind in ("float", "int"):
        for name, value in (("low", low), ("high", high)):
            if value is None:
                rules.append(Rule("", f"{name} is missing.", f"A {kind} needs low and high."))
            elif kind == "int" and value != int(value):
                rules.append(
                    Rule(name, f"{value} is not a whole number.", "Use type float, or a whole number.")
                )
        if low is not None and high is not None and low >= high:
            rules.append(
                Rule("high", f"high ({high:g}) is not above low ({low:g}).", "Let low be the smaller one.")
            )
        if log and low is not None and low <= 0:
            rules.append(
                Rule("low", f"log needs a positive low, not {low:g}.", "Raise low, or set log = false.")
            )
        if log and step is not None:
            rules.append(Rule("step", "step and log exclude each other.", "Remove one of the two."))
        if kind == "int" and step is not None and step != int(step):
            rules.append(
                Rule("step", f"{step} is not a whole number.", "Steps between whole numbers are whole.")
            )
        if choices:
            rules.append(
                Rule("choices", f"choices are not used by {kind}.", 'Set type = "choice", or remove them.')
            )
        return rules
    for name, value in (("low", low), ("high", high), ("step", step), ("log", log or None)):
        if value is not None:
            rules.append(Rule(name, f"{name} is not used by {kind}.", "Remove it."))
    if kind == "choice" and len(choices) < 2:
        rules.append(
            Rule("choices", "a choice needs at least two values.", 'For example: choices = ["SL", "L"]')
        )
    if kind == "choice" and len({(type(choice), choice) for choice in choices}) != len(choices):
        rules.append(Rule("choices", "a value stands there twice.", "Remove the second one."))
    if kind == "bool" and choices:
        rules.append(
            Rule("choices", "choices are not used by bool.", "Remove them: a bool is true or false.")
        )
    return rules


def check_policy(
    mode: str, baseline_runs: int, champion_runs: int, looks: Sequence[int], seeds: Sequence[int] | None
) -> list[Rule]:
    """Looks that rise from 1 or more, a noise estimate for the gate, enough distinct seeds."""
    rules: list[Rule] = []
    if any(look < 1 for look in looks) or list(looks) != sorted(set(looks)):
        rules.append(Rule("looks", "looks must rise, from 1 or more.", "For example: looks = [1, 2, 3, 5]"))
    if mode == "sequential" and baseline_runs < 2:
        remedy = 'Use 3 to 5 runs, or mode = "greedy".'
        rules.append(Rule("baseline_runs", "one baseline run shows no noise to judge by.", remedy))
    if seeds is not None:
        needed = max(baseline_runs, champion_runs, max(looks, default=1)) if mode == "sequential" else 1
        if len(set(seeds)) != len(seeds):
            rules.append(Rule("seeds", "a seed stands there twice.", "Remove the second one."))
        elif len(seeds) < needed:
            rules.append(
                Rule(
                    "seeds", f"{needed} seeds are needed, {len(seeds)} given.", "Add some, or remove the key."
                )
            )
        if any(seed < 0 for seed in seeds):
            rules.append(
                Rule("seeds", "a seed is negative.", "Use 0 or more: several libraries refuse the others.")
            )
    return rules
