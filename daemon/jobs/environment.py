"""What a run ran with: interpreter, packages, lock files, driver; each interpreter is asked once."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

FILE = "environment.json"
#: Files that pin what is installed; those that are there are hashed together.
LOCKS = (
    "uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pixi.lock", "conda-lock.yml", "environment.yml",
    "requirements.txt", "requirements.lock", "package-lock.json", "Cargo.lock", "Manifest.toml",
)  # fmt: skip
#: Seconds that an interpreter may take to say what it is.
PATIENCE = 20.0
#: Isolated: neither the folder nor the environment of a job can make it import anything of theirs.
_ASK = """\
import hashlib, json, os, platform, sys
names = sorted(
    {name for path in sys.path if os.path.isdir(path) for name in os.listdir(path)
     if name.endswith((".dist-info", ".egg-info"))}
)
packages = hashlib.sha256("\\n".join(names).encode()).hexdigest()
print(json.dumps({"python": platform.python_version(), "implementation": platform.python_implementation(),
                  "packages": packages, "package_count": len(names)}))
"""


def record(command: str, tree: Path, root: Path, env: Mapping[str, str]) -> dict[str, Any]:
    """Return what a command will run with; `root` is the campaign's folder within the work `tree`.

    Nothing that stands in the tree is executed: it is whatever an agent wrote.
    """
    found: dict[str, Any] = {"command": command}
    program = _interpreter(command, tree, root, env)
    if program is not None:
        found["interpreter"] = str(program)
        if not program.resolve().is_relative_to(tree.resolve()):
            found |= _asked(str(program), program.stat().st_mtime_ns)
    if locks := _locks(tree, root):
        found |= {"lock": locks[1], "lock_files": locks[0]}
    if driver := _driver():
        found["driver"] = driver
    found["kernel"] = os.uname().release
    return found


def write(folder: Path, command: str, tree: Path, root: Path, env: Mapping[str, str]) -> None:
    """Write into a run's folder what it runs with: a later daemon takes it in with the result."""
    try:
        (folder / FILE).write_text(json.dumps(record(command, tree, root, env)))
    except (OSError, ValueError) as error:
        # It explains a result and is no part of it: a run starts without it as well.
        (folder / FILE).write_text(json.dumps({"command": command, "unknown": str(error)}))


def read(folder: Path) -> dict[str, Any]:
    """Return what was written of a run; empty where nothing was."""
    try:
        found = json.loads((folder / FILE).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _interpreter(command: str, tree: Path, root: Path, env: Mapping[str, str]) -> Path | None:
    """Return the Python that a command names, or that stands in the environment that `uv run` would use."""
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    while words and "=" in words[0] and not words[0].startswith("/"):
        words = words[1:]
    if words[:2] == ["uv", "run"]:
        own = tree if (tree / ".venv").exists() else root
        return own / ".venv/bin/python" if (own / ".venv/bin/python").exists() else None
    if not words or not Path(words[0]).name.startswith("python"):
        return None
    found = shutil.which(words[0], path=env.get("PATH", os.defpath))
    if found is None:
        return None
    # Not resolved: a virtual environment is known by where its link stands.
    return Path(found) if Path(found).is_absolute() else root / found


@lru_cache(maxsize=64)
def _asked(program: str, changed: int) -> dict[str, Any]:
    """Ask an interpreter what it is; once, as long as its file is the same."""
    del changed
    try:
        done = subprocess.run(
            [program, "-I", "-c", _ASK],
            cwd="/",
            env={"PATH": os.defpath},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=True,
        )
        found = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return {}
    return found if isinstance(found, dict) else {}


def _locks(tree: Path, root: Path) -> tuple[list[str], str] | None:
    """Return the lock files of a campaign, and one hash over them."""
    digest, names = hashlib.sha256(), []
    for folder in dict.fromkeys((root, tree)):
        for name in LOCKS:
            path = folder / name
            if path.is_file() and not path.is_symlink():
                digest.update(f"{name}\0".encode() + path.read_bytes())
                names.append(path.relative_to(tree).as_posix())
    return (names, digest.hexdigest()) if names else None


@lru_cache(maxsize=1)
def _driver() -> str:
    """Return the version of the NVIDIA driver; empty where none is loaded."""
    try:
        line = Path("/proc/driver/nvidia/version").read_text().splitlines()[0]
    except (OSError, IndexError):
        return ""
    return next((word for word in line.split() if word[:1].isdigit() and "." in word), "")
