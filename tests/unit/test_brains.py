"""Brains: what they are given, what they may answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from arctl.daemon.actions import Past
from arctl.daemon.brains.actor import make
from arctl.daemon.brains.base import Situation
from arctl.daemon.brains.deck import DeckBrain, read
from arctl.daemon.brains.search import SearchBrain
from arctl.errors import ArctlError
from arctl.experiments.spec import parse

SPEC = """\
[run]
command = "true"
[metric]
name = "loss"
[files]
editable = ["t.py"]
[params.LR]
file = "t.py"
type = "float"
low = 1e-4
high = 1.0
log = true
[params.WIDTH]
file = "t.py"
type = "int"
low = 8
high = 64
step = 8
[params.ACT]
file = "t.py"
type = "choice"
choices = ["relu", "tanh"]
[params.MOMENTUM]
file = "t.py"
type = "float"
low = 0.0
high = 0.99
when = { ACT = "tanh" }
"""
START: dict[str, Any] = {"LR": 0.01, "WIDTH": 32, "ACT": "relu", "MOMENTUM": 0.9}


def situation(want: int = 4, history: tuple[Past, ...] = (), **changes: Any) -> Situation:
    values: dict[str, Any] = {
        "campaign": "toy",
        "root": Path("/nowhere"),
        "spec": parse(SPEC, "arctl.toml", "toy"),
        "base": "e1",
        "params": START,
        "history": history,
        "dead_axes": frozenset(),
        "want": want,
    }
    return Situation(**{**values, **changes})


def past(number: int, values: dict[str, Any], value: float | None, axis: str = "") -> Past:
    return Past(f"e{number}", "t", axis, "rejected" if value else "", {**START, **values}, value, "")


BASE = (past(1, {}, 1.0),)


def test_search_moves_open_axes_within_their_range_and_never_repeats() -> None:
    seen, history = set(), list(BASE)
    for number in range(2, 40):
        reply = SearchBrain().propose(situation(want=1, history=tuple(history)))
        if reply.exhausted:
            break
        (draft,) = reply.drafts
        values = draft.change["values"]
        assert "MOMENTUM" not in values, "its condition does not hold"
        assert 1e-4 <= values.get("LR", 0.01) <= 1.0
        assert values.get("WIDTH", 32) in range(8, 65, 8)
        assert values.get("ACT", "relu") in ("relu", "tanh")
        assert set(draft.axis.split("+")) == set(values)
        key = repr(sorted({**START, **values}.items()))
        assert key not in seen
        seen.add(key)
        history.append(past(number, values, 1.0 + number / 100, draft.axis))
    assert len(seen) > 20


def test_search_is_repeatable() -> None:
    first = SearchBrain().propose(situation(history=BASE))
    assert first == SearchBrain().propose(situation(history=BASE))


def test_search_leaves_dead_axes_alone_and_says_when_none_is_left() -> None:
    reply = SearchBrain().propose(situation(history=BASE, dead_axes=frozenset({"LR", "WIDTH"})))
    assert {axis for draft in reply.drafts for axis in draft.axis.split("+")} == {"ACT"}
    dead = frozenset({"LR", "WIDTH", "ACT"})
    reply = SearchBrain().propose(situation(history=BASE, dead_axes=dead))
    assert reply.exhausted
    assert "arctl deadends" in reply.note


def test_search_is_exhausted_when_every_value_was_tried() -> None:
    tried = (*BASE, past(2, {"ACT": "tanh"}, 1.1, "ACT"))
    reply = SearchBrain().propose(situation(history=tried, dead_axes=frozenset({"LR", "WIDTH"})))
    assert reply.exhausted
    assert not reply.drafts


CARD = """\
title: Better
hypothesis: It is
  better.
axis: model.x
---
diff --git a/t.py b/t.py
"""


def test_a_card_is_read_with_its_header(tmp_path: Path) -> None:
    (tmp_path / "1.patch").write_text(CARD)
    draft = read(tmp_path / "1.patch")
    assert (draft.title, draft.hypothesis, draft.axis) == ("Better", "It is better.", "model.x")
    assert draft.change == {"kind": "patch", "patch": "diff --git a/t.py b/t.py\n"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nonsense\n---\n", "1.patch:1"),
        ("title: x\n", "not closed"),
        ("axis: y\n---\n", "no title"),
    ],
)
def test_a_broken_card_is_told_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "1.patch").write_text(text)
    with pytest.raises(ArctlError, match=message) as told:
        read(tmp_path / "1.patch")
    assert told.value.remedy


def test_the_deck_is_drawn_in_order_and_once(tmp_path: Path) -> None:
    (tmp_path / "deck").mkdir()
    for name in "cab":
        (tmp_path / "deck" / f"{name}.patch").write_text(CARD)
    spec = parse(SPEC + '[brain]\nkind = "deck"\ndeck = "deck"\n', "arctl.toml", "toy")
    first = DeckBrain().propose(situation(want=2, root=tmp_path, spec=spec))
    assert [draft.source for draft in first.drafts] == ["a.patch", "b.patch"]
    assert not first.exhausted
    drawn = tuple(Past("e", "t", "", "", {}, None, draft.source) for draft in first.drafts)
    second = DeckBrain().propose(situation(want=2, root=tmp_path, spec=spec, history=drawn))
    assert [draft.source for draft in second.drafts] == ["c.patch"]
    assert second.exhausted


def test_a_missing_deck_is_told() -> None:
    spec = parse(SPEC + '[brain]\nkind = "deck"\ndeck = "deck"\n', "arctl.toml", "toy")
    with pytest.raises(ArctlError, match="not a folder"):
        DeckBrain().propose(situation(spec=spec))


def test_an_unknown_brain_is_told_with_those_there_are() -> None:
    with pytest.raises(ArctlError, match="no brain called") as told:
        make("oracle")
    assert "search" in told.value.remedy
