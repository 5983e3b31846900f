"""The ledger's care: backups while it is written, its log kept short, and what may be forgotten."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable

from arctl.daemon import clock
from arctl.daemon.actions import BackUp, Prune
from arctl.daemon.facts import Ailing, BackupTaken, Fact
from arctl.daemon.store import Bounds, LedgerError, Writer, backup
from arctl.daemon.store.writer import WAL_ALARM
from arctl.paths import Home

log = logging.getLogger(__name__)

#: Seconds between looks at the ledger's log, between attempts to back it up, and the age at a start.
LOOK = 10.0
RETRY = 600.0
AT_START = 86400.0
#: Seconds between two pieces of a long pruning: whoever writes goes first.
BREATH = 0.05


class LedgerCare:
    """Looks after the ledger beside its writer."""

    def __init__(self, home: Home, writer: Writer, report: Callable[[Fact], None]) -> None:
        self._home, self._writer, self._report = home, writer, report
        self._copying: sqlite3.Connection | None = None
        #: How far the ledger had got when it was backed up last, as its files said.
        self._backed = (0.0, 0)

    async def handle(self, action: Prune | BackUp) -> None:
        """Copy the ledger, or forget what is old, a piece at a time."""
        if isinstance(action, BackUp):
            await self.back_up()
            return
        bounds = Bounds(action.now, action.events, action.curves)
        try:
            while await self._writer.prune(bounds):
                await asyncio.sleep(BREATH)
        except LedgerError as error:
            log.warning("nothing is pruned now: %s", error.message)

    async def watch(self) -> None:
        """Keep the log short and the backups fresh, for as long as the daemon lives."""
        tried = -RETRY
        while True:
            try:
                await self.look()
                wait = time.monotonic() - tried < RETRY
                if not wait and await asyncio.to_thread(self._due, first=tried < 0):
                    tried = time.monotonic()
                    await self.back_up()
            except OSError as error:
                log.warning("the ledger cannot be looked after: %s", error)
            await asyncio.sleep(LOOK)

    async def look(self) -> None:
        """Empty the log where that is needed, and say so where it cannot be."""
        try:
            size = await self._writer.care()
        except LedgerError as error:
            log.warning("the ledger cannot be looked after: %s", error.message)
            return
        why = ""
        if size > WAL_ALARM:
            why = (
                f"the ledger's write-ahead log has {size >> 20} MiB: a program that reads {self._home.ledger}"
                " stands still; end it (`fuser -v` names it), nothing is lost"
            )
        self._report(Ailing("wal", why))

    def _due(self, *, first: bool) -> bool:
        newest = backup.listed(self._home.backups)[:1]
        if not newest:
            return True
        age = clock.now() - newest[0].at
        return age > (AT_START if first else backup.EVERY) and self._stand() != self._backed

    def _stand(self) -> tuple[float, int]:
        """Return what changes whenever something is written."""
        files = (self._home.ledger, self._home.ledger.with_name("ledger.db-wal"))
        seen = [path.stat() for path in files if path.exists()]
        return max(item.st_mtime for item in seen), sum(item.st_size for item in seen)

    async def back_up(self) -> None:
        """Make a backup now; what keeps it from being made is shown until one is."""
        began, stand = time.monotonic(), await asyncio.to_thread(self._stand)
        try:
            made = await asyncio.to_thread(
                backup.take, self._home.ledger, self._home.backups, clock.now(), self._opened
            )
        except LedgerError as error:
            log.error("%s; %s", error.message, error.remedy)
            self._report(Ailing("backup", f"the ledger is not backed up: {error.message}; {error.remedy}"))
            return
        self._backed = stand
        self._report(BackupTaken(str(made.path), made.bytes, time.monotonic() - began))
        self._report(Ailing("backup", ""))

    def _opened(self, connection: sqlite3.Connection) -> None:
        self._copying = connection

    def close(self) -> None:
        """Give up a backup that is being made: nobody should wait for it to leave."""
        if self._copying is not None:
            with contextlib.suppress(sqlite3.ProgrammingError):
                self._copying.interrupt()
