"""Backups of the ledger: copies made while it is written, each checked before it counts."""

from __future__ import annotations

import calendar
import os
import re
import secrets
import shutil
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from arctl.daemon.store.errors import LedgerError, LedgerFullError, explained
from arctl.daemon.store.health import examine

#: How many of the newest backups are kept, and of how many days the newest one of each.
KEPT, DAYS = 4, 4
#: The newest one is at most so old while the daemon runs, in seconds, if anything was written since.
EVERY = 3600.0

_NAME = re.compile(r"ledger-(\d{8}T\d{6}Z)\.db")
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of the ledger as it was at a time (UTC, seconds since the epoch)."""

    path: Path
    at: float
    bytes: int


def stamp(now: float) -> str:
    """Write a time as file names have it."""
    return time.strftime(_STAMP, time.gmtime(now))


def listed(folder: Path) -> list[Backup]:
    """Return the backups in a folder, newest first."""
    found = []
    for path in folder.glob("ledger-*.db"):
        if (match := _NAME.fullmatch(path.name)) is not None:
            at = calendar.timegm(time.strptime(match[1], _STAMP))
            found.append(Backup(path, float(at), path.stat().st_size))
    return sorted(found, key=lambda backup: backup.at, reverse=True)


def surplus(backups: Sequence[Backup]) -> list[Backup]:
    """Return the backups that make room for newer ones; `backups` are newest first.

    The last hours stay, and one of each of the last days: damage may be noticed late.
    """
    days: dict[int, Backup] = {}
    for found in backups:
        days.setdefault(int(found.at // 86400), found)
    stay = {*backups[:KEPT], *list(days.values())[:DAYS]}
    return [found for found in backups if found not in stay]


def take(
    ledger: Path, folder: Path, now: float, opened: Callable[[sqlite3.Connection], None] = lambda _: None
) -> Backup:
    """Copy the ledger, check the copy and let old ones go; raises `LedgerError`.

    Readers and the writer go on meanwhile. `opened` is given the connection, to interrupt it.
    """
    target = folder / f"ledger-{stamp(now)}.db"
    # Somebody else may be making one at the same time; what is left of a dead one goes with other leftovers.
    temporary = folder / f"{target.name}.{os.getpid()}.tmp"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        temporary.unlink(missing_ok=True)
        _enough(ledger, folder)
        connection = sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        try:
            opened(connection)
            connection.execute("VACUUM INTO ?", (str(temporary),))
        finally:
            connection.close()
        # Damage in what a start does not read shows here, while there are older backups.
        examine(temporary, whole=True)
        _sync(temporary)
        temporary.rename(target)
        _sync(folder)
    except sqlite3.DatabaseError as error:
        raise explained(error, ledger) from error
    except OSError as error:
        msg = f"cannot write a backup to {folder}: {error}"
        raise LedgerError(msg, "free some space there, or make the folder yours") from error
    finally:
        temporary.unlink(missing_ok=True)
    for old in surplus(listed(folder)):
        old.path.unlink(missing_ok=True)
    return Backup(target, now, target.stat().st_size)


def _enough(ledger: Path, folder: Path) -> None:
    """Refuse to fill the disk with a copy."""
    room, size = free(folder), ledger.stat().st_size
    if room < 2 * size:
        msg = f"no room for a backup of {ledger}: {size >> 20} MiB, and {room >> 20} MiB are free"
        raise LedgerFullError(msg, "free some space; the next backup is made as soon as there is room")


def put_back(backup: Backup, ledger: Path, damaged: Path, now: float) -> Path | None:
    """Put a backup in the ledger's place; return where the old file is kept, None where there was none.

    Crash-safe: whoever dies in between leaves no ledger, which a daemon refuses, and doing it again ends it.
    """
    fresh = ledger.with_name(f"{ledger.name}.restoring")
    shutil.copyfile(backup.path, fresh)
    connection = sqlite3.connect(fresh, isolation_level=None)
    try:
        # Event numbers begin again where the backup ends: no cursor of before may be taken for one of now.
        connection.execute("UPDATE meta SET value = ? WHERE key = 'epoch'", (secrets.token_hex(8),))
    finally:
        connection.close()
    _sync(fresh)
    damaged.mkdir(mode=0o700, exist_ok=True)
    kept = None
    for suffix in ("", "-wal", "-shm"):
        old = ledger.with_name(ledger.name + suffix)
        if old.exists():
            aside = damaged / f"ledger-{stamp(now)}.db{suffix}"
            old.rename(aside)
            kept = kept or aside
    fresh.rename(ledger)
    _sync(ledger.parent)
    return kept


def free(folder: Path) -> int:
    """Return the bytes that are free for this user."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
