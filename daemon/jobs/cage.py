"""What one command of a run may see and write to: the paths, as data; the sandbox is made of them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import cast

from arctl.daemon.jobs.folder import RunFolder
from arctl.daemon.rows import Campaign
from arctl.daemon.sandbox import SYSTEM, Bind, Limits, Sandbox, covers, home_place
from arctl.errors import ArctlError
from arctl.experiments.confinement import Level
from arctl.experiments.globs import matches
from arctl.experiments.spec import Spec
from arctl.paths import Home

#: Programs whose installations are looked for on the PATH, and seen with all that belongs to them.
PROGRAMS = ("python", "python3", "uv", "conda", "node")
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
        place = self.home_of(house) if self.campaign.level == 3 else house
        binds = [Bind(house, "write", place), *devices]
        written = dict.fromkeys((*writes, *self._named(write=True)))
        read = [path for path in (*self._installed(), *self._named(), *reads) if path not in written]
        binds += [*map(Bind, read), *(Bind(path, "write") for path in written)]
        if self.campaign.level == 3 and not trusted:
            binds += self._hidden()
        online = settings.network if network is None else network
        box = Sandbox(cwd, tuple(binds), network=online, limits=limits, shm=settings.shm)
        return box.wrap(words, cast("Level", self.campaign.level))

    def home_of(self, house: Path) -> Path:
        """Return where a command finds its home."""
        real = Path(self.campaign.env.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111  # never raises
        return home_place(real, house) if self.campaign.level == 3 else house

    def furnish(self) -> None:
        """Have `~/.x` lead to what `[sandbox]` names, where a private home is not in the real one's place."""
        real = Path(self.campaign.env.get("HOME") or os.path.expanduser("~"))  # noqa: PTH111  # never raises
        if self.campaign.level == 1 or self.home_of(self.folder.house) != self.folder.house:
            return
        for path in self._paths((*self.spec.sandbox.read_only, *self.spec.sandbox.writable)):
            if path != real and path.is_relative_to(real):
                link = self.folder.house / path.relative_to(real)
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(path)

    def setup(self) -> Iterator[Path]:
        """Yield what the setup command fills for the runs: they only read it. It is made where it is not."""
        for path in self._paths(self.spec.sandbox.read_only):
            self._decent("read_only", path)
            path.mkdir(parents=True, exist_ok=True)
            yield path

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
        """Yield what the links of the work tree lead to."""
        for name in self.spec.run.link:
            target = (Path(self.campaign.root) / name).absolute()
            yield from {target, target.resolve()}

    def _installed(self) -> Iterator[Path]:
        env = self.campaign.env
        yield from installations(env.get("PATH", ""), env.get("VIRTUAL_ENV", ""))
        for target in self.linked():
            yield from _origins(target)

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
        for secret in (self.home.root, self.home.socket.parent):
            if covers(path, secret) or covers(secret, path):
                msg = f"[sandbox] {key} names {path}, where arctl keeps its own state"
                raise ArctlError(msg, "name less")

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
        for place in (*self._installed(), Path("/usr"), Path("/usr/local")):
            for packages in ("site-packages", "dist-packages"):
                yield from place.glob(f"lib/python3*/{packages}/{name.removeprefix(PACKAGES)}")


@lru_cache(maxsize=64)
def installations(search: str, environment: str) -> tuple[Path, ...]:
    """Return the folders that the programs on a PATH are installed in, without those of the system."""
    found: dict[Path, None] = {}
    for entry in filter(None, search.split(os.pathsep)):
        folder = Path(entry)
        if folder.is_dir() and not _of_system(folder):
            found[_prefix(folder)] = None
        for name in PROGRAMS:
            program = folder / name
            if program.is_file() and not _of_system(real := program.resolve()):
                found[_prefix(real.parent)] = None
    if environment and Path(environment).is_dir() and not _of_system(Path(environment)):
        found[Path(environment)] = None
    for place in list(found):
        # What a virtual environment was made from.
        found.update(dict.fromkeys(_origins(place)))
    return tuple(found)


def _prefix(folder: Path) -> Path:
    """Return the installation whose programs lie in a folder; the folder alone where none is around it."""
    around = folder.parent
    whole = folder.name == "bin" and (
        (around / "pyvenv.cfg").exists()
        or (around / "conda-meta").exists()
        or any(around.glob("lib/python3*/os.py"))
    )
    return around if whole else folder


def _origins(place: Path) -> Iterator[Path]:
    try:
        lines = (place / "pyvenv.cfg").read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for line in lines:
        key, _, value = line.partition("=")
        if key.strip() == "home" and (home := Path(value.strip())).is_dir():
            for folder in {home, home.resolve()}:
                if not _of_system(folder):
                    yield _prefix(folder)


def _of_system(path: Path) -> bool:
    return any(covers(Path(name), path) for name in SYSTEM if Path(name).exists())
