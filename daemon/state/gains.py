"""What each axis was worth, kept up to date trial by trial."""

from __future__ import annotations

from dataclasses import dataclass, field

from arctl.daemon.rows import JUDGED, Experiment, Verdict
from arctl.experiments.effects import Axis, Trial, summed


@dataclass
class Gains:
    """The judged experiments of one campaign by axis; changed by `apply` alone."""

    _trials: dict[str, dict[str, Trial]] = field(default_factory=dict)
    _known: dict[str, Axis] = field(default_factory=dict)
    _stale: set[str] = field(default_factory=set)

    def apply(self, row: Experiment) -> None:
        """Take an experiment as it now is; a joint axis counts for itself, not for its parts."""
        if not row.axis:
            return
        trials = self._trials.setdefault(row.axis, {})
        if row.verdict not in JUDGED:
            if trials.pop(row.id, None) is not None:
                self._stale.add(row.axis)
            return
        accepted = row.verdict == Verdict.ACCEPTED
        trial = Trial(row.axis, row.evidence.get("effect"), accepted, row.id, row.number)
        if trials.get(row.id) != trial:
            trials[row.id] = trial
            self._stale.add(row.axis)

    def axes(self) -> dict[str, Axis]:
        """Return what is known of each axis on which something was judged, first the one judged on first."""
        if self._stale:
            for axis in self._stale:
                self._known.pop(axis, None)
                if trials := self._trials[axis]:
                    self._known[axis] = summed(tuple(trials.values()))
            self._stale.clear()
            self._known = dict(sorted(self._known.items(), key=lambda item: item[1].first.number))
        return self._known
