"""The devices actor: finds the devices once, takes a reading every second, and looks at what runs leave."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from arctl.daemon import clock
from arctl.daemon.actions import CheckDevice, DevicesAction, ForgetFaults
from arctl.daemon.devices.base import Backend, Bound, Fault, Sample
from arctl.daemon.devices.host import Host, read_host
from arctl.daemon.devices.tally import Tally
from arctl.daemon.facts import (
    DeviceChecked,
    DeviceFaulted,
    DevicesRead,
    DevicesSeen,
    Fact,
    RunEnded,
    RunLost,
)
from arctl.daemon.marks import Reading
from arctl.daemon.rows import Outcome

log = logging.getLogger(__name__)

#: Seconds between readings, and how many of them are kept for each device.
PERIOD = 1.0
HISTORY = 120
#: Seconds that a run's processes and memory may take to leave its card, and between two looks at it.
GRACE = 8.0
LOOK = 0.25
#: Seconds that a run which ended badly waits for the Xid that may tell why, and for a driver in trouble.
XID = 0.3
PATIENCE = 10.0


class Devices:
    """Watches one backend; `history` holds the latest readings, which are shown and not recorded."""

    def __init__(self, backend: Backend, report: Callable[[Fact], None], *, grace: float = GRACE) -> None:
        self.backend = backend
        self.history: dict[str, deque[Sample]] = {}
        self.host: Host | None = None
        self._report = report
        self._grace = grace
        self._tally = Tally()
        self._busy: Callable[[], Sequence[Bound]] = tuple
        self._told: dict[str, Reading] = {}
        self._faulty: set[tuple[str, str]] = set()
        # A backend is asked one thing at a time: a driver, too, is slower when it is asked many at once.
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def watch(self, busy: Callable[[], Sequence[Bound]]) -> None:
        """Report what there is and how it is, then take readings until cancelled; `busy` tells what runs."""
        self._busy = busy
        async with self._turn:
            devices = await asyncio.to_thread(self.backend.inventory)
        self._tally.devices = {device.id: device for device in devices}
        # What is wrong with a device is known before anything can be started on it.
        await self._look()
        self._report(DevicesSeen(devices))
        while True:
            await asyncio.sleep(PERIOD)
            await self._look()

    async def handle(self, action: DevicesAction) -> None:
        """Carry out one action."""
        match action:
            case CheckDevice():
                await self._check(action)
            case ForgetFaults():
                self._faulty = {key for key in self._faulty if key[0] != action.device}
                await self._look()
                self._report(DeviceChecked(action.device, ""))

    def latest(self, device: str) -> Sample | None:
        """Return a device's newest reading."""
        history = self.history.get(device)
        return history[-1] if history else None

    # -- readings --------------------------------------------------------------------------------------------

    async def _look(self, wait: float = 0.0) -> None:
        """Take a reading of everything and report what changed; `wait` so long for a fault."""
        async with self._turn:
            try:
                await asyncio.to_thread(self._read, tuple(self._busy()), clock.now(), wait)
            except Exception:  # the boundary: a driver in trouble costs readings, never the daemon
                log.exception("no readings from %s", self.backend.name)

    def _read(self, bounds: Sequence[Bound], now: float, wait: float) -> None:
        self.host = read_host(now)
        load = self.host.load / self.host.cores if self.host.load is not None else None
        busy = frozenset(device for bound in bounds for device in bound.devices)
        still = frozenset(device for bound in bounds if bound.frozen for device in bound.devices)
        going = frozenset(device for bound in bounds if not bound.frozen for device in bound.devices)
        faults = self.backend.faults(wait)
        samples, readings = self._tally.take(self.backend.sample(busy, now, still - going), bounds, now, load)
        for sample in samples:
            history = self.history.setdefault(sample.device, deque(maxlen=HISTORY))
            if history and sample.at - history[-1].at < PERIOD / 2:
                history.pop()  # looks at the ends of runs come in between
            history.append(sample)
        for fault in (*faults, *_lost(samples)):
            self._fault(fault)
        changed = tuple(row for row in readings if self._told.get(row.device) != row)
        self._told.update({row.device: row for row in changed})
        if changed:
            self._report(DevicesRead(changed))

    def _fault(self, fault: Fault) -> None:
        """Report a fault; one that goes on is reported once, until a person releases the device."""
        key = (fault.device, f"{fault.kind} {fault.reason}")
        if fault.kind == "lost" and key in self._faulty:
            return
        self._faulty.add(key)
        self._faulted(fault.device, fault.kind, fault.reason, fault.evidence)

    def _faulted(self, device: str, kind: str, reason: str, evidence: dict[str, Any], run: str = "") -> None:
        name = self._tally.devices[device].name if self._known(device) else device
        log.warning("%s: %s", name, reason)
        self._report(DeviceFaulted(device, kind, reason, name, evidence, run))

    # -- the end of a run ------------------------------------------------------------------------------------

    def seen(self, run: str, attempt: int) -> dict[str, Any]:
        """Return what was seen of a run's devices while it ran, as it goes into its evidence."""
        found = self._tally.seen.get((run, attempt))
        if found is None:
            return {}
        peak = {"gpu_memory_mb": round(found.peak_mb, 1)} if found.peak_mb is not None else {}
        return {"device": found.evidence(), **peak}

    def witness(self, report: Callable[[Fact], None]) -> Callable[[Fact], None]:
        """Return a report to which the end of a run carries what was seen of its devices.

        A run that ended badly may have died of its device: that is looked for, and reported, first.
        """
        loop = asyncio.get_running_loop()

        def told(fact: Fact) -> None:
            if isinstance(fact, RunEnded | RunLost):
                loop.call_soon_threadsafe(self._begin, fact, report)
            else:
                report(fact)

        return told

    def _begin(self, fact: RunEnded | RunLost, report: Callable[[Fact], None]) -> None:
        task = asyncio.create_task(self._ended(fact, report), name=f"end of {fact.run}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _ended(self, fact: RunEnded | RunLost, report: Callable[[Fact], None]) -> None:
        bad = isinstance(fact, RunLost) or fact.outcome not in (Outcome.OK, Outcome.CANCELLED)
        on = [row for row in self._busy() if (row.run, row.attempt) == (fact.run, fact.attempt)]
        kinds = {self._tally.devices[name].kind for row in on for name in row.devices if self._known(name)}
        try:
            if bad and kinds - {"cpu"}:
                # A driver that hangs must not keep the end of a run from being told.
                await asyncio.wait_for(self._look(XID), PATIENCE)
        except TimeoutError:
            log.warning("%s does not answer at the end of %s", self.backend.name, fact.run)
        seen = self.seen(fact.run, fact.attempt)
        report(dataclasses.replace(fact, evidence={**fact.evidence, **seen}))
        self._tally.seen.pop((fact.run, fact.attempt), None)

    def _known(self, device: str) -> bool:
        return device in self._tally.devices

    async def _check(self, action: CheckDevice) -> None:
        """Wait until a run has left its device; where it does not, report what stayed there."""
        left = ""
        end = time.monotonic() + self._grace
        while True:
            await self._look()
            sample = self.latest(action.device)
            left = self._tally.left(sample, action.run, self._busy()) if sample is not None else ""
            if not left or time.monotonic() >= end:
                break
            await asyncio.sleep(LOOK)
        if left and sample is not None:
            evidence = {
                "memory_used_mb": sample.memory_used_mb,
                "processes": [row.pid for row in sample.processes or ()],
            }
            self._faulted(action.device, "left", left, evidence, action.run)
        self._tally.forget(action.device, action.run)
        self._report(DeviceChecked(action.device, action.run))

    async def close(self) -> None:
        """Let the ends of runs that are being looked at go: they are taken in at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _lost(samples: Sequence[Sample]) -> list[Fault]:
    return [
        Fault(sample.device, "lost", f"it does not answer: {sample.lost}")
        for sample in samples
        if sample.lost
    ]
