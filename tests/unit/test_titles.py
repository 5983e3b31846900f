"""Titles say what is true: a value that a change moves from is that of the base that it was built on."""

from __future__ import annotations

import dataclasses
from typing import Any

from arctl.daemon.life.titles import change_of, told
from tests.support.steering import PARAMS, Stage


def titled(title: str, values: dict[str, Any], base: dict[str, Any] | None = None) -> tuple[str, str]:
    """Return the title and the change of an experiment on a base with these values."""
    stage = Stage()
    stage.set(dataclasses.replace(stage.state.experiments["e2"], params={**PARAMS, **(base or {})}))
    row = dataclasses.replace(stage.state.experiments["e4"], title=title)
    change = {"kind": "params", "values": values}
    stage.set(dataclasses.replace(stage.state.proposals["p3"], change=change))
    stage.set(row)
    return told(stage.state, row), change_of(stage.state, row)


def test_a_title_that_was_written_on_another_base_is_told_with_the_base_it_has() -> None:
    assert titled("LR 0.1 -> 0.2", {"LR": 0.2}) == ("LR 0.01 -> 0.2", "LR 0.01 → 0.2 on e2")
    assert titled("LR 0.1 → 0.2, WIDTH 16 → 64", {"LR": 0.2, "WIDTH": 64})[0] == (
        "LR 0.01 → 0.2, WIDTH 32 → 64"
    )
    assert titled("try OPT sgd → adam", {"OPT": "adam"})[0] == "try OPT adam → adam"


def test_a_title_that_is_true_stays_as_it_was_written() -> None:
    for title in ("LR 0.01 -> 0.2", "LR 1e-2 → 0.2", "raise LR", "LR = 0.2", "MYLR 5 -> 6", "LR.x 5 -> 6"):
        assert titled(title, {"LR": 0.2})[0] == title
    assert titled("LR 0.01235 → 0.02", {"LR": 0.02}, {"LR": 0.0123456})[0] == "LR 0.01235 → 0.02"


def test_a_dotted_parameter_is_known_by_its_last_name_too() -> None:
    base = {"optimizer.lr": 0.3}
    title, change = titled("lr 0.1 → 0.2", {"optimizer.lr": 0.2}, base)
    assert (title, change) == ("lr 0.3 → 0.2", "optimizer.lr 0.3 → 0.2 on e2")


def test_code_has_no_values_to_tell() -> None:
    stage = Stage()
    row = dataclasses.replace(stage.state.experiments["e4"], title="LR 0.1 -> 0.2")
    assert (told(stage.state, row), change_of(stage.state, row)) == ("LR 0.1 -> 0.2", "")


def test_words_before_an_arrow_that_are_no_values_stay() -> None:
    for title in ("LR decay → cosine", "OPT state -> none", "LR 30% → 0.2"):
        assert titled(title, {"LR": 0.2, "OPT": "adam"})[0] == title
