"""The one writer: a thread that turns batches into transactions, and nothing else writes the ledger."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from arctl.daemon.rows import TABLES, CurvePoint, Event, Result, Row
from arctl.daemon.store import schema
from arctl.daemon.store.rows import encode, last_of_each, upsert_sql
from arctl.errors import ArctlError

#: Deleted when the disk is full, so that SQLite and git can finish what they began.
BALLAST_BYTES = 4 << 20
#: Bytes below which all of a ledger is checked at start; beyond, its curves and events are left out.
CHECKED_WHOLE = 64 << 20


class LedgerError(ArctlError):
    """The ledger cannot be opened or written."""


class LedgerFullError(LedgerError):
    """There is no room for the ledger to grow."""


@dataclass(slots=True)
class Batch:
    """What one transaction writes."""

    rows: list[Row] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    points: list[CurvePoint] = field(default_factory=list)
    answers: list[tuple[str, Any]] = field(default_factory=list)
    at: float = 0.0

    def __bool__(self) -> bool:
        """Tell whether there is anything to write."""
        return bool(self.rows or self.events or self.results or self.points or self.answers)


class Writer:
    """Owns the only connection that writes."""

    def __init__(self, path: Path, ballast: Path | None = None) -> None:
        self.path = path
        self._ballast = ballast
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._connection: sqlite3.Connection | None = None
        self._statements: dict[type[Any], str] = {}

    async def open(self) -> None:
        """Open or create the ledger and bring its schema up to date; raises `LedgerError`."""
        await self._do(self._open)

    async def write(self, batch: Batch) -> int:
        """Write a batch in one transaction and return the number of its last event (0 where it has none)."""
        return int(await self._do(self._write, batch))

    async def close(self) -> None:
        """Close the connection and end the thread."""
        await self._do(self._close)
        self._thread.shutdown()

    async def _do(self, what: Any, *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, what, *args)

    def _open(self) -> None:
        try:
            connection = sqlite3.connect(self.path, isolation_level=None, timeout=10.0)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            for check in _checks(connection, self.path):
                verdict = connection.execute(check).fetchone()[0]
                if verdict != "ok":
                    raise sqlite3.DatabaseError(verdict)
            if newer := schema.unknown_migrations(connection):
                msg = f"{self.path} was written by a newer arctl (it knows {newer[0]})"
                raise LedgerError(msg, "start it with that version, or set ARCTL_HOME to another folder")
            schema.migrate(connection)
        except sqlite3.OperationalError as error:
            raise _explained(error, self.path) from error
        except sqlite3.DatabaseError as error:
            msg = f"{self.path} is damaged: {error}"
            remedy = (
                "it is kept as it is; move it aside and put a backup in its place, "
                "or try `sqlite3 ledger.db .recover`"
            )
            raise LedgerError(msg, remedy) from error
        self._connection = connection
        self._keep_ballast()

    def _write(self, batch: Batch) -> int:
        connection = self._connection
        if connection is None:
            msg = "the ledger is closed"
            raise LedgerError(msg)
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                last = self._insert(connection, batch)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.OperationalError as error:
            trouble = _explained(error, self.path)
            if isinstance(trouble, LedgerFullError) and self._ballast is not None:
                self._ballast.unlink(missing_ok=True)
            raise trouble from error
        return last

    def _insert(self, connection: sqlite3.Connection, batch: Batch) -> int:
        for (cls, _), row in last_of_each(batch.rows).items():
            statement = self._statements.setdefault(cls, upsert_sql(cls))
            connection.execute(statement, encode(row))
        connection.executemany(
            "INSERT INTO results VALUES (?, ?, ?, ?, ?, ?)",
            [
                (item.run, item.attempt, item.at, item.outcome, item.value, json.dumps(item.record))
                for item in batch.results
            ],
        )
        connection.executemany(
            "INSERT OR IGNORE INTO points VALUES (?, ?, ?, ?, ?, ?)",
            [(p.run, p.attempt, p.ordinal, p.metric, p.step, p.value) for p in batch.points],
        )
        connection.executemany(
            "INSERT OR IGNORE INTO commands VALUES (?, ?, ?)",
            [(key, batch.at, json.dumps(answer)) for key, answer in batch.answers],
        )
        last = 0
        for event in batch.events:
            cursor = connection.execute(
                "INSERT INTO events (at, kind, campaign, subject, text, actor, data)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    batch.at,
                    event.kind,
                    event.campaign,
                    event.subject,
                    event.text,
                    event.actor,
                    json.dumps(event.data),
                ),
            )
            last = cursor.lastrowid or last
        return last

    def _keep_ballast(self) -> None:
        if self._ballast is None or self._ballast.exists():
            return
        try:
            # Real bytes: a sparse file would give nothing back.
            self._ballast.write_bytes(b"\0" * BALLAST_BYTES)
        except OSError:
            self._ballast.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _checks(connection: sqlite3.Connection, path: Path) -> list[str]:
    """Return how a ledger is checked: whole, or where that takes long, what the daemon is about to read."""
    if path.stat().st_size < CHECKED_WHOLE:
        return ["PRAGMA quick_check(1)"]
    known = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    return [f'PRAGMA quick_check("{table}")' for table in TABLES.values() if table in known]


def _explained(error: sqlite3.OperationalError, path: Path) -> LedgerError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR) or "disk" in str(error):
        msg = f"no room to write {path}: {error}"
        return LedgerFullError(msg, "free some space; the daemon goes on by itself, and nothing is lost")
    if code == sqlite3.SQLITE_CANTOPEN:
        msg = f"cannot open {path}: {error}"
        return LedgerError(msg, "check that the folder exists and is yours, or set ARCTL_HOME to another")
    msg = f"cannot write {path}: {error}"
    return LedgerError(msg, "another program may hold the file; close it, or look with `fuser`")
