"""Who sits where: the devices that a run needs, and whether one has room for it. Pure.

A run has whole devices (`[run] gpus`), or a part of one beside others of its campaign (`per_gpu`). How much
memory it needs there is what `gpu_memory` says, else the most that an earlier run of its campaign held, else
an equal part.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from arctl.daemon.marks import Device
from arctl.daemon.rows import Run
from arctl.daemon.state import State
from arctl.experiments.spec import Spec

#: What a run that has no device (any more) says of devices.
UNBOUND: dict[str, Any] = {"device": "", "device_name": "", "devices": (), "seat": 0}
#: A run may hold a little more than the most that was seen of earlier ones.
MARGIN = 1.05


def slots(state: State, campaign: str) -> int:
    """Return how many runs of a campaign the devices of this machine have room for at once."""
    run = state.spec(campaign).run
    return len(state.devices) * run.per_gpu // run.gpus


def part(spec: Spec) -> float:
    """Return how many devices a run of a campaign takes up: two, one, or half of one."""
    return spec.run.gpus / spec.run.per_gpu


@dataclass(slots=True)
class Seats:
    """The devices during one decision: a seat that is taken counts at once."""

    state: State
    #: Devices on which something may start, in their order; and all of them that could ever be used.
    open: dict[str, Device] = field(default_factory=dict)
    #: The campaign and the seat of each run on a device.
    taken: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    #: Devices that are kept for a run which waits for several, or for an empty one.
    kept: set[str] = field(default_factory=set)
    #: Campaigns that found no room: they need not look again.
    full: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, state: State, active: list[Run]) -> Seats:
        """Return the seats as they are now."""
        found = cls(state, {row.id: row for row in state.devices.values() if state.usable(row.id)})
        for run in active:
            for device in run.bound:
                found.taken.setdefault(device, []).append((run.campaign, run.seat))
        return found

    def free(self) -> int:
        """Count the devices on which something may start and nothing runs."""
        return sum(not self.taken.get(device) for device in self.open)

    def find(self, campaign: str) -> tuple[tuple[Device, ...], int] | None:
        """Return the devices for one more run of a campaign, and its seat there; None without room."""
        if campaign in self.full:
            return None
        spec = self.state.spec(campaign)
        able = [device for device in self.open.values() if self._fits(device, campaign, spec)]
        if len(able) < spec.run.gpus:
            self.full.add(campaign)
            return None
        # Runs that are to share a device do so from the first two on: they are measured alike, and whole
        # devices stay free for others.
        able.sort(key=lambda device: -len(self.taken.get(device.id, ())))
        chosen = tuple(able[: spec.run.gpus])
        used = {seat for _, seat in self.taken.get(chosen[0].id, ())}
        return chosen, next(seat for seat in range(len(used) + 1) if seat not in used)

    def take(self, campaign: str, devices: tuple[Device, ...], seat: int) -> None:
        """Seat a run."""
        for device in devices:
            self.taken.setdefault(device.id, []).append((campaign, seat))

    def keep(self, campaign: str) -> bool:
        """Keep devices for a run that finds no room now; False where none of this machine's would do.

        Those with the fewest runs come first: nobody else is seated there until they are empty.
        """
        spec = self.state.spec(campaign)
        able = [row for row in self.open.values() if row.id not in self.kept and self._could(row, spec)]
        if len(able) < spec.run.gpus:
            return False
        able.sort(key=lambda device: len(self.taken.get(device.id, ())))
        self.kept.update(device.id for device in able[: spec.run.gpus])
        return True

    def _fits(self, device: Device, campaign: str, spec: Spec) -> bool:
        here = self.taken.get(device.id, ())
        if device.id in self.kept or device.id in self.state.machine.vacated:
            return False
        if here and (len(here) >= spec.run.per_gpu or any(name != campaign for name, _ in here)):
            return False
        return self._remembers(device, campaign, spec, len(here))

    def _remembers(self, device: Device, campaign: str, spec: Spec, runs: int) -> bool:
        """Tell whether the memory of a device is enough for one more run beside so many."""
        reading = self.state.machine.readings.get(device.id)
        if device.kind == "cpu" or reading is None or reading.room_mb is None:
            return True
        if spec.run.gpu_memory is not None:
            needed = spec.run.gpu_memory
        elif not runs:
            return True
        else:
            peak = self.state.machine.memory_peak.get(campaign)
            needed = peak * MARGIN if peak is not None else reading.room_mb / spec.run.per_gpu
        held = reading.room_mb - (reading.free_mb if reading.free_mb is not None else reading.room_mb)
        return max(runs * needed, held) + needed <= reading.room_mb

    def _could(self, device: Device, spec: Spec) -> bool:
        """Tell whether a device could have a run if nothing else were on it."""
        reading = self.state.machine.readings.get(device.id)
        if spec.run.gpu_memory is None or device.kind == "cpu" or reading is None or reading.room_mb is None:
            return True
        return spec.run.gpu_memory <= reading.room_mb


def never(state: State, campaign: str) -> str:
    """Say why no run of a campaign can ever start on this machine; empty where that is not so."""
    run = state.spec(campaign).run
    devices = list(state.devices.values())
    if devices and run.gpus > len(devices):
        return f"[run] gpus = {run.gpus}, and this machine has {len(devices)}"
    sizes = [device.memory_mb for device in devices if device.memory_mb is not None]
    if run.gpu_memory is not None and sizes and len(sizes) == len(devices) and max(sizes) < run.gpu_memory:
        need, most = run.gpu_memory / 1024, max(sizes) / 1024
        return f"[run] gpu_memory = {need:.3g} GiB, and no device has more than {most:.3g} GiB"
    return ""
