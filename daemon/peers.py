"""Who is at the other end of the daemon's socket: its owner may command it, the owner's runs may not."""

from __future__ import annotations

import getpass
import os
import socket
import struct

import psutil

from arctl.daemon.jobs.launcher import CODE

#: Whatever a job does, it comes from its shim: the kernel keeps that, and no process may change it.
_DEPTH = 64


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
    above = {process.pid for process in psutil.Process().parents()}
    at = pid
    for _ in range(_DEPTH):
        if not at or at in above:
            return False
        try:
            process = psutil.Process(at)
            if CODE in process.cmdline():
                return True
            at = process.ppid()
        except psutil.Error:
            # Who runs away while it is looked at does not want to be seen.
            return True
    return False
