"""Which runs of candidates were waste, by what could be known when they began."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass

from arctl.daemon.rows import Experiment, Outcome, Purpose, RunState, Verdict
from arctl.experiments.similarity import TOLERANCE
from tests.benchmarks.lab import Lab

FAILED = frozenset({Verdict.REJECTED, Verdict.INCONCLUSIVE, Verdict.CRASHED})
#: Failures in a row, after which a further try is a failing line repeated.
FAILING = 2


@dataclass(frozen=True)
class Waste:
    """Runs that were spent on candidates, and those of them that were waste, by its kind."""

    tried: int = 0
    #: On values near those of an earlier experiment, on whatever axis.
    repeated: int = 0
    #: On an axis that was a dead end when the experiment began.
    closed: int = 0
    #: On an axis that failed twice in a row on the champion of the day; turning round is another line.
    failing: int = 0
    #: Any of these.
    wasted: int = 0
    #: On an axis that was opened again because nothing else was left; not counted as waste.
    again: int = 0
    #: On an axis that ever failed twice in a row, on whatever champion and whatever way.
    ever: int = 0
    #: On candidates that are truly no better than what they build on, which nobody could know.
    worthless: int = 0

    @classmethod
    def of(cls, parts: Iterable[Waste]) -> Waste:
        """Return the sums."""
        rows = [dataclasses.astuple(part) for part in parts]
        return cls(*map(sum, zip(*rows, strict=True)))


def waste(lab: Lab, labs: list[Lab]) -> Waste:
    """Go through a loop's experiments; what other loops did counts for repetitions."""
    everybody = [row for other in labs for row in other.state.experiments_of("toy")]
    return Waste.of([Waste(), *(_of(lab, row, everybody) for row in lab.state.experiments_of("toy"))])


def _of(lab: Lab, row: Experiment, everybody: list[Experiment]) -> Waste:
    state = lab.state
    runs = sum(
        run.purpose in (Purpose.SEARCH, Purpose.CONFIRM)
        and run.state is RunState.ENDED
        and run.outcome != Outcome.CANCELLED
        for run in state.runs_of(row.id)
    )
    if not runs or row.rebase_of:
        return Waste(tried=runs)
    repeated = any(
        other is not row and other.params and other.created < row.created and _near(other, row)
        for other in everybody
    )
    ends = [end for end in state.all_dead_ends("toy") if end.axis == row.axis and end.created < row.created]
    opened = {end.id: lab.reopened.get(end.id, math.inf) for end in ends}
    closed = any(row.created < opened[end.id] for end in ends)
    again = any(
        end.revived.startswith("nothing else") and _ground(lab, row.created) < opened[end.id] <= row.created
        for end in ends
    )
    before = sorted(
        (
            other
            for other in state.on_axis("toy", row.axis)
            if other.verdict in FAILED | {Verdict.ACCEPTED} and (other.closed or math.inf) <= row.created
        ),
        key=lambda other: other.closed or 0.0,
    )
    now = [other for other in before if (other.closed or 0.0) > _ground(lab, row.created)]
    failing = _in_vain(now) and not again and not _turns_round(lab, row, now)
    effect = lab.land.loss(state.experiments[row.base].params) - lab.land.loss(row.params)
    return Waste(
        tried=runs,
        repeated=runs * repeated,
        closed=runs * closed,
        failing=runs * failing,
        wasted=runs * (repeated or closed or failing),
        again=runs * again,
        ever=runs * _in_vain(before),
        worthless=runs * (effect <= 0),
    )


def _ground(lab: Lab, when: float) -> float:
    """Return since when the champion of a moment was champion."""
    return max((t for row in lab.state.champions_of("toy") if (t := row.closed or 0.0) <= when), default=0.0)


def _turns_round(lab: Lab, row: Experiment, before: list[Experiment]) -> bool:
    """Tell whether a move goes the other way than the last ones that failed."""
    move = lab.state.proposals[row.proposal].move
    moves = {lab.state.proposals[other.proposal].move for other in before[-FAILING:]}
    return {move} | moves == {"up", "down"} and move not in moves


def _in_vain(rows: list[Experiment]) -> bool:
    return len(rows) >= FAILING and all(row.verdict in FAILED for row in rows[-FAILING:])


def _near(one: Experiment, other: Experiment) -> bool:
    return all(abs(one.params[name] - value) <= TOLERANCE for name, value in other.params.items())
