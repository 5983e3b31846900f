"""What every kind of device offers: an inventory and readings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from arctl.daemon.marks import Device


@dataclass(frozen=True, slots=True)
class Bound:
    """The run on a device: how its shim is found (None once it is gone), and whether it stands still."""

    shim: Callable[[], int | None]
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class Foreign:
    """Processes on a card that belong to no run of ours; `memory_mb` (MiB) is None where any is unknown."""

    processes: int
    memory_mb: float | None


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading of a device; None is a reading that it lacks, never 0.

    `util` in per cent, `memory_used_mb` in MiB, `power_w` in watts, `temperature_c` in degrees Celsius,
    `clock_mhz` of the processor, `processes` the ids of those that hold memory on it, `process_mb` how much
    each of them holds, `foreign` what of that is not ours.
    """

    device: str
    at: float
    util: float | None = None
    memory_used_mb: float | None = None
    memory_total_mb: float | None = None
    power_w: float | None = None
    temperature_c: float | None = None
    clock_mhz: float | None = None
    processes: tuple[int, ...] | None = None
    process_mb: tuple[float | None, ...] | None = None
    foreign: Foreign | None = None


class Backend(Protocol):
    """A source of devices; every call may block and is made from a worker thread."""

    name: str

    def inventory(self) -> tuple[Device, ...]:
        """Return the devices there are, in a stable order."""

    def sample(
        self, busy: frozenset[str], now: float, still: frozenset[str] = frozenset()
    ) -> tuple[Sample, ...]:
        """Return one reading for each device; those in `busy` carry a run, those in `still` a frozen one."""

    def close(self) -> None:
        """Let go of the driver."""
