"""NVIDIA cards through NVML: bound by UUID, a reading that a card lacks is None."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from arctl.daemon.devices.base import Sample
from arctl.daemon.devices.host import available_cores, divide
from arctl.daemon.marks import Device
from arctl.errors import ArctlError

MEBI = 2**20


class NvmlBackend:
    """Every card that the driver shows and `CUDA_VISIBLE_DEVICES` allows."""

    name = "nvml"

    def __init__(self) -> None:
        import pynvml

        self._nvml: Any = pynvml
        try:
            pynvml.nvmlInit()
            named = self._found()
        except pynvml.NVMLError as error:
            msg = f"no NVIDIA driver answers: {error}"
            raise ArctlError(msg, "install the driver, or use `ARCTL_DEVICES=cpu`") from error
        allowed = visible([(index, uuid) for index, uuid, _ in named], os.environ.get("CUDA_VISIBLE_DEVICES"))
        self._cards = [card for card in named if card[1] in allowed]
        self._parts = divide(available_cores(), max(1, len(self._cards)))

    def _found(self) -> list[tuple[int, str, Any]]:
        nvml = self._nvml
        handles = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]
        return [
            (index, _text(nvml.nvmlDeviceGetUUID(handle)), handle) for index, handle in enumerate(handles)
        ]

    def inventory(self) -> tuple[Device, ...]:
        """Return the cards, each with its share of the host's cores."""
        found = []
        for place, (index, uuid, handle) in enumerate(self._cards):
            name = self._ask(self._nvml.nvmlDeviceGetName, handle)
            memory = self._ask(self._nvml.nvmlDeviceGetMemoryInfo, handle)
            total = memory.total / MEBI if memory is not None else None
            label = f"gpu{index} {_text(name)}" if name is not None else f"gpu{index}"
            found.append(Device(uuid, index, "gpu", label, self._parts[place], total))
        return tuple(found)

    def sample(
        self, busy: frozenset[str], now: float, still: frozenset[str] = frozenset()
    ) -> tuple[Sample, ...]:
        """Return one reading for each card."""
        del busy, still
        return tuple(self._sample(uuid, handle, now) for _, uuid, handle in self._cards)

    def _sample(self, uuid: str, handle: Any, now: float) -> Sample:
        nvml = self._nvml
        util = self._ask(nvml.nvmlDeviceGetUtilizationRates, handle)
        memory = self._ask(nvml.nvmlDeviceGetMemoryInfo, handle)
        power = self._ask(nvml.nvmlDeviceGetPowerUsage, handle)
        temperature = self._ask(nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU)
        clock = self._ask(nvml.nvmlDeviceGetClockInfo, handle, nvml.NVML_CLOCK_SM)
        processes = self._ask(nvml.nvmlDeviceGetComputeRunningProcesses, handle)
        return Sample(
            uuid,
            now,
            util=float(util.gpu) if util is not None else None,
            memory_used_mb=memory.used / MEBI if memory is not None else None,
            memory_total_mb=memory.total / MEBI if memory is not None else None,
            power_w=power / 1000 if power is not None else None,
            temperature_c=float(temperature) if temperature is not None else None,
            clock_mhz=float(clock) if clock is not None else None,
            processes=tuple(item.pid for item in processes) if processes is not None else None,
            process_mb=tuple(map(_held, processes)) if processes is not None else None,
        )

    def _ask(self, question: Callable[..., Any], *arguments: Any) -> Any:
        """Return a reading, None where this card or driver has none."""
        try:
            return question(*arguments)
        except self._nvml.NVMLError:
            return None

    def close(self) -> None:
        """Let go of the driver."""
        self._nvml.nvmlShutdown()


def visible(cards: list[tuple[int, str]], setting: str | None) -> frozenset[str]:
    """Return the UUIDs that `CUDA_VISIBLE_DEVICES` allows; as CUDA does, an unknown entry ends the list."""
    if setting is None:
        return frozenset(uuid for _, uuid in cards)
    allowed: list[str] = []
    for entry in filter(None, (part.strip() for part in setting.split(","))):
        found = [uuid for index, uuid in cards if entry == str(index) or uuid.startswith(entry)]
        if len(found) != 1:
            break
        allowed += found
    return frozenset(allowed)


def _held(process: Any) -> float | None:
    """Return the memory that a process holds on its card in MiB; None where the driver does not say."""
    used = getattr(process, "usedGpuMemory", None)
    return used / MEBI if used is not None else None


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
