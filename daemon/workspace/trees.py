"""Work trees of runs: laid out from a commit with an index of their own, thrown away after the run."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from arctl.daemon.actions import PrepareTree
from arctl.daemon.folders import delete
from arctl.daemon.rows import Campaign, Purpose
from arctl.daemon.workspace.git import Bare
from arctl.errors import ArctlError
from arctl.experiments import surface
from arctl.experiments.errors import ScienceError
from arctl.experiments.globs import matches
from arctl.experiments.spec import Spec


def prepare(action: PrepareTree, bare: Bare, spec: Spec, tree: Path) -> None:
    """Lay out a run's files: its commit, the links of the spec, and the seed where a file carries it."""
    delete(tree)
    export(bare, action.commit, tree)
    folder = tree / action.campaign.prefix
    for name in spec.run.link:
        _link(Path(action.campaign.root) / name, folder / name)
    if spec.score is not None and action.run.purpose is not Purpose.SETUP:
        for path in _matching(folder, spec.score.hidden):
            path.unlink()
    if spec.seed is not None and spec.seed.file and spec.seed.pattern:
        _seed(folder / spec.seed.file, spec.seed.pattern, action.run.seed)


def trust(campaign: Campaign, bare: Bare, folder: Path) -> None:
    """Lay out the files of a campaign's first commit, once: what scores its runs is taken from there."""
    if folder.exists():
        return
    begun = folder.with_name(f"{folder.name}.new")
    delete(begun)
    export(bare, campaign.base_commit, begun)
    begun.rename(folder)


def _matching(folder: Path, globs: tuple[str, ...]) -> list[Path]:
    return [
        path
        for where, _, names in os.walk(folder)
        for path in (Path(where, name) for name in names)
        if matches(globs, path.relative_to(folder).as_posix())
    ]


def export(bare: Bare, commit: str, folder: Path) -> None:
    """Write the files of a commit into a new folder; it is no repository."""
    folder.mkdir(parents=True)
    # An index that a killed git left, or its lock, would be in the way of the next one: each has its own.
    with tempfile.TemporaryDirectory(prefix="arctl-index-") as scratch:
        env = {"GIT_INDEX_FILE": str(Path(scratch) / "index"), "GIT_WORK_TREE": str(folder)}
        bare.run("read-tree", "--reset", "-u", commit, env=env)


def sweep(folder: Path, keep: frozenset[str]) -> None:
    """Delete the work trees of all runs but these, half-made ones of a dead daemon as well."""
    if folder.is_dir():
        for tree in folder.iterdir():
            if tree.name not in keep:
                delete(tree)


def _link(target: Path, link: Path) -> None:
    if not target.exists():
        msg = f"run.link names {target}, which is not there"
        raise ArctlError(msg, "create it, or take it out of arctl.toml")
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.exists():
        link.symlink_to(target.absolute())


def _seed(path: Path, pattern: str, seed: int) -> None:
    """Put the seed into this run's own copy of a file; the commit stays as it is."""
    try:
        # Bytes, so that the ends of lines stay as they are.
        path.write_bytes(surface.write_seed(path.read_bytes().decode(), pattern, seed).encode())
    except ScienceError as error:
        raise ArctlError(error.message, error.remedy) from error
