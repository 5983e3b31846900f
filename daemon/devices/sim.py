"""Simulated GPUs behind the same interface, for demos, tests and benchmarks; the runs on them are real.

What goes wrong with them is written into `sim.json` in the state folder, while they run.
"""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arctl.daemon.devices import xids
from arctl.daemon.devices.base import Fault, Process, Sample
from arctl.daemon.devices.host import available_cores, divide
from arctl.daemon.marks import Device

log = logging.getLogger(__name__)

MEMORY_MB = 81_920.0
#: What an idle card's memory and clock read, and its clock at work.
IDLE_MB = 600.0
IDLE_MHZ, BUSY_MHZ, MEMORY_MHZ = 345.0, 1980.0, 2619.0
#: A card this hot lowers its clock.
HOT = 88.0

#: What somebody else is shown to have on a card: the first process of all, which is never ours.
STRANGER = 1
FOREIGN_MB = 30_720.0
FOREIGN_UTIL = 37.0
QUARANTINED = "it fell off the bus (simulated)"
#: Seconds between two looks for a fault that is waited for.
LOOK = 0.05


@dataclass
class _Card:
    util: float = 0.0
    temperature: float = 32.0
    memory: float = IDLE_MB
    #: A run was on it: what it leaves behind can be held from then on.
    used: bool = False


class SimBackend:
    """`count` cards whose load follows the runs bound to them; some are taken by others, or quarantined."""

    name = "sim"

    def __init__(
        self,
        count: int,
        *,
        foreign: frozenset[int] = frozenset(),
        quarantined: frozenset[int] = frozenset(),
        control: Path | None = None,
    ) -> None:
        self._foreign = foreign
        self._control = control
        self._stamp: tuple[int, int] | None = None
        self._script: dict[int, dict[str, Any]] = {}
        self._cards = {f"SIM-{index}": _Card() for index in range(count)}
        self._parts = divide(available_cores(), count)
        self._pending = [Fault(f"SIM-{index}", "lost", QUARANTINED) for index in sorted(quarantined)]
        #: The Xid that each card told last: each is told once.
        self._told: dict[int, Any] = {}

    def inventory(self) -> tuple[Device, ...]:
        """Return the simulated cards."""
        return tuple(
            Device(ident, index, "sim", f"sim{index}", self._parts[index], MEMORY_MB)
            for index, ident in enumerate(self._cards)
        )

    def sample(
        self, busy: frozenset[str], now: float, still: frozenset[str] = frozenset()
    ) -> tuple[Sample, ...]:
        """Return readings that approach load where a run is bound, and rest where none is.

        A run that stands still keeps its memory.
        """
        self._read()
        return tuple(
            self._sample(index, ident, card, ident in busy, ident in still, now)
            for index, (ident, card) in enumerate(self._cards.items())
        )

    def _sample(self, index: int, ident: str, card: _Card, busy: bool, still: bool, now: float) -> Sample:
        script = self._script.get(index, {})
        if script.get("lost"):
            return Sample(ident, now, lost="GPU is lost (simulated)")
        others = _number(script.get("foreign_mb")) or (FOREIGN_MB if index in self._foreign else 0.0)
        loaded = busy and not still
        goal = FOREIGN_UTIL if others else 0.0
        if loaded:
            goal = 94.0 + 4.0 * math.sin(now / 7 + index)
        card.util += 0.6 * (goal - card.util)
        card.temperature += 0.1 * ((32.0 + 0.38 * goal) - card.temperature)
        if loaded:
            card.memory = IDLE_MB + 400 * card.util
        elif not busy:
            card.memory = IDLE_MB
        card.used = card.used or busy
        left = (_number(script.get("held_mb")) or 0.0) if card.used and not busy else 0.0
        heat = _number(script.get("temperature")) or card.temperature
        slow = heat >= HOT or "clock" in script
        clock = _number(script.get("clock")) or (BUSY_MHZ * (0.6 if slow else 1.0) if loaded else IDLE_MHZ)
        return Sample(
            ident,
            now,
            util=round(card.util, 1),
            memory_used_mb=round(card.memory + others + left, 1),
            memory_total_mb=MEMORY_MB,
            power_w=round(70 + 5.6 * card.util, 1),
            temperature_c=round(heat, 1),
            clock_mhz=clock,
            memory_clock_mhz=MEMORY_MHZ,
            throttle=("hardware thermal",) if slow else (),
            processes=(Process(STRANGER, others),) if others else (),
        )

    def faults(self, wait: float = 0.0) -> tuple[Fault, ...]:
        """Return the Xids that were written down since the last time."""
        return tuple(_until(self._new_faults, wait))

    def _new_faults(self) -> list[Fault]:
        self._read()
        found, self._pending = self._pending, []
        for index, ident in enumerate(self._cards):
            number = self._script.get(index, {}).get("xid")
            before, self._told[index] = self._told.get(index), number
            if isinstance(number, int) and number != before and number not in xids.HARMLESS:
                kind = "lost" if number in xids.GONE else "xid"
                found.append(Fault(ident, kind, f"{xids.told(number)}, simulated", {"xid": number}))
        return found

    def _read(self) -> None:
        """Read the control file again where it changed; one that is being written is read the next time."""
        if self._control is None:
            return
        try:
            found = self._control.stat()
            stamp = (found.st_mtime_ns, found.st_size)
            if stamp == self._stamp:
                return
            said = json.loads(self._control.read_text())
            self._script = {int(str(key).removeprefix("sim")): dict(value) for key, value in said.items()}
            self._stamp = stamp
        except FileNotFoundError:
            self._script, self._stamp = {}, None
        except (OSError, ValueError, TypeError, AttributeError) as error:
            log.warning("%s is not taken: %s", self._control, error)

    def close(self) -> None:
        """Nothing is held."""


def _until(look: Callable[[], list[Fault]], wait: float) -> list[Fault]:
    """Look until there is something, or the time is over."""
    end = time.monotonic() + wait
    while not (found := look()) and time.monotonic() < end:
        time.sleep(LOOK)
    return found


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
