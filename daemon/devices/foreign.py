"""Whose processes are on a card: those below the shims of our runs are ours, all others are not."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import psutil

from arctl.daemon.devices.base import Foreign, Holder, Process, Sample

#: How far up a process's ancestors are followed; more than any real tree is deep.
DEPTH = 64
#: Memory (MiB) that others may hold on a card, as a desktop does, before it counts as taken.
TOLERATED_MB = 2048.0
#: Services of the driver: they hold a card for whoever uses it, and take it from nobody.
SERVICES = frozenset({"nvidia-cuda-mps-server", "nvidia-persistenced", "nvidia-cuda-mps-control"})

Parent = Callable[[int], int | None]


def parent(pid: int) -> int | None:
    """Return the process that a process came from, 0 for the first of all; None where it cannot be seen."""
    try:
        return int(psutil.Process(pid).ppid())
    except psutil.Error:
        return None


def foreign(sample: Sample, shims: frozenset[int], *, ours: bool, parent: Parent = parent) -> Foreign | None:
    """Count the processes on a card that are not ours; None where that cannot be said.

    In a container a driver names processes by numbers that mean nothing inside. Such a one may be ours where
    a run of ours has, or just had, the card (`ours`); elsewhere it is not.
    """
    if sample.processes is None:
        return None
    found: list[Process] = []
    for process in sample.processes:
        shim = owner(process.pid, shims, parent)
        if shim is None and ours:
            return None
        if not shim:
            found.append(process)
    known = [process.memory_mb for process in found if process.memory_mb is not None]
    total = sum(known) if len(known) == len(found) else None
    return Foreign(len(found), total, tuple(map(_holder, found)))


def owner(pid: int, shims: frozenset[int], parent: Parent = parent) -> int | None:
    """Return the shim that a process is or came from, 0 where it is none's; None where it cannot be seen."""
    at: int | None = pid
    for _ in range(DEPTH):
        if at in shims:
            return at
        at = parent(at) if at else 0
        if at is None:
            return None
        if at == 0:
            return 0
    return 0


def held_by(sample: Sample, shims: Mapping[int, str], parent: Parent = parent) -> dict[str, list[Process]]:
    """Return the processes of each run on a card; `shims` names the run of each shim."""
    found: dict[str, list[Process]] = {}
    for process in sample.processes or ():
        if shim := owner(process.pid, frozenset(shims), parent):
            found.setdefault(shims[shim], []).append(process)
    return found


def _holder(process: Process) -> Holder:
    try:
        seen = psutil.Process(process.pid)
        with seen.oneshot():
            user, name = seen.username(), seen.name()
    except (psutil.Error, KeyError):
        user = name = ""
    return Holder(process.pid, user, name, process.memory_mb, process.kind)


def taken(sample: Sample, *, ours: bool) -> str:
    """Say who else has a card, so that no run is started there; empty where nobody does.

    Any program of others that computes takes it; what only draws, as a desktop does, from some memory on. So
    does memory that nobody holds who could be seen, unless a run of ours has or just had the card (`ours`).
    """
    others = sample.foreign
    who = [row for row in others.who if row.name not in SERVICES] if others is not None else []
    computing = [row for row in who if row.kind != "graphics"]
    if computing:
        return "; ".join(map(_told, computing[:3])) + (" and others" if len(computing) > 3 else "")
    drawn = sum(row.memory_mb or 0.0 for row in who)
    if drawn > TOLERATED_MB:
        return "; ".join(map(_told, who[:3]))
    unseen = (sample.memory_used_mb or 0.0) - drawn
    if not ours and unseen > TOLERATED_MB:
        return f"{unseen / 1024:.1f} GiB are held by processes that cannot be seen"
    return ""


def _told(row: Holder) -> str:
    size = f", {row.memory_mb / 1024:.1f} GiB" if row.memory_mb is not None else ""
    return f"{row.user or 'somebody'}: {row.name or 'process'} ({row.pid}{size})"
