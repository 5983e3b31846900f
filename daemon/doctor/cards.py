"""The NVIDIA cards of this host, with the numbers of their devices."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Card:
    """A card: its name, and the minor number by which its device is called."""

    name: str
    uuid: str
    minor: int

    @property
    def device(self) -> Path:
        """The device that opens it."""
        return Path(f"/dev/nvidia{self.minor}")


def cards() -> tuple[Card, ...]:
    """Return the cards that NVML tells; none where there is no driver."""
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return ()
    try:
        found = []
        for index in range(pynvml.nvmlDeviceGetCount()):
            handle = pynvml.nvmlDeviceGetHandleByIndex(index)
            asked = (pynvml.nvmlDeviceGetName(handle), pynvml.nvmlDeviceGetUUID(handle))
            name, uuid = (said.decode() if isinstance(said, bytes) else str(said) for said in asked)
            found.append(Card(name, uuid, int(pynvml.nvmlDeviceGetMinorNumber(handle))))
        return tuple(found)
    except pynvml.NVMLError:
        return ()
    finally:
        pynvml.nvmlShutdown()


def driver() -> str:
    """Return the version of the driver, or why there is none."""
    import pynvml

    try:
        pynvml.nvmlInit()
        said = pynvml.nvmlSystemGetDriverVersion()
        pynvml.nvmlShutdown()
    except pynvml.NVMLError as error:
        return f"none: {error}"
    return said.decode() if isinstance(said, bytes) else str(said)
