"""Which cards `CUDA_VISIBLE_DEVICES` allows: by number, by UUID or its beginning, or MIG instances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Named:
    """What a device can be called: its card's number and UUID, and an instance's own UUID and place."""

    index: int
    card: str
    uuid: str
    #: The GPU instance and the compute instance, as in `MIG-GPU-<uuid>/1/0`.
    place: tuple[int, int] | None = None


def visible(devices: Sequence[Named], setting: str | None) -> frozenset[str]:
    """Return the UUIDs that are allowed; as CUDA does, an unknown entry ends the list.

    Numbers are those of nvidia-smi, which CUDA uses with `CUDA_DEVICE_ORDER=PCI_BUS_ID`. The number or UUID
    of a card that is divided stands for all of its instances.
    """
    if setting is None:
        return frozenset(row.uuid for row in devices)
    allowed: list[str] = []
    for entry in filter(None, (part.strip() for part in setting.split(","))):
        found = _meant(devices, entry)
        if not found:
            break
        allowed += found
    return frozenset(allowed)


def _meant(devices: Sequence[Named], entry: str) -> list[str]:
    if entry.isdigit():
        return [row.uuid for row in devices if row.index == int(entry)]
    older = entry.removeprefix("MIG-").split("/")
    if entry.startswith("MIG-GPU-") and len(older) == 3:
        return [
            row.uuid
            for row in devices
            if row.place is not None and (row.card, *map(str, row.place)) == tuple(older)
        ]
    if entry.startswith("MIG-"):
        found = [row.uuid for row in devices if row.place is not None and row.uuid.startswith(entry)]
        return found if len(found) == 1 else []
    cards = {row.card for row in devices if row.card.startswith(entry)}
    return [row.uuid for row in devices if row.card in cards] if len(cards) == 1 else []
