"""Where a program lies, and what it needs to be seen of the disk to start: its own installation, no more."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from arctl.daemon.sandbox import SYSTEM
from arctl.daemon.thought import BrainFault

#: Links that are followed from a name to a file.
LINKS = 16


def locate(command: Sequence[str], search: str, root: Path) -> tuple[list[str], list[Path]]:
    """Return the command line with its files by their full names, and the paths that it needs to see.

    The program is looked for in `search`, a PATH, or below `root` where its name has a slash; further words
    count when they are the full names of files. Raises `BrainFault` where there is no such program.
    """
    program, *rest = (os.path.expanduser(word) for word in command)  # noqa: PTH111  # words, not paths
    if "/" in program:
        found = str(root / program) if os.access(root / program, os.X_OK) else None
    else:
        found = shutil.which(program, path=search)
    if found is None or not Path(found).is_file():
        msg = f"{program} is not installed: it is not in the PATH with which the campaign was started"
        remedy = "install it, or set [brain] command to its full path"
        raise BrainFault("not_installed", msg, remedy, human=True)
    first, seen = _use(Path(found))
    words = [str(first)]
    seen += list(_interpreter(first, search))
    for word in rest:
        path = Path(word)
        if path.is_absolute() and path.is_file():
            path, more = _use(path)
            seen += more
        words.append(str(path) if path.is_absolute() else word)
    return words, list(dict.fromkeys(seen))


def _use(path: Path) -> tuple[Path, list[Path]]:
    """Return by which name a file is best called, and what must be seen for it.

    Within an installation it keeps its name, for that is how a virtual environment or a package is found;
    a link out of nowhere (`~/.local/bin/agent`) is replaced by what it leads to.
    """
    path = Path(os.path.normpath(path.absolute()))
    seen: list[Path] = []
    name: Path | None = None
    hop = path
    for _ in range(LINKS):
        if _system(hop):
            return name or hop, seen
        if folders := list(_installation(hop)):
            seen += folders
            name = name or hop
        if not hop.is_symlink():
            break
        hop = Path(os.path.normpath(hop.parent / hop.readlink()))
    real = Path(os.path.realpath(path))
    seen += [] if _system(real) else list(_installation(real)) or [real]
    return name or real, seen


def _installation(path: Path) -> Iterator[Path]:
    """Yield the folders of the installation that a file is of; none where it is of none that is known."""
    for parent in reversed(path.parents):
        if parent.name == "node_modules":
            yield parent
            return
    if path.parent.name == "bin":
        prefix = path.parent.parent
        if (prefix / "pyvenv.cfg").exists() or (prefix / "conda-meta").is_dir():
            yield prefix
        elif (prefix / "lib" / "node_modules").is_dir() or any(prefix.glob("lib/python3*")):
            # Not the whole of it: in ~/.local there is more than programs.
            yield from (prefix / "bin", prefix / "lib")


def _interpreter(path: Path, search: str) -> Iterator[Path]:
    """Yield what the interpreter of a script needs; `#!/usr/bin/env node` is looked for in the PATH."""
    with path.open("rb") as file:
        line = file.readline(256)
    words = line[2:].decode("utf-8", "replace").split() if line.startswith(b"#!") else []
    if not words:
        return
    if Path(words[0]).name == "env":
        names = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
        found = shutil.which(names[0], path=search) if names else None
    else:
        found = words[0] if Path(words[0]).is_file() else None
    if found is not None:
        yield from _use(Path(found))[1]


def _system(path: Path) -> bool:
    return any(path.is_relative_to(name) for name in SYSTEM if name != "/etc")
