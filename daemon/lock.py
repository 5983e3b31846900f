"""The lock of a state folder: whoever holds it is the only one who writes there.

A daemon that is killed while it starts a process leaves the lock for a moment to that process, which has
not yet let go of what it was forked with. So a lock in the name of a dead process is waited for.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path

from arctl.errors import RefusedError
from arctl.paths import Home

log = logging.getLogger(__name__)

#: Seconds for which a lock in the name of a dead process is waited for, and between two looks.
PATIENCE = 10.0
LOOK = 0.02


@contextlib.contextmanager
def only_one(home: Home) -> Iterator[None]:
    """Hold the state folder's lock; raises `RefusedError` that names whoever holds it already."""
    descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(descriptor, home)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, home: Home) -> None:
    until = time.monotonic() + PATIENCE
    waiting = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 32, 0).decode().strip()
            if not _dead(holder):
                msg = f"a daemon (process {holder or 'unknown'}) runs for {home.root} already"
                raise RefusedError(msg, "use it, or stop it with `arctl stop`") from error
            if time.monotonic() > until:
                msg = f"the lock {home.lock} is held, but the daemon that took it (process {holder}) is dead"
                raise RefusedError(msg, f"end what holds it: `fuser -v {home.lock}` says what") from error
            if not waiting:
                waiting = True
                log.info("process %s is dead; what it started has to let go of %s first", holder, home.lock)
            time.sleep(LOOK)
        else:
            return


def _dead(pid: str) -> bool:
    """Tell whether a process is known to be gone; one that nobody has taken leave of yet is."""
    try:
        os.kill(int(pid), 0)
        return Path(f"/proc/{int(pid)}/stat").read_text().rpartition(")")[2].split()[:1] == ["Z"]
    except ProcessLookupError:
        return True
    except (ValueError, OverflowError, OSError):
        return False
