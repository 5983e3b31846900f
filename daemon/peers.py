"""Who is at the other end of the daemon's socket: its owner may command it, the owner's runs may not.

Whatever a job does, it comes from its shim: the kernel keeps that, and no process may change it.
"""

from __future__ import annotations

import getpass
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

from arctl.daemon.jobs.launcher import CODE


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
        if of_a_run(pid):
            msg = f"process {pid} belongs to a run, and runs may not command the daemon"
            raise StrangerError(msg)
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())


def of_a_run(pid: int) -> bool:
    """Tell whether a process came from a shim; of one that has gone that must be supposed.

    A daemon that is itself part of somebody's run serves whoever is beside it there. Of process 0, which
    lives in another container, nothing can be said: no run of ours does.
    """
    try:
        shim = next(filter(_is_shim, _line(pid)), 0)
        return shim not in {0, *_line(os.getpid())}
    except OSError:
        # Who runs away while it is looked at does not want to be seen.
        return True


def _line(pid: int) -> Iterator[int]:
    """Yield a process and those that it came from, the nearest first."""
    while pid:
        yield pid
        # The name, in parentheses, may hold anything.
        pid = int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[1])


def _is_shim(pid: int) -> bool:
    return os.fsencode(CODE) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
