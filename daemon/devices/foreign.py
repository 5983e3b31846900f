"""Whose processes are on a card: those below the shims of our runs are ours, all others are not."""

from __future__ import annotations

from collections.abc import Callable

import psutil

from arctl.daemon.devices.base import Foreign, Sample

#: How far up a process's ancestors are followed; more than any real tree is deep.
DEPTH = 64


def parent(pid: int) -> int | None:
    """Return the process that a process came from, 0 for the first of all; None where it cannot be seen."""
    try:
        return int(psutil.Process(pid).ppid())
    except psutil.Error:
        return None


def foreign(
    sample: Sample, shims: frozenset[int], *, ours: bool, parent: Callable[[int], int | None] = parent
) -> Foreign | None:
    """Count the processes on a card that are not ours; None where that cannot be said.

    In a container a driver names processes by numbers that mean nothing inside. Such a one may be ours where
    a run of ours has, or just had, the card (`ours`); elsewhere it is not.
    """
    if sample.processes is None:
        return None
    memory: list[float | None] = []
    for place, pid in enumerate(sample.processes):
        mine = _below(pid, shims, parent)
        if mine is None and ours:
            return None
        if not mine:
            memory.append(sample.process_mb[place] if sample.process_mb is not None else None)
    known = [part for part in memory if part is not None]
    return Foreign(len(memory), sum(known) if len(known) == len(memory) else None)


def _below(pid: int, shims: frozenset[int], parent: Callable[[int], int | None]) -> bool | None:
    """Tell whether a process is one of these or came from one of them; None where it cannot be seen."""
    at: int | None = pid
    for _ in range(DEPTH):
        if at in shims:
            return True
        at = parent(at) if at else 0
        if at is None:
            return None
        if at == 0:
            return False
    return False
