"""Brains that follow rules: what they are asked, what they may answer."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import pytest

from arctl.daemon.actions import AskAgent
from arctl.daemon.brains import rules
from arctl.daemon.brains.actor import Brains, make
from arctl.daemon.brains.base import RuledBrain
from arctl.daemon.brains.deck import DeckBrain, read
from arctl.daemon.brains.search import SearchBrain
from arctl.daemon.brains.shape import misfit
from arctl.daemon.facts import Fact, TurnAnswered, TurnFailed
from arctl.daemon.rows import (
    Agent,
    Campaign,
    CampaignState,
    DeadEnd,
    Direction,
    DirectionState,
    Directive,
    DirectiveState,
    Move,
    Proposal,
    ProposalState,
    Role,
    Stance,
    Turn,
)
from arctl.daemon.thought import BrainFault
from arctl.daemon.turns import DirectionDraft, Draft, Opinion, Past, Question, Reply, Words
from arctl.errors import ArctlError
from arctl.experiments.company import Brain as Settings
from arctl.experiments.effects import Effect
from tests.support.minds import Stage

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


def asked(
    move: Move = Move.PROPOSE, *, root: Path = Path("/nowhere"), spec: str = SPEC, **changes: Any
) -> Question:
    values: dict[str, Any] = {
        "turn": Turn("q1", "toy", "ada", move, 1.0, 2.0),
        "campaign": Campaign("toy", str(root), spec, CampaignState.RUNNING, 1.0, champion="e1"),
        "agent": Agent("a1", "toy", "ada", Role.ANALYST, "search", 1.0),
        "move": move,
        "settings": Settings(),
        "base": "e1",
        "commit": "c1",
        "params": START,
        "history": BASE,
        "want": 4,
    }
    return Question(**{**values, **changes})


def past(number: int, values: dict[str, Any], value: float | None, axis: str = "", move: str = "") -> Past:
    verdict = "rejected" if value else ""
    return Past(f"e{number}", "t", axis, verdict, {**START, **values}, value, move=move)


BASE = (past(1, {}, 1.0),)


def search(question: Question) -> Reply:
    return SearchBrain(question.settings).propose(question)


def dead(*axes: str) -> tuple[DeadEnd, ...]:
    return tuple(DeadEnd(f"d{n}", "toy", axis, 1.0, "", "", "gate") for n, axis in enumerate(axes))


def axes_of(reply: Reply) -> set[str]:
    return {axis for draft in reply.drafts for axis in draft.axis.split("+")}


def test_search_moves_open_axes_within_their_range_and_never_repeats() -> None:
    seen, history = set(), list(BASE)
    for number in range(2, 40):
        reply = search(asked(want=1, history=tuple(history)))
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
        history.append(past(number, values, 1.0 + number / 100, draft.axis, draft.move))
    assert len(seen) > 12


def test_search_is_repeatable() -> None:
    assert search(asked()) == search(asked())


def test_search_leaves_dead_axes_alone_and_says_when_none_is_left() -> None:
    reply = search(asked(dead_ends=dead("LR", "WIDTH")))
    assert axes_of(reply) == {"ACT"}
    reply = search(asked(dead_ends=dead("LR", "WIDTH", "ACT")))
    assert reply.exhausted
    assert "arctl deadends" in reply.note


def test_search_stays_within_its_direction_and_off_what_others_hold() -> None:
    direction = Direction("h1", "toy", 1.0, "ada", "t", axes=("WIDTH", "ACT"))
    assert axes_of(search(asked(direction=direction))) <= {"WIDTH", "ACT"}
    assert "WIDTH" not in axes_of(search(asked(taken=frozenset({"WIDTH"}))))


def test_search_proposes_on_different_axes_in_one_turn() -> None:
    direction = Direction("h1", "toy", 1.0, "ada", "t", axes=("LR", "WIDTH", "ACT"))
    for number in range(8):
        turn = Turn(f"q{number}", "toy", "ada", Move.PROPOSE, 1.0, 2.0)
        axes = [draft.axis for draft in search(asked(direction=direction, want=2, turn=turn)).drafts]
        assert len(axes) == len(set(axes)) == 2


def test_search_is_exhausted_when_every_value_was_tried() -> None:
    tried = (*BASE, past(2, {"ACT": "tanh"}, 1.1, "ACT"))
    reply = search(asked(history=tried, dead_ends=dead("LR", "WIDTH")))
    assert reply.exhausted
    assert not reply.drafts


def test_search_does_not_move_a_third_time_the_same_way_in_vain() -> None:
    spec = "\n".join(SPEC.splitlines()[:11])
    history = (*BASE, past(2, {"LR": 0.02}, 1.1, "LR", "up"), past(3, {"LR": 0.1}, 1.1, "LR", "up"))
    reply = search(asked(history=history, params={"LR": 0.01}, spec=spec, want=1))
    assert all(draft.move == "down" for draft in reply.drafts)


def test_search_wants_nothing_where_nothing_is_wanted_and_is_not_exhausted_by_it() -> None:
    reply = search(asked(want=0))
    assert not reply.drafts
    assert not reply.exhausted


def test_search_gives_up_what_was_objected_to() -> None:
    proposal = Proposal("p1", "toy", 1, "ada", "search", "t", {}, "e1", state=ProposalState.OBJECTED)
    reply = search(asked(proposal=proposal, want=1))
    assert not reply.drafts
    assert not reply.exhausted


def test_search_takes_a_directive_up_and_works_under_it() -> None:
    directive = Directive("i1", "toy", 1.0, "toy", "Leave LR alone, but try ACT.", "zoe")
    reply = search(asked(directives=(directive,)))
    (word,) = reply.acknowledged
    assert (word.directive, word.done) == ("i1", False)
    assert "ACT" in word.plan
    assert axes_of(reply) == {"ACT"}
    heard = dataclasses.replace(directive, state=DirectiveState.ACKNOWLEDGED)
    ended = dataclasses.replace(past(2, {"ACT": "tanh"}, 1.1, "ACT"), directive="i1", agent="ada")
    (word,) = search(asked(directives=(heard,), history=(*BASE, ended))).acknowledged
    assert word.done
    assert "e2" in word.report


def test_a_proposal_of_nonsense_in_the_queue_does_not_stop_the_search() -> None:
    for change in (
        {"kind": "params", "values": {"LR": None}},
        {"kind": "params", "values": {"LR": 10**400}},
        {},
    ):
        row = Proposal("p1", "toy", 1, "bo", "x", "t", change, "e1", axis="LR")
        assert search(asked(open=(row,))).drafts


# -- rules ---------------------------------------------------------------------------------------------------


def test_directions_cover_the_axes_each_analyst_its_share_of_three_at_most() -> None:
    found = []
    for seat in range(2):
        reply = rules.discuss(asked(Move.DISCUSS, round=1, seat=(seat, 2)))
        found += [axis for draft in reply.directions for axis in draft.axes]
        assert all(len(draft.axes) <= rules.AXES for draft in reply.directions)
        for draft in reply.directions:
            assert draft.prediction
            assert draft.falsifier
            assert draft.first
    assert sorted(found) == ["ACT", "LR", "WIDTH"], "MOMENTUM's condition does not hold"


def test_cold_axes_come_before_those_that_paid_and_these_before_the_worn() -> None:
    kept, worn = Effect("LR", 5, 0.1, 0.0, 1), Effect("WIDTH", 5, -0.1, 0.0, 0)
    assert rules.free_axes(asked(effects=(kept, worn))) == ["ACT", "LR", "WIDTH"]
    cold = Effect("ACT", 5, -0.1, 0.0, 0)
    assert rules.free_axes(asked(effects=(kept, worn, cold)))[0] == "LR"
    assert "LR" not in rules.free_axes(asked(effects=(worn, cold), dead_ends=dead("LR")))


def direction(number: int, *axes: str, author: str = "bo", **changes: Any) -> Direction:
    return Direction(f"h{number}", "toy", 1.0, author, "t", axes=axes, **changes)


@pytest.mark.parametrize(
    ("axes", "effects", "ends", "stance"),
    [
        (("LR",), (), (), Stance.ENDORSE),
        (("LR",), (Effect("LR", 4, 0.1, 0, 1),), (), Stance.ENDORSE),
        (("LR",), (Effect("LR", 4, -0.1, 0, 0),), (), Stance.ENDORSE),
        (("LR",), (), ("LR",), Stance.OBJECT),
        (("LR", "ACT"), (Effect("LR", 4, -0.1, 0, 0),), (), Stance.ENDORSE),
    ],
)
def test_directions_of_others_are_judged_by_the_ledger(
    axes: tuple[str, ...], effects: tuple[Effect, ...], ends: tuple[str, ...], stance: Stance
) -> None:
    rows = (
        direction(1, *axes),
        direction(2, "X", author="ada"),
        direction(3, "Y", state=DirectionState.ACTIVE),
    )
    reply = rules.discuss(
        asked(Move.DISCUSS, round=2, directions=rows, effects=effects, dead_ends=dead(*ends))
    )
    (opinion,) = reply.opinions
    assert (opinion.subject, opinion.stance) == ("h1", stance)
    assert opinion.reason
    assert not reply.directions


def proposed(**changes: Any) -> Proposal:
    return Proposal(**{"id": "p1", "campaign": "toy", "created": 1.0, "agent": "bo", "brain": "x",
                       "title": "t",                        "change": {}, "base": "e1",
                       "axis": "LR", **changes})  # fmt: skip


@pytest.mark.parametrize(
    ("row", "effects", "stance"),
    [
        (proposed(), (), Stance.ENDORSE),
        (proposed(near=("e4",)), (), Stance.OBJECT),
        (proposed(near=("e4",), difference="other seeds"), (), Stance.ENDORSE),
        (proposed(), (Effect("LR", rules.TRIED, -0.1, 0, 0),), Stance.OBJECT),
        (proposed(difference="a new schedule"), (Effect("LR", rules.TRIED, -0.1, 0, 0),), Stance.ENDORSE),
        (proposed(), (Effect("LR", rules.TRIED - 1, -0.1, 0, 0),), Stance.ENDORSE),
        (proposed(), (Effect("LR", 9, -0.1, 0, 1),), Stance.ENDORSE),
    ],
)
def test_a_critic_by_rule_objects_to_what_repeats_and_to_a_line_that_never_paid(
    row: Proposal, effects: tuple[Effect, ...], stance: Stance
) -> None:
    (opinion,) = rules.critique(asked(Move.CRITIQUE, proposal=row, effects=effects)).opinions
    assert (opinion.subject, opinion.stance) == ("p1", stance)
    assert opinion.reason


def test_ruled_brains_write_no_code_and_have_nothing_to_reflect_on() -> None:
    brain = SearchBrain(Settings())
    for move in (Move.IMPLEMENT, Move.REPAIR):
        assert "writes no code" in asyncio.run(brain.answer(asked(move))).declined
    assert asyncio.run(brain.answer(asked(Move.REFLECT))) == Reply()
    with pytest.raises(NotImplementedError):
        RuledBrain(Settings()).propose(asked())


# -- the deck ------------------------------------------------------------------------------------------------


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


DECK = Settings(kind="deck", deck="deck")


def deck(root: Path, **cards: str) -> None:
    (root / "deck").mkdir(exist_ok=True)
    for name, axis in cards.items():
        (root / "deck" / f"{name}.patch").write_text(CARD.replace("model.x", axis))


def test_the_deck_is_drawn_in_order_and_once(tmp_path: Path) -> None:
    deck(tmp_path, c="x", a="x", b="x")
    brain = DeckBrain(DECK)
    first = brain.propose(asked(root=tmp_path, want=2))
    assert [draft.source for draft in first.drafts] == ["a.patch", "b.patch"]
    assert not first.exhausted
    drawn = tuple(Past("e", "t", "", "", {}, None, draft.source) for draft in first.drafts)
    second = brain.propose(asked(root=tmp_path, want=2, history=drawn))
    assert [draft.source for draft in second.drafts] == ["c.patch"]
    assert second.exhausted
    waiting = proposed(source="c.patch")
    assert not brain.propose(asked(root=tmp_path, want=2, history=drawn, open=(waiting,))).drafts


def test_the_deck_draws_within_its_direction_and_talks_about_what_is_left(tmp_path: Path) -> None:
    deck(tmp_path, a="model.x", b="data.y", c="model.z", d="")
    brain = DeckBrain(DECK)
    reply = brain.discuss(asked(Move.DISCUSS, root=tmp_path, round=1))
    assert {axis for draft in reply.directions for axis in draft.axes} == {"model", "data"}
    mine = brain.propose(asked(root=tmp_path, direction=direction(1, "model")))
    assert [draft.source for draft in mine.drafts] == ["a.patch", "c.patch"]
    rest = brain.propose(asked(root=tmp_path, taken=frozenset({"model"})))
    assert [draft.source for draft in rest.drafts] == ["b.patch", "d.patch"]


def test_a_broken_card_is_left_out_and_said_once(tmp_path: Path) -> None:
    deck(tmp_path, a="x")
    (tmp_path / "deck" / "0.patch").write_text("nonsense\n---\n")
    brain = DeckBrain(DECK)
    assert "0.patch:1" in brain.propose(asked(root=tmp_path)).note
    reply = brain.propose(asked(root=tmp_path))
    assert not reply.note
    assert [draft.source for draft in reply.drafts] == ["a.patch"]


def test_a_missing_deck_is_told() -> None:
    with pytest.raises(ArctlError, match="not a folder"):
        DeckBrain(DECK).propose(asked())


# -- the actor -----------------------------------------------------------------------------------------------


def test_an_unknown_brain_is_told_with_those_there_are() -> None:
    with pytest.raises(ArctlError, match="no brain called") as told:
        make(Settings(kind="oracle"), Stage().services)
    assert "search" in told.value.remedy


class Odd:
    """A brain that does whatever a test wants."""

    def __init__(self, said: Any) -> None:
        self.said = said

    async def answer(self, question: Question) -> Any:
        if isinstance(self.said, Exception):
            raise self.said
        if self.said == "for ever":
            await asyncio.Event().wait()
        return self.said


def told(said: Any, **changes: Any) -> Fact:
    facts: list[Fact] = []
    brains = Brains(Stage().services, facts.append)
    question = asked(settings=Settings(timeout=0.05), **changes)
    brains._brains["toy", "ada"] = [(question.settings, Odd(said))]
    asyncio.run(brains.handle(AskAgent(question)))
    (fact,) = facts
    return fact


def test_an_agent_with_settings_of_its_own_for_critiques_keeps_both_of_its_brains() -> None:
    brains = Brains(Stage().services, lambda fact: None)
    usual, critic = asked(settings=Settings()), asked(settings=Settings(timeout=7))
    first, second = brains._brain(usual), brains._brain(critic)
    assert first is not second
    assert [brains._brain(usual), brains._brain(critic), brains._brain(usual)] == [first, second, first]
    edited = brains._brain(asked(settings=Settings(timeout=9)))
    assert edited not in (first, second)
    assert brains._brain(usual) is first


def test_an_answer_is_reported() -> None:
    assert told(Reply(note="x")) == TurnAnswered("q1", Reply(note="x"))


@pytest.mark.parametrize(
    ("said", "fault", "words", "human"),
    [
        (BrainFault("rate_limited", "wait", retry_after=3), "rate_limited", "wait", False),
        (BrainFault("key", "no key", "set one", human=True), "key", "no key", True),
        (ArctlError("the deck is gone", "put it back"), "refused", "the deck is gone", True),
        (ValueError("boo"), "broken", "ValueError: boo", False),
        ("for ever", "timeout", "no answer within 0.05 s", False),
        (None, "broken", "nonsense: answer is nothing", False),
        ("words", "broken", "answer is of type str", False),
        (Reply(drafts=None), "broken", "answer.drafts is nothing", False),  # type: ignore[arg-type]
        (Reply((Draft(1, {}),)), "broken", "answer.drafts[0].title is of type int", False),  # type: ignore[arg-type]
        (Reply((Draft("t", []),)), "broken", "drafts[0].change", False),  # type: ignore[arg-type]
        (Reply(change="diff"), "broken", "answer.change", False),  # type: ignore[arg-type]
        (Reply(opinions=(Opinion("p1", None, ""),)), "broken", "stance is nothing", False),  # type: ignore[arg-type]
        (Reply(posts=(Words(5),)), "broken", "posts[0].text", False),  # type: ignore[arg-type]
        (Reply(directions=(DirectionDraft("t", "h", (1,)),)), "broken", "axes[0]", False),  # type: ignore[arg-type]
        (Reply(note=None), "broken", "answer.note", False),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_whatever_a_brain_does_is_a_fault_of_its_turn(said: Any, fault: str, words: str, human: bool) -> None:
    fact = told(said)
    assert isinstance(fact, TurnFailed)
    assert (fact.turn, fact.fault, fact.human) == ("q1", fault, human)
    assert words in fact.message


def test_words_that_are_no_stance_and_lists_are_let_through_for_the_rules_to_judge() -> None:
    odd = Reply([Draft("t", {})], opinions=(Opinion("p1", "hm", ""),), notes=None)  # type: ignore[arg-type]
    assert not misfit(odd, Reply)
    assert isinstance(told(odd), TurnAnswered)
