"""What every kind of device offers: an inventory and readings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from arctl.daemon.marks import Device


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading of a device; None is a reading that it lacks, never 0.

    `util` in per cent, `memory_used_mb` in MiB, `power_w` in watts, `temperature_c` in degrees Celsius,
    `clock_mhz` of the processor, `processes` the ids of those that hold memory on it.
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


class Backend(Protocol):
    """A source of devices; every call may block and is made from a worker thread."""

    name: str

    def inventory(self) -> tuple[Device, ...]:
        """Return the devices there are, in a stable order."""

    def sample(self, busy: frozenset[str], now: float) -> tuple[Sample, ...]:
        """Return one reading for each device; `busy` are the ids that carry a run of ours."""

    def close(self) -> None:
        """Let go of the driver."""
