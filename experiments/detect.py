"""What `arctl init` writes for the repository that it stands in, recognised from its files' text."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from arctl.experiments import sources
from arctl.experiments.check import PLACEHOLDER
from arctl.experiments.errors import ScienceError
from arctl.experiments.guess import guess
from arctl.experiments.rules import to_slug

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SCHEMA = "./arctl.schema.json"
"""Where the first line of a new file says that its schema lies, for editors."""

_AUTORESEARCH = ("prepare.py", "train.py", "program.md")
_MEMORY_GUARDRAIL = """\
# program.md calls memory a soft limit. To make it a hard one, against champion and baseline:
# [[guardrails]]
# metric = "peak_vram_mb"
# max_increase = "10%"
"""


@dataclass(frozen=True, slots=True)
class Detected:
    """The text of a new ``arctl.toml``, and remarks for the person who asked for it."""

    toml: str
    notes: tuple[str, ...]


@dataclass
class _Draft:
    """What is known so far; None where nothing was recognised."""

    script: str | None = None
    command: str = "python train.py"
    setup: str | None = None
    env: dict[str, str] = field(default_factory=dict)
    objective: str | None = None
    metric: sources.PrintedMetric | None = None
    seed: dict[str, str] | None = None
    protected: list[str] = field(default_factory=list)
    params: dict[str, dict[str, object]] = field(default_factory=dict)
    guardrails: str = ""
    notes: list[str] = field(default_factory=list)


def propose_spec(
    name: str, files: Sequence[str], read: Callable[[str], str | None], schema: str = SCHEMA
) -> Detected:
    """Write a spec for a folder called ``name``; ``read`` gives the text of one of its files, or None.

    karpathy/autoresearch's shape is recognised as a whole. Elsewhere the script, metric, seed and constants
    are looked for one by one; a metric that is not found is left as a placeholder, which ``check_files``
    reports.
    """
    present = set(files)
    source = read("train.py") or ""
    if present.issuperset(_AUTORESEARCH) and "val_bpb" in source:
        draft = _autoresearch(present, source)
    else:
        draft = _searched(files, read)
    return Detected(_text(to_slug(name), draft, schema), tuple(draft.notes))


def _autoresearch(present: set[str], source: str) -> _Draft:
    """karpathy/autoresearch, unmodified: no question is open."""
    runner = "uv run" if "uv.lock" in present or "pyproject.toml" in present else "python"
    draft = _Draft(
        script="train.py",
        command=f"{runner} train.py",
        setup=f"{runner} prepare.py",
        env={"PYTHONUNBUFFERED": "1"},
        objective="program.md",
        metric=sources.PrintedMetric("val_bpb", "minimize"),
        seed=sources.seed_hook("train.py", source),
        protected=["prepare.py"],
        params=_guesses(source),
        guardrails=_MEMORY_GUARDRAIL,
    )
    draft.notes.append(
        "Recognised karpathy/autoresearch: train.py is edited, val_bpb decides, prepare.py is protected."
    )
    if draft.seed is None:
        draft.notes.append("No manual_seed(…) was found in train.py, so every run has the same seed.")
    return draft


def _searched(files: Sequence[str], read: Callable[[str], str | None]) -> _Draft:
    """Any other repository, piece by piece."""
    present = set(files)
    draft = _Draft(script=_script(files))
    if draft.script is None:
        draft.notes.append(
            "No script was found that looks like training: set run.command and files.editable."
        )
        return draft
    source = read(draft.script) or ""
    runner = "uv run" if "uv.lock" in present else "python"
    draft.command = f"{runner} {draft.script}"
    draft.env = {"PYTHONUNBUFFERED": "1"}
    draft.metric = sources.printed_metric(source)
    draft.seed = sources.seed_hook(draft.script, source)
    draft.params = _guesses(source)
    draft.protected = [
        name for name in ("evaluate.py", "eval.py", "prepare.py", "score.py") if name in present
    ]
    draft.objective = next((name for name in ("program.md", "objective.md") if name in present), None)
    if "prepare.py" in present and draft.script != "prepare.py":
        draft.setup = f"{runner} prepare.py"
    draft.notes.append(f"{draft.script} looks like the script that trains.")
    if draft.metric is None:
        draft.notes.append("No printed metric was recognised: set metric.name, then run `arctl check`.")
    else:
        draft.notes.append(
            f"{draft.metric.name} decides ({draft.metric.goal}); correct [metric] if that is wrong."
        )
    if draft.seed is None:
        draft.notes.append(
            "No seed was found: runs repeat one seed, and the gate sees less noise than there is."
        )
    return draft


def _guesses(source: str) -> dict[str, dict[str, object]]:
    try:
        return guess(source)
    except ScienceError:  # a script that does not parse has no constants to offer
        return {}


def _script(files: Sequence[str]) -> str | None:
    """The file that most likely trains: by its name, the nearest to the root."""
    names = ("train.py", "main.py", "run.py", "experiment.py", "solution.py")

    def rank(path: str) -> tuple[int, int, str]:
        pure = PurePosixPath(path)
        by_name = names.index(pure.name) if pure.name in names else len(names)
        return by_name, len(pure.parts), path

    scripts = [
        path for path in files if path.endswith(".py") and not re.search(r"(^|/)(tests?|docs|\.)", path)
    ]
    likely = [
        path for path in scripts if PurePosixPath(path).name in names or "train" in PurePosixPath(path).stem
    ]
    if not likely and len(scripts) == 1:
        return scripts[0]
    return min(likely, key=rank, default=None)


def _text(name: str, draft: _Draft, schema: str) -> str:
    """The file itself, with a comment wherever a person may want to change something."""
    metric = draft.metric
    lines = [
        f"#:schema {schema}",
        "# A campaign of arctl. `arctl check` checks this file; docs/campaign.md describes every key.",
        f"name = {_quoted(name)}",
    ]
    if draft.objective:
        lines.append(f"objective = {_quoted(draft.objective)}   # the goal in words, for people and agents")
    lines += ["", "[run]", f"command = {_quoted(draft.command)}"]
    if draft.setup:
        lines.append(f"setup = {_quoted(draft.setup)}   # once, before anything else")
    lines.append('timeout = "10m"   # wall clock of one run')
    lines.append('# stall = "5m"    # end a run that has printed nothing for so long')
    if draft.env:
        pairs = ", ".join(f"{key} = {_quoted(value)}" for key, value in draft.env.items())
        lines.append(f"env = {{ {pairs} }}")
    lines.append('# link = ["data"]   # untracked folders that every run needs to see, such as your .venv')
    lines += ["", "[sandbox]   # what runs may see besides their work tree; docs/sandbox.md"]
    lines.append('# read_only = ["~/.cache"]   # setup, and so every run, has a home of its own')
    lines.append("# network = true   # setup has it in any case")
    lines += ["", "[metric]"]
    if metric is None:
        lines.append(
            "# The number that decides, as the script prints it on a line of its own: `val_loss: 0.123`."
        )
        lines.append('# For a number in a file: source = "json" and file = "metrics.json".')
    lines.append(f"name = {_quoted(metric.name if metric else PLACEHOLDER)}")
    lines.append(f"goal = {_quoted(metric.goal if metric else 'minimize')}   # or maximize")
    if metric is None or metric.pattern is None:
        lines.append('source = "block"   # `name: value` lines at the end of the log')
    else:
        lines += [
            'source = "regex"   # the last match in the log counts',
            f"pattern = {_literal(metric.pattern)}",
        ]
    lines.append("min_improvement = 0.0   # gains below this are not worth keeping")
    lines += _seed_lines(draft.seed)
    lines += [
        "",
        "[files]",
        f"editable = {_list([draft.script or '*.py'])}   # what an experiment may change",
    ]
    lines.append(f"protected = {_list(draft.protected)}   # must be the same after a run as before it")
    lines += _param_lines(draft)
    lines += [
        "",
        "[policy]",
        'mode = "sequential"   # error-controlled; "greedy" keeps whatever is better once',
        "alpha = 0.05          # accepted rate of false accepts",
        "baseline_runs = 5     # the unchanged code, on as many seeds, to learn the noise",
        "",
    ]
    if draft.guardrails:
        lines += [draft.guardrails.rstrip(), ""]
    lines += [
        "[limits]",
        "# experiments = 100",
        "# hours = 8",
        "# target = 0.0   # finished at this value",
        "",
    ]
    lines += ["[brain]", *_brain_lines(draft), ""]
    return "\n".join(lines)


def _brain_lines(draft: _Draft) -> list[str]:
    if draft.params:
        return ['kind = "search"   # tunes [params]; "deck" takes patches from a folder']
    return [
        "# No tunable constants were found. Give the search brain a table for each constant to tune:",
        "# [params.LEARNING_RATE]",
        "# file, type, low, high, log",
        'kind = "search"',
    ]


def _seed_lines(seed: dict[str, str] | None) -> list[str]:
    if seed is None:
        return [
            "",
            "# Without a seed, repeated runs show no noise, and a gain cannot be told from it. One of:",
            "# [seed]",
            '# env = "SEED"',
            '# arg = "--seed {seed}"',
        ]
    return ["", "[seed]", *(f"{key} = {_literal(value)}" for key, value in seed.items())]


def _param_lines(draft: _Draft) -> list[str]:
    if not draft.params or draft.script is None:
        return []
    lines = [
        "",
        "# Constants found in the script, with guessed ranges: correct them, remove what is not to be tuned.",
    ]
    for name, table in draft.params.items():
        lines.append(f"[params.{name}]")
        lines.append(f"file = {_quoted(draft.script)}")
        lines += [f"{key} = {json.dumps(value)}" for key, value in table.items()]
        lines.append("")
    return lines[:-1]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _literal(text: str) -> str:
    """A literal string where possible: patterns keep their backslashes."""
    return f"'{text}'" if "'" not in text and text.isprintable() else _quoted(text)


def _list(items: Sequence[str]) -> str:
    return "[" + ", ".join(_quoted(item) for item in items) + "]"
