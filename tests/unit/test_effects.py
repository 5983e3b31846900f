"""The effects ledger: what each axis was worth, and which axes are one."""

from __future__ import annotations

import math

import pytest

from arctl.experiments.effects import Trial, clash, covers, effects, parts, summed


def test_each_axis_is_summed_up_for_itself() -> None:
    found = effects(
        [Trial("A", 1.0, accepted=True), Trial("A", 3.0, accepted=False), Trial("B", -1.0, accepted=False)]
    )
    assert (found["A"].n, found["A"].mean, found["A"].kept) == (2, 2.0, 1)
    assert found["A"].sd == pytest.approx(math.sqrt(2))
    assert found["A"].kept * 2 == found["A"].n
    assert (found["B"].n, found["B"].sd, found["B"].kept) == (1, 0.0, 0)


def test_a_joint_axis_counts_for_itself_alone() -> None:
    assert set(effects([Trial("A+B", 1.0, accepted=False)])) == {"A+B"}


def test_what_is_no_number_counts_as_a_trial_without_a_gain() -> None:
    found = effects([Trial("A", value, accepted=False) for value in (None, math.nan, math.inf, 2.0)])
    assert (found["A"].n, found["A"].mean, found["A"].sd) == (4, 2.0, 0.0)
    assert effects([]) == {}


def test_the_interval_of_a_mean_is_that_of_students_t() -> None:
    gains = (0.1, 0.4, -0.2, 0.3)
    axis = summed([Trial("A", gain, accepted=False) for gain in gains])
    found = axis.interval()
    assert found is not None
    # By hand: mean 0.15, standard error 0.13229, and 3.18245 from the table of t with 3 degrees of freedom.
    assert found == pytest.approx((0.15 - 3.182446 * 0.132288, 0.15 + 3.182446 * 0.132288), abs=1e-5)
    assert summed([Trial("A", 0.1, accepted=False), Trial("A", None, accepted=False)]).interval() is None


def test_an_axis_names_its_newest_and_its_best_trial() -> None:
    trials = [
        Trial("A", 0.5, True, "e4", 4),
        Trial("A", None, False, "e9", 9),
        Trial("A", 0.7, False, "e2", 2),
    ]
    axis = summed(trials)
    assert (axis.first.name, axis.last.name, axis.measured) == ("e2", "e9", 2)
    assert axis.best is not None
    assert axis.best.name == "e2"
    assert summed([Trial("A", None, accepted=False)]).best is None


@pytest.mark.parametrize(
    ("outer", "inner", "within"),
    [
        ("a", "a", True),
        ("a", "a.b.c", True),
        ("a.b", "a", False),
        ("a", "ab", False),
        ("", "a", False),
    ],
)
def test_an_axis_covers_itself_and_what_lies_below_it(outer: str, inner: str, within: bool) -> None:
    assert covers(outer, inner) is within


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        (("a", "b"), ("c", "b"), True),
        (("a",), ("a.x",), True),
        (("a.x",), ("a",), True),
        (("a.x",), ("a.y",), False),
        ((), ("a",), False),
    ],
)
def test_sets_of_axes_clash_where_one_lies_within_another(
    one: tuple[str, ...], other: tuple[str, ...], meet: bool
) -> None:
    assert clash(one, other) is meet
    assert clash(set(one), iter(other)) is meet


def test_a_joint_axis_is_made_of_its_parts() -> None:
    assert parts("A+B") == ("A", "B")
    assert parts("A") == ("A",)
    assert parts("+") == parts("") == ()
