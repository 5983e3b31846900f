"""Putting a backup in the place of a ledger that cannot be trusted, and saying what that costs.

Nothing is deleted: the damaged file is kept under a dated name, and so are the folders of runs of which the
backup knows nothing. What ended meanwhile of the runs that it knows is taken in at the next start.
"""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

from arctl.daemon.housekeeping.replay import NOTE
from arctl.daemon.housekeeping.storage import RESULT
from arctl.daemon.jobs.folder import RunFolder
from arctl.daemon.rows import RunState
from arctl.daemon.store import LedgerError, backup
from arctl.daemon.store.backup import Backup
from arctl.daemon.store.health import examine
from arctl.errors import RefusedError
from arctl.paths import Home

#: Seconds that a run of which nobody will know any more has to end.
STOPPING = 15.0


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done: the backup, where the old ledger is, and the runs by what becomes of them."""

    backup: Backup
    damaged: Path | None
    #: Runs that the backup knows as unfinished and whose folders say more.
    taken_in: tuple[str, ...]
    #: Runs that the backup does not know: their folders were moved, those under way were stopped.
    aside: tuple[str, ...]
    stopped: tuple[str, ...]
    folder: Path | None

    @property
    def text(self) -> str:
        """Say it in a sentence, for the ledger itself."""
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(self.backup.at))
        lost = f"; runs that it does not know are in {self.folder}" if self.folder is not None else ""
        return (
            f"a backup of {at} UTC was put back: whatever was decided after that is not known any more{lost}"
        )


def ailment(home: Home) -> str:
    """Say what is wrong with the ledger; empty where a daemon would start on it."""
    try:
        examine(home.ledger)
    except LedgerError as error:
        return error.message
    return ""


def usable(found: Backup) -> str:
    """Say why a backup cannot be used; empty where it can."""
    try:
        examine(found.path, whole=True)
    except LedgerError as error:
        return error.message
    return ""


def newest_good(home: Home) -> Backup:
    """Return the newest backup that can be used; raises `RefusedError` where none can."""
    for found in backup.listed(home.backups):
        if not usable(found):
            return found
    msg = f"there is no usable backup in {home.backups}"
    remedy = f"`sqlite3 {home.ledger} .recover | sqlite3 recovered.db` may save what is left"
    raise RefusedError(msg, remedy)


def put_back(home: Home, chosen: Backup, now: float) -> Restored:
    """Put a backup in the ledger's place; the caller holds the state folder's lock."""
    if why := usable(chosen):
        raise RefusedError(why, "choose another one: `arctl restore --list`")
    known, unfinished = _runs(chosen.path)
    strange = [path for path in _folders(home.runs) if path.name not in known]
    stopped = _stop(home, strange)
    folder = home.aside / backup.stamp(now) if strange else None
    if folder is not None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in strange:
            path.rename(folder / path.name)
    taken_in = tuple(run for run, attempt in unfinished.items() if _says_more(home, run, attempt))
    damaged = backup.put_back(chosen, home.ledger, home.damaged, now)
    done = Restored(chosen, damaged, taken_in, tuple(path.name for path in strange), stopped, folder)
    note = {
        "text": done.text,
        "backup": str(chosen.path),
        "aside": list(done.aside),
        "taken_in": list(taken_in),
    }
    (home.root / NOTE).write_text(json.dumps(note))
    return done


def _runs(path: Path) -> tuple[set[str], dict[str, int]]:
    """Return the runs that a ledger knows, and the attempt of each that has not ended."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        rows = connection.execute("SELECT id, attempt, state FROM runs").fetchall()
    finally:
        connection.close()
    return {row[0] for row in rows}, {row[0]: row[1] for row in rows if row[2] != RunState.ENDED}


def _says_more(home: Home, run: str, attempt: int) -> bool:
    numbers = [int(path.name) for path in _folders(home.runs / run) if path.name.isdigit()]
    later = [RunFolder(home.run_folder(run, number)) for number in numbers if number >= attempt]
    return any((item.path / RESULT).exists() or item.exit() is not None or item.held() for item in later)


def _stop(home: Home, strange: list[Path]) -> tuple[str, ...]:
    """End the runs that nobody would know of: their device is about to be given to another one."""
    held = [
        (path.name, folder)
        for path in strange
        for folder in map(RunFolder, _folders(path))
        if folder.held() and folder.stop("the ledger that knew of it is lost", 5.0)
    ]
    until = time.monotonic() + STOPPING
    while time.monotonic() < until and any(folder.held() for _, folder in held):
        time.sleep(0.1)
    return tuple(name for name, _ in held)


def _folders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
