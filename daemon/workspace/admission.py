"""What a repository must be to become a campaign, and how it is imported."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arctl.daemon.actions import AdmitCampaign
from arctl.daemon.rows import LETTERS
from arctl.daemon.workspace.confine import level_of, told_of
from arctl.daemon.workspace.git import FETCH, Bare, GitError, git
from arctl.errors import RefusedError
from arctl.experiments import surface
from arctl.experiments.check import check_files
from arctl.experiments.confinement import Level
from arctl.experiments.errors import ScienceError, SpecError
from arctl.experiments.globs import matches
from arctl.experiments.spec import Spec, load
from arctl.paths import Home
from arctl.plugins import brain_kinds

SPEC = "arctl.toml"
#: The first git that applies a patch to an index of its own with a three-way merge.
MIN_GIT = (2, 32)
#: Characters of the objective that agents are told.
MAX_OBJECTIVE = 60_000


@dataclass(frozen=True, slots=True)
class Admitted:
    """A repository read and imported; `params` are the values of its tunable surface."""

    spec: Spec
    text: str
    root: Path
    prefix: str
    commit: str
    tree: str
    params: dict[str, Any]
    notes: tuple[str, ...]
    objective: str
    level: Level


def admit(action: AdmitCampaign, home: Home) -> Admitted:
    """Check a repository and import its HEAD; raises `RefusedError` with what to do."""
    root = Path(action.path)
    if root.is_file() and root.name == SPEC:
        root = root.parent
    if not root.is_dir():
        msg = f"{root} is not a folder"
        raise RefusedError(msg, "give the folder that holds arctl.toml")
    top, prefix = _repository(root)
    spec, text = _spec(root)
    _unlike_an_id(spec.name)
    known = action.known.get(spec.name)
    if known is not None and Path(known[0]) != root and not _moved(known, top):
        msg = f"there is a campaign {spec.name} already, of {known[0]}"
        raise RefusedError(msg, f'give this one another name: name = "…" in {root / SPEC}')
    level = level_of(action, spec)
    for name in spec.run.link:
        if not (root / name).exists():
            msg = f"run.link names {name}, which is not in {root}"
            raise RefusedError(msg, "create it, or take it out of arctl.toml")
    for key, names in (("read_only", spec.sandbox.read_only), ("writable", spec.sandbox.writable)):
        for name in names:
            if not (root / os.path.expanduser(name)).exists():  # noqa: PTH111  # never raises
                msg = f"[sandbox] {key} names {name}, which is not there"
                raise RefusedError(msg, "create it, or take it out of arctl.toml")
    if not action.allow_dirty:
        # The words that agents are told are read from your tree, and followed while you edit them.
        words = {prefix + name for name in (SPEC, spec.objective, *spec.prompts.values()) if name}
        _clean(top, root, words)
    bare = Bare(home.campaign(spec.name) / "repo.git")
    commit = _import(bare, top, spec.name)
    if known is None:
        _no_other_lineage(top, spec.name, commit)
    tree = bare.text("rev-parse", f"{commit}^{{tree}}")
    own = str(root / SPEC)

    def read(path: str) -> str | None:
        return text if path == own else _text(bare, commit, prefix + path, strict=True)

    _hidden(spec, bare.files(commit, prefix))
    problems = check_files(spec, read, own, brain_kinds())
    if problems:
        raise _refusal(SpecError(tuple(problems)))
    notes = told_of(level, spec)
    if spec.seed is None:
        notes = (
            *notes,
            "no [seed] is bound: repeated runs may all be the same and say nothing about noise",
        )
    if bare.entry(commit, ".gitmodules") is not None:
        notes = (*notes, "submodules are not checked out for runs: link them with run.link")
    if "filter=" in (_text(bare, commit, ".gitattributes") or ""):
        notes = (
            *notes,
            "filters of .gitattributes (LFS) are not applied for runs: link such files with run.link",
        )
    values = params_at(bare, commit, prefix, spec)
    return Admitted(spec, text, root, prefix, commit, tree, values, notes, _objective(spec, root), level)


def _hidden(spec: Spec, files: list[str]) -> None:
    """Refuse a glob that hides nothing: the labels that it was meant for would be seen."""
    for glob in spec.score.hidden if spec.score is not None else ():
        if not any(matches((glob,), file) for file in files):
            msg = f"score.hidden names {glob}, and no file of the commit is called so"
            remedy = (
                "correct it or take it out; what git does not track is not hidden by it: "
                "have `run.setup` put such data into $ARCTL_HIDDEN"
            )
            raise RefusedError(msg, remedy)


def _objective(spec: Spec, root: Path) -> str:
    """Return what the campaign is for, in the words of the file that it names."""
    if spec.objective is None:
        return ""
    try:
        return (root / spec.objective).read_text(encoding="utf-8")[:MAX_OBJECTIVE]
    except (OSError, UnicodeDecodeError) as error:
        msg = f"objective names {spec.objective}, which cannot be read: {error}"
        raise RefusedError(msg, "write it as UTF-8 text, or take `objective` out of arctl.toml") from error


def _moved(known: tuple[str, str], top: Path) -> bool:
    """Tell whether a known campaign's folder is gone and this repository is the one that it was in."""
    root, commit = known
    if Path(root).exists():
        return False
    try:
        git("cat-file", "-e", f"{commit}^{{commit}}", cwd=top)
    except GitError:
        return False
    return True


def _unlike_an_id(name: str) -> None:
    if name[:1] in LETTERS.values() and name[1:].isdigit():
        msg = f"a campaign cannot be called {name}: ids of experiments, runs and the like look so"
        raise RefusedError(msg, "choose another name in arctl.toml")


def _repository(root: Path) -> tuple[Path, str]:
    if shutil.which("git") is None:
        msg = "git is not installed"
        raise RefusedError(msg, "install it, for example `apt-get install git`")
    version = tuple(map(int, re.findall(r"\d+", git("version").decode())[:2]))
    if version < MIN_GIT:
        msg = f"git {'.'.join(map(str, version))} is too old"
        raise RefusedError(msg, f"install git {'.'.join(map(str, MIN_GIT))} or newer")
    try:
        top = git("rev-parse", "--show-toplevel", cwd=root).decode().rstrip("\n")
        prefix = git("rev-parse", "--show-prefix", cwd=root).decode().rstrip("\n")
    except GitError as error:
        msg = f"{root} is not in a git repository"
        raise RefusedError(msg, "`git init`, add your files and commit them first") from error
    try:
        git("rev-parse", "--verify", "--quiet", "HEAD^{commit}", cwd=root)
    except GitError as error:
        msg = f"the repository {top} has no commit yet"
        raise RefusedError(msg, "commit your files first: `git add . && git commit -m baseline`") from error
    return Path(top), prefix


def _spec(root: Path) -> tuple[Spec, str]:
    path = root / SPEC
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        msg = f"there is no {SPEC} in {root}"
        raise RefusedError(msg, "`arctl init` writes one") from error
    except (OSError, UnicodeDecodeError) as error:
        msg = f"cannot read {path}: {error}"
        raise RefusedError(msg, "it must be a UTF-8 text file of yours") from error
    try:
        return load(path), text
    except SpecError as error:
        raise _refusal(error) from error


def _refusal(error: SpecError) -> RefusedError:
    lines = [f"{p.file}:{p.line or 1}: {p.key}: {p.message} ({p.remedy})" for p in error.problems]
    return RefusedError("\n".join(lines), "`arctl check` says it again when they are mended")


def _clean(top: Path, root: Path, own: set[str]) -> None:
    """Refuse uncommitted changes of tracked files: experiments start from the commit without them."""
    changed = git("status", "--porcelain", "-z", "--untracked-files=no", "--", ".", cwd=root)
    names = [item.decode("utf-8", "replace")[3:] for item in changed.split(b"\0") if len(item) > 3]
    names = [name for name in names if name not in own]
    if names:
        shown = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
        msg = f"{top} has uncommitted changes: {shown}"
        raise RefusedError(
            msg, "commit or stash them, or start from HEAD without them: `arctl start --allow-dirty`"
        )


def _import(bare: Bare, top: Path, name: str) -> str:
    """Fetch HEAD with its history into the bare repository and pin it there for good."""
    bare.create()
    ref = f"refs/arctl/{name}/head"
    try:
        bare.run("fetch", *FETCH, "--update-shallow", str(top), f"+HEAD:{ref}")
    except GitError as error:
        raise RefusedError(error.message, "the campaign needs a copy of the repository's history") from error
    commit = bare.resolve(ref)
    if not commit:
        msg = f"git could not copy HEAD of {top}"
        raise RefusedError(msg, "if it is a shallow clone: `git fetch --unshallow`")
    bare.run("update-ref", f"refs/arctl/{name}/base/{commit}", commit)
    return commit


def _no_other_lineage(top: Path, name: str, commit: str) -> None:
    """Refuse where the repository has another lineage under the champion branch's name."""
    ref = f"refs/heads/arctl/{name}"
    try:
        theirs = git("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}", cwd=top).decode().strip()
    except GitError:
        return
    if theirs != commit:
        msg = f"the repository has a branch arctl/{name} already, at {theirs[:9]}"
        remedy = f"keep it by another name: `git branch -m arctl/{name} old-{name}`, or rename the campaign"
        raise RefusedError(msg, remedy)


def _text(bare: Bare, commit: str, path: str, *, strict: bool = False) -> str | None:
    """Return a file's text; None where there is none or, unless `strict`, where it is no text."""
    try:
        return bare.file(commit, path)
    except UnicodeDecodeError as error:
        if not strict:
            return None
        msg = f"{path} is not UTF-8 text"
        raise RefusedError(
            msg, "save it as UTF-8: that is how its parameters are read and written"
        ) from error


def params_at(bare: Bare, commit: str, prefix: str, spec: Spec) -> dict[str, Any]:
    """Return the values of the tunable parameters at a commit; what an edit removed is left out."""
    values: dict[str, Any] = {}
    for file in {param.file for param in spec.params.values()}:
        text = _text(bare, commit, prefix + file)
        chosen = {name: param for name, param in spec.params.items() if param.file == file}
        for name, param in chosen.items():
            try:
                values.update(surface.read(text or "", file, {name: param}))
            except ScienceError:
                continue
    return values
