"""Simulated GPUs behind the same interface, for demos, tests and benchmarks; the runs on them are real."""

from __future__ import annotations

import math
from dataclasses import dataclass

from arctl.daemon.devices.base import Sample
from arctl.daemon.devices.host import available_cores, divide
from arctl.daemon.marks import Device

MEMORY_MB = 81_920.0


#: What somebody else is shown to have on a card: the first process of all, which is never ours.
FOREIGN = ((1,), (30_720.0,))
FOREIGN_UTIL = 37.0
QUARANTINED = "it fell off the bus (simulated)"


@dataclass
class _Card:
    util: float = 0.0
    temperature: float = 32.0
    memory: float = 600.0


class SimBackend:
    """`count` cards whose load follows the runs bound to them; some are taken by others, or quarantined."""

    name = "sim"

    def __init__(
        self, count: int, *, foreign: frozenset[int] = frozenset(), quarantined: frozenset[int] = frozenset()
    ) -> None:
        self._foreign, self._quarantined = foreign, quarantined
        self._cards = {f"SIM-{index}": _Card() for index in range(count)}
        self._parts = divide(available_cores(), count)

    def inventory(self) -> tuple[Device, ...]:
        """Return the simulated cards."""
        return tuple(
            Device(
                ident,
                index,
                "sim",
                f"sim{index}",
                self._parts[index],
                MEMORY_MB,
                QUARANTINED if index in self._quarantined else "",
            )
            for index, ident in enumerate(self._cards)
        )

    def sample(
        self, busy: frozenset[str], now: float, still: frozenset[str] = frozenset()
    ) -> tuple[Sample, ...]:
        """Return readings that approach load where a run is bound, and rest where none is.

        A run that stands still keeps its memory.
        """
        found = []
        for index, (ident, card) in enumerate(self._cards.items()):
            loaded = ident in busy and ident not in still
            foreign = index in self._foreign
            goal = FOREIGN_UTIL if foreign else 0.0
            if loaded:
                goal = 94.0 + 4.0 * math.sin(now / 7 + index)
            card.util += 0.6 * (goal - card.util)
            card.temperature += 0.1 * ((32.0 + 0.38 * goal) - card.temperature)
            if ident not in still:
                card.memory = 600 + 400 * card.util
            found.append(
                Sample(
                    ident,
                    now,
                    util=round(card.util, 1),
                    memory_used_mb=round(card.memory + (FOREIGN[1][0] if foreign else 0.0), 1),
                    memory_total_mb=MEMORY_MB,
                    power_w=round(70 + 5.6 * card.util, 1),
                    temperature_c=round(card.temperature, 1),
                    clock_mhz=1980.0 if loaded else 345.0,
                    processes=FOREIGN[0] if foreign else (),
                    process_mb=FOREIGN[1] if foreign else (),
                )
            )
        return tuple(found)

    def close(self) -> None:
        """Nothing is held."""
