"""What one command of a run may see and write to: the paths, as data; the sandbox is made of them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from arctl.daemon.jobs import prepared
from arctl.daemon.jobs.folder import RunFolder
from arctl.daemon.jobs.installed import called, installations, origins
from arctl.daemon.rows import Campaign
from arctl.daemon.sandbox import Bind, Limits, Sandbox, covers
from arctl.errors import ArctlError
from arctl.experiments.confinement import Level
from arctl.experiments.globs import matches
from arctl.experiments.spec import Spec
from arctl.paths import Home

#: What `hide` names by this is looked for in every installation.
PACKAGES = "site-packages/"


@dataclass(frozen=True, slots=True)
class Cage:
    """The surroundings of one run, from which each of its commands is given its part."""

    home: Home
    campaign: Campaign
    spec: Spec
    folder: RunFolder
    tree: Path

    def wrap(
        self,
        words: list[str],
        cwd: Path,
        *,
        reads: Iterable[Path] = (),
        writes: Iterable[Path] = (),
        network: bool | None = None,
        trusted: bool = False,
        devices: Iterable[Bind] = (),
    ) -> list[str]:
        """Return the command line that runs `words` with these paths, and what every command has.

        A `trusted` one is the campaign's own, from its first commit: nothing is hidden from it.

        Raises `ArctlError` where the campaign's settings name what is not there, or what is arctl's own.
        """
        settings = self.spec.sandbox
        limits = Limits(processes=settings.processes, file_bytes=settings.file_size)
        if self.campaign.level == 1:
            return limits.wrap(words, inside=False) if shutil.which("prlimit") else words
        binds = [Bind(path) for path in (*self._installed(), *self._named(), *reads)]
        binds += [Bind(path, "write") for path in (*self._named(write=True), *writes)]
        binds += devices
        if self.campaign.level == 3 and not trusted:
            binds += self._hidden()
        online = settings.network if network is None else network
        box = Sandbox(cwd, tuple(binds), network=online, limits=limits, shm=settings.shm)
        return box.wrap(words, cast("Level", self.campaign.level))

    def protected(self) -> Iterator[Path]:
        """Yield the files of the work tree that no run may write to."""
        root = self.tree / self.campaign.prefix
        globs = (*self.spec.files.protected, "arctl.toml")
        for where, _, names in os.walk(root):
            for name in names:
                path = Path(where, name)
                if matches(globs, path.relative_to(root).as_posix()) and not path.is_symlink():
                    yield path

    def linked(self) -> Iterator[Path]:
        """Yield what the links of the work tree lead to, and what linked environments were made from."""
        for name in self.spec.run.link:
            target = (Path(self.campaign.root) / name).absolute()
            yield from {target, target.resolve()}
            yield from origins(target)

    def prepared(self) -> Iterator[Path]:
        """Yield what setup left besides data."""
        place = self.home.campaign(self.campaign.id)
        house, uv = prepared.home(place, self.spec), prepared.uv(place, self.spec)
        folders = [house, *((uv / "environment", uv / "python") if uv else ())]
        yield from (folder for folder in folders if folder is not None and folder.is_dir())

    def _installed(self) -> tuple[Path, ...]:
        env, run, score = self.campaign.env, self.spec.run, self.spec.score
        lines = [run.command, run.setup, *((score.inputs, score.predict, score.command) if score else ())]
        found = installations(env.get("PATH", ""), env.get("VIRTUAL_ENV", ""))
        return tuple(dict.fromkeys((*found, *called(filter(None, lines)))))

    def _named(self, *, write: bool = False) -> Iterator[Path]:
        key, names = (
            ("writable", self.spec.sandbox.writable) if write else ("read_only", self.spec.sandbox.read_only)
        )
        for name in names:
            path = Path(os.path.normpath(Path(self.campaign.root) / os.path.expanduser(name)))  # noqa: PTH111
            if not path.exists():
                msg = f"[sandbox] {key} names {name}, which is not there"
                raise ArctlError(msg, "create it, or take it out of arctl.toml")
            for secret in (self.home.root, self.home.socket.parent):
                if covers(path, secret) or covers(secret, path):
                    msg = f"[sandbox] {key} names {name}, where arctl keeps its own state"
                    raise ArctlError(msg, "name less")
            yield path

    def _hidden(self) -> Iterator[Bind]:
        """Yield what covers the paths that are not to be seen: nothing in place of a file, or of a folder."""
        for name in self.spec.sandbox.hide:
            for path in self._places(name):
                if path.is_dir():
                    yield Bind(self.folder.nothing, "read", path)
                elif path.exists():
                    yield Bind(Path(os.devnull), "read", path)

    def _places(self, name: str) -> Iterator[Path]:
        if not name.startswith(PACKAGES):
            yield Path(os.path.normpath(Path(self.campaign.root) / os.path.expanduser(name)))  # noqa: PTH111
            return
        for place in (*self._installed(), *self.prepared(), Path("/usr"), Path("/usr/local")):
            for packages in ("site-packages", "dist-packages"):
                yield from place.glob(f"lib/python3*/{packages}/{name.removeprefix(PACKAGES)}")
