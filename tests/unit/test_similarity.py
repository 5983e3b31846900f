"""When two changes are so near each other that trying both says little."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arctl.experiments.models import Param
from arctl.experiments.similarity import TOLERANCE, near_params, near_value, near_words

LINEAR = Param(file="t.py", type="float", low=0.0, high=10.0)
LOG = Param(file="t.py", type="float", low=1e-4, high=1.0, log=True)
INT = Param(file="t.py", type="int", low=0, high=100)
CHOICE = Param(file="t.py", type="choice", choices=("a", "b", 1, 2))
BOOL = Param(file="t.py", type="bool")


@pytest.mark.parametrize(
    ("param", "one", "other", "near"),
    [
        (LINEAR, 5.0, 5.3, True),
        (LINEAR, 5.0, 5.5, False),
        (LINEAR, 0.1, 0.4, True),
        (LOG, 0.1, 0.12, True),
        (LOG, 0.1, 0.2, False),
        (LOG, 0.001, 0.0012, True),
        (LOG, 0.001, 0.3, False),
        (INT, 50, 53, True),
        (INT, 50, 60, False),
        (CHOICE, "a", "a", True),
        (CHOICE, "a", "b", False),
        (CHOICE, 1, 2, False),
        (BOOL, True, True, True),
        (BOOL, True, False, False),
    ],
)
def test_numbers_are_near_within_a_share_of_their_range(
    param: Param, one: Any, other: Any, near: bool
) -> None:
    assert near_value(param, one, other) is near
    assert near_value(param, other, one) is near


ODD = st.one_of(
    st.none(), st.booleans(), st.text(max_size=3), st.lists(st.integers(), max_size=1),
    st.dictionaries(st.text(), st.none()),
    st.integers(), st.floats(), st.just(10**400), st.just(-(10**400)),
)  # fmt: skip


@given(one=ODD, other=ODD, param=st.sampled_from([LINEAR, LOG, INT, CHOICE, BOOL]))
def test_whatever_a_value_is_it_can_be_compared(one: Any, other: Any, param: Param) -> None:
    assert near_value(param, one, other) is near_value(param, other, one)


def test_sets_of_values_are_near_where_each_is() -> None:
    params = {"L": LINEAR, "G": LOG}
    near = {"L": 5.0, "G": 0.1}
    assert near_params(params, near, {"L": 5.1, "G": 0.1})
    assert not near_params(params, near, {"L": 9.0, "G": 0.1})
    assert not near_params(params, near, {"L": 5.0})
    assert not near_params(params, {}, {})
    assert not near_params(params, {"X": 1}, {"X": 1}), "not on the surface"


@pytest.mark.parametrize(
    ("one", "other", "near"),
    [
        ("Use cosine decay", "use COSINE decay!", True),
        ("use cosine decay with warm up", "use cosine decay with warm restarts", False),
        ("", "", False),
        ("a", "", False),
        ("a b c d e", "a b c d f", False),
        ("a b c d e", "a b c d", True),
    ],
)
def test_titles_are_near_where_most_of_their_words_are_common(one: str, other: str, near: bool) -> None:
    assert near_words(one, other) is near


def test_the_tolerance_is_a_few_hundredths() -> None:
    assert 0 < TOLERANCE < 0.1
