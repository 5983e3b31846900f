"""Who is at the other end of the daemon's socket: its owner may command it, the owner's runs may not.

Whatever a job does, it comes from its shim: the kernel keeps that, and no process may change it. What
outlives a shim that was killed belongs to the process that forked it.
"""

from __future__ import annotations

import getpass
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

#: By this a shim is known, of whatever version, and the process from which it was forked.
FORKED = b"from arctl.daemon.shim.zygote import"
#: Looks at a line of processes that changes meanwhile.
TRIES = 5


class StrangerError(Exception):
    """The other end must not command the daemon; says why."""


def peer(connection: socket.socket) -> str:
    """Return the name of the user at the other end; raises `StrangerError` for others, and for runs."""
    if hasattr(socket, "SO_PEERCRED"):
        raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        pid, uid, _ = struct.unpack("3i", raw)
        if uid != os.getuid():
            msg = f"user {uid} may not command this daemon"
            raise StrangerError(msg)
        if (shim := shim_above(pid)) is not None:
            msg = f"runs may not command the daemon: one below process {shim} tried to"
            raise StrangerError(msg)
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())


def shim_above(pid: int, proc: Path = Path("/proc")) -> int | None:
    """Return the shim, or the process that forks them, from which a process came; None where it is no run's.

    0 where it ran away while it was looked at, as only those do who do not want to be seen. A daemon that is
    itself part of somebody's run serves whoever is beside it there. Of process 0, which lives in another
    container, and of those that this user may not look at, nothing can be said: they are no run's of ours.
    """
    for _ in range(TRIES):
        try:
            for at in _line(pid, proc):
                if _is_shim(at, proc):
                    return at if at not in set(_line(os.getpid(), proc)) else None
        except ProcessLookupError:
            # One in the middle ended: who is left belongs to somebody else now.
            continue
        return None
    return 0


def _line(pid: int, proc: Path) -> Iterator[int]:
    """Yield a process and those that it came from, the nearest first, as far as they can be seen."""
    while pid and (stat := _told(pid, "stat", proc)):
        yield pid
        # The name, in parentheses, may hold anything.
        pid = int(stat.rpartition(b")")[2].split()[1])


def _is_shim(pid: int, proc: Path) -> bool:
    return FORKED in _told(pid, "cmdline", proc)


def _told(pid: int, name: str, proc: Path) -> bytes:
    """Return what /proc tells of a process, nothing where it is hidden; raises `ProcessLookupError`."""
    try:
        return (proc / str(pid) / name).read_bytes()
    except OSError:
        if not _alive(pid):
            raise ProcessLookupError(pid) from None
        return b""


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's
    return True
