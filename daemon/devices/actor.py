"""The devices actor: finds the devices once and takes a reading every second."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable

from arctl.daemon.devices.base import Backend, Sample
from arctl.daemon.devices.host import HostBackend
from arctl.daemon.devices.nvml import NvmlBackend
from arctl.daemon.devices.sim import SimBackend
from arctl.daemon.facts import DevicesSeen, Fact
from arctl.errors import ArctlError, UsageError

log = logging.getLogger(__name__)

#: Seconds between readings, and how many of them are kept for each device.
PERIOD = 1.0
HISTORY = 120


def choose(setting: str) -> Backend:
    """Return the backend that `ARCTL_DEVICES` names: "", "nvml", "cpu", "cpu:N" or "sim:N"."""
    kind, _, number = setting.partition(":")
    if number and not (number.isdigit() and int(number) > 0):
        msg = f"ARCTL_DEVICES={setting}: {number} is no number of devices"
        raise UsageError(msg, "write for example ARCTL_DEVICES=sim:8 or ARCTL_DEVICES=cpu:2")
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
            return SimBackend(int(number or 8))
    msg = f"ARCTL_DEVICES={setting}: there is no such kind of device"
    raise UsageError(msg, "use nvml, cpu, cpu:N or sim:N, or leave it unset")


class Devices:
    """Watches one backend; `history` holds the latest readings, which are shown and not recorded."""

    def __init__(self, backend: Backend, report: Callable[[Fact], None]) -> None:
        self.backend = backend
        self.history: dict[str, deque[Sample]] = {}
        self._report = report

    async def watch(self, busy: Callable[[], frozenset[str]]) -> None:
        """Report the inventory, then take readings until cancelled; `busy` names the devices in use."""
        self._report(DevicesSeen(await asyncio.to_thread(self.backend.inventory)))
        while True:
            for sample in await self._samples(busy()):
                self.history.setdefault(sample.device, deque(maxlen=HISTORY)).append(sample)
            await asyncio.sleep(PERIOD)

    async def _samples(self, busy: frozenset[str]) -> tuple[Sample, ...]:
        try:
            return await asyncio.to_thread(self.backend.sample, busy, time.time())
        except Exception:  # the boundary: a driver in trouble costs readings, never the daemon
            log.exception("no readings from %s", self.backend.name)
            return ()

    def latest(self, device: str) -> Sample | None:
        """Return a device's newest reading."""
        history = self.history.get(device)
        return history[-1] if history else None
