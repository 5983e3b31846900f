"""Short read-only queries on connections of their own; they never hold the writer up."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from arctl.daemon.rows import Row
from arctl.daemon.store.curves import Curves, Series
from arctl.daemon.store.loading import loaded

T = TypeVar("T")
Record = dict[str, Any]


class Reader:
    """Two read-only connections, each in its own thread: for what is quick, and for what may take a while."""

    def __init__(self, path: Path) -> None:
        self._quick = _Line(path, "reader")
        self._slow = _Line(path, "studies")
        self._curves = Curves()

    async def ask(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run a query in the reader's thread and return its result."""
        return await self._quick.ask(query)

    async def study(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run a query that may look at very much; it holds up others of its kind alone."""
        return await self._slow.ask(query)

    async def curves(self, run: str, attempt: int, look: Callable[[dict[str, Series]], T]) -> T:
        """Return what `look` makes of the curves of an attempt, by metric; it must not keep them."""
        return await self.study(lambda connection: look(self._curves.of(connection, run, attempt)))

    async def close(self) -> None:
        """Close the connections and end the threads."""
        await self._quick.close()
        await self._slow.close()

    async def rows(self) -> list[Row]:
        """Return every row of current state; how the state is built at start."""
        return await self.ask(loaded)

    async def epoch(self) -> str:
        """Return the ledger's random name; a cursor is good for one epoch only."""
        sql = "SELECT value FROM meta WHERE key = 'epoch'"
        return str(await self.ask(lambda connection: connection.execute(sql).fetchone()[0]))

    async def pruned(self) -> int:
        """Return the number up to which events may be missing; a cursor before it has gaps behind it."""
        sql = "SELECT coalesce(max(cast(value AS INTEGER)), 0) FROM meta WHERE key = 'pruned'"
        return int(await self.ask(lambda connection: connection.execute(sql).fetchone()[0]))

    async def last_event(self) -> int:
        """Return the number of the newest event, 0 where there is none."""
        sql = "SELECT coalesce(max(seq), 0) FROM events"
        return int(await self.ask(lambda connection: connection.execute(sql).fetchone()[0]))

    async def events(self, after: int, limit: int, campaign: str = "", subject: str = "") -> list[Record]:
        """Return up to `limit` events behind a cursor, oldest first."""
        sql = "SELECT * FROM events WHERE seq > ?"
        values: list[Any] = [after]
        if campaign:
            sql, values = sql + " AND campaign = ?", [*values, campaign]
        if subject:
            sql, values = sql + " AND subject = ?", [*values, subject]
        found = await self._records(sql + " ORDER BY seq LIMIT ?", (*values, limit))
        return [{**record, "data": json.loads(record["data"])} for record in found]

    async def story(self, subjects: list[str], limit: int) -> list[Record]:
        """Return the newest `limit` events about any of the subjects, oldest first."""
        marks = ", ".join("?" * len(subjects))
        sql = f"SELECT * FROM events WHERE subject IN ({marks}) ORDER BY seq DESC LIMIT ?"  # noqa: S608
        found = await self._records(sql, (*subjects, limit))
        return [{**record, "data": json.loads(record["data"])} for record in reversed(found)]

    async def results(self, run: str) -> list[Record]:
        """Return what the ledger holds of a run's attempts."""
        sql = "SELECT attempt, at, outcome, value, record FROM results WHERE run = ? ORDER BY attempt"
        found = await self._records(sql, (run,))
        return [{**record, "record": json.loads(record["record"])} for record in found]

    async def answered(self, key: str) -> Any:
        """Return the answer that a command with this key got before; None where there was none."""
        found = await self._records("SELECT answer FROM commands WHERE key = ?", (key,))
        return json.loads(found[0]["answer"]) if found else None

    async def _records(self, sql: str, values: tuple[Any, ...]) -> list[Record]:
        return await self.ask(lambda connection: [dict(row) for row in connection.execute(sql, values)])


class _Line:
    """A connection that is opened when it is first used."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._connection: sqlite3.Connection | None = None

    async def ask(self, query: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, query)

    def _run(self, query: Callable[[sqlite3.Connection], T]) -> T:
        if self._connection is None:
            uri = f"file:{self._path}?mode=ro"
            connection = sqlite3.connect(uri, uri=True, isolation_level=None)
            connection.row_factory = sqlite3.Row
            self._connection = connection
        return query(self._connection)

    async def close(self) -> None:
        def end() -> None:
            if self._connection is not None:
                self._connection.close()

        await asyncio.get_running_loop().run_in_executor(self._thread, end)
        self._thread.shutdown()
