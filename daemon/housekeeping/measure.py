"""What lies in the state folder and how much room it takes: read, never changed."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from arctl.daemon import clock
from arctl.daemon.stock import Found, Stock
from arctl.experiments.sizes import size
from arctl.paths import Home

#: What lies in a run's folder besides what the job left there: its log and its records.
RECORDS = frozenset(
    (
        *("spec.json", "shim.py", "shim.lock", "shim.json", "shim.log", "stop.json", "freeze", "fenced"),
        *("exit.json", "seals.json", "result.json", "environment.json", "out.log", "tail.old", "tail.new"),
        *("score.log", "score.tail.old", "score.tail.new", "prepare.log", "nothing"),
    )
)
#: Names an amount (`20GB`) or a share (`5%`) of the disk that stays free: below it no run begins.
FLOOR_VARIABLE = "ARCTL_DISK_FLOOR"
FLOOR_BYTES, FLOOR_SHARE = 5 * 10**9, 0.05
#: Names of what git and this daemon leave in a campaign's repository when they are killed.
_LEFT = ("build-", "changes-")


def floor(total: int, wanted: str) -> int:
    """Return how many bytes stay free on a disk of `total`; raises ValueError for what is no amount."""
    if wanted.strip().endswith("%"):
        share = float(wanted.strip().removesuffix("%")) / 100
        if not 0 <= share < 1:
            msg = f"{wanted!r} is not a share of the disk"
            raise ValueError(msg)
        return int(total * share)
    return size(wanted) if wanted.strip() else min(FLOOR_BYTES, int(total * FLOOR_SHARE))


def take_stock(home: Home, lowest: int) -> Stock:
    """Look through the state folder; `lowest` is how much of its disk stays free."""
    disk = shutil.disk_usage(home.root)
    ledger = sum(_size(path) for path in home.root.glob("ledger.db*"))
    backups = sum(_size(path) for folder in (home.backups, home.damaged) for path in _inside(folder))
    found = (*_attempts(home), *_trees(home), *_scratch(home), *_leftovers(home))
    return Stock(found, disk.free, disk.total, lowest, ledger, backups)


def _attempts(home: Home) -> Iterator[Found]:
    for run in _inside(home.runs):
        if not _folder(run):
            continue
        for path in _inside(run):
            if path.name.isdigit() and _folder(path):
                whole, files, at = weight(path)
                place = f"runs/{run.name}/{path.name}"
                yield Found("attempt", place, whole, at, files, run.name, int(path.name))


def _trees(home: Home) -> Iterator[Found]:
    for path in _inside(home.trees):
        sort = "tree" if _folder(path) else "leftover"
        whole, _, at = weight(path)
        yield Found("tree" if sort == "tree" else "leftover", f"trees/{path.name}", whole, at)


def _scratch(home: Home) -> Iterator[Found]:
    for path in _inside(home.scratch):
        if path.name != "logs" and _folder(path):
            whole, _, at = weight(path)
            yield Found("scratch", f"scratch/{path.name}", whole, at)


def _leftovers(home: Home) -> Iterator[Found]:
    """Yield what a process that died left half done: copies, indices, what was being deleted."""
    left = [*_inside(home.trash), *home.root.glob("*.restoring"), *home.backups.glob("*.tmp")]
    for campaign in _inside(home.root / "campaigns"):
        left += [path for path in _inside(campaign / "repo.git") if path.name.startswith(_LEFT)]
    for path in left:
        whole, _, at = weight(path)
        yield Found("leftover", path.relative_to(home.root).as_posix(), whole, at)


def weight(path: Path) -> tuple[int, int, float]:
    """Return the bytes on the disk of a file or folder, those beside a run's records, and its newest time.

    No link is followed; what is taken away meanwhile does not count.
    """
    whole = files = 0
    newest = 0.0
    pending = [(path, False)]
    while pending:
        current, inside = pending.pop()
        try:
            seen = current.lstat()
        except OSError:
            continue
        newest = max(newest, seen.st_mtime)
        if stat.S_ISDIR(seen.st_mode):
            try:
                with os.scandir(current) as entries:
                    below = [Path(entry.path) for entry in entries]
            except OSError:
                continue
            pending += [(item, inside or item.name not in RECORDS) for item in below]
            continue
        whole += seen.st_blocks * 512
        files += seen.st_blocks * 512 if inside else 0
    return whole, files, clock.of_file(newest) if newest else clock.now()


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir()) if _folder(folder) else []
    except OSError:
        return []


def _folder(path: Path) -> bool:
    """Tell whether this is a folder itself, not a link to one."""
    return path.is_dir() and not path.is_symlink()


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0
