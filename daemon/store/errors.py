"""What can be wrong with a ledger, in words and with what to do about it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from arctl.errors import ArctlError

#: What to do about a ledger that cannot be trusted; nothing is ever begun anew in its stead.
RESTORE = (
    "it is kept as it is; `arctl restore` puts the newest good backup in its place and says what is lost"
)


class LedgerError(ArctlError):
    """The ledger cannot be opened or written."""


class LedgerFullError(LedgerError):
    """There is no room for the ledger to grow."""


class LedgerBusyError(LedgerError):
    """Another program holds the ledger."""


class LedgerDamagedError(LedgerError):
    """What the file holds cannot be trusted."""


def explained(error: sqlite3.DatabaseError, path: Path) -> LedgerError:
    """Return what an error of SQLite means for people."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged(path, str(error))
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR) or "disk" in str(error):
        msg = f"no room to write {path}: {error}"
        return LedgerFullError(msg, "free some space; the daemon goes on by itself, and nothing is lost")
    if code == sqlite3.SQLITE_CANTOPEN:
        msg = f"cannot open {path}: {error}"
        return LedgerError(msg, "check that the folder exists and is yours, or set ARCTL_HOME to another")
    msg = f"cannot write {path}: {error}"
    remedy = "another program may hold the file; close it, or look with `fuser`"
    return LedgerBusyError(msg, remedy)


def damaged(path: Path, why: str) -> LedgerDamagedError:
    """Return the error of a file that cannot be trusted."""
    return LedgerDamagedError(f"{path} is damaged: {why}", RESTORE)
