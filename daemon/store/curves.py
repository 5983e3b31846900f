"""Learning curves by window: read from the ledger once, kept as plain numbers, the new points added."""

from __future__ import annotations

import math
import sqlite3
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

#: Points kept in memory of all runs together; the run that was looked at longest ago makes room.
MAX_KEPT = 4_000_000

#: A step and its value, None where it was no number.
Point = tuple[float, float | None]

_POINTS = (
    "SELECT ordinal, metric, step, value FROM points"
    " WHERE run = ? AND attempt = ? AND ordinal > ? ORDER BY ordinal"
)


def _numbers() -> array[float]:
    return array("d")


@dataclass
class Series:
    """One curve: the steps and values that are numbers, and the steps at which there was none."""

    steps: array[float] = field(default_factory=_numbers)
    values: array[float] = field(default_factory=_numbers)
    gaps: array[float] = field(default_factory=_numbers)
    _ordered: bool = True

    def add(self, step: float, value: float | None) -> None:
        """Take the next point; one without a step is nowhere."""
        if step is None or not math.isfinite(step):
            return
        if value is None or not math.isfinite(value):
            self._ordered &= not self.gaps or step >= self.gaps[-1]
            self.gaps.append(step)
            return
        self._ordered &= not self.steps or step >= self.steps[-1]
        self.steps.append(step)
        self.values.append(value)

    def __len__(self) -> int:
        """Count the points, gaps as well."""
        return len(self.steps) + len(self.gaps)

    def extent(self) -> tuple[float, float]:
        """Return the first and the last step of a curve that has any."""
        self._order()
        ends = [steps[place] for steps in (self.steps, self.gaps) if steps for place in (0, -1)]
        return min(ends), max(ends)

    def thinned(self, most: int) -> list[Point]:
        """Return the whole curve by its steps, left out evenly where it has more points than `most`."""
        self._order()
        count = len(self)
        if self.gaps or count <= most:
            points = _merged(zip(self.steps, self.values, strict=True), self.gaps)
            return points if count <= most else [points[place] for place in _evenly(count, most)]
        return [(self.steps[place], self.values[place]) for place in _evenly(count, most)]

    def window(self, low: float, high: float, width: int) -> list[Point]:
        """Return the lowest and the highest of each of `width` columns, and one gap where there are any."""
        self._order()
        begin, end = bisect_left(self.steps, low), bisect_right(self.steps, high)
        first, last = bisect_left(self.gaps, low), bisect_right(self.gaps, high)
        if end - begin + last - first <= 2 * width:
            shown = zip(self.steps[begin:end], self.values[begin:end], strict=True)
            return _merged(shown, self.gaps[first:last])
        found: list[Point] = []
        for column in range(1, width + 1):
            edge = low + (high - low) * column / width if column < width else high
            stop, gap = bisect_right(self.steps, edge, begin, end), bisect_right(self.gaps, edge, first, last)
            points: list[Point] = []
            if begin < stop:
                part = self.values[begin:stop]
                places = sorted({part.index(min(part)), part.index(max(part))})
                points = [(self.steps[begin + place], part[place]) for place in places]
            found += _merged(points, self.gaps[first : min(gap, first + 1)])
            begin, first = stop, gap
        return found

    def _order(self) -> None:
        """Sort by the steps, where a run counted them anew."""
        if self._ordered:
            return
        pairs = sorted(zip(self.steps, self.values, strict=True), key=lambda pair: pair[0])
        self.steps, self.values = array("d", (p[0] for p in pairs)), array("d", (p[1] for p in pairs))
        self.gaps, self._ordered = array("d", sorted(self.gaps)), True


def _evenly(count: int, most: int) -> list[int]:
    """Return as many places as that, and the last one."""
    return [*(int(index * count / most) for index in range(most)), count - 1]


def _merged(points: Iterable[Point], gaps: array[float]) -> list[Point]:
    """Return points with the gaps among them, by their steps."""
    known: list[Point] = list(points)
    if not gaps:
        return known
    return sorted([*known, *((step, None) for step in gaps)], key=lambda point: point[0])


@dataclass
class _Attempt:
    """The curves of one attempt as far as they were read."""

    series: dict[str, Series] = field(default_factory=dict)
    last: int = -1


@dataclass
class Curves:
    """The curves that were asked for; used in the reader's thread alone."""

    _known: dict[tuple[str, int], _Attempt] = field(default_factory=dict)

    def of(self, connection: sqlite3.Connection, run: str, attempt: int) -> dict[str, Series]:
        """Return the curves of an attempt by metric, as the ledger has them now."""
        found = self._known.pop((run, attempt), None) or _Attempt()
        cursor = connection.cursor()
        cursor.row_factory = None
        for ordinal, metric, step, value in cursor.execute(_POINTS, (run, attempt, found.last)):
            series = found.series.get(metric)
            if series is None:
                series = found.series[metric] = Series()
            series.add(step, value)
            found.last = ordinal
        self._known[run, attempt] = found
        while len(self._known) > 1 and sum(map(_size, self._known.values())) > MAX_KEPT:
            del self._known[next(iter(self._known))]
        return found.series


def _size(attempt: _Attempt) -> int:
    return sum(map(len, attempt.series.values()))
