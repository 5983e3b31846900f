"""Whether a ledger can be trusted: looked at without changing a byte of it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from arctl.daemon.rows import TABLES
from arctl.daemon.store import schema
from arctl.daemon.store.errors import LedgerDamagedError, LedgerError, damaged, explained

#: Bytes below which all of a ledger is checked at start; beyond, its curves and events are left out.
CHECKED_WHOLE = 64 << 20


def examine(path: Path, *, whole: bool = False) -> None:
    """Look whether a ledger can be used; raises `LedgerError`. One that never was is fine."""
    if not path.exists() or not path.stat().st_size:
        _never_was(path)
        return
    try:
        # Read-only: closing a connection that writes would move the log into a file that is to be kept.
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        try:
            for check in _checks(connection, path, whole=whole):
                verdict = connection.execute(check).fetchone()[0]
                if verdict != "ok":
                    raise damaged(path, _first(str(verdict)))
            if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").fetchone():
                _never_was(path)
            if newer := schema.unknown_migrations(connection):
                msg = f"{path} was written by a newer arctl (it knows {newer[0]})"
                raise LedgerError(msg, "start it with that version, or set ARCTL_HOME to another folder")
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        raise explained(error, path) from error


def _checks(connection: sqlite3.Connection, path: Path, *, whole: bool) -> list[str]:
    """Return how a ledger is checked: whole, or where that takes long, what the daemon is about to read."""
    if whole or path.stat().st_size < CHECKED_WHOLE:
        return ["PRAGMA quick_check(1)"]
    known = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    return [f'PRAGMA quick_check("{table}")' for table in TABLES.values() if table in known]


def _first(verdict: str) -> str:
    """Return the first finding of a check; a heading may stand above it."""
    lines = [line for line in verdict.splitlines() if not line.startswith("***")]
    return lines[0] if lines else "it does not pass SQLite's check"


def _never_was(path: Path) -> None:
    """Refuse to begin a new ledger where one has been: its runs and backups are still there."""
    root = path.parent
    traces = [root / "backups", root / "runs", root / "damaged"]
    left = next((folder for folder in traces if folder.is_dir() and any(folder.iterdir())), None)
    if left is not None:
        what = "is empty" if path.exists() else "is gone"
        msg = f"{path} {what}, but there was one: {left} is still there"
        remedy = "`arctl restore` puts the newest good backup there; to begin anew, move that folder away"
        raise LedgerDamagedError(msg, remedy)
