"""NVIDIA cards and MIG instances through NVML: bound by UUID, a reading that a card lacks is None."""

from __future__ import annotations

import ctypes
import importlib
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arctl.daemon.devices import xids
from arctl.daemon.devices.base import Fault, Kind, Process, Sample
from arctl.daemon.devices.host import available_cores, divide
from arctl.daemon.devices.visible import Named, visible
from arctl.daemon.marks import Device
from arctl.errors import ArctlError

log = logging.getLogger(__name__)

MEBI = 2**20
#: Bits of NVML's clock event reasons that keep a card below what it could do.
THROTTLES = {
    0x04: "power cap",
    0x08: "hardware slowdown",
    0x20: "software thermal",
    0x40: "hardware thermal",
    0x80: "power brake",
}
#: Where the driver says which file in /dev stands for which part of a MIG instance.
MIG_MINORS = Path("/proc/driver/nvidia-caps/mig-minors")


class NoDriverError(ArctlError):
    """There is no NVIDIA driver on this machine, which is another thing than one that does not work."""


@dataclass(frozen=True, slots=True)
class Card:
    """A device and how it is asked: `handle` for its memory and processes, `card` for all else."""

    named: Named
    handle: Any
    card: Any


class NvmlBackend:
    """Every card, or MIG instance of one, that the driver shows and `CUDA_VISIBLE_DEVICES` allows."""

    name = "nvml"

    def __init__(self, nvml: Any = None) -> None:
        if nvml is None:
            nvml = importlib.import_module("pynvml")
        self._nvml = nvml
        try:
            nvml.nvmlInit()
            found = self._found()
        except nvml.NVMLError as error:
            absent = (nvml.NVML_ERROR_LIBRARY_NOT_FOUND, nvml.NVML_ERROR_DRIVER_NOT_LOADED)
            kind = NoDriverError if error.value in absent else ArctlError
            msg = f"no NVIDIA driver answers: {error}"
            raise kind(msg, "install or repair the driver, or use `ARCTL_DEVICES=cpu`") from error
        allowed = visible([row.named for row in found], os.environ.get("CUDA_VISIBLE_DEVICES"))
        self._cards = [row for row in found if row.named.uuid in allowed]
        self._parts = divide(available_cores(), max(1, len(self._cards)))
        self._events = self._registered()

    def _found(self) -> list[Card]:
        nvml, found = self._nvml, []
        for index in range(nvml.nvmlDeviceGetCount()):
            try:
                handle = nvml.nvmlDeviceGetHandleByIndex(index)
                uuid = _text(nvml.nvmlDeviceGetUUID(handle))
            except nvml.NVMLError as error:
                # One that is lost already must not hide the others.
                log.error("GPU %d cannot be used: %s", index, error)
                continue
            found += self._instances(index, uuid, handle) or [Card(Named(index, uuid, uuid), handle, handle)]
        return found

    def _instances(self, index: int, uuid: str, handle: Any) -> list[Card]:
        """Return a card's MIG instances; none where it is not divided."""
        nvml, found = self._nvml, []
        mode = self._ask(nvml.nvmlDeviceGetMigMode, handle)
        if mode is None or mode[0] != nvml.NVML_DEVICE_MIG_ENABLE:
            return []
        for number in range(self._ask(nvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0):
            part = self._ask(nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, number)
            name = self._ask(nvml.nvmlDeviceGetUUID, part) if part is not None else None
            if name is None:
                continue
            place = tuple(
                self._ask(question, part)
                for question in (nvml.nvmlDeviceGetGpuInstanceId, nvml.nvmlDeviceGetComputeInstanceId)
            )
            found.append(Card(Named(index, uuid, _text(name), (place[0] or 0, place[1] or 0)), part, handle))
        return found

    def _registered(self) -> Any:
        """Ask to be told of Xids; None where no card tells."""
        nvml = self._nvml
        events = self._ask(nvml.nvmlEventSetCreate)
        if events is None:
            return None
        told = False
        for uuid, card in {row.named.card: row.card for row in self._cards}.items():
            try:
                nvml.nvmlDeviceRegisterEvents(card, nvml.nvmlEventTypeXidCriticalError, events)
                told = True
            except nvml.NVMLError as error:
                log.warning("%s tells no Xids: %s", uuid, error)
        if not told:
            self._ask(nvml.nvmlEventSetFree, events)
        return events if told else None

    def inventory(self) -> tuple[Device, ...]:
        """Return the devices, each with its share of the host's cores; instances get numbers behind cards."""
        found, last = [], max((row.named.index for row in self._cards), default=0)
        for place, row in enumerate(self._cards):
            named, whole = row.named, row.named.place is None
            name = self._ask(self._nvml.nvmlDeviceGetName, row.handle)
            memory = self._ask(self._nvml.nvmlDeviceGetMemoryInfo, row.handle)
            total = memory.total / MEBI if memory is not None else None
            if not whole:
                last += 1
            index = named.index if whole else last
            label = f"gpu{index}" if whole else f"gpu{named.index}.{'.'.join(map(str, named.place or ()))}"
            label += f" {_text(name)}" if name is not None else ""
            kind = "gpu" if whole else "mig"
            found.append(Device(named.uuid, index, kind, label, self._parts[place], total, self._nodes(row)))
        return tuple(found)

    def _nodes(self, row: Card) -> tuple[str, ...]:
        minor = self._ask(self._nvml.nvmlDeviceGetMinorNumber, row.card)
        if minor is None:
            return ()
        return (f"/dev/nvidia{minor}", *capabilities(minor, row.named.place, MIG_MINORS))

    def sample(
        self, busy: frozenset[str], now: float, still: frozenset[str] = frozenset()
    ) -> tuple[Sample, ...]:
        """Return one reading for each device."""
        del busy, still
        return tuple(self._sample(row, now) for row in self._cards)

    def _sample(self, row: Card, now: float) -> Sample:
        nvml, card = self._nvml, row.card
        try:
            memory = nvml.nvmlDeviceGetMemoryInfo(row.handle)
        except nvml.NVMLError as error:
            if error.value in (nvml.NVML_ERROR_GPU_IS_LOST, nvml.NVML_ERROR_RESET_REQUIRED):
                return Sample(row.named.uuid, now, lost=str(error))
            memory = None
        # An instance has no load of its own that NVML would tell.
        util = self._ask(nvml.nvmlDeviceGetUtilizationRates, row.handle) if row.named.place is None else None
        power = self._ask(nvml.nvmlDeviceGetPowerUsage, card)
        return Sample(
            row.named.uuid,
            now,
            util=_real(util.gpu) if util is not None else None,
            memory_used_mb=memory.used / MEBI if memory is not None else None,
            memory_total_mb=memory.total / MEBI if memory is not None else None,
            power_w=power / 1000 if power is not None else None,
            temperature_c=_real(self._ask(nvml.nvmlDeviceGetTemperature, card, nvml.NVML_TEMPERATURE_GPU)),
            clock_mhz=_real(self._ask(nvml.nvmlDeviceGetClockInfo, card, nvml.NVML_CLOCK_SM)),
            memory_clock_mhz=_real(self._ask(nvml.nvmlDeviceGetClockInfo, card, nvml.NVML_CLOCK_MEM)),
            throttle=self._throttle(card),
            processes=self._processes(row.handle),
        )

    def _throttle(self, card: Any) -> tuple[str, ...] | None:
        nvml = self._nvml
        reasons = self._ask(nvml.nvmlDeviceGetCurrentClocksEventReasons, card)
        if reasons is None:  # a driver before 535 knows it by its old name
            reasons = self._ask(nvml.nvmlDeviceGetCurrentClocksThrottleReasons, card)
        return None if reasons is None else tuple(name for bit, name in THROTTLES.items() if reasons & bit)

    def _processes(self, handle: Any) -> tuple[Process, ...] | None:
        """Return who is on a device, each process once: what computes is told before what draws."""
        nvml = self._nvml
        found: dict[int, Process] = {}
        told = False
        questions: tuple[tuple[Callable[..., Any], Kind], ...] = (
            (nvml.nvmlDeviceGetMPSComputeRunningProcesses, "mps"),
            (nvml.nvmlDeviceGetComputeRunningProcesses, "compute"),
            (nvml.nvmlDeviceGetGraphicsRunningProcesses, "graphics"),
        )
        for question, kind in questions:
            answer = self._ask(question, handle)
            # MPS alone says nothing: where a card tells only of it, others may be there all the same.
            told = told or (answer is not None and kind != "mps")
            for row in answer or ():
                used = getattr(row, "usedGpuMemory", None)
                found.setdefault(row.pid, Process(row.pid, used / MEBI if used is not None else None, kind))
        return tuple(found.values()) if told else None

    def faults(self, wait: float = 0.0) -> tuple[Fault, ...]:
        """Return the critical Xids since the last time; those of programs alone are only logged."""
        if self._events is None:
            return ()
        nvml = self._nvml
        found: list[Fault] = []
        while True:
            try:
                event = nvml.nvmlEventSetWait_v2(self._events, 0 if found else int(wait * 1000))
            except nvml.NVMLError as error:
                if error.value != nvml.NVML_ERROR_TIMEOUT:
                    log.warning("Xids cannot be read: %s", error)
                return tuple(found)
            number = int(event.eventData)
            rows = self._struck(event)
            names = ", ".join(row.named.uuid for row in rows) or "an unknown GPU"
            log.warning("%s on %s", xids.told(number), names)
            if number in xids.HARMLESS:
                continue
            kind = "lost" if number in xids.GONE else "xid"
            found += [Fault(row.named.uuid, kind, xids.told(number), {"xid": number}) for row in rows]

    def _struck(self, event: Any) -> list[Card]:
        """Return the devices that an event is about: all instances of the card, unless it names one."""
        uuid = self._ask(self._nvml.nvmlDeviceGetUUID, event.device)
        # A card that has left the bus may not tell its name any more.
        rows = [
            row
            for row in self._cards
            if _address(row.card) == _address(event.device) or (uuid and row.named.card == _text(uuid))
        ]
        named = [row for row in rows if row.named.place and row.named.place[0] == event.gpuInstanceId]
        return named or rows

    def _ask(self, question: Callable[..., Any], *arguments: Any) -> Any:
        """Return a reading, None where this card or driver has none."""
        try:
            return question(*arguments)
        except self._nvml.NVMLError:
            return None

    def close(self) -> None:
        """Let go of the driver."""
        if self._events is not None:
            self._ask(self._nvml.nvmlEventSetFree, self._events)
        self._ask(self._nvml.nvmlShutdown)


def capabilities(minor: int, place: tuple[int, int] | None, listed: Path) -> tuple[str, ...]:
    """Return the files in /dev that open a MIG instance of the card with this number."""
    if place is None:
        return ()
    wanted = (f"gpu{minor}/gi{place[0]}/access", f"gpu{minor}/gi{place[0]}/ci{place[1]}/access")
    try:
        lines = [line.split() for line in listed.read_text().splitlines()]
    except OSError:
        return ()
    numbers = {line[0]: line[1] for line in lines if len(line) == 2}
    return tuple(f"/dev/nvidia-caps/nvidia-cap{numbers[name]}" for name in wanted if name in numbers)


def _address(handle: Any) -> int | None:
    """Return what a handle points to: two handles of one card are not equal as objects."""
    try:
        return ctypes.cast(handle, ctypes.c_void_p).value
    except (TypeError, ctypes.ArgumentError):
        return id(handle)


def _real(value: Any) -> float | None:
    return float(value) if value is not None else None


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
