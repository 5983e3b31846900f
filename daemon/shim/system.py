"""What the kernel is asked for: clocks that go on in sleep, who is below this process, signals, files."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import signal
import sys
import time
from typing import Any

LINUX = sys.platform.startswith("linux")
#: Looked up before the first fork, so that nothing is loaded between fork and exec.
LIBC = ctypes.CDLL(None) if LINUX else None
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
#: The name of the processes that stand between this one and a sandboxed command.
SANDBOX = "bwrap"


def clock() -> float:
    """Return seconds on a clock that goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if LINUX else time.monotonic()


def boot_id() -> str:
    """Return what changes at every boot; process ids mean nothing across it."""
    with contextlib.suppress(OSError), open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()
    return ""


def adopt() -> None:
    """Have what is left of those below this process, once their parents ended, become its children."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def start_time(pid: int) -> int:
    """Return when a process started, in ticks since boot; tells it from a later one with its id."""
    with contextlib.suppress(OSError, IndexError, ValueError), open(f"/proc/{pid}/stat", "rb") as file:
        return int(file.read().rpartition(b")")[2].split()[19])
    return 0


def write_json(path: str, value: dict[str, Any], *, durable: bool = True) -> None:
    """Write a file so that it is there whole or not at all; wait for room on a full disk.

    One that need not outlive the machine's next boot is not waited for until it is on the disk.
    """
    while True:
        try:
            temporary = path + ".tmp"
            with open(temporary, "w") as file:
                json.dump(value, file)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            os.rename(temporary, path)
            if not durable:
                return
            folder = os.open(".", os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
            return
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            time.sleep(1.0)


def children() -> dict[int, str]:
    """Return the ids of all processes below this one, with the letter of their state, by walking /proc."""
    parents, states = {}, {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError), open(f"/proc/{name}/stat", "rb") as file:
                state, parent = file.read().rpartition(b")")[2].split()[:2]
                parents[int(name)], states[int(name)] = int(parent), state.decode()
    found: dict[int, str] = {}
    frontier = {os.getpid()}
    while frontier:
        frontier = {pid for pid, parent in parents.items() if parent in frontier}
        found.update({pid: states[pid] for pid in frontier})
    return found


def is_sandbox(pid: int) -> bool:
    """Tell whether a process is one of those that hold a sandbox up, and not of the job in it."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/comm") as file:
        return file.read().rstrip("\n") == SANDBOX
    return False


def is_shell(pid: int) -> bool:
    """Tell whether a process is the shell that a sandbox was begun with, at whose end all of it ends."""
    with contextlib.suppress(OSError, IndexError), open(f"/proc/{pid}/status") as file:
        said = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        # The first process in there is the sandbox's own.
        return said.get("Name") == "sh" and said.get("NSpid", "").split()[1:] == ["2"]
    return False


def memory_of(pids: dict[int, str]) -> int:
    """Return the bytes of memory that these processes hold; what they share is counted once for each."""
    pages = 0
    for pid in pids:
        with contextlib.suppress(OSError, IndexError, ValueError), open(f"/proc/{pid}/statm") as file:
            resident, shared = file.read().split()[1:3]
            pages += int(resident) - int(shared)
    return pages * os.sysconf("SC_PAGE_SIZE")


def oom_kills() -> int:
    """Return how often the kernel has ended a process because the machine ran out of memory."""
    with contextlib.suppress(OSError, IndexError, ValueError), open("/proc/vmstat") as file:
        return next((int(line.split()[1]) for line in file if line.startswith("oom_kill ")), 0)
    return 0


def send(pid: int, number: int) -> None:
    """Signal a process that may be gone already."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def end_all(group: int) -> int:
    """Kill everything below this process until nothing is left; return how many outlived the command."""
    orphans: set[int] = set()
    if not LINUX:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
        return 0
    while True:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            # Whoever outlives their parents become this process's children: there is nobody any more.
            return len(orphans)
        left = children()
        orphans.update(pid for pid, state in left.items() if state not in "ZX" and not is_sandbox(pid))
        for pid in left:
            send(pid, signal.SIGKILL)
        time.sleep(0.002)
