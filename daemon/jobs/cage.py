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
from arctl.daemon.jobs.installed import called, installations, of_system, origins
from arctl.daemon.rows import Campaign
from arctl.daemon.sandbox import Bind, Limits, Sandbox, covers, home_place
from arctl.environment import certificates
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
        house: Path,
        reads: Iterable[Path] = (),
        writes: Iterable[Path] = (),
        network: bool | None = None,
        trusted: bool = False,
        devices: Iterable[Bind] = (),
    ) -> list[str]:
        """Return the command line that runs `words` with these paths, and what every command has.

        `house` is a folder that it takes for its home. A `trusted` command is the campaign's own, from its
        first commit: nothing is hidden from it.

        Raises `ArctlError` where the campaign's settings name what is not there, or what is arctl's own.
        """
        settings = self.spec.sandbox
        limits = Limits(processes=settings.processes, file_bytes=settings.file_size)
        if self.campaign.level == 1:
            return limits.wrap(words, inside=False) if shutil.which("prlimit") else words
        binds = [Bind(house, "write", self.home_of(house)), *devices]
        written = dict.fromkeys((*writes, *self._named(write=True)))
        online = settings.network if network is None else network
        seen = (*self._installed(), *self._named(), *(self._certificates() if online else ()), *reads)
        read = [path for path in seen if path not in written]
        binds += [*map(Bind, read), *(Bind(path, "write") for path in written)]
        if self.campaign.level == 3 and not trusted:
            binds += self._hidden()
        box = Sandbox(cwd, tuple(binds), network=online, limits=limits, shm=settings.shm)
        return box.wrap(words, cast("Level", self.campaign.level))

    def home_of(self, house: Path) -> Path:
        """Return where a command finds its home."""
        return home_place(self._real_home(), house) if self.campaign.level == 3 else house

    def _real_home(self) -> Path:
        return Path(self.campaign.env.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111  # never raises

    def furnish(self) -> None:
        """Lay out in the run's home what setup left in its own, and what `[sandbox]` names below `~`."""
        house = self.folder.house
        if self.campaign.level == 1:
            return
        left = prepared.home(self.home.campaign(self.campaign.id), self.spec)
        if left is not None and left.is_dir():
            prepared.furnish(house, left)
        if self.home_of(house) != house:
            return
        # At level 2 nothing can be shown at another place than its own: links lead there.
        real = self._real_home()
        for path in self._paths((*self.spec.sandbox.read_only, *self.spec.sandbox.writable)):
            link = house / path.relative_to(real) if path.is_relative_to(real) else house
            if link != house and not link.exists():
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(path)

    def protected(self) -> Iterator[Path]:
        """Yield the files of the work tree that no run may write to."""
        root = self.tree / self.campaign.prefix
        globs = (*self.spec.files.protected, "arctl.toml")
        for where, _, names in os.walk(root):
            for name in names:
                path = Path(where, name)
                if matches(globs, path.relative_to(root).as_posix()) and not path.is_symlink():
                    yield path

    def pinned(self) -> Iterator[Path]:
        """Yield the folders around protected files, which a run could else put others in the place of.

        What is mounted cannot be renamed. Landlock forbids new names beside what it protects by itself.
        """
        if self.campaign.level == 3:
            folders = {folder for path in self.protected() for folder in path.parents}
            yield from (folder for folder in folders if self.tree in folder.parents)

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

    def _certificates(self) -> Iterator[Path]:
        """Yield where the authorities of a company's network are kept, outside the system."""
        for name in certificates(self.campaign.env):
            for path in dict.fromkeys((Path(name), Path(name).resolve())):
                if path.is_absolute() and path.exists() and not of_system(path) and not self._own(path):
                    yield path

    def _named(self, *, write: bool = False) -> Iterator[Path]:
        """Yield the further paths of `[sandbox]`; raises `ArctlError` for one that is not there."""
        settings = self.spec.sandbox
        key, names = ("writable", settings.writable) if write else ("read_only", settings.read_only)
        for name, path in zip(names, self._paths(names), strict=True):
            if not path.exists():
                msg = f"[sandbox] {key} names {name}, which is not there"
                raise ArctlError(msg, "create it, or take it out of arctl.toml")
            self._decent(key, path)
            yield path

    def _paths(self, names: Iterable[str]) -> Iterator[Path]:
        for name in names:
            yield Path(os.path.normpath(Path(self.campaign.root) / os.path.expanduser(name)))  # noqa: PTH111

    def _decent(self, key: str, path: Path) -> None:
        """Refuse to show any part of arctl's own state: its ledger, its socket, other runs."""
        if self._own(path):
            msg = f"[sandbox] {key} names {path}, where arctl keeps its own state"
            raise ArctlError(msg, "name less")

    def _own(self, path: Path) -> bool:
        """Tell whether seeing a path means seeing part of arctl's own state."""
        secrets = (self.home.root, self.home.socket.parent)
        return any(covers(path, secret) or covers(secret, path) for secret in secrets)

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
            yield from self._paths([name])
            return
        for place in (*self._installed(), *self.prepared(), Path("/usr"), Path("/usr/local")):
            for packages in ("site-packages", "dist-packages"):
                yield from place.glob(f"lib/python3*/{packages}/{name.removeprefix(PACKAGES)}")
