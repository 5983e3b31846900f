"""Experiments in an order that somebody looks at: sorted once, and kept sorted while they change."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from arctl.daemon.rows import Experiment

#: What rows are sorted by, ascending; None stands behind all others, in either direction.
Value = float | str | None
#: Views kept ready at most; the one that was looked at longest ago makes room.
MAX_VIEWS = 8


@dataclass
class View:
    """The experiments that fit, in the order of a value; equal ones newest first."""

    fits: Callable[[Experiment], bool]
    value: Callable[[Experiment], Value]
    #: Whether it holds all of them; until then it only gathers.
    ready: bool = False
    _values: dict[str, Value] = field(default_factory=dict)
    _ranked: list[str] = field(default_factory=list)
    _rest: list[str] = field(default_factory=list)

    def gather(self, rows: Iterable[Experiment]) -> None:
        """Take rows of a view that is not ready, newest first; a piece at a time, for there may be many."""
        for row in rows:
            if self.fits(row):
                self._values[row.id] = self.value(row)

    def settle(self) -> None:
        """Sort what was gathered."""
        values = self._values
        # Two stable sorts by plain values are several times as fast as one by pairs.
        known = sorted(values, key=_number, reverse=True)
        self._ranked = sorted((ident for ident in known if values[ident] is not None), key=self._plain)
        self._rest = [ident for ident in known if values[ident] is None]
        self.ready = True

    def touch(self, row: Experiment) -> None:
        """Take an experiment as it now is."""
        fits = self.fits(row)
        value = self.value(row) if fits else None
        if row.id in self._values and (not fits or self._values[row.id] != value):
            if self.ready:
                self._place(row.id, out=True)
            del self._values[row.id]
        if fits and row.id not in self._values:
            self._values[row.id] = value
            if self.ready:
                self._place(row.id, out=False)

    def __len__(self) -> int:
        """Count the experiments that fit."""
        return len(self._values)

    def ids(self, offset: int, limit: int, *, reverse: bool = False) -> list[str]:
        """Return ids in order from an offset on; reversed, those without a value still come last."""
        count = len(self._ranked)
        if reverse:
            found = self._ranked[max(0, count - offset - limit) : max(0, count - offset)][::-1]
        else:
            found = self._ranked[offset : offset + limit]
        at = max(0, offset - count)
        return found + self._rest[at : at + limit - len(found)]

    def _plain(self, ident: str) -> float | str:
        value = self._values[ident]
        return "" if value is None else value

    def _place(self, ident: str, *, out: bool) -> None:
        """Put an id where it belongs, or take it out from there."""
        if self._values[ident] is None:
            rows, at = self._rest, bisect_left(self._rest, -_number(ident), key=lambda one: -_number(one))
        else:
            rows, wanted = self._ranked, (self._plain(ident), -_number(ident))
            at = bisect_left(rows, wanted, key=lambda one: (self._plain(one), -_number(one)))
        if out:
            del rows[at]
        else:
            rows.insert(at, ident)


def _number(ident: str) -> int:
    return int(ident[1:])


@dataclass
class Windows:
    """The views that are looked at, by campaign and question; changed by `apply` and whoever asks."""

    _views: dict[tuple[str, str], View] = field(default_factory=dict)
    #: What of an experiment is searched for words, made when it is first asked for.
    words: dict[str, str] = field(default_factory=dict)

    def apply(self, row: Experiment) -> None:
        """Take an experiment as it now is."""
        self.words.pop(row.id, None)
        for (campaign, _), view in self._views.items():
            if campaign == row.campaign:
                view.touch(row)

    def get(self, campaign: str, question: str) -> View | None:
        """Return a view that is ready, as the one that was looked at last."""
        view = self._views.pop((campaign, question), None)
        if view is None or not view.ready:
            return None
        self._views[campaign, question] = view
        return view

    def add(self, campaign: str, question: str, view: View) -> None:
        """Keep a view from now on; one that is still to be gathered hears of changes, too."""
        self._views.pop((campaign, question), None)
        self._views[campaign, question] = view
        while len(self._views) > MAX_VIEWS:
            del self._views[next(iter(self._views))]
