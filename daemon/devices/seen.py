"""What was seen of the devices of a run while it ran: clocks, heat, memory, and who else was there. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from arctl.daemon.devices.base import Process, Sample

#: What lowers the clocks of every card at work says nothing of this run.
USUAL = frozenset({"power cap"})


@dataclass(slots=True)
class Seen:
    """The readings of one attempt of a run, in sum."""

    samples: int = 0
    clocks: int = 0
    clock_sum: float = 0.0
    clock_max: float | None = None
    heat: float | None = None
    throttled: bool | None = None
    foreign_seconds: float = 0.0
    shared_seconds: float = 0.0
    load_sum: float = 0.0
    loads: int = 0
    peak_mb: float | None = None

    def add(self, samples: Iterable[Sample], seconds: float, *, shared: bool, load: float | None) -> None:
        """Take one reading of each of its devices, `seconds` after the one before."""
        self.samples += 1
        foreign = False
        for sample in samples:
            if sample.clock_mhz is not None:
                self.clocks += 1
                self.clock_sum += sample.clock_mhz
                self.clock_max = max(self.clock_max or 0.0, sample.clock_mhz)
            if sample.temperature_c is not None:
                self.heat = max(self.heat if self.heat is not None else 0.0, sample.temperature_c)
            if sample.throttle is not None:
                self.throttled = bool(self.throttled) or bool(set(sample.throttle) - USUAL)
            others = sample.foreign
            foreign = foreign or (others is not None and any(row.kind != "graphics" for row in others.who))
        self.foreign_seconds += seconds if foreign else 0.0
        self.shared_seconds += seconds if shared else 0.0
        if load is not None:
            self.load_sum += load
            self.loads += 1

    def held(self, memory_mb: float | None) -> None:
        """Take how much memory it held on one of its devices."""
        if memory_mb is not None:
            self.peak_mb = max(self.peak_mb or 0.0, memory_mb)

    def evidence(self) -> dict[str, Any]:
        """Return what is kept with the run; None is what no device told."""
        return {
            "clock_mhz_mean": round(self.clock_sum / self.clocks, 1) if self.clocks else None,
            "clock_mhz_max": self.clock_max,
            "temperature_c_max": self.heat,
            "throttled": self.throttled,
            "foreign_seconds": round(self.foreign_seconds, 1),
            "shared_seconds": round(self.shared_seconds, 1),
            "load_mean": round(self.load_sum / self.loads, 3) if self.loads else None,
            "samples": self.samples,
        }


def memory_of(sample: Sample, own: list[Process], runs: int, idle_mb: float) -> float | None:
    """Return the memory (MiB) that a run holds on a device which it has together with `runs - 1` others.

    Where the driver names no processes, as in a container, it is what is neither others' nor held at rest.
    """
    known = [process.memory_mb for process in own if process.memory_mb is not None]
    if own and len(known) == len(own):
        return sum(known)
    if sample.memory_used_mb is None:
        return None
    others = sample.foreign.memory_mb or 0.0 if sample.foreign is not None else 0.0
    return max(0.0, sample.memory_used_mb - others - idle_mb) / runs
