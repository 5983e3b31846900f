"""The gate: its closed-form cases, its rules, and what it must never do."""

from __future__ import annotations

import json
import math
import random
import statistics
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, stdtr, stdtrit

from arctl.experiments.boundary import critical_value, crossing_probability
from arctl.experiments.gate import Judgement, judge, minimum_detectable_effect, pooled
from arctl.experiments.models import Guardrail, Policy
from arctl.experiments.noise import Spread, homogeneous, noisier

CHAMPION = (1.00, 1.01, 0.99, 1.02, 0.98)  # mean 1, variance 0.001 / 4
SIGMA = math.sqrt(0.001 / 4)
SEQUENTIAL = Policy()
GREEDY = Policy(mode="greedy")


def gate(candidate: Sequence[float], champion: Sequence[float] = CHAMPION, **more: Any) -> Judgement:
    settings: dict[str, Any] = {"policy": SEQUENTIAL, "goal": "maximize", "min_improvement": 0.0, "pool": ()}
    settings.update(more)
    policy, goal, gain = settings.pop("policy"), settings.pop("goal"), settings.pop("min_improvement")
    return judge(policy, goal, gain, candidate, champion, **settings)


def at_z(z: float, m: int = 5) -> float:
    """A single run with this Z against CHAMPION."""
    return 1.0 + z * SIGMA * math.sqrt(1 + 1 / m)


def test_z_and_threshold_are_those_of_the_closed_form() -> None:
    evidence = gate([at_z(2.0)]).evidence
    assert evidence.z == pytest.approx(2.0)
    assert evidence.sigma == pytest.approx(SIGMA)
    assert (evidence.nu, evidence.n, evidence.m, evidence.method) == (4, 1, 5, "pooled")
    assert evidence.threshold == pytest.approx(stdtrit(4, ndtr(2.087)))
    assert evidence.effect == pytest.approx(2.0 * SIGMA * math.sqrt(1.2))


@pytest.mark.parametrize(
    ("z", "outcome"),
    [
        (-3.0, "reject"),
        (0.0, "reject"),
        (0.79, "reject"),
        (0.81, "more"),
        (3.05, "more"),
        (3.1, "accept"),
        (4.4, "accept"),
    ],
)
def test_first_look(z: float, outcome: str) -> None:
    assert gate([at_z(z)]).outcome == outcome


def test_orientation_follows_the_goal() -> None:
    assert gate([at_z(4.0)], goal="maximize").outcome == "accept"
    assert gate([at_z(4.0)], goal="minimize").outcome == "reject"
    assert gate([at_z(-4.0)], goal="minimize").outcome == "accept"
    assert gate([at_z(-4.0)], goal="minimize").evidence.effect > 0


def test_one_run_far_beyond_the_noise_waits_for_a_second() -> None:
    first = gate([at_z(9.0)])
    assert first.outcome == "more"
    assert "second" in first.reason
    assert gate([at_z(9.0), at_z(9.3)]).outcome == "accept"


def test_min_improvement_is_taken_off_the_effect() -> None:
    shift = 0.05
    assert gate([at_z(3.2)], min_improvement=shift).outcome == "reject"
    assert gate([at_z(4.0) + shift], min_improvement=shift).evidence.z == pytest.approx(4.0)


def test_futility_rises_and_the_last_look_is_inconclusive() -> None:
    quiet = [1.0, 1.02]
    pool = [[0.0, 2 * SIGMA] * 20]
    for n, futility in ((1, 0.8), (2, 0.9), (3, 1.0)):
        assert gate([1.0] * n, pool=pool).evidence.futility == futility
    assert gate([1.0] * 5, pool=pool).evidence.futility is None
    assert gate([1.0] * 5, pool=pool).outcome == "inconclusive"
    assert gate([0.9, 0.91, 0.9, 0.9, 0.89], pool=pool).outcome == "inconclusive"
    assert gate(quiet, pool=pool).evidence.n == 2


def test_between_looks_more_runs_are_asked_for() -> None:
    judgement = gate([at_z(4.0)] * 4, pool=[[0.0, SIGMA] * 10])
    assert judgement.outcome == "more"
    assert "5" in judgement.reason
    assert gate([]).outcome == "more"


def test_more_runs_than_the_last_look_are_judged_as_the_last() -> None:
    assert gate([at_z(4.0) + 0.001 * k for k in range(7)]).outcome == "accept"
    assert gate([1.0, 1.01, 0.99, 1.0, 1.01, 1.0]).outcome == "inconclusive"


def test_the_policys_own_looks_are_used() -> None:
    policy = Policy(looks=(2, 4))
    assert gate([at_z(4.0)], policy=policy).outcome == "more"
    assert gate([at_z(4.0), at_z(4.2)], policy=policy).outcome == "accept"


def test_without_replicates_nothing_is_accepted() -> None:
    judgement = gate([2.0], champion=[1.0])
    assert judgement.outcome == "inconclusive"
    assert "noise is unknown" in judgement.reason


def test_bit_exact_runs_accept_any_gain_above_the_minimum_and_say_so() -> None:
    champion = [0.1] * 5
    judgement = gate([0.1000001], champion=champion)
    assert judgement.outcome == "accept"
    assert "last bit" in judgement.evidence.note
    assert judgement.evidence.z == math.inf
    assert gate([0.1], champion=champion).outcome == "reject"
    assert gate([0.05], champion=champion).outcome == "reject"
    assert gate([0.15], champion=champion, min_improvement=0.1).outcome == "reject"


def test_evidence_becomes_plain_json() -> None:
    evidence = gate([0.2], champion=[0.1] * 5).evidence
    assert json.loads(json.dumps(evidence.to_dict(), allow_nan=False))["z"] is None


def test_a_noisy_candidate_against_bit_exact_runs_is_judged_by_its_own_spread() -> None:
    judgement = gate([2.0, 4.0], champion=[1.0] * 5)
    assert judgement.evidence.method == "welch"
    assert judgement.outcome != "accept"


def test_values_that_are_not_finite_are_never_accepted() -> None:
    assert gate([math.inf]).outcome == "reject"
    assert gate([math.nan, 5.0]).outcome == "reject"
    assert gate([5.0], champion=[math.nan]).outcome == "inconclusive"
    assert gate([5.0], champion=[]).outcome == "inconclusive"


def test_values_too_large_to_square_are_no_numbers() -> None:
    assert gate([1e300, 1e308]).outcome == "reject"
    assert gate([5.0], champion=[1e308, -1e308]).outcome == "inconclusive"
    assert gate([at_z(3.2)], pool=[[1e308, -1e308]]).outcome == "accept"


def test_tiny_spreads_do_not_divide_by_zero() -> None:
    for tiny in (1e-90, 1e-160, 5e-324):
        assert gate([1e-300, tiny], champion=[0.0, 0.0]).reason
        assert gate([0.0, tiny, 1e90], champion=[0.0, tiny], pool=[[tiny, 0.0], [0.0, 0.0]]).reason


def test_greedy_keeps_what_is_better_once_and_discards_a_tie() -> None:
    assert gate([1.0001], policy=GREEDY, champion=[1.0]).outcome == "accept"
    assert gate([1.0], policy=GREEDY, champion=[1.0]).outcome == "reject"
    assert gate([0.9], policy=GREEDY, champion=[1.0]).outcome == "reject"
    assert gate([1.0001], policy=GREEDY, champion=[1.0], min_improvement=0.01).outcome == "reject"
    assert gate([math.nan], policy=GREEDY, champion=[1.0]).outcome == "reject"


def test_pooling_is_within_experiments() -> None:
    assert pooled([[1, 3], [101, 103, 105], [7]]) == Spread(math.sqrt((2 + 8) / 3), 3)
    assert pooled([]) == Spread(0.0, 0)
    assert pooled([[0.1] * 7]) == Spread(0.0, 6)


def test_values_in_the_pool_twice_are_counted_once() -> None:
    candidate = [at_z(2.0), at_z(2.1)]
    alone = gate(candidate).evidence
    assert gate(candidate, pool=[CHAMPION]).evidence == alone
    assert gate(candidate, pool=[list(CHAMPION), candidate]).evidence == alone
    assert alone.nu == 5


def test_a_noisier_candidate_is_judged_by_welch() -> None:
    candidate = [1.3, 0.9, 1.4]
    judgement = gate(candidate, pool=[CHAMPION, [5, 5.01, 5.02, 4.99]])
    evidence = judgement.evidence
    assert evidence.method == "welch"
    assert "candidate" in evidence.note
    own = statistics.variance(candidate) / 3
    other = pooled([CHAMPION, [5, 5.01, 5.02, 4.99]])
    theirs = other.sigma**2 / 5
    assert evidence.nu == pytest.approx((own + theirs) ** 2 / (own**2 / 2 + theirs**2 / other.nu))
    assert evidence.z == pytest.approx(0.2 / math.sqrt(own + theirs))
    assert judgement.outcome != "accept"


def test_a_champion_unlike_the_pool_never_loses_to_a_single_run() -> None:
    pool = [[1, 1.0001, 1.0002, 1.0003, 0.9999, 1, 1.0001], [2, 2.0001, 2.0002, 1.9999]]
    judgement = gate([at_z(4.4)], pool=pool)
    assert judgement.evidence.method == "welch"
    assert judgement.outcome == "more"


def test_one_wildly_noisy_experiment_does_not_hide_later_gains() -> None:
    quiet = [[i, i + 0.01, i - 0.01, i + 0.02] for i in range(4)]
    kept, left_out = homogeneous([*quiet, [0.0, 5.0, 9.0]])
    assert (len(kept), left_out) == (4, 1)
    judgement = gate([at_z(3.2)], pool=[*quiet, [0.0, 5.0, 9.0]])
    assert judgement.outcome == "accept"
    assert "left out" in judgement.evidence.note


def test_the_variance_ratio_is_one_sided() -> None:
    rest = Spread(1.0, 20)
    assert noisier([0, 10, -10], rest)
    assert not noisier([0, 0.001, -0.001], rest)
    assert not noisier([5], rest)
    assert noisier([0, 1], Spread(0.0, 4))
    assert not noisier([0, 0], Spread(0.0, 4))


RAIL = (Guardrail(metric="memory", max_increase="10%"), Guardrail(metric="speed", max_decrease=5.0))
GOOD = [{"memory": 100.0, "speed": 50.0}]


def railed(candidate: dict[str, float], champion: Any = GOOD, baseline: Any = GOOD) -> Judgement:
    return gate(
        [at_z(4.0)],
        guardrails=RAIL,
        candidate_metrics=[candidate],
        champion_metrics=champion,
        baseline_metrics=baseline,
    )


def test_guardrails_within_their_limits_do_not_interfere() -> None:
    assert railed({"memory": 110.0, "speed": 45.0}).outcome == "accept"
    assert railed({"memory": 1.0, "speed": 500.0}).outcome == "accept"


@pytest.mark.parametrize(
    ("candidate", "word"),
    [
        ({"memory": 111.0, "speed": 50.0}, "memory rose"),
        ({"memory": 100.0, "speed": 44.0}, "speed fell"),
        ({"speed": 50.0}, "memory is missing"),
        ({"memory": math.nan, "speed": 50.0}, "memory is missing or not finite"),
        ({"memory": 100.0, "speed": math.inf}, "speed is missing or not finite"),
    ],
)
def test_a_violated_guardrail_rejects(candidate: dict[str, float], word: str) -> None:
    judgement = railed(candidate)
    assert judgement.outcome == "reject"
    assert word in judgement.evidence.guardrails[0]
    assert word in judgement.reason


def test_small_steps_cannot_ratchet_past_the_baseline() -> None:
    champion = [{"memory": 108.0, "speed": 50.0}]
    judgement = railed({"memory": 115.0, "speed": 50.0}, champion=champion)
    assert judgement.outcome == "reject"
    assert "(baseline)" in judgement.reason


def test_a_reference_without_the_metric_is_a_violation_too() -> None:
    assert railed(GOOD[0], champion=[]).outcome == "reject"
    assert railed(GOOD[0], baseline=[{"memory": 100.0}]).outcome == "reject"


def test_guardrails_hold_in_greedy_mode() -> None:
    rails: dict[str, Any] = {
        "guardrails": RAIL,
        "candidate_metrics": [{}],
        "champion_metrics": GOOD,
        "baseline_metrics": GOOD,
    }
    assert gate([2.0], policy=GREEDY, **rails).outcome == "reject"


@pytest.mark.parametrize(("alpha", "c"), [(0.10, 1.752), (0.05, 2.087), (0.02, 2.471)])
def test_the_tabulated_boundary_is_what_integration_gives(alpha: float, c: float) -> None:
    assert critical_value(alpha) == c
    assert crossing_probability(c, (1, 2, 3, 5)) == pytest.approx(alpha, rel=0.015)
    assert critical_value(alpha * 1.0000001) == pytest.approx(c, abs=0.005)


def test_the_boundary_of_one_look_is_the_normal_quantile() -> None:
    assert critical_value(0.05, (1,)) == pytest.approx(1.6449, abs=1e-4)
    assert critical_value(0.05, (4,)) == pytest.approx(1.6449, abs=1e-4)


def test_the_boundary_of_two_looks_agrees_with_pocock() -> None:
    assert critical_value(0.05, (1, 2)) == pytest.approx(
        1.875, abs=2e-3
    )  # Pocock's one-sided constant for 2 looks
    assert critical_value(0.025, (1, 2, 3, 4, 5)) == pytest.approx(2.413, abs=2e-3)


@pytest.mark.parametrize("alpha", [0.0, 0.5, -1.0, math.nan])
def test_an_alpha_without_a_boundary_is_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match="alpha"):
        critical_value(alpha)


@settings(deadline=None)
@given(st.floats(0.001, 0.49), st.lists(st.integers(1, 12), min_size=1, max_size=4, unique=True))
def test_the_boundary_spends_alpha(alpha: float, looks: list[int]) -> None:
    looks = sorted(looks)
    assert crossing_probability(critical_value(alpha, looks), looks) == pytest.approx(alpha, abs=1e-4)


def test_the_minimum_detectable_effect_is_found_with_its_power() -> None:
    rng = random.Random(3)
    sigma, nu, n, m = 2.0, 12, 3, 5
    effect = minimum_detectable_effect(sigma, nu, n, m, 0.05)
    threshold = stdtrit(nu, ndtr(2.087))
    hits = 0
    for _ in range(4000):
        spread = sigma * math.sqrt(sum(rng.gauss(0, 1) ** 2 for _ in range(nu)) / nu)
        difference = effect + rng.gauss(0, 1) * sigma * math.sqrt(1 / n + 1 / m)
        hits += difference / (spread * math.sqrt(1 / n + 1 / m)) >= threshold
    assert hits / 4000 == pytest.approx(0.8, abs=0.03)


def test_the_minimum_detectable_effect_behaves() -> None:
    effect = minimum_detectable_effect(1.0, 10, 5, 5, 0.05)
    assert minimum_detectable_effect(2.0, 10, 5, 5, 0.05) == pytest.approx(2 * effect)
    assert minimum_detectable_effect(1.0, 10, 5, 5, 0.05, power=0.9) > effect
    assert minimum_detectable_effect(1.0, 10, 3, 5, 0.05) > effect
    assert minimum_detectable_effect(1.0, 0, 3, 5, 0.05) == math.inf
    assert minimum_detectable_effect(0.0, 4, 3, 5, 0.05) == 0.0


values = st.floats(-1e6, 1e6, allow_nan=False)
samples = st.lists(values, min_size=1, max_size=6)


@settings(deadline=None)
@given(
    samples,
    samples,
    st.lists(samples, max_size=4),
    st.sampled_from(["minimize", "maximize"]),
    st.floats(0, 10),
)
def test_nothing_is_accepted_without_a_gain_above_the_minimum(
    candidate: list[float], champion: list[float], pool: list[list[float]], goal: str, least: float
) -> None:
    for policy in (SEQUENTIAL, GREEDY):
        judgement = gate(candidate, champion, pool=pool, goal=goal, min_improvement=least, policy=policy)
        evidence = judgement.evidence
        gain = evidence.mean_candidate - evidence.mean_champion
        oriented = gain if goal == "maximize" else -gain
        assert evidence.effect == oriented
        if judgement.outcome == "accept":
            assert oriented > least
        if judgement.outcome == "more":
            assert policy is SEQUENTIAL
            assert len(candidate) < 5
        assert judgement.reason.endswith(".")


@settings(deadline=None)
@given(samples, samples, st.lists(samples, max_size=3), st.floats(0.1, 10), st.floats(-100, 100))
def test_the_unit_of_the_metric_does_not_matter(
    candidate: list[float], champion: list[float], pool: list[list[float]], scale: float, shift: float
) -> None:
    rounded = [[round(value) for value in group] for group in (candidate, champion, *pool)]
    moved = [
        [value * 4 + 16 for value in group] for group in rounded
    ]  # exact in binary, as scale and shift are not
    first = gate(rounded[0], rounded[1], pool=rounded[2:])
    second = gate(moved[0], moved[1], pool=moved[2:])
    assert first.outcome == second.outcome
    if first.evidence.z is not None and math.isfinite(first.evidence.z):
        assert second.evidence.z == pytest.approx(first.evidence.z, rel=1e-6, abs=1e-9)


@settings(deadline=None)
@given(samples, samples, st.lists(samples, max_size=3))
def test_the_interval_excludes_no_gain_exactly_when_the_boundary_is_reached(
    candidate: list[float], champion: list[float], pool: list[list[float]]
) -> None:
    evidence = gate(candidate, champion, pool=pool).evidence
    if evidence.effect_low is None or evidence.z is None or evidence.threshold is None or evidence.sigma == 0:
        return
    if abs(evidence.z - evidence.threshold) > 1e-6 * max(1.0, abs(evidence.z)):
        assert (evidence.effect_low > 0) == (evidence.z > evidence.threshold)


def test_false_accepts_stay_near_alpha() -> None:
    rng = random.Random(11)
    accepted = 0
    for _ in range(3000):
        champion = [rng.gauss(0, 1) for _ in range(5)]
        pool = [[rng.gauss(0, 1) for _ in range(3)] for _ in range(8)]
        candidate = [rng.gauss(0, 1) for _ in range(5)]
        outcome = next(
            result
            for n in (1, 2, 3, 5)
            if (result := gate(candidate[:n], champion, pool=pool).outcome) != "more"
        )
        accepted += outcome == "accept"
    assert 0.02 < accepted / 3000 < 0.05


def test_the_threshold_has_the_tail_of_the_normal_boundary() -> None:
    evidence = gate([at_z(1.0)]).evidence
    assert evidence.threshold is not None
    assert 1 - stdtr(4, evidence.threshold) == pytest.approx(1 - ndtr(2.087))
