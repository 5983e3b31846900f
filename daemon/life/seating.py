"""Who sits where: the devices that a run needs, and whether one has room for it. Pure.

A run has whole devices (`[run] gpus`), or a part of one beside others of its campaign (`per_gpu`). How much
memory it needs there is what `gpu_memory` says, else the most that an earlier run of its campaign held, else
an equal part.
"""

from __future__ import annotations

import itertools
from typing import Any

from arctl.daemon.marks import Device
from arctl.daemon.rows import Run
from arctl.daemon.state import State
from arctl.experiments.spec import Spec

#: What a run that has no device (any more) says of devices.
UNBOUND: dict[str, Any] = {"device": "", "device_name": "", "devices": (), "seat": 0}
#: A run may hold a little more than the most that was seen of earlier ones.
MARGIN = 1.05
#: Bytes of a MiB, in which readings come.
MEBI = 2**20


def slots(state: State, campaign: str) -> int:
    """Return how many runs of a campaign the devices of this machine have room for at once."""
    run = state.spec(campaign).run
    return len(state.devices) * run.per_gpu // run.gpus


def part(spec: Spec) -> float:
    """Return how many devices a run of a campaign takes up: two, one, or half of one."""
    return spec.run.gpus / spec.run.per_gpu


class Seats:
    """The devices during one decision: a seat that is taken counts at once."""

    def __init__(self, state: State, active: list[Run]) -> None:
        self._state = state
        #: Devices on which something may start, in their order; those of them that are empty and not kept.
        self._open = {row.id: row for row in state.devices.values() if state.usable(row.id)}
        #: The seats on each device that are taken; devices with seats left, by whose they are.
        self._taken: dict[str, set[int]] = {}
        self._partly: dict[str, dict[str, Device]] = {}
        #: Devices that are kept for a run which waits for several, or for an empty one.
        self._kept: set[str] = set()
        #: Campaigns that found no room, and those for which none can be kept: they need not look again.
        self._full: set[str] = set()
        self._out: set[str] = set()
        whose: dict[str, set[str]] = {}
        for run in active:
            for device in run.bound:
                self._taken.setdefault(device, set()).add(run.seat)
                whose.setdefault(device, set()).add(run.campaign)
        self._empty = {
            name: row
            for name, row in self._open.items()
            if name not in self._taken and name not in state.machine.vacated
        }
        for device, campaigns in whose.items():
            if len(campaigns) == 1 and device in self._open and device not in state.machine.vacated:
                self._seated(min(campaigns), self._open[device])

    def free(self) -> int:
        """Count the devices on which something may start and nothing runs."""
        return sum(name not in self._taken for name in self._open)

    def find(self, campaign: str) -> tuple[tuple[Device, ...], int] | None:
        """Return the devices for one more run of a campaign, and its seat there; None without room.

        Runs that are to share a device do so from the first two on: they are measured alike, and whole
        devices stay free for others.
        """
        if campaign in self._full:
            return None
        spec = self._state.spec(campaign)
        for device in self._partly.get(campaign, {}).values():
            if self._remembers(device, campaign, spec, len(self._taken[device.id])):
                taken = self._taken[device.id]
                return (device,), next(seat for seat in range(len(taken) + 1) if seat not in taken)
        fit = (row for row in self._empty.values() if self._remembers(row, campaign, spec, 0))
        chosen = tuple(itertools.islice(fit, spec.run.gpus))
        if len(chosen) < spec.run.gpus:
            self._full.add(campaign)
            return None
        return chosen, 0

    def take(self, campaign: str, devices: tuple[Device, ...], seat: int) -> None:
        """Seat a run."""
        for device in devices:
            self._taken.setdefault(device.id, set()).add(seat)
            self._empty.pop(device.id, None)
            self._seated(campaign, device)

    def _seated(self, campaign: str, device: Device) -> None:
        """Note whether a campaign has seats left on a device that it has."""
        partly = self._partly.setdefault(campaign, {})
        if len(self._taken[device.id]) < self._state.spec(campaign).run.per_gpu:
            partly[device.id] = device
        else:
            partly.pop(device.id, None)

    def keep(self, campaign: str) -> None:
        """Keep devices for a run that finds no room now, unless those that may be used would not do.

        Those with the fewest runs come first: nobody else is seated there until they are empty.
        """
        if campaign in self._out or not (self._empty or any(self._partly.values())):
            return  # nobody behind it could be seated anywhere
        spec = self._state.spec(campaign)
        able = [row for row in self._open.values() if row.id not in self._kept and self._could(row, spec)]
        if len(able) < spec.run.gpus:
            self._out.add(campaign)
            return
        able.sort(key=lambda device: len(self._taken.get(device.id, ())))
        for device in able[: spec.run.gpus]:
            self._kept.add(device.id)
            self._empty.pop(device.id, None)
            for partly in self._partly.values():
                partly.pop(device.id, None)

    def _remembers(self, device: Device, campaign: str, spec: Spec, runs: int) -> bool:
        """Tell whether the memory of a device is enough for one more run beside so many."""
        reading = self._state.machine.readings.get(device.id)
        if device.kind == "cpu" or reading is None or reading.room_mb is None:
            return True
        if spec.run.gpu_memory is not None:
            needed = spec.run.gpu_memory / MEBI
        elif not runs:
            return True
        else:
            peak = self._state.machine.memory_peak.get(campaign)
            needed = peak * MARGIN if peak is not None else reading.room_mb / spec.run.per_gpu
        held = reading.room_mb - (reading.free_mb if reading.free_mb is not None else reading.room_mb)
        return max(runs * needed, held) + needed <= reading.room_mb

    def _could(self, device: Device, spec: Spec) -> bool:
        """Tell whether a device could have a run if nothing else were on it."""
        reading = self._state.machine.readings.get(device.id)
        if spec.run.gpu_memory is None or device.kind == "cpu" or reading is None or reading.room_mb is None:
            return True
        return spec.run.gpu_memory / MEBI <= reading.room_mb


def never(state: State, campaign: str) -> str:
    """Say why no run of a campaign can ever start on this machine; empty where that is not so."""
    run = state.spec(campaign).run
    devices = list(state.devices.values())
    if devices and run.gpus > len(devices):
        return f"[run] gpus = {run.gpus}, and this machine has {len(devices)}"
    sizes = [device.memory_mb for device in devices if device.memory_mb is not None]
    wanted = run.gpu_memory / MEBI if run.gpu_memory is not None else 0.0
    if sizes and len(sizes) == len(devices) and (able := sum(size >= wanted for size in sizes)) < run.gpus:
        need, most = wanted / 1024, max(sizes) / 1024
        if able:
            return f"[run] gpus = {run.gpus} of gpu_memory = {need:.3g} GiB each, and only {able} has so much"
        return f"[run] gpu_memory = {need:.3g} GiB, and no device has more than {most:.3g} GiB"
    return ""
