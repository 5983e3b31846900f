"""The devices actor: finds the devices once and takes a reading every second."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping

from arctl.daemon.devices.base import Backend, Bound, Sample
from arctl.daemon.devices.foreign import foreign
from arctl.daemon.devices.host import HostBackend
from arctl.daemon.devices.nvml import NvmlBackend
from arctl.daemon.devices.sim import SimBackend
from arctl.daemon.facts import DevicesSeen, Fact
from arctl.errors import ArctlError, UsageError

log = logging.getLogger(__name__)

#: Seconds between readings, and how many of them are kept for each device.
PERIOD = 1.0
HISTORY = 120
#: What a simulated card can be shown with.
FAULTS = ("foreign", "quarantined")
#: Seconds after a run during which what is left on its card may still be its own.
LEAVING = 10.0


def choose(setting: str) -> Backend:
    """Return the backend that `ARCTL_DEVICES` names: "", "nvml", "cpu", "cpu:N" or "sim:N".

    Behind `sim:N` may stand cards in trouble: `,foreign=6,quarantined=7`.
    """
    said, *faults = setting.split(",")
    kind, _, number = said.partition(":")
    if number and not (number.isdigit() and int(number) > 0):
        msg = f"ARCTL_DEVICES={setting}: {number} is no number of devices"
        raise UsageError(msg, "write for example ARCTL_DEVICES=sim:8 or ARCTL_DEVICES=cpu:2")
    troubled = _troubled(setting, kind, int(number or 8), faults)
    match kind:
        case "":
            try:
                backend = NvmlBackend()
            except ArctlError:
                return HostBackend()
            return backend if backend.inventory() else HostBackend()
        case "nvml":
            return NvmlBackend()
        case "cpu":
            return HostBackend(int(number) if number else None)
        case "sim":
            return SimBackend(int(number or 8), **troubled)
    msg = f"ARCTL_DEVICES={setting}: there is no such kind of device"
    raise UsageError(msg, "use nvml, cpu, cpu:N or sim:N, or leave it unset")


def _troubled(setting: str, kind: str, count: int, faults: list[str]) -> dict[str, frozenset[int]]:
    """Read the simulated cards that are to be in trouble, by what is wrong with them."""
    found: dict[str, set[int]] = {}
    for fault in faults:
        what, _, card = fault.partition("=")
        if kind != "sim" or what not in FAULTS or not card.isdigit() or int(card) >= count:
            msg = f"ARCTL_DEVICES={setting}: no card there can be shown with {fault!r}"
            raise UsageError(msg, "write for example ARCTL_DEVICES=sim:8,foreign=6,quarantined=7")
        found.setdefault(what, set()).add(int(card))
    return {what: frozenset(cards) for what, cards in found.items()}


class Devices:
    """Watches one backend; `history` holds the latest readings, which are shown and not recorded."""

    def __init__(self, backend: Backend, report: Callable[[Fact], None]) -> None:
        self.backend = backend
        self.history: dict[str, deque[Sample]] = {}
        self._report = report
        self._used: dict[str, float] = {}

    async def watch(self, busy: Callable[[], Mapping[str, Bound]]) -> None:
        """Report the inventory, then take readings until cancelled; `busy` tells what runs on each device."""
        self._report(DevicesSeen(await asyncio.to_thread(self.backend.inventory)))
        while True:
            for sample in await self._samples(busy()):
                self.history.setdefault(sample.device, deque(maxlen=HISTORY)).append(sample)
            await asyncio.sleep(PERIOD)

    async def _samples(self, busy: Mapping[str, Bound]) -> tuple[Sample, ...]:
        try:
            return await asyncio.to_thread(self._read, busy, time.time())
        except Exception:  # the boundary: a driver in trouble costs readings, never the daemon
            log.exception("no readings from %s", self.backend.name)
            return ()

    def _read(self, busy: Mapping[str, Bound], now: float) -> tuple[Sample, ...]:
        """Take a reading of each device, and tell what is ours on it from what is not."""
        still = frozenset(device for device, bound in busy.items() if bound.frozen)
        samples = self.backend.sample(frozenset(busy), now, still)
        self._used.update(dict.fromkeys(busy, now))
        # Where no card has a process on it, nobody's process need be looked for.
        told = busy.values() if any(sample.processes for sample in samples) else ()
        shims = frozenset(pid for bound in told if (pid := bound.shim()) is not None)
        return tuple(
            dataclasses.replace(sample, foreign=foreign(sample, shims, ours=self._ours(sample, now)))
            for sample in samples
        )

    def _ours(self, sample: Sample, now: float) -> bool:
        return now - self._used.get(sample.device, 0.0) < LEAVING

    def latest(self, device: str) -> Sample | None:
        """Return a device's newest reading."""
        history = self.history.get(device)
        return history[-1] if history else None
