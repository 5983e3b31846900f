"""What clients and brains may see of a campaign's repository: differences and files, never changed here."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from arctl.daemon.workspace import trees
from arctl.daemon.workspace.git import Bare
from arctl.errors import ArctlError, RefusedError
from arctl.paths import Home

REGULAR = frozenset({"100644", "100755"})
#: The longest difference that is shown, in bytes.
MAX_DIFF = 600_000
#: The longest file that is read, in bytes.
MAX_FILE = 2_000_000
#: Most bytes that the changed files of a work folder may have.
MAX_CHANGES = 20_000_000


class Archive:
    """Read-only access to the campaigns' bare repositories."""

    def __init__(self, home: Home) -> None:
        self._home = home

    async def diff(self, campaign: str, old: str, new: str) -> str:
        """Return the unified difference of two commits."""
        return await asyncio.to_thread(self._diff, campaign, old, new)

    def _diff(self, campaign: str, old: str, new: str) -> str:
        bare = self._bare(campaign)
        shown = bare.run(
            "-c",
            "core.quotePath=false",
            "diff",
            "--no-color",
            "--no-ext-diff",
            "--no-textconv",
            "--no-renames",
            old,
            new,
        )
        text = shown[:MAX_DIFF].decode("utf-8", "replace")
        return text if len(shown) <= MAX_DIFF else text + "\n[cut: the difference is longer]\n"

    async def paths(self, campaign: str, commit: str) -> list[str]:
        """Return the paths of a commit's files, relative to the repository."""
        return await asyncio.to_thread(self._bare(campaign).files, commit)

    async def file(self, campaign: str, commit: str, path: str) -> str | None:
        """Return a file's text; None where there is none, or where it is no text or too long."""
        return await asyncio.to_thread(self._file, campaign, commit, path)

    def _file(self, campaign: str, commit: str, path: str) -> str | None:
        if path.startswith("/") or not {"..", ""}.isdisjoint(path.split("/")):
            return None
        bare = self._bare(campaign)
        listed = bare.text("ls-tree", "--full-tree", "--long", commit, "--", path).split()
        if len(listed) < 5 or listed[0] not in REGULAR or int(listed[3]) > MAX_FILE:
            return None
        try:
            text = bare.run("cat-file", "blob", listed[2]).decode("utf-8")
        except UnicodeDecodeError:
            return None
        return None if "\0" in text else text

    async def changes(self, campaign: str, commit: str, folder: Path, unseen: Sequence[str] = ()) -> str:
        """Return, as a patch, in what a folder differs from a commit; empty where it does not.

        Files that its .gitignore names count as not there, and `unseen` paths of the commit as unchanged.
        Raises `ArctlError` where too much changed.
        """
        return await asyncio.to_thread(self._changes, campaign, commit, folder, unseen)

    def _changes(self, campaign: str, commit: str, folder: Path, unseen: Sequence[str]) -> str:
        bare = self._bare(campaign)
        with tempfile.TemporaryDirectory(prefix="changes-", dir=bare.path) as scratch:
            objects = Path(scratch) / "objects"
            objects.mkdir()
            # What is hashed here is thrown away with the index: the repository only lends what it has.
            env = {
                "GIT_INDEX_FILE": str(Path(scratch) / "index"),
                "GIT_WORK_TREE": str(folder),
                "GIT_OBJECT_DIRECTORY": str(objects),
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(bare.path / "objects"),
            }
            at = ("-C", str(folder))
            bare.run(*at, "read-tree", commit, env=env)
            if unseen:
                listed = b"".join(os.fsencode(path) + b"\0" for path in unseen)
                bare.run(*at, "update-index", "--skip-worktree", "-z", "--stdin", stdin=listed, env=env)
            listed = bare.run(*at, "ls-files", "-z", "--modified", "--others", "--exclude-standard", env=env)
            _bounded(
                folder, [name.decode("utf-8", "surrogateescape") for name in listed.split(b"\0") if name]
            )
            bare.run(*at, "add", "--all", "--", ".", env=env)
            patch = bare.run(
                *at, "diff", "--cached", "--binary", "--full-index", "--no-color", "--no-renames",
                "--no-ext-diff", "--no-textconv", commit,
                env=env,
            )  # fmt: skip
        return patch.decode("utf-8", "replace")

    async def export(self, campaign: str, commit: str, folder: Path) -> None:
        """Write a commit's files into a new folder."""
        try:
            if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
                msg = f"{folder} exists and is not an empty folder"
                raise RefusedError(msg, "name a folder that does not exist yet")
            await asyncio.to_thread(self._export, campaign, commit, folder)
        except OSError as error:
            msg = f"{folder} cannot be written: {error.strerror or error}"
            raise RefusedError(msg, "name a folder that does not exist yet, in one of yours") from error

    def _export(self, campaign: str, commit: str, folder: Path) -> None:
        if folder.is_dir():
            folder.rmdir()
        trees.export(self._bare(campaign), commit, folder)

    def _bare(self, campaign: str) -> Bare:
        return Bare(self._home.campaign(campaign) / "repo.git")


def _bounded(folder: Path, names: list[str]) -> None:
    """Refuse to hash what no experiment may be."""
    total = 0
    for name in names:
        path = folder / name
        if not path.is_symlink() and path.is_file():
            total += path.stat().st_size
    if total > MAX_CHANGES:
        msg = f"the changed files in {folder} have {total / 1e6:.0f} MB"
        remedy = f"at most {MAX_CHANGES / 1e6:.0f} MB are taken: leave out data, logs and checkpoints"
        raise ArctlError(msg, remedy)
