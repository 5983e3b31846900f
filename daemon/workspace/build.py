"""From a proposal to exactly one commit: applied to an index of its own, checked, pinned under a ref."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from arctl.daemon.actions import BuildCommit
from arctl.daemon.facts import CommitBuilt, CommitRefused
from arctl.daemon.folders import delete
from arctl.daemon.rows import Verdict
from arctl.daemon.workspace.admission import params_at
from arctl.daemon.workspace.doubts import doubts
from arctl.daemon.workspace.git import Bare, GitError
from arctl.experiments import edits, surface
from arctl.experiments.errors import ScienceError
from arctl.experiments.globs import matches
from arctl.experiments.spec import Spec

REGULAR = frozenset({"100644", "100755"})
#: How the folders begin in which commits are made, in the bare repository.
BUILDS = "build-"
#: The mode and the hash of what is not there.
REMOVED, NOTHING = "000000", "0" * 40
#: Files by which git is told what to do with others.
GITS_OWN = frozenset({".gitattributes", ".gitmodules"})
#: Bytes that a path, and one part of it, may have: more than file systems take, or people read.
LONGEST, LONGEST_PART = 400, 200
#: Exit status with which `git apply` says that a change does not fit; any other is trouble of its own.
CONFLICT = 1


class UnfitError(Exception):
    """The change cannot become an experiment; this is a verdict, not a mishap."""

    def __init__(self, verdict: Verdict, reason: str, evidence: dict[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.verdict, self.reason, self.evidence = verdict, reason, evidence or {}


class Index:
    """An index file of its own over the bare repository, so that builds never meet."""

    def __init__(self, bare: Bare, folder: Path, base: str) -> None:
        self._bare = bare
        self.env = {"GIT_INDEX_FILE": str(folder / "index")}
        bare.run("read-tree", base, env=self.env)

    def put(self, path: str, text: str, mode: str) -> None:
        """Replace a file's content, or add a file."""
        blob = self._bare.text("hash-object", "-w", "--stdin", stdin=text.encode("utf-8"))
        self._bare.run("update-index", "--add", "--cacheinfo", f"{mode},{blob},{path}", env=self.env)

    def remove(self, path: str) -> None:
        """Take a file out."""
        line = f"0 {NOTHING}\t{path}\0".encode()
        self._bare.run("update-index", "-z", "--index-info", stdin=line, env=self.env)

    def apply(self, patch: bytes, prefix: str) -> None:
        """Apply a unified diff, falling back to a three-way merge; raises `GitError` on a conflict."""
        where = [f"--directory={prefix.rstrip('/')}"] if prefix else []
        self._bare.run(
            "apply", "--cached", "--3way", "--whitespace=nowarn", *where, "-",
            stdin=patch, env=self.env,
        )  # fmt: skip

    def tree(self) -> str:
        """Write the index as a tree."""
        return self._bare.text("write-tree", env=self.env)


def build(action: BuildCommit, bare: Bare, spec: Spec) -> CommitBuilt | CommitRefused:
    """Make, check and pin the commit of a proposal."""
    experiment, prefix, base = action.experiment, action.campaign.prefix, action.base_commit
    commit = ""
    try:
        tree = _tree(action, bare, spec)
        commit = bare.text("commit-tree", tree, "-p", base, "-F", "-", stdin=_message(action).encode())
        _pin(bare, f"refs/arctl/{action.campaign.id}/exp/{experiment.id}", commit)
        paths = _scope(bare, base, tree, prefix, spec)
        _keeps_seed(bare, commit, prefix, spec)
    except UnfitError as unfit:
        return CommitRefused(experiment.id, base, unfit.verdict, unfit.reason, commit, unfit.evidence)
    findings = doubts(bare, base, commit, prefix, paths, spec)
    params = params_at(bare, commit, prefix, spec)
    return CommitBuilt(experiment.id, base, commit, tree, params, tuple(paths), findings)


def sweep(bare: Bare) -> None:
    """Delete what a daemon left that died while it built a commit; nothing is being built meanwhile."""
    for folder in bare.path.glob(f"{BUILDS}*"):
        delete(folder)


def _pin(bare: Bare, ref: str, commit: str) -> None:
    """Point the experiment's ref at its commit; what was built for it before, on another base, stays, too."""
    try:
        bare.run("update-ref", ref, commit, NOTHING)
    except GitError:
        before = bare.resolve(ref)
        if not before:
            raise
        if before != commit:
            bare.run("update-ref", f"{ref}-{before[:12]}", before)
            bare.run("update-ref", ref, commit)


def _tree(action: BuildCommit, bare: Bare, spec: Spec) -> str:
    change = action.proposal.change
    kind = change.get("kind")
    with tempfile.TemporaryDirectory(prefix=BUILDS, dir=bare.path) as folder:
        index = Index(bare, Path(folder), action.base_commit)
        if kind == "params":
            _set_params(action, bare, spec, index)
        elif kind == "patch":
            _apply(_bytes(str(change["patch"])), action.campaign.prefix, index)
        elif kind == "edits":
            _edit(action, bare, index)
        elif kind == "merge":
            # The same change as on its own base, merged three ways; paths are those of the repository.
            commit = str(change["commit"])
            edit = bare.run("diff", "--full-index", "--binary", "--no-renames", f"{commit}^", commit)
            _apply(edit, "", index)
        else:
            raise UnfitError(Verdict.INVALID, f"a change of an unknown kind: {kind!r}")
        return index.tree()


def _set_params(action: BuildCommit, bare: Bare, spec: Spec, index: Index) -> None:
    values: dict[str, Any] = action.proposal.change["values"]
    prefix = action.campaign.prefix
    unknown = sorted(set(values) - set(spec.params))
    if unknown:
        raise UnfitError(Verdict.INVALID, f"no tunable parameter is called {', '.join(unknown)}")
    for file in sorted({spec.params[name].file for name in values}):
        entry = bare.entry(action.base_commit, prefix + file)
        if entry is None:
            raise UnfitError(Verdict.CONFLICT, f"{file} is no longer there on this base", {"file": file})
        try:
            text = bare.file(action.base_commit, prefix + file) or ""
        except UnicodeDecodeError as error:
            raise UnfitError(Verdict.INVALID, f"{file} is not UTF-8 text") from error
        chosen = {name: value for name, value in values.items() if spec.params[name].file == file}
        try:
            new = surface.write(text, file, chosen, spec.params)
        except ScienceError as error:
            raise UnfitError(
                Verdict.CONFLICT, error.message, {"file": file, "remedy": error.remedy}
            ) from error
        index.put(prefix + file, new, entry.mode)


#: The verdict of each sort of edit that cannot be made.
_FAULTS = {
    "invalid": Verdict.INVALID,
    "scope": Verdict.OUT_OF_SCOPE,
    "conflict": Verdict.CONFLICT,
}


def _edit(action: BuildCommit, bare: Bare, index: Index) -> None:
    """Replace texts in files; those that the campaign does not declare editable are caught afterwards."""
    prefix, modes = action.campaign.prefix, dict[str, str]()

    def read(path: str) -> str | None:
        entry = bare.entry(action.base_commit, prefix + path)
        modes[path] = entry.mode if entry is not None else "100644"
        if entry is not None and entry.kind != "blob":
            raise edits.EditError("scope", f"{path} is no file", path)
        try:
            return bare.file(action.base_commit, prefix + path)
        except UnicodeDecodeError as error:
            raise edits.EditError("invalid", f"{path} is not UTF-8 text", path) from error

    try:
        changed = edits.apply(edits.read(action.proposal.change), read)
        for path, text in changed.items():
            if text is None:
                index.remove(prefix + path)
            else:
                _put(index, path, prefix, text, modes[path])
    except edits.EditError as error:
        evidence = {"file": error.path, "why": error.message, "remedy": error.remedy}
        raise UnfitError(_FAULTS[error.fault], error.message, evidence) from error


def _put(index: Index, path: str, prefix: str, text: str, mode: str) -> None:
    try:
        index.put(prefix + path, text, mode)
    except GitError as error:
        # Git takes no such path: a folder where a file is, or a name that is its own.
        raise edits.EditError("scope", f"git takes no file at {path}", path) from error


#: What git says when it is the machine that fails, not the patch.
TROUBLES = ("No space left", "unable to write", "unable to create", "Permission denied", "emory", ".lock")


def _bytes(patch: str) -> bytes:
    try:
        return patch.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UnfitError(Verdict.INVALID, "the patch holds what is no text") from error


def _apply(patch: bytes, prefix: str, index: Index) -> None:
    if not patch.strip():
        raise UnfitError(Verdict.INVALID, "the patch is empty")
    try:
        index.apply(patch if patch.endswith(b"\n") else patch + b"\n", prefix)
    except GitError as error:
        said = error.stderr.splitlines()
        if any("corrupt patch" in line or "No valid patches" in line for line in said):
            raise UnfitError(Verdict.INVALID, f"not a usable patch: {said[-1]}", {"git": said}) from error
        if error.status != CONFLICT:
            if any(trouble in line for line in said for trouble in TROUBLES):
                raise
            # Whatever else git does not like of a patch is the patch's fault, and nobody else's.
            outside = any("invalid path" in line or "beyond a symbolic link" in line for line in said)
            verdict = Verdict.OUT_OF_SCOPE if outside else Verdict.INVALID
            errors = [line.partition(": ")[2] for line in said if line.startswith(("error: ", "fatal: "))]
            told = next(iter(errors), "git cannot read it")
            raise UnfitError(verdict, f"not a usable patch: {told}", {"git": said}) from error
        files = [line.split(": ")[1] for line in said if line.startswith("error: patch failed: ")]
        where = f" in {', '.join(dict.fromkeys(files))}" if files else ""
        reason = f"the change does not apply to its base{where}"
        raise UnfitError(Verdict.CONFLICT, reason, {"git": said}) from error


def _keeps_seed(bare: Bare, commit: str, prefix: str, spec: Spec) -> None:
    """Insist that the seed can still be put where the campaign says that it stands."""
    if spec.seed is None or not spec.seed.file or not spec.seed.pattern:
        return
    try:
        surface.write_seed(bare.file(commit, prefix + spec.seed.file) or "", spec.seed.pattern, 1)
    except (ScienceError, UnicodeDecodeError) as error:
        reason = f"the edit takes the seed out of {spec.seed.file}, so that no run could be told its own"
        raise UnfitError(Verdict.INVALID, reason) from error


def _scope(bare: Bare, base: str, tree: str, prefix: str, spec: Spec) -> list[str]:
    """Return the changed paths; insist that each is a regular file which the campaign declares editable."""
    listed = bare.run("diff-tree", "-r", "-z", "--no-renames", base, tree).split(b"\0")
    paths, wrong = [], []
    for meta, raw in zip(listed[0::2], listed[1::2], strict=False):
        path, mode = raw.decode("utf-8", "replace"), meta.decode().split(" ")[1]
        inside = path[len(prefix) :] if path.startswith(prefix) else ""
        if mode != REMOVED and (why := _odd(raw)):
            wrong.append(f"{shown(path)} {why}")
            continue
        if not inside or matches(spec.files.protected, inside) or not matches(spec.files.editable, inside):
            wrong.append(f"{path} is not editable")
        elif mode not in REGULAR and mode != REMOVED:
            wrong.append(f"{path} is no regular file (mode {mode})")
        paths.append(path)
    if wrong:
        raise UnfitError(Verdict.OUT_OF_SCOPE, "; ".join(wrong), {"paths": paths, "wrong": wrong})
    return paths


def _odd(raw: bytes) -> str:
    """Say why a file of this name is taken from nobody, whatever is editable; empty where it may be."""
    try:
        path = raw.decode("utf-8")
    except UnicodeDecodeError:
        return "has a name that is no text"
    parts = path.split("/")
    if len(raw) > LONGEST or any(len(part.encode()) > LONGEST_PART for part in parts):
        return "has too long a name"
    if not path.isprintable() or "\\" in path:
        return "has a name that cannot be shown as it is"
    # What git reads by itself changes how files are laid out and merged: what runs is what was committed.
    return "is a file that git itself reads" if parts[-1].lower() in GITS_OWN else ""


def shown(path: str) -> str:
    """Return a path for a sentence: short, and nothing in it that a terminal would obey."""
    plain = "".join(char if char.isprintable() else "?" for char in path)
    return plain if len(plain) <= 80 else f"{plain[:79]}…"


def _message(action: BuildCommit) -> str:
    proposal, experiment = action.proposal, action.experiment
    body = [proposal.title, ""]
    body += [proposal.hypothesis, ""] if proposal.hypothesis else []
    body += [f"Experiment: {experiment.id} ({action.campaign.id})", f"Axis: {proposal.axis or '-'}"]
    return "\n".join(body) + "\n"
