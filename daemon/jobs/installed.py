"""Where the programs of a run are installed: what has to be seen of this machine for them to work."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from arctl.daemon.sandbox import SYSTEM, covers

#: Programs whose installations are looked for on the PATH, and seen with all that belongs to them.
PROGRAMS = ("python", "python3", "uv", "conda", "node")


@lru_cache(maxsize=64)
def installations(search: str, environment: str) -> tuple[Path, ...]:
    """Return the folders that the programs on a PATH are installed in, without those of the system."""
    found: dict[Path, None] = {}
    for entry in filter(None, search.split(os.pathsep)):
        folder = Path(entry)
        if folder.is_dir() and not of_system(folder):
            found[_prefix(folder)] = None
        for name in PROGRAMS:
            program = folder / name
            if program.is_file() and not of_system(real := program.resolve()):
                found[_prefix(real.parent)] = None
    if environment and Path(environment).is_dir() and not of_system(Path(environment)):
        found[Path(environment)] = None
    for place in list(found):
        # What a virtual environment was made from.
        found.update(dict.fromkeys(origins(place)))
    return tuple(found)


def called(commands: Iterable[str]) -> Iterator[Path]:
    """Yield the programs that commands name by their whole path, with the installations around them."""
    for command in commands:
        try:
            words = shlex.split(command)
        except ValueError:
            continue  # for the shell to complain of
        for program in map(Path, words):
            if not program.is_absolute() or not program.is_file() or not os.access(program, os.X_OK):
                continue
            for path in dict.fromkeys((program, program.resolve())):
                if not of_system(path):
                    # Alone where it belongs to nothing: what lies beside it was not named.
                    around = _prefix(path.parent)
                    yield path if around == path.parent else around
                    yield from origins(around)


def _prefix(folder: Path) -> Path:
    """Return the installation whose programs lie in a folder; the folder alone where none is around it."""
    around = folder.parent
    if folder.name == "shims" and (around / "versions").is_dir():
        # Of pyenv and its like: scripts that start what lies beside them.
        return around
    whole = folder.name == "bin" and (
        (around / "pyvenv.cfg").exists()
        or (around / "conda-meta").exists()
        or any(around.glob("lib/python3*/os.py"))
    )
    return around if whole else folder


def origins(place: Path) -> Iterator[Path]:
    """Yield the installation that a virtual environment was made from; nothing for any other folder."""
    try:
        lines = (place / "pyvenv.cfg").read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return
    for line in lines:
        key, _, value = line.partition("=")
        if key.strip() == "home" and (home := Path(value.strip())).is_dir():
            for folder in {home, home.resolve()}:
                if not of_system(folder):
                    yield _prefix(folder)


def of_system(path: Path) -> bool:
    """Tell whether a path lies in what every sandbox sees."""
    return any(covers(Path(name), path) for name in SYSTEM if Path(name).exists())
