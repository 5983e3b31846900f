"""Counter-checks of what a run said, of its value, and of its machine."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from arctl.experiments.integrity import (
    Ground,
    Reading,
    by_time,
    compare,
    contended,
    counters,
    plausible,
    worst,
)
from arctl.experiments.models import Metric

BLOCK = Metric(name="val_bpb")
LOG = b"""\
step 00010 | loss: 3.10 | dt: 5ms
step 00020 | loss: 2.80 | dt: 5ms
---
val_bpb:          0.997900
training_seconds: 300.1
total_seconds:    325.9
total_tokens_M:   499.6
num_steps:        953
batch_size:       524288
"""
METRICS = {
    "val_bpb": 0.9979, "training_seconds": 300.1, "total_seconds": 325.9, "total_tokens_M": 499.6,
    "num_steps": 953.0, "batch_size": 524288.0, "grad_norm": math.nan,
}  # fmt: skip


def run(value: float = 0.9979, wall: float = 330.0, number: int = 1, seed: int = 0, **said: Any) -> Reading:
    known = {"seconds": {"training_seconds": 300.0}, "printed": 1, "train_loss": 2.8}
    return Reading(f"r{number}", f"e{number}", seed, value, wall, {**known, **said})


CHAMPION = [run(0.9979, 330.0, 1, 11), run(0.9971, 332.0, 1, 12), run(0.998437, 329.0, 1, 13)]


def checks(*runs: Reading, better: int = -1, others: tuple[Reading, ...] = ()) -> dict[str, str]:
    return {each.check: each.severity for each in compare(runs, CHAMPION, others, better=better)}


def test_what_autoresearch_prints_is_read() -> None:
    found = counters(BLOCK, LOG, METRICS)
    assert found["seconds"] == {"training_seconds": 300.1, "total_seconds": 325.9}
    assert (found["steps"], found["tokens"], found["batch"]) == (953, 499.6e6, 524288)
    assert found["train_loss"] == pytest.approx(2.95)
    assert found["printed"] == 1
    assert "values" not in found
    assert found["not_finite"] == ["grad_norm"]
    assert counters(BLOCK, b"\xff\x00garbage", {}) == {"printed": 0}


def test_values_of_the_metric_that_disagree_are_kept() -> None:
    twice = counters(BLOCK, LOG + b"---\nval_bpb: 0.9\n", METRICS)
    assert twice["values"] == [0.9979, 0.9]
    pattern = Metric(name="acc", source="regex", pattern=r"acc=([\d.]+)", goal="maximize")
    assert counters(pattern, b"acc=0.5\nacc=0.7\n", {})["values"] == [0.5, 0.7]


def test_an_honest_run_beside_its_champion_has_no_finding() -> None:
    assert checks(run(0.9902, 331.0, 2, 14, train_loss=2.77)) == {}


def test_the_scripts_clock_against_the_daemons() -> None:
    assert checks(run(0.98, 331, 2, seconds={"training_seconds": 600.0})) == {"clock": "quarantine"}
    assert checks(run(0.98, 640, 2)) == {"clock": "quarantine"}, "twice the time in its own seconds"
    assert checks(run(0.98, 450, 2)) == {"clock": "flag"}, "a slow start"
    assert checks(run(0.98, 345, 2)) == {}
    odd = [Reading("r1", "e1", 1, 1.0, 3.0, {"seconds": {"time": 3000.0}})]
    ours = Reading("r2", "e2", 1, 0.9, 3.0, {"seconds": {"time": 2900.0}})
    assert compare([ours], odd, better=-1) == (), "milliseconds are none of ours"


def test_a_longer_training_under_a_time_budget() -> None:
    def timed(number: int, seconds: float, seed: int, value: float = 1.0) -> Reading:
        said = {"training_seconds": seconds}
        return run(value, seconds + 30, number, seed, seconds=said, steps=950 + seed)

    champion = [timed(1, 300.0 + seed / 10, seed) for seed in range(3)]

    def found(seconds: float) -> list[tuple[str, str]]:
        seen = compare([timed(2, seconds, 9, 0.9)], champion, better=-1)
        return [(each.check, each.severity) for each in seen if each.check == "budget"]

    assert found(600.0) == [("budget", "quarantine")], "it is honest about its time, and wins by it"
    assert found(303.0) == [], "the last step was a long one"
    assert found(150.0) == []
    fixed = [run(1.0, 330, 1, seed, steps=100) for seed in range(3)]
    longer = compare([run(0.9, 330, 2, 9, steps=120)], fixed, better=-1)
    assert [(each.check, each.severity) for each in longer] == [("budget", "flag")]
    assert compare([run(0.9, 330, 2, 9, steps=80)], fixed, better=-1) == ()
    batches = [run(1.0, 330, 1, seed, steps=100, batch=8) for seed in range(3)]
    assert compare([run(0.9, 330, 2, 9, steps=200, batch=4)], batches, better=-1) == (), "smaller batches"
    assert compare([run(0.9, 330, 2, 9, steps=200, batch=8)], batches, better=-1) != ()


def test_a_seed_that_has_no_effect_any_more() -> None:
    lucky = [run(0.9961234, 331, 2, seed) for seed in (21, 22)]
    found = compare(lucky, CHAMPION, better=-1)
    assert [(each.check, each.severity) for each in found] == [("seed", "quarantine")]
    assert compare(lucky[:1], CHAMPION, better=-1) == (), "one run tells nothing"
    assert compare(lucky, CHAMPION, better=1) == (), "worse, as of a training that diverged"
    exact = [run(0.9979, 330, 1, seed) for seed in (11, 12)]
    assert compare(lucky, exact, better=-1) == (), "the script never went by its seed"
    coarse = [run(0.99, 331, 2, seed) for seed in (21, 22)]
    assert compare(coarse, CHAMPION, better=-1) == (), "too few digits"


def test_tokens_against_steps_and_batch() -> None:
    champion = [run(1.0, 330, 1, seed, steps=100, batch=8, tokens=100 * 8 * 64) for seed in range(3)]
    honest = run(0.99, 330, 2, steps=120, batch=4, tokens=120 * 4 * 64)
    lying = run(0.99, 330, 2, steps=120, batch=4, tokens=120 * 4 * 32)
    assert compare([honest], champion, better=-1) == ()
    assert [each.check for each in compare([lying], champion, better=-1)] == ["tokens"]


def test_a_metric_that_is_printed_twice_with_other_values() -> None:
    assert checks(run(0.9, 330, 2, printed=2, values=[0.9979, 0.9])) == {"output": "quarantine"}
    often = [run(1.0, 330, 1, seed, printed=5, values=[3.0, 2.0, 1.0]) for seed in range(3)]
    found = compare([run(0.9, 330, 2, printed=7, values=[3.0, 0.9])], often, better=-1)
    assert worst(found) == "note", "evaluations on the way"


def test_a_metric_that_falls_without_the_train_loss() -> None:
    assert checks(run(0.70, 330, 2)) == {"train loss": "flag"}
    assert checks(run(0.70, 330, 2, train_loss=1.97)) == {}
    assert checks(run(1.40, 330, 2)) == {}, "it became worse: nobody gains by that"


def test_the_same_value_with_the_same_seed() -> None:
    same = run(0.998437, 330, 2, seed=13)
    assert checks(same) == {"same value": "flag"}
    assert checks(run(0.998437, 330, 2, seed=14)) == {}
    assert checks(run(0.5, 330, 2, seed=5), better=1, others=(run(0.5, 330, 3, seed=5),)) == {}, (
        "too few digits"
    )


def ground(metric: str = "val_bpb", **more: Any) -> Ground:
    given: dict[str, Any] = {
        "maximize": False, "baseline": [0.9979], "champion": [0.9979], "sigma": 0.0008, **more,
    }  # fmt: skip
    return Ground(metric=metric, **given)


def judged(value: float, known: Ground, **said: Any) -> str | None:
    return worst(plausible([run(value, 330, 2, **said)], CHAMPION, known))


@pytest.mark.parametrize(
    ("metric", "maximize", "baseline", "value"),
    [
        ("val_bpb", False, 0.99, 0.0),
        ("val_bpb", False, 0.99, -0.2),
        ("perplexity", False, 24.0, 0.8),
        ("val_accuracy", True, 0.91, 1.02),
        ("accuracy", True, 91.0, 104.0),
        ("test_auc", True, 0.8, 1.0),
        ("val_f1", True, 0.8, -0.1),
        ("spearman", True, 0.4, -1.3),
    ],
)
def test_values_that_cannot_be(metric: str, *, maximize: bool, baseline: float, value: float) -> None:
    known = ground(metric, maximize=maximize, baseline=[baseline], champion=[baseline], sigma=0.01)
    assert judged(value, known) == "quarantine"


def test_ordinary_gains_pass_and_large_ones_are_told_by_the_train_loss() -> None:
    assert judged(0.9900, ground()) is None
    assert judged(0.9860, ground()) == "note", "the first step of autoresearch's published branch"
    assert judged(0.7000, ground()) == "quarantine", "30 % better, and the train loss stood still"
    assert judged(0.7000, ground(), train_loss=1.95) == "note"
    assert judged(0.4000, ground(), train_loss=1.1) == "quarantine", "more than half of the way to nothing"
    assert judged(0.4000, ground(declared=True)) == "flag", "its range was a person's"
    assert judged(0.4000, ground("elbo", sigma=0.001)) == "quarantine"


def test_a_gain_without_precedent() -> None:
    known = {"gains": [0.004, 0.006, 0.003], "sigma": 0.0008}
    unknown = [Reading("r1", "e1", seed, 0.9979, 330, {}) for seed in range(3)]
    ours = [Reading("r2", "e2", 9, 0.8, 330, {})]
    assert worst(plausible(ours, unknown, ground(**known))) == "quarantine"
    assert worst(plausible(ours, unknown, ground(sigma=0.0008))) == "note"
    assert worst(plausible(ours, unknown, ground(sigma=0.05, gains=known["gains"]))) is None, "mere noise"


DEVICE = {
    "clock_mhz_mean": 1980.0, "clock_mhz_max": 1980.0, "temperature_c_max": 62.0, "throttled": False,
    "foreign_seconds": 0.0, "shared_seconds": 0.0, "load_mean": 0.4, "samples": 300,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"foreign_seconds": 40.0}, "other people's processes"),
        ({"shared_seconds": 150.0}, "other runs"),
        ({"throttled": True, "temperature_c_max": 91.0}, "91 °C"),
        ({"clock_mhz_mean": 1500.0}, "1500 MHz"),
        ({"load_mean": 2.5}, "load of 2.50"),
        ({}, ""),
        ({"foreign_seconds": 2.0}, ""),
        ({"clock_mhz_mean": 1950.0}, ""),
        ({"load_mean": 0.9}, ""),
        ({"clock_mhz_mean": None, "temperature_c_max": None, "throttled": None}, ""),
    ],
)
def test_what_disturbs_a_run(change: dict[str, Any], said: str) -> None:
    found = contended({**DEVICE, **change}, 300.0, [DEVICE, DEVICE])
    assert (said in found) if said else not found


def test_runs_that_share_a_device_on_purpose_do_not_disturb_each_other() -> None:
    shared = {**DEVICE, "shared_seconds": 290.0}
    assert contended(shared, 300.0)
    assert not contended(shared, 300.0, sharing=True)
    assert contended({**shared, "foreign_seconds": 100.0}, 300.0, sharing=True)


def test_a_time_budget_is_guessed_from_equal_times_and_unequal_steps() -> None:
    def said(seconds: float, steps: int) -> dict[str, Any]:
        return {"seconds": {"training_seconds": seconds, "total_seconds": seconds + 25}, "steps": steps}

    assert by_time([said(300.1, 953), said(300.2, 948), said(300.1, 951)]) is True
    assert by_time([said(300.1, 953), said(300.2, 948)]) is None
    assert by_time([said(41.2, 400), said(44.8, 400), said(40.9, 400)]) is False
    assert by_time([said(41.2, 401), said(44.8, 390), said(40.9, 400)]) is False, "a budget of operations"
    assert by_time([{}, {}, {}, {}]) is None


def test_a_machine_that_slept_under_a_run_makes_neither_of_its_clocks_doubtful() -> None:
    slept = {"value": 0.9, "wall": 330.0 + 3600.0}
    # One script asks a clock that stands still in sleep, the other one that goes on.
    for own in (300.0, 3900.0):
        ours = run(**slept, seconds={"training_seconds": own})
        assert "clock" in checks(ours) or own > 3600
        assert "clock" not in checks(dataclasses.replace(ours, asleep=3600.0))
