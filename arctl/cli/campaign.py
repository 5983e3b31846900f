"""Campaigns: an arctl.toml written, checked and described, and the campaign started."""

from __future__ import annotations

import dataclasses
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arctl.cli import common
from arctl.cli.start import start
from arctl.errors import Exit, RefusedError, UsageError
from arctl.text import clean

if TYPE_CHECKING:
    from collections.abc import Callable

    from arctl.experiments.errors import Problem
    from arctl.experiments.spec import Spec

__all__ = ["check", "init", "schema", "start"]

SPEC = "arctl.toml"


@click.command()
@click.argument("path", default=".", type=click.Path(path_type=Path))
@click.option("-n", "--name", metavar="NAME", help="The campaign's name; the folder's by default.")
@click.option("-f", "--force", is_flag=True, help="Replace an arctl.toml that is there already.")
@click.option("--stdout", "to_stdout", is_flag=True, help="Print it instead of writing it.")
def init(path: Path, name: str | None, force: bool, to_stdout: bool) -> None:
    """Write an arctl.toml for a repository.

    Looks at the files that git tracks for the training script, its metric, its seed and the constants worth
    tuning. Read what it wrote before you start: it is a proposal.

    Example: arctl init ~/autoresearch
    """
    from arctl.experiments.detect import propose_spec

    root = _folder(path)
    target = root / SPEC
    if target.exists() and not force and not to_stdout:
        msg = f"{target} exists"
        raise RefusedError(msg, "edit it, or replace it: `arctl init --force`")
    found = propose_spec(name or root.name, tracked(root), reader(root))
    if to_stdout:
        click.echo(found.toml, nl=False)
    else:
        target.write_text(found.toml, encoding="utf-8")
        common.narrate(f"wrote {target}")
    for note in found.notes:
        common.narrate(f"note: {clean(note)}")
    if "#:schema" in found.toml and not (root / "arctl.schema.json").exists():
        common.narrate(
            "note: `arctl schema > arctl.schema.json` lets your editor complete and check the file."
        )
    if not to_stdout:
        where = "" if root == Path.cwd() else f" {path}"
        common.narrate(f"next: read it, then `arctl check{where}`, then `arctl start{where}`")


@click.command()
@click.argument("path", default=".", type=click.Path(path_type=Path))
@common.json_option
@click.pass_context
def check(ctx: click.Context, path: Path, as_json: bool) -> None:
    """Check an arctl.toml and the files that it names.

    Prints every problem with its line and what to do, and ends with 1 when there is any.

    Example: arctl check examples/digits
    """
    from arctl.experiments.spec import SpecError, check_files, load
    from arctl.plugins import brain_kinds

    root = _folder(path)
    file = root / SPEC
    shown = str(path / SPEC) if path.is_dir() else str(path)
    problems: list[Problem] = []
    warnings: list[str] = []
    spec: Spec | None = None
    try:
        spec = load(file)
        problems = check_files(spec, reader(root), SPEC, brain_kinds())
        warnings = list(_warnings(spec, root))
    except SpecError as error:
        problems = list(error.problems)
    if as_json:
        rows = [{**dataclasses.asdict(problem), "file": str(file)} for problem in problems]
        name = spec.name if spec else None
        common.document({"file": str(file), "campaign": name, "problems": rows, "warnings": warnings})
    else:
        for problem in problems:
            key = f" {problem.key}:" if problem.key else ""
            click.echo(clean(f"{shown}:{problem.line or 1}:{key} {problem.message}"))
            click.echo(f"    {clean(problem.remedy)}")
        for warning in warnings:
            common.narrate(f"warning: {clean(warning)}")
        if spec is not None and not problems:
            click.echo(clean(f"{shown}: no problems; {describe(spec)}"))
    if problems:
        ctx.exit(int(Exit.FAILED))


def describe(spec: Spec) -> str:
    """Say in a line what a campaign is."""
    ways = [f"{len(spec.params)} parameters"] if spec.params else []
    ways += [f"brain {spec.brain.kind}", f"policy {spec.policy.mode}"]
    return f"campaign {spec.name} wants to {spec.metric.goal} {spec.metric.name} ({', '.join(ways)})"


def _warnings(spec: Spec, root: Path) -> list[str]:
    """Say what may go wrong although the file is right."""
    found = []
    words = spec.run.command.split()
    while words and "=" in words[0]:  # VARIABLE=value in front of a command
        words.pop(0)
    program = words[0].strip("\"'") if words else ""
    if program and program not in _BUILTINS and program[0] not in "($`":
        known = (root / program).exists() if "/" in program else shutil.which(program) is not None
        if not known:
            found.append(f"run.command starts with {program}, which is not found on your PATH")
    names = set(tracked(root, strict=False))
    files = {param.file for param in spec.params.values()}
    files |= {name for name in (spec.objective, spec.seed.file if spec.seed else None) if name}
    found += [
        f"{name} is not tracked by git: experiments start from the commit and will not see it"
        for name in sorted(files)
        if names and name not in names and (root / name).exists()
    ]
    return found


_BUILTINS = frozenset(
    [
        "cd",
        "set",
        "source",
        ".",
        "exec",
        "export",
        "if",
        "for",
        "while",
        "test",
        "[",
        "ulimit",
        "eval",
        "trap",
        "{",
    ]
)


@click.command()
def schema() -> None:
    """Print the JSON schema of arctl.toml, for editors and agents.

    Example: arctl schema > arctl.schema.json
    """
    from arctl.experiments.spec import json_schema

    common.document(json_schema())


def _folder(path: Path) -> Path:
    """Return the absolute folder of a campaign; its arctl.toml stands for it."""
    root = path.absolute()
    if root.is_file() and root.name == SPEC:
        root = root.parent
    if not root.is_dir():
        msg = f"{root} is not a folder"
        raise UsageError(msg, "give the folder of your training script")
    return root


def tracked(root: Path, *, strict: bool = True) -> list[str]:
    """Return the files below a folder that git tracks, relative to it; raises where it is no repository."""
    try:
        done = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise RefusedError("git is not installed", "install it, for example `apt-get install git`") from error
    if done.returncode and strict:
        msg = f"{root} is not in a git repository"
        raise RefusedError(msg, "`git init`, add your files and commit them first")
    names = [name.decode("utf-8", "surrogateescape") for name in done.stdout.split(b"\0") if name]
    if not names and strict:
        msg = f"git tracks no file in {root}"
        raise RefusedError(msg, "add your files and commit them: `git add . && git commit -m baseline`")
    return names


def reader(root: Path) -> Callable[[str], str | None]:
    """Return a function that gives the text of a file below a folder, None where there is none."""

    def read(name: str) -> str | None:
        try:
            return (root / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None

    return read
