"""Seals on protected files: what they were before a run, and whether they still are after it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from arctl.experiments.globs import matches
from arctl.experiments.spec import Spec

FILE = "seals.json"


def take(folder: Path, root: Path, spec: Spec) -> None:
    """Write into a run's folder what each protected file below `root` holds now."""
    seals = {}
    for where, _, names in os.walk(root):
        for name in names:
            path = Path(where, name)
            inside = path.relative_to(root).as_posix()
            if matches(spec.files.protected, inside):
                seals[inside] = digest(path)
    (folder / FILE).write_text(json.dumps(seals))


def broken(folder: Path, root: Path) -> list[str]:
    """Return the protected files that are not what they were."""
    try:
        seals: dict[str, str] = json.loads((folder / FILE).read_text())
    except FileNotFoundError:
        return []
    return [inside for inside, seal in sorted(seals.items()) if digest(root / inside) != seal]


def digest(path: Path) -> str:
    """Return a file's SHA-256; of a link where it points to, for anything else what it is."""
    if path.is_symlink():
        return f"link to {path.readlink()}"
    if not path.is_file():
        return "no file"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
