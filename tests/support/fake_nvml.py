"""NVML without a card: the names of nvidia-ml-py, answered from plain data.

Only what is here is answered; everything else is the real module's. Each name that stands here must be one of
the real module's (`test_nvml.py` checks that).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pynvml

GIB = 2**30


def error(code: int) -> Exception:
    """Return the error that the real module raises for a code."""
    made: Exception = pynvml.NVMLError(code)
    return made


@dataclass(eq=False)
class FakeCard:
    """One card, or one MIG instance; a reading that is None is one that it does not support."""

    uuid: str
    name: str = "NVIDIA H100 80GB HBM3"
    minor: int = 0
    util: int | None = 50
    used: int = GIB
    total: int = 80 * GIB
    power: int | None = 350_000
    temperature: int | None = 60
    clocks: dict[int, int] = field(default_factory=lambda: {1: 1980, 2: 2619})
    throttle: int | None = 0
    compute: list[tuple[int, int | None]] | None = field(default_factory=list)
    graphics: list[tuple[int, int | None]] | None = field(default_factory=list)
    mps: list[tuple[int, int | None]] | None = field(default_factory=list)
    instances: list[FakeCard] = field(default_factory=list)
    place: tuple[int, int] = (0, 0)
    lost: bool = False


class FakeNvml:
    """A stand-in for the module; `events` are the Xids that are told next, each of a card."""

    def __init__(self, *cards: FakeCard, driver: int | None = None) -> None:
        self.cards = list(cards)
        self.events: list[tuple[FakeCard, int]] = []
        self.registered: list[FakeCard] = []
        self.waited: list[int] = []
        self._driver = driver
        #: An older driver does not know the newer name.
        self.old_names = False

    def __getattr__(self, name: str) -> Any:
        """Constants and errors are the real ones; a question that is not answered here is not supported."""
        real = getattr(pynvml, name)
        if callable(real) and name.startswith("nvml"):
            return _unsupported
        return real

    def nvmlInit(self) -> None:
        if self._driver is not None:
            raise error(self._driver)

    def nvmlShutdown(self) -> None:
        self._driver = pynvml.NVML_ERROR_UNINITIALIZED

    def nvmlDeviceGetCount(self) -> int:
        return len(self.cards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> FakeCard:
        return _alive(self.cards[index])

    def nvmlDeviceGetUUID(self, card: FakeCard) -> str:
        return _alive(card).uuid

    def nvmlDeviceGetName(self, card: FakeCard) -> str:
        return _alive(card).name

    def nvmlDeviceGetMinorNumber(self, card: FakeCard) -> int:
        return _alive(card).minor

    def nvmlDeviceGetMemoryInfo(self, card: FakeCard) -> Any:
        _alive(card)
        return SimpleNamespace(used=card.used, total=card.total, free=card.total - card.used)

    def nvmlDeviceGetUtilizationRates(self, card: FakeCard) -> Any:
        return SimpleNamespace(gpu=_told(card, card.util), memory=0)

    def nvmlDeviceGetPowerUsage(self, card: FakeCard) -> int:
        return int(_told(card, card.power))

    def nvmlDeviceGetTemperature(self, card: FakeCard, sensor: int) -> int:
        assert sensor == pynvml.NVML_TEMPERATURE_GPU
        return int(_told(card, card.temperature))

    def nvmlDeviceGetClockInfo(self, card: FakeCard, kind: int) -> int:
        return int(_told(card, card.clocks.get(kind)))

    def nvmlDeviceGetCurrentClocksEventReasons(self, card: FakeCard) -> int:
        return int(_told(card, None if self.old_names else card.throttle))

    def nvmlDeviceGetCurrentClocksThrottleReasons(self, card: FakeCard) -> int:
        return int(_told(card, card.throttle))

    def nvmlDeviceGetComputeRunningProcesses(self, card: FakeCard) -> list[Any]:
        return _processes(_told(card, card.compute))

    def nvmlDeviceGetGraphicsRunningProcesses(self, card: FakeCard) -> list[Any]:
        return _processes(_told(card, card.graphics))

    def nvmlDeviceGetMPSComputeRunningProcesses(self, card: FakeCard) -> list[Any]:
        return _processes(_told(card, card.mps))

    def nvmlDeviceGetMigMode(self, card: FakeCard) -> list[int]:
        return [int(bool(_alive(card).instances))] * 2

    def nvmlDeviceGetMaxMigDeviceCount(self, card: FakeCard) -> int:
        del card
        return 7

    def nvmlDeviceGetMigDeviceHandleByIndex(self, card: FakeCard, index: int) -> FakeCard:
        if index >= len(card.instances):
            raise error(pynvml.NVML_ERROR_NOT_FOUND)
        return card.instances[index]

    def nvmlDeviceGetGpuInstanceId(self, card: FakeCard) -> int:
        return card.place[0]

    def nvmlDeviceGetComputeInstanceId(self, card: FakeCard) -> int:
        return card.place[1]

    def nvmlEventSetCreate(self) -> Any:
        return object()

    def nvmlEventSetFree(self, events: Any) -> None:
        del events

    def nvmlDeviceRegisterEvents(self, card: FakeCard, kinds: int, events: Any) -> None:
        del events
        assert kinds == pynvml.nvmlEventTypeXidCriticalError
        self.registered.append(card)

    def nvmlEventSetWait_v2(self, events: Any, milliseconds: int) -> Any:
        del events
        self.waited.append(milliseconds)
        if not self.events:
            raise error(pynvml.NVML_ERROR_TIMEOUT)
        card, number = self.events.pop(0)
        place = card.place[0] if card.place[0] else 0xFFFFFFFF
        owner = next((row for row in self.cards if card is row or card in row.instances), card)
        return SimpleNamespace(
            device=owner, eventType=8, eventData=number, gpuInstanceId=place, computeInstanceId=place
        )


def _unsupported(*arguments: Any) -> Any:
    raise error(pynvml.NVML_ERROR_NOT_SUPPORTED)


def _alive(card: FakeCard) -> FakeCard:
    if card.lost:
        raise error(pynvml.NVML_ERROR_GPU_IS_LOST)
    return card


def _told(card: FakeCard, value: Any) -> Any:
    _alive(card)
    if value is None:
        raise error(pynvml.NVML_ERROR_NOT_SUPPORTED)
    return value


def _processes(rows: list[tuple[int, int | None]]) -> list[Any]:
    return [SimpleNamespace(pid=pid, usedGpuMemory=size) for pid, size in rows]
