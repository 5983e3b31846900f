"""Simulated GPUs behind the same interface, for demos, tests and benchmarks; the runs on them are real."""

from __future__ import annotations

import math
from dataclasses import dataclass

from arctl.daemon.devices.base import Sample
from arctl.daemon.devices.host import available_cores, divide
from arctl.daemon.marks import Device

MEMORY_MB = 81_920.0


@dataclass
class _Card:
    util: float = 0.0
    temperature: float = 32.0


class SimBackend:
    """`count` cards whose load follows the runs bound to them."""

    name = "sim"

    def __init__(self, count: int) -> None:
        self._cards = {f"SIM-{index}": _Card() for index in range(count)}
        self._parts = divide(available_cores(), count)

    def inventory(self) -> tuple[Device, ...]:
        """Return the simulated cards."""
        return tuple(
            Device(ident, index, "sim", f"sim{index}", self._parts[index], MEMORY_MB)
            for index, ident in enumerate(self._cards)
        )

    def sample(self, busy: frozenset[str], now: float) -> tuple[Sample, ...]:
        """Return readings that approach load where a run is bound, and rest where none is."""
        found = []
        for index, (ident, card) in enumerate(self._cards.items()):
            loaded = ident in busy
            goal = 94.0 + 4.0 * math.sin(now / 7 + index) if loaded else 0.0
            card.util += 0.6 * (goal - card.util)
            card.temperature += 0.1 * ((68.0 if loaded else 32.0) - card.temperature)
            found.append(
                Sample(
                    ident,
                    now,
                    util=round(card.util, 1),
                    memory_used_mb=round(600 + 400 * card.util, 1),
                    memory_total_mb=MEMORY_MB,
                    power_w=round(70 + 5.6 * card.util, 1),
                    temperature_c=round(card.temperature, 1),
                    clock_mhz=1980.0 if loaded else 345.0,
                    processes=(),
                )
            )
        return tuple(found)

    def close(self) -> None:
        """Nothing is held."""
