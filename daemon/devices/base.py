"""What every kind of device offers: an inventory, readings and faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from arctl.daemon.marks import Device

Kind = Literal["compute", "graphics", "mps"]


@dataclass(frozen=True, slots=True)
class Bound:
    """A run and its devices: how its shim is found (None once it is gone), and whether it stands still."""

    run: str
    attempt: int
    devices: tuple[str, ...]
    shim: Callable[[], int | None]
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class Process:
    """A process on a card; `memory_mb` (MiB) is None where the driver does not say."""

    pid: int
    memory_mb: float | None = None
    kind: Kind = "compute"


@dataclass(frozen=True, slots=True)
class Holder:
    """A process on a card that is no run's of ours, and whose it is; both names are empty if unseen."""

    pid: int
    user: str
    name: str
    memory_mb: float | None
    kind: Kind = "compute"


@dataclass(frozen=True, slots=True)
class Foreign:
    """Processes on a card that belong to no run of ours; `memory_mb` (MiB) is None where any is unknown."""

    processes: int
    memory_mb: float | None
    who: tuple[Holder, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Fault:
    """What happened to a device; `kind` is "lost" or "xid"."""

    device: str
    kind: str
    reason: str
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading of a device; None is a reading that it lacks, never 0.

    `util` in per cent, `memory_used_mb` in MiB, `power_w` in watts, `temperature_c` in degrees Celsius,
    `clock_mhz` of the processor and `memory_clock_mhz` of the memory, `throttle` the reasons why the clocks
    are lower than they could be, `processes` those that hold memory on it, `foreign` what of that is not
    ours, `lost` why it answers no more (empty where it does).
    """

    device: str
    at: float
    util: float | None = None
    memory_used_mb: float | None = None
    memory_total_mb: float | None = None
    power_w: float | None = None
    temperature_c: float | None = None
    clock_mhz: float | None = None
    memory_clock_mhz: float | None = None
    throttle: tuple[str, ...] | None = None
    processes: tuple[Process, ...] | None = None
    foreign: Foreign | None = None
    lost: str = ""


class Backend(Protocol):
    """A source of devices; every call may block and is made from a worker thread, one at a time."""

    name: str

    def inventory(self) -> tuple[Device, ...]:
        """Return the devices there are, in a stable order."""

    def sample(
        self, busy: frozenset[str], now: float, still: frozenset[str] = frozenset()
    ) -> tuple[Sample, ...]:
        """Return one reading for each device; those in `busy` carry a run, those in `still` a frozen one."""

    def faults(self, wait: float = 0.0) -> tuple[Fault, ...]:
        """Return what happened since the last time; where nothing did, wait so many seconds for it."""

    def close(self) -> None:
        """Let go of the driver."""
