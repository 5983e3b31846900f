"""The storage actor: says how full the disk is, and deletes what was decided to go."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from arctl.daemon.actions import Discard, NoteResult
from arctl.daemon.facts import DiskSeen, Fact, Removed, StockTaken
from arctl.daemon.folders import delete
from arctl.daemon.housekeeping.measure import FLOOR_VARIABLE, RECORDS, floor, take_stock
from arctl.daemon.stock import Removal, Stock
from arctl.errors import ArctlError
from arctl.paths import Home, private_folder

log = logging.getLogger(__name__)

#: Seconds between looks at the disk; between two tidyings, and between those that a full disk calls for.
LOOK = 5.0
DAILY, URGENT = 86400.0, 600.0
#: The file in a run's folder that says what the run was judged to be.
RESULT = "result.json"


class Storage:
    """Looks after the state folder's disk."""

    def __init__(self, home: Home, report: Callable[[Fact], None], wanted: str = "") -> None:
        self._home = home
        self._report = report
        self._wanted = wanted
        self._floor = self._lowest()
        #: How much was free when that was reported last.
        self._told: int | None = None

    def _lowest(self) -> int:
        try:
            return floor(shutil.disk_usage(self._home.root).total, self._wanted)
        except ValueError as error:
            remedy = f"write {FLOOR_VARIABLE} as 5GB or 5%"
            msg = f"{FLOOR_VARIABLE}: {error}"
            raise ArctlError(msg, remedy) from error

    async def handle(self, action: Discard | NoteResult) -> None:
        """Carry out one action."""
        match action:
            case Discard():
                failed = await asyncio.to_thread(self._discard, action.removals)
                self._report(Removed(action.removals, tuple(failed), action.ticket, action.more))
                if action.more and not action.ticket and len(failed) < len(action.removals):
                    self._report(StockTaken(await self.stock()))
            case NoteResult():
                await asyncio.to_thread(self._note, action)

    async def stock(self) -> Stock:
        """Look through the state folder."""
        return await asyncio.to_thread(take_stock, self._home, self._floor)

    async def watch(self) -> None:
        """Look at the disk again and again; have it tidied daily, and sooner where it is nearly full."""
        tidied: float | None = None
        await asyncio.to_thread(self._empty_trash)
        while True:
            try:
                low = self._look()
                pause = URGENT if low else DAILY
                if tidied is None or time.monotonic() - tidied > pause:
                    tidied = time.monotonic()
                    self._report(StockTaken(await self.stock()))
            except OSError as error:
                log.warning("the state folder cannot be looked at: %s", error)
            await asyncio.sleep(LOOK)

    def _look(self) -> bool:
        """Tell whether the disk is nearly full, and report it where that changed, or by how much."""
        free, told = shutil.disk_usage(self._home.root).free, self._told
        low = free < self._floor
        changed = told is None or (told < self._floor) != low
        if told is None or changed or (low and abs(free - told) > self._floor // 100):
            self._report(DiskSeen(free, self._floor))
            self._told = free
        return low

    def _empty_trash(self) -> None:
        """End what an earlier daemon began to delete."""
        if self._home.trash.is_dir() and not self._home.trash.is_symlink():
            for path in list(self._home.trash.iterdir()):
                self._delete(path)

    def _discard(self, removals: tuple[Removal, ...]) -> list[str]:
        """Delete, and return what could not be, with the reason."""
        failed = []
        for removal in removals:
            try:
                path = self._real(removal.place)
                if path is None:
                    continue
                if removal.part == "all":
                    self._remove(path)
                else:
                    for item in list(path.iterdir()):
                        if item.name not in RECORDS:
                            self._remove(item)
            except OSError as error:
                failed.append(f"{removal.place}: {error.strerror or error}")
        return failed

    def _real(self, place: str) -> Path | None:
        """Return where a place lies; None where it is gone, or where a link stands on the way to it."""
        path = self._home.root
        *way, last = Path(place).parts
        for part in way:
            path /= part
            if part in ("..", "/") or path.is_symlink() or not path.is_dir():
                return None
        path /= last
        return path if os.path.lexists(path) and last != ".." else None

    def _remove(self, path: Path) -> None:
        """Take something out of sight at once, then delete it: who dies in between leaves no half of it."""
        trash = private_folder(self._home.trash)
        hidden = trash / f"{path.name}-{secrets.token_hex(4)}"
        path.rename(hidden)
        self._delete(hidden)

    def _delete(self, path: Path) -> None:
        try:
            delete(path)
        except OSError as error:
            log.warning("cannot delete %s: %s; tried again at the next start", path, error)

    def _note(self, action: NoteResult) -> None:
        folder = self._home.run_folder(action.run, action.attempt)
        temporary = folder / f"{RESULT}.tmp"
        try:
            with temporary.open("w") as file:
                json.dump(action.record, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.rename(folder / RESULT)
        except OSError as error:
            # The ledger has it; this is for the day on which the ledger is lost.
            log.warning("cannot note the result of %s: %s", action.run, error)
