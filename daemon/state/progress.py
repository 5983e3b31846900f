"""How a campaign went, experiment by experiment: what was kept, what was measured, how all of it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from arctl.daemon.rows import Experiment, Verdict

#: Verdicts of those that are, or were, champion.
KEPT = frozenset({Verdict.BASELINE, Verdict.ACCEPTED, Verdict.BY_HAND})
#: Verdicts of runs that brought no number to judge by.
CRASHED = frozenset({Verdict.CRASHED, Verdict.TIMED_OUT, Verdict.NO_METRIC, Verdict.NOT_FINITE, Verdict.LOST})
#: Experiments whose best and worst are known together.
BLOCK = 64

#: Ids of the best and the worst of several: of the lowest and the highest mean.
Ends = tuple[str, str]


def is_kept(row: Experiment) -> bool:
    """Tell whether an experiment became champion; a person may have made it so against its verdict."""
    return row.verdict in KEPT or bool(row.promoted)


@dataclass
class Progress:
    """The experiments of one campaign as numbers; changed by `apply` alone."""

    #: How many ended how.
    verdicts: Counter[str] = field(default_factory=Counter)
    kept: dict[str, None] = field(default_factory=dict)
    crashed: int = 0
    closed: int = 0
    _places: dict[str, int] = field(default_factory=dict)
    _ids: list[str] = field(default_factory=list)
    #: The mean of each that was measured and not kept.
    _means: list[float | None] = field(default_factory=list)
    _blocks: list[Ends | None] = field(default_factory=list)
    _stale: set[int] = field(default_factory=set)

    def apply(self, row: Experiment, known: Experiment | None) -> None:
        """Take an experiment as it now is; `known` is what it was before."""
        place = self._places.get(row.id)
        if place is None:
            place = self._places[row.id] = len(self._ids)
            self._ids.append(row.id)
            self._means.append(None)
            if place % BLOCK == 0:
                self._blocks.append(None)
        if known is None or known.verdict != row.verdict:
            self._count(known.verdict if known is not None else "", -1)
            self._count(row.verdict, 1)
        if is_kept(row):
            self.kept[row.id] = None
        else:
            self.kept.pop(row.id, None)
        mean = None if is_kept(row) else row.mean
        if mean is not None and mean - mean != 0:
            mean = None
        if mean != self._means[place]:
            self._means[place] = mean
            self._stale.add(place // BLOCK)

    def _count(self, verdict: str, by: int) -> None:
        if not verdict:
            return
        self.verdicts[verdict] += by
        if not self.verdicts[verdict]:
            del self.verdicts[verdict]
        self.closed += by
        self.crashed += by * (verdict in CRASHED)

    def __len__(self) -> int:
        """Count the experiments."""
        return len(self._ids)

    def columns(self, count: int) -> Iterator[Ends]:
        """Yield the lowest and highest of each column, oldest first, where the campaign is cut in `count`.

        Columns without a measured experiment are left out.
        """
        width = max(1, -(-len(self._ids) // max(1, count)))
        if width < BLOCK:
            for start in range(0, len(self._ids), width):
                if (ends := self._ends(range(start, min(start + width, len(self._ids))))) is not None:
                    yield ends
            return
        self._refresh()
        step = -(-width // BLOCK)
        for start in range(0, len(self._blocks), step):
            found = [ends for ends in self._blocks[start : start + step] if ends is not None]
            if found:
                yield (
                    min(found, key=lambda ends: self._mean(ends[0]))[0],
                    max(found, key=lambda ends: self._mean(ends[1]))[1],
                )

    def _refresh(self) -> None:
        for block in self._stale:
            self._blocks[block] = self._ends(range(block * BLOCK, min((block + 1) * BLOCK, len(self._ids))))
        self._stale.clear()

    def _ends(self, places: range) -> Ends | None:
        known = [(mean, place) for place in places if (mean := self._means[place]) is not None]
        return (self._ids[min(known)[1]], self._ids[max(known)[1]]) if known else None

    def _mean(self, ident: str) -> float:
        return self._means[self._places[ident]] or 0.0
