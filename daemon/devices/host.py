"""The host: its load and memory, and its cores as devices: slots that are pinned to their own."""

from __future__ import annotations

import os
from dataclasses import dataclass

import psutil

from arctl.daemon.devices.base import Fault, Sample
from arctl.daemon.marks import Device

#: More slots than this would only get in each other's way where nobody asked for them.
DEFAULT_SLOTS = 8


@dataclass(frozen=True, slots=True)
class Host:
    """One reading of the host: load average of a minute, memory and swap in MiB; None where it has none."""

    at: float
    cores: int
    load: float | None
    memory_used_mb: float
    memory_total_mb: float
    swap_used_mb: float
    swap_total_mb: float


def read_host(now: float) -> Host:
    """Take a reading of the host."""
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    try:
        load = os.getloadavg()[0]
    except OSError:
        load = None
    return Host(
        now,
        os.cpu_count() or 1,
        load,
        (memory.total - memory.available) / 2**20,
        memory.total / 2**20,
        swap.used / 2**20,
        swap.total / 2**20,
    )


def available_cores() -> tuple[int, ...]:
    """Return the cores that this process may use, lowest first."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def divide(cores: tuple[int, ...], slots: int) -> list[tuple[int, ...]]:
    """Divide cores evenly into slots; with more slots than cores, cores are shared in turn."""
    if slots >= len(cores):
        return [(cores[index % len(cores)],) for index in range(slots)]
    size, extra = divmod(len(cores), slots)
    parts, start = [], 0
    for index in range(slots):
        end = start + size + (index < extra)
        parts.append(cores[start:end])
        start = end
    return parts


class HostBackend:
    """Slots of the host's processor."""

    name = "cpu"

    def __init__(self, slots: int | None = None) -> None:
        cores = available_cores()
        self._parts = divide(cores, slots or min(len(cores), DEFAULT_SLOTS))
        psutil.cpu_percent(percpu=True)

    def inventory(self) -> tuple[Device, ...]:
        """Return the slots."""
        return tuple(
            Device(f"cpu{index}", index, "cpu", f"cpu{index}", cores)
            for index, cores in enumerate(self._parts)
        )

    def sample(
        self, busy: frozenset[str], now: float, still: frozenset[str] = frozenset()
    ) -> tuple[Sample, ...]:
        """Return the load of each slot's cores; memory is the whole host's."""
        del busy, still
        load = psutil.cpu_percent(percpu=True)
        memory = psutil.virtual_memory()
        return tuple(
            Sample(
                f"cpu{index}",
                now,
                util=_mean([load[core] for core in cores if core < len(load)]),
                memory_used_mb=(memory.total - memory.available) / 2**20,
                memory_total_mb=memory.total / 2**20,
            )
            for index, cores in enumerate(self._parts)
        )

    def faults(self, wait: float = 0.0) -> tuple[Fault, ...]:
        """The host has no faults that it would live to tell."""
        del wait
        return ()

    def close(self) -> None:
        """Nothing is held."""


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None
