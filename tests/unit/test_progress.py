"""How a campaign went, as numbers: the indices say what a walk over all experiments says."""

from __future__ import annotations

import random
from collections import Counter

from arctl.daemon.rows import Experiment, ExperimentState, Verdict
from arctl.daemon.state import Progress, is_kept
from arctl.daemon.state.gains import Gains
from arctl.daemon.state.progress import BLOCK, CRASHED
from arctl.experiments.effects import Trial, effects

VERDICTS = ["", Verdict.ACCEPTED, Verdict.REJECTED, Verdict.CRASHED, Verdict.BY_HAND]


def made(number: int, rng: random.Random) -> Experiment:
    values = (rng.random(),) if rng.random() < 0.7 else ()
    return Experiment(
        f"e{number}", "toy", number, 0.0, ExperimentState.OPEN, "t", verdict=rng.choice(VERDICTS),
        values=values, axis=("", "A", "B", "A+B")[number % 4],
        evidence={"effect": rng.choice([None, 0.5, -1.0])},
    )  # fmt: skip


def lived(count: int, rng: random.Random, *parts: Progress | Gains) -> dict[int, Experiment]:
    """Let experiments come and change."""
    rows: dict[int, Experiment] = {}
    for _ in range(3 * count):
        number = (
            len(rows) + 1 if len(rows) < count and rng.random() < 0.6 else rng.randrange(1, len(rows) + 2)
        )
        row = made(number, rng)
        for part in parts:
            part.apply(row, rows.get(number)) if isinstance(part, Progress) else part.apply(row)
        rows[number] = row
    return rows


def test_counts_and_champions_are_those_of_the_experiments() -> None:
    for seed in range(10):
        known = Progress()
        rows = lived(80, random.Random(seed), known)
        assert known.verdicts == Counter(row.verdict for row in rows.values() if row.verdict)
        assert set(known.kept) == {row.id for row in rows.values() if is_kept(row)}
        assert known.closed == sum(bool(row.verdict) for row in rows.values())
        assert known.crashed == sum(row.verdict in CRASHED for row in rows.values())
        assert len(known) == len(rows)


def test_columns_of_any_width_keep_the_extremes_while_experiments_change() -> None:
    rng = random.Random(7)
    known = Progress()
    rows = lived(5 * BLOCK, rng, known)
    for _ in range(30):
        number = rng.randrange(1, len(rows) + 1)
        row = made(number, rng)
        known.apply(row, rows[number])
        rows[number] = row
        means = [row.mean for row in rows.values() if row.mean is not None and not is_kept(row)]
        for count in (1, 2, 3, 7, 100):
            ends = list(known.columns(count))
            assert len(ends) <= count
            found = [rows[int(ident[1:])].mean for pair in ends for ident in pair]
            assert (min(found), max(found)) == (min(means), max(means))  # type: ignore[type-var]


def test_nothing_measured_leaves_no_column() -> None:
    known = Progress()
    assert list(known.columns(10)) == []
    known.apply(Experiment("e1", "toy", 1, 0.0, ExperimentState.OPEN, "t"), None)
    assert list(known.columns(10)) == []


def test_effects_kept_trial_by_trial_are_those_of_all_trials() -> None:
    for seed in range(10):
        known = Gains()
        rows = lived(60, random.Random(seed), known)
        judged = [row for row in rows.values() if row.verdict in ("accepted", "rejected") and row.axis]
        judged.sort(key=lambda row: row.number)
        wanted = effects(Trial(r.axis, r.evidence["effect"], r.verdict == "accepted") for r in judged)
        found = known.axes()
        assert {name: axis.effect for name, axis in found.items()} == wanted
        assert list(found) == list(wanted), "in the order in which the axes were first tried"
