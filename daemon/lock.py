"""The lock of a state folder: whoever holds it is the only one who writes there."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator

from arctl.errors import RefusedError
from arctl.paths import Home


@contextlib.contextmanager
def only_one(home: Home) -> Iterator[None]:
    """Hold the state folder's lock; raises `RefusedError` that names whoever holds it already."""
    descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        pid = os.read(descriptor, 32).decode().strip() or "unknown"
        os.close(descriptor)
        msg = f"a daemon (process {pid}) runs for {home.root} already"
        raise RefusedError(msg, "use it, or stop it with `arctl stop`") from error
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())
    try:
        yield
    finally:
        os.close(descriptor)
