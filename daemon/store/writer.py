"""The one writer: a thread that turns batches into transactions, and nothing else writes the ledger."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from arctl.daemon.rows import CurvePoint, Event, Result, Row
from arctl.daemon.store import backup, schema
from arctl.daemon.store.errors import LedgerError, LedgerFullError, explained
from arctl.daemon.store.health import examine
from arctl.daemon.store.pruning import Bounds, prune
from arctl.daemon.store.rows import encode, last_of_each, upsert_sql

#: Deleted when the disk is full, so that SQLite and git can finish what they began.
BALLAST_BYTES = 4 << 20
#: Seconds for which another program may hold the ledger before that is told; tried on all the same.
PATIENCE = 5.0
#: Bytes of the write-ahead log from which on it is emptied, and from which on that is an alarm.
WAL_LONG, WAL_ALARM = 16 << 20, 64 << 20


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

    async def care(self) -> int:
        """Empty a write-ahead log that grew long, make the ballast anew; return how long the log is now."""
        return int(await self._do(self._care))

    async def prune(self, bounds: Bounds) -> int:
        """Delete some of what is older than its bounds; return how many rows went, 0 when none is left."""
        return int(await self._do(self._prune, bounds))

    async def close(self) -> None:
        """Close the connection and end the thread."""
        await self._do(self._close)
        self._thread.shutdown()

    async def _do(self, what: Any, *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, what, *args)

    def _open(self) -> None:
        try:
            examine(self.path)
            connection = sqlite3.connect(self.path, isolation_level=None, timeout=PATIENCE)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            schema.migrate(connection)
        except sqlite3.DatabaseError as error:
            raise explained(error, self.path) from error
        self._connection = connection
        self._keep_ballast()

    def _write(self, batch: Batch) -> int:
        connection = self._opened()
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                last = self._insert(connection, batch)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except (sqlite3.OperationalError, sqlite3.DatabaseError) as error:
            if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
                raise
            trouble = explained(error, self.path)
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

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            msg = "the ledger is closed"
            raise LedgerError(msg)
        return self._connection

    def _care(self) -> int:
        log = self.path.with_name(f"{self.path.name}-wal")
        size = _size(log)
        if size and self._connection is not None:
            # What is in the file itself cannot be lost with the log. A reader that stands still holds the
            # log: waiting for it here would hold up every write.
            self._connection.execute("PRAGMA busy_timeout=0")
            try:
                how = "TRUNCATE" if size > WAL_LONG else "PASSIVE"
                self._connection.execute(f"PRAGMA wal_checkpoint({how})").fetchone()
            except sqlite3.DatabaseError as error:
                raise explained(error, self.path) from error
            finally:
                self._connection.execute(f"PRAGMA busy_timeout={int(PATIENCE * 1000)}")
            size = _size(log)
        self._keep_ballast()
        return size

    def _prune(self, bounds: Bounds) -> int:
        try:
            return prune(self._opened(), bounds)
        except sqlite3.OperationalError as error:
            raise explained(error, self.path) from error

    def _keep_ballast(self) -> None:
        """Put the ballast where it is; while the disk is all but full it would only take what is left."""
        if self._ballast is None or _size(self._ballast) == BALLAST_BYTES:
            return
        try:
            if backup.free(self._ballast.parent) < 3 * BALLAST_BYTES:
                return
            # Real bytes: a sparse file would give nothing back.
            self._ballast.write_bytes(b"\0" * BALLAST_BYTES)
        except OSError:
            self._ballast.unlink(missing_ok=True)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
