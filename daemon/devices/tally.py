"""What each reading says of our runs: whose memory is whose, what a run saw and left behind. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from arctl.daemon.devices.base import Bound, Process, Sample
from arctl.daemon.devices.foreign import Parent, foreign, held_by, parent, taken
from arctl.daemon.devices.seen import Seen, memory_of
from arctl.daemon.marks import Device, Reading

#: Seconds after a run during which what is left on its card may still be its own.
LEAVING = 10.0
#: Memory (MiB) that may stay on a card after a run, and what decisions are told in steps of.
LEFT_MB = 512.0
STEP_MB = 256.0
#: The longest time that one reading stands for: a daemon that was away saw nothing of it.
LONGEST = 5.0

Key = tuple[str, int]


@dataclass
class Tally:
    """Remembers of each device who had it last, what it holds at rest, and which processes were a run's."""

    devices: dict[str, Device] = field(default_factory=dict)
    seen: dict[Key, Seen] = field(default_factory=dict)
    _used: dict[str, float] = field(default_factory=dict)
    _rest: dict[str, float] = field(default_factory=dict)
    _pids: dict[tuple[str, str], set[int]] = field(default_factory=dict)
    _last: float | None = None

    def take(
        self,
        samples: Sequence[Sample],
        bounds: Sequence[Bound],
        now: float,
        load: float | None,
        parent: Parent = parent,
    ) -> tuple[list[Sample], list[Reading]]:
        """Take a reading of all devices; return it with what is foreign, and what decisions know of it."""
        on: dict[str, list[Bound]] = {}
        for bound in bounds:
            for device in bound.devices:
                on.setdefault(device, []).append(bound)
        self._used.update(dict.fromkeys(on, now))
        # Where no card has a process on it, nobody's process need be looked for.
        told = bounds if any(sample.processes for sample in samples) else ()
        shims = {pid: bound.run for bound in told if (pid := bound.shim()) is not None}
        found, readings = [], []
        held: dict[str, list[float]] = {}
        for sample in samples:
            here = on.get(sample.device, [])
            ours = now - self._used.get(sample.device, -LEAVING) < LEAVING
            others = foreign(sample, frozenset(shims), ours=ours, parent=parent)
            whole = dataclasses.replace(sample, foreign=others)
            found.append(whole)
            if self._counts(sample.device):
                mine = self._memory(whole, here, held_by(sample, shims, parent), held)
                readings.append(self._reading(whole, mine, ours=ours))
                if not ours and sample.memory_used_mb is not None:
                    self._rest[sample.device] = _unclaimed(whole)
        self._add(found, bounds, on, held, now, load)
        return found, readings

    def _counts(self, device: str) -> bool:
        """Tell whether a device has memory of its own."""
        known = self.devices.get(device)
        return known is None or known.kind != "cpu"

    def _memory(
        self,
        sample: Sample,
        here: list[Bound],
        own: Mapping[str, list[Process]],
        held: dict[str, list[float]],
    ) -> float:
        """Note what each run holds on a device, and by which processes; return what they hold together."""
        total = 0.0
        for bound in here:
            processes = own.get(bound.run, [])
            self._pids.setdefault((sample.device, bound.run), set()).update(row.pid for row in processes)
            size = memory_of(sample, processes, len(here), self._rest.get(sample.device, 0.0))
            if size is not None:
                held.setdefault(bound.run, []).append(size)
                total += size
        return total

    def _reading(self, sample: Sample, mine: float, *, ours: bool) -> Reading:
        who = taken(sample, ours=ours)
        if sample.memory_used_mb is None or sample.memory_total_mb is None:
            return Reading(sample.device, who)
        free = max(0.0, sample.memory_total_mb - sample.memory_used_mb)
        return Reading(sample.device, who, _step(free), _step(free + mine))

    def _add(
        self,
        samples: Sequence[Sample],
        bounds: Sequence[Bound],
        on: Mapping[str, list[Bound]],
        held: Mapping[str, list[float]],
        now: float,
        load: float | None,
    ) -> None:
        """Add a reading to what each run saw; one that stands still sees nothing."""
        seconds = min(LONGEST, now - self._last) if self._last is not None else 0.0
        self._last = now
        by_device = {sample.device: sample for sample in samples}
        for bound in bounds:
            if bound.frozen:
                continue
            seen = self.seen.setdefault((bound.run, bound.attempt), Seen())
            shared = any(len(on[device]) > 1 for device in bound.devices)
            rows = [by_device[device] for device in bound.devices if device in by_device]
            seen.add(rows, max(0.0, seconds), shared=shared, load=load)
            seen.held(max(held.get(bound.run, ()), default=None))

    def left(self, sample: Sample, run: str, bounds: Sequence[Bound], parent: Parent = parent) -> str:
        """Say what a run that is over left on a device; empty where it is clean."""
        there = {row.pid for row in sample.processes or ()}
        if stayed := sorted(self._pids.get((sample.device, run), set()) & there):
            return f"processes of {run} are still on it: {', '.join(map(str, stayed[:5]))}"
        if any(sample.device in bound.devices for bound in bounds) or sample.memory_used_mb is None:
            return ""  # whose memory it is cannot be told while others of ours have it
        others = foreign(sample, frozenset(), ours=False, parent=parent)
        if others is not None and others.memory_mb is None:
            return ""
        rest = self._rest.get(sample.device, LEFT_MB)
        excess = _unclaimed(dataclasses.replace(sample, foreign=others)) - rest
        return f"{excess:.0f} MiB are still held after {run}" if excess > LEFT_MB else ""

    def forget(self, device: str, run: str) -> None:
        """Let go of a run that has left a device."""
        self._pids.pop((device, run), None)


def _unclaimed(sample: Sample) -> float:
    """Return the memory (MiB) on a card that no process of others is known to hold."""
    others = sample.foreign.memory_mb or 0.0 if sample.foreign is not None else 0.0
    return max(0.0, (sample.memory_used_mb or 0.0) - others)


def _step(amount: float) -> float:
    """Round down, so that decisions are not asked anew for every page."""
    return amount // STEP_MB * STEP_MB
