"""A person's proposals, checked before they are queued; approving and rejecting those of agents."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from arctl.daemon.actions import StopTurn
from arctl.daemon.rows import Critique, Move, ProposalState, Stance, Turn, TurnState
from arctl.experiments import cards
from arctl.experiments.errors import ScienceError
from tests.support.steering import Stage

PATCH = "--- a/train.py\n+++ b/train.py\n@@ -1 +1 @@\n-LR = 0.01\n+LR = 0.02\n"


def test_set_values_are_typed_and_queued_in_front() -> None:
    stage = Stage()
    answer = stage.done("propose", "toy", values={"LR": "3e-2", "FAST": "yes"})
    row = stage.state.proposals[answer["proposal"]]
    assert row.change == {"kind": "params", "values": {"LR": 0.03, "FAST": True}}
    assert (row.agent, row.brain, row.urgent, row.approved, row.base) == ("zoe", "human", True, True, "e2")
    assert row.axis == "FAST+LR"
    assert row.title == "LR 0.01 -> 0.03, FAST False -> True"
    assert row.state is ProposalState.READY


@pytest.mark.parametrize(
    ("values", "change", "move"),
    [
        ({"LR": "0.005"}, {"LR": 0.005}, "down"),
        ({"WIDTH": "64"}, {"WIDTH": 64}, "up"),
        ({"WIDTH": 64.0}, {"WIDTH": 64}, "up"),
        ({"OPT": "SGD"}, {"OPT": "sgd"}, "replace"),
        ({"OPT": "sgd", "MOMENTUM": "0.5"}, {"OPT": "sgd", "MOMENTUM": 0.5}, "replace"),
        ({"FAST": True}, {"FAST": True}, "replace"),
    ],
)
def test_values_become_what_their_parameters_are(values: dict[str, Any], change: Any, move: str) -> None:
    stage = Stage()
    row = stage.state.proposals[stage.done("propose", "toy", values=values)["proposal"]]
    assert row.change["values"] == change
    assert [type(value) for value in row.change["values"].values()] == [
        type(value) for value in change.values()
    ]
    assert row.move == move


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"LRR": "1"}, "did you mean LR?"),
        ({"zzzz": "1"}, "[params] has: FAST, LR, MOMENTUM, OPT, WIDTH"),
        ({"LR": "big"}, "LR is a number, not 'big'"),
        ({"LR": "nan"}, "LR is a number"),
        ({"LR": "0.5"}, "outside its range, 0.001 to 0.2"),
        ({"WIDTH": "31.5"}, "a whole number"),
        ({"WIDTH": "1e9"}, "outside its range"),
        ({"OPT": "lion"}, "choices: sgd, adam"),
        ({"FAST": "maybe"}, "--set FAST=true"),
        ({"MOMENTUM": "0.5"}, "it acts when OPT = sgd"),
        ({"LR": "0.01", "WIDTH": "32"}, "changes nothing"),
        ({}, "either a patch or values"),
        (["LR"], "a table of names"),
    ],
)
def test_values_that_do_not_fit_are_refused_before_anything_is_queued(values: Any, words: str) -> None:
    stage = Stage()
    assert words in stage.refused("propose", "toy", values=values)
    assert len(stage.state.proposals) == 10


def test_a_patch_is_queued_with_its_words() -> None:
    stage = Stage()
    answer = stage.done(
        "propose", "toy", patch=PATCH, title="twice", axis="LR", hypothesis="it is slow", base="e3"
    )
    row = stage.state.proposals[answer["proposal"]]
    assert row.change == {"kind": "patch", "patch": PATCH}
    assert (row.title, row.axis, row.hypothesis, row.base) == ("twice", "LR", "it is slow", "e3")
    assert "not both" not in stage.refused("propose", "toy", patch=PATCH, values={"LR": 1})
    assert "leave --base out" in stage.refused("propose", "toy", patch=PATCH, base="e6")


def test_a_dead_end_refuses_a_person_s_proposal_and_says_how_to_open_it() -> None:
    stage = Stage()
    stage.done("mark", "toy", "diverges", axis="LR")
    said = stage.refused("propose", "toy", values={"LR": 0.05})
    assert "inside dead end d1 (LR): diverges" in said
    assert "arctl revive" in said


def test_a_proposal_is_undone_until_it_is_taken() -> None:
    stage = Stage()
    ident = stage.done("propose", "toy", values={"LR": 0.05})["proposal"]
    stage.done("undo", "")
    assert stage.state.proposals[ident].state is ProposalState.WITHDRAWN
    other = stage.done("propose", "toy", values={"LR": 0.06})["proposal"]
    stage.set(dataclasses.replace(stage.state.proposals[other], state=ProposalState.TAKEN, experiment="e9"))
    assert "became e9" in stage.refused("undo", "")


def objected(stage: Stage) -> None:
    stage.set(Critique("c1", "toy", 9.0, "p9", "bob", Stance.OBJECT, "it is tried"))


def test_a_named_proposal_is_taken_over_an_objection() -> None:
    stage = Stage()
    objected(stage)
    answer = stage.done("approve", "p9", "I want to see it")
    row = stage.state.proposals["p9"]
    assert (row.state, row.approved) == (ProposalState.READY, True)
    first, second = stage.state.company.critiques_on("p9")
    assert first.lifted == "zoe approved it"
    assert (second.stance, second.author, second.reason) == (Stance.ENDORSE, "zoe", "I want to see it")
    assert "over c1" in answer["text"]
    stage.done("undo", "")
    row = stage.state.proposals["p9"]
    assert (row.state, row.approved) == (ProposalState.PENDING, False), "its objection was lifted for good"


def test_an_approval_that_is_undone_after_the_claim_stops_its_writer() -> None:
    stage = Stage()
    stage.done("approve", "p6")
    row = stage.state.proposals["p6"]
    stage.set(dataclasses.replace(row, state=ProposalState.CLAIMED, writer="cleo"))
    stage.set(Turn("q9", "toy", "cleo", Move.IMPLEMENT, 6.0, 900.0, subject="p6", team="t2"))
    stage.done("undo", "toy")
    row = stage.state.proposals["p6"]
    assert (row.state, row.approved) == (ProposalState.READY, False)
    assert "q9" not in stage.state.company.turns
    assert StopTurn("q9") in stage.actions
    assert any(event.kind == "turn.withdrawn" and "took back" in event.text for event in stage.events)


def test_an_approval_under_the_writer_s_hands_is_undone_without_a_claim_that_nobody_holds() -> None:
    stage = Stage()
    stage.done("approve", "p8")
    stage.set(dataclasses.replace(stage.state.proposals["p8"], state=ProposalState.READY))
    stage.set(dataclasses.replace(stage.state.company.turns["q1"], state=TurnState.ANSWERED))
    stage.done("undo", "toy")
    assert stage.state.proposals["p8"].state is ProposalState.READY


def test_all_leaves_objections_and_the_backlog_alone() -> None:
    stage = Stage()
    objected(stage)
    answer = stage.done("approve", "toy", all=True)
    assert answer["proposals"] == ["p6", "p7", "p8", "p10"]
    states = [stage.state.proposals[ident] for ident in ("p6", "p7", "p8", "p9")]
    assert [row.approved for row in states] == [True, True, True, False]
    assert [row.state for row in states] == ["ready", "ready", "claimed", "objected"]
    assert "nothing waits for approval" in stage.refused("approve", "toy", all=True)
    stage.done("undo", "")
    assert [stage.state.proposals[ident].state for ident in ("p6", "p7")] == ["ready", "pending"]
    assert not stage.state.proposals["p6"].approved


def test_rejecting_withdraws_and_can_be_undone() -> None:
    stage = Stage()
    answer = stage.done("reject", "p6", "known", proposals=["p6", "p8", "p6"])
    assert answer["proposals"] == ["p6", "p8"]
    assert stage.state.proposals["p8"].state is ProposalState.WITHDRAWN
    assert "known" in stage.state.proposals["p8"].reason
    assert StopTurn("q1") in stage.actions
    assert "p6 is withdrawn" in stage.refused("reject", "p6")
    stage.done("undo", "")
    assert stage.state.proposals["p6"].state is ProposalState.READY
    assert stage.state.proposals["p8"].state is ProposalState.READY


def test_several_at_once_are_all_named_and_undo_says_what_had_moved_on() -> None:
    stage = Stage()
    answer = stage.done("approve", "toy", all=True)
    assert answer["text"] == "4 proposals are approved by zoe: p6, p7, p8, p10"
    assert stage.state.company.deeds[answer["deed"]].text == answer["text"]
    row = stage.state.proposals["p6"]
    stage.set(dataclasses.replace(row, state=ProposalState.TAKEN, experiment="e9"))
    undone = stage.done("undo", "")
    assert "p7 is pending again" in undone["text"]
    assert "meanwhile p6 became e9" in undone["text"]
    assert (undone["restored"], undone["moved"]) == (["p7", "p8", "p10"], ["p6"])
    rejected = stage.done("reject", "toy", "known", all=True)
    assert rejected["text"] == "4 proposals are rejected by zoe: known: p7, p8, p9, p10"


def test_a_rejection_that_is_undone_leaves_the_objection_its_reason() -> None:
    stage = Stage()
    objected(stage)
    stage.set(dataclasses.replace(stage.state.proposals["p9"], reason="objected by ada: too wide"))
    stage.done("reject", "p9", proposals=["p9"])
    stage.done("undo", "")
    row = stage.state.proposals["p9"]
    assert (row.state, row.reason) == (ProposalState.OBJECTED, "objected by ada: too wide")


def test_proposals_that_are_not_there_or_over_are_refused() -> None:
    stage = Stage()
    assert "there are p6, p7, p8, p9, p10" in stage.refused("approve", "p99")
    assert "it became e2" in stage.refused("approve", "p1")
    assert "it became e2" in stage.refused("reject", "p1")


def test_a_card_is_read_with_its_header_and_a_bare_difference_without() -> None:
    card = cards.read("title: twice\naxis: LR\nif-works: go on\n---\n" + PATCH, "x.patch")
    assert (card.title, card.axis, card.if_works, card.patch) == ("twice", "LR", "go on", PATCH)
    assert cards.read(PATCH, "x.patch") == cards.Card("x.patch", PATCH)
    git = "diff --git a/x b/x\nnew file mode 100644\n"
    assert cards.read(git, "x.patch").patch == git


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no unified difference"),
        ("hello\n", "holds no unified difference"),
        ("title: x\n", "the header is not closed"),
        ("title: x\nnonsense\n---\n", "x.patch:2"),
        ("axis: x\n---\n" + PATCH, "there is no title"),
        ("title: x\n---\nno diff\n", "holds no unified difference"),
    ],
)
def test_a_card_that_is_none_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(ScienceError, match=words):
        cards.read(text, "x.patch")
