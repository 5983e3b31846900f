"""Seals: what protected files, shared data and the result file were before a run, and whether they are so."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from arctl.experiments.globs import matches
from arctl.experiments.spec import Spec

FILE = "seals.json"
#: Files of shared data that are looked at.
MOST = 5000


def take(folder: Path, root: Path, spec: Spec, data: Path | None = None) -> None:
    """Write into a run's folder what each protected file below `root` holds now.

    Of the shared `data`, and of the result file, only when they were changed last: no clock is asked.
    """
    protected = {}
    for inside, path in _below(root) if spec.files.protected else ():
        if matches(spec.files.protected, inside):
            protected[inside] = digest(path)
    shared: dict[str, list[int] | None] = {}
    for inside, path in _below(data) if data is not None else ():
        if len(shared) >= MOST:
            break
        shared[inside] = stamp(path)
    result = stamp(root / spec.metric.file) if spec.metric.file else None
    seals = {"protected": protected, "data": shared, "result": result}
    (folder / FILE).write_text(json.dumps(seals))


def _below(root: Path) -> Iterator[tuple[str, Path]]:
    for where, _, names in os.walk(root):
        for name in names:
            path = Path(where, name)
            yield path.relative_to(root).as_posix(), path


def broken(folder: Path, root: Path) -> list[str]:
    """Return the protected files that are not what they were."""
    seals = _read(folder).get("protected", {})
    return [inside for inside, seal in sorted(seals.items()) if digest(root / inside) != seal]


def altered(folder: Path, data: Path) -> list[str]:
    """Return the files of the shared data that were there before a run and are others now."""
    return [
        inside
        for inside, seal in sorted(_read(folder).get("data", {}).items())
        if stamp(data / inside) != seal
    ]


def stale(folder: Path, root: Path, file: str) -> bool:
    """Tell whether a result file is the very one that was there before the run began."""
    seal = _read(folder).get("result")
    return seal is not None and stamp(root / file) == seal


def _read(folder: Path) -> dict[str, Any]:
    try:
        seals = json.loads((folder / FILE).read_text())
    except FileNotFoundError:
        return {}
    if "protected" not in seals:
        # Of a run that an older arctl launched.
        return {"protected": seals}
    return dict(seals)


def stamp(path: Path) -> list[int] | None:
    """Return what changes whenever a file is written or replaced, whatever its times were set to."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return [found.st_size, found.st_ctime_ns, found.st_ino]


def digest(path: Path) -> str:
    """Return a file's SHA-256; of a link where it points to, for anything else what it is."""
    if path.is_symlink():
        return f"link to {path.readlink()}"
    if not path.is_file():
        return "no file"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
