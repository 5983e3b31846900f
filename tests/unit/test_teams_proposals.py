"""Proposals: two a turn on different axes; repetitions, third moves and dead ends are seen before compute."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from arctl.daemon import facts
from arctl.daemon.life.binding import closing_among
from arctl.daemon.life.proposing import MAX_TEXT, MAX_TITLE, near, stale
from arctl.daemon.rows import (
    DeadEnd,
    Direction,
    DirectionState,
    Experiment,
    ExperimentState,
    Move,
    Proposal,
    ProposalState,
    Verdict,
)
from arctl.daemon.turns import Draft, Question, Reply
from tests.support.community import SILENCE, Community, flat, proposal, spec, to

PAIR = "analysts = 2\nexperimenters = 0\n"


def waiting(teams: str = PAIR, **changes: Any) -> Community:
    """A community of which everybody is asked for proposals, and nobody has answered yet."""
    world = Community(flat, slots=2, spec=spec(teams=teams, **changes))
    world.script = lambda question: None if question.move is Move.DISCUSS else SILENCE
    world.begin()
    world.until(lambda: world.questions(Move.PROPOSE))
    return world


def offered(world: Community, *drafts: Draft) -> list[Proposal]:
    """Answer the open question for proposals, and return what was written of it."""
    question = next(
        question
        for question in reversed(world.questions(Move.PROPOSE))
        if question.turn.id in world.state.company.turns and question.proposal is None
    )
    known = set(world.state.proposals)
    world.answer(question, Reply(drafts))
    world.until(lambda: question.turn.id not in world.state.company.turns)
    return [row for row in world.state.proposals.values() if row.id not in known]


def past(world: Community, number: int, axis: str, value: float, verdict: str, move: str = "up") -> None:
    """Put an experiment of some time ago into the state."""
    base = world.state.campaigns["toy"].champion
    values = {**world.state.experiments[base].params, axis: value}
    change = {"kind": "params", "values": {axis: value}}
    world.state.apply(
        Proposal(f"p{number}", "toy", 1.0, "ada", "search", f"{axis} {value}", change, base,
                 state=ProposalState.TAKEN, axis=axis, move=move, experiment=f"e{number}")
    )  # fmt: skip
    world.state.apply(
        Experiment(f"e{number}", "toy", number, 1.0, ExperimentState.CLOSED, f"{axis} {value}",
                   proposal=f"p{number}", axis=axis, base=base, params=values, verdict=verdict, closed=2.0,
                   values=(1.0,), commit=f"c(c0)t{number}")
    )  # fmt: skip


def test_an_analyst_is_asked_for_two_at_most_and_more_are_not_taken() -> None:
    world = waiting()
    assert {question.want for question in world.questions(Move.PROPOSE)} == {2}
    rows = offered(world, to("A", 0.7), to("B", 0.7), to("C", 0.7))
    assert [row.axis for row in rows] == ["A", "B"]


@pytest.mark.parametrize("second", ["A", " A ", "\x1b[31mA"])
def test_two_proposals_of_one_turn_are_on_different_axes(second: str) -> None:
    world = waiting()
    rows = offered(world, to("A", 0.7), dataclasses.replace(to("A", 0.2), axis=second))
    assert [row.axis for row in rows] == ["A"]
    assert "second proposal on A" in world.texts("proposal.left_out")[0]


def test_a_proposal_keeps_all_that_was_said_of_it() -> None:
    world = waiting()
    words = {
        "hypothesis": "h", "expected": "x", "if_works": "w", "if_fails": "f", "cost": "2x", "difference": "d",
    }  # fmt: skip
    (row,) = offered(world, dataclasses.replace(to("A", 0.7), **words))
    assert {name: getattr(row, name) for name in words} == words
    assert (row.title, row.axis, row.move) == ("A to 0.7", "A", "up")
    assert row.base == world.state.campaigns["toy"].champion
    assert row.team
    assert row.direction == world.state.company.teams[row.team].direction


def test_what_is_near_a_tried_one_is_objected_to_and_its_neighbour_is_named() -> None:
    world = waiting()
    past(world, 50, "A", 0.70, Verdict.REJECTED)
    (row, other) = offered(world, to("A", 0.71), to("C", 0.71))
    assert (row.state, row.near) == (ProposalState.OBJECTED, ("e50",))
    assert "say in what it differs" in row.reason
    (objection,) = world.state.company.critiques_on(row.id)
    assert (objection.author, objection.links) == ("arctl", ("e50",))
    assert other.state is ProposalState.PENDING


def test_what_is_near_and_names_the_difference_goes_on_to_the_critics_who_see_it() -> None:
    world = waiting()
    past(world, 50, "A", 0.70, Verdict.REJECTED)
    (row,) = offered(world, to("A", 0.71, difference="three seeds were too few"))
    assert (row.state, row.near) == (ProposalState.PENDING, ("e50",))


def test_an_axis_that_another_team_holds_is_left_to_it_unless_the_difference_is_named() -> None:
    world = waiting()
    row, own = offered(world, to("B", 0.7), to("A", 0.7))
    assert row.state is ProposalState.OBJECTED
    assert "works on B: say in what it differs, or leave it to them" in row.reason
    assert own.state is ProposalState.PENDING
    (row,) = offered(waiting(), to("B", 0.7, difference="together with what A has become"))
    assert row.state is ProposalState.PENDING


def test_values_that_a_parameter_cannot_have_are_refused_with_its_range() -> None:
    (row,) = offered(waiting(), to("A", 1.7))
    assert row.state is ProposalState.REFUSED
    assert row.reason == "A cannot be 1.7: its range is 0 to 1"


def test_what_was_never_judged_is_no_repetition() -> None:
    for verdict in (Verdict.CANCELLED, Verdict.CONFLICT, Verdict.LOST):
        world = waiting()
        past(world, 50, "A", 0.70, verdict)
        (row,) = offered(world, to("A", 0.71))
        assert row.state is ProposalState.PENDING


def test_what_is_near_a_proposal_that_waits_is_seen_too() -> None:
    world = waiting()
    (first,) = offered(world, to("A", 0.70))
    world.until(lambda: len(world.questions(Move.PROPOSE)) > 1)
    (second,) = offered(world, to("A", 0.71))
    assert second.near == (first.id,)
    assert second.state is ProposalState.OBJECTED


def test_no_difference_excuses_what_is_near_one_whose_result_is_to_come() -> None:
    world = waiting()
    (first,) = offered(world, to("A", 0.70))
    world.until(lambda: len(world.questions(Move.PROPOSE)) > 1)
    (second,) = offered(world, to("A", 0.71, difference="it is another seed"))
    assert second.state is ProposalState.OBJECTED
    assert second.reason == f"near {first.id}, whose result is to come"


def test_what_waited_does_not_run_near_an_experiment_that_began_meanwhile() -> None:
    world = waiting()
    (row,) = offered(world, to("A", 0.71, difference="the champion is another one"))
    past(world, 50, "A", 0.70, "")
    world.state.apply(dataclasses.replace(world.state.experiments["e50"], state=ExperimentState.OPEN))
    assert stale(world.state, row) == "near e50, whose result is to come"
    world.state.apply(
        dataclasses.replace(
            world.state.experiments["e50"], state=ExperimentState.CLOSED, verdict=Verdict.REJECTED
        )
    )
    assert not stale(world.state, row), "its difference says enough of what has ended"


def test_a_move_back_to_a_former_champion_is_near_it() -> None:
    world = waiting()
    past(world, 50, "B", 0.70, Verdict.ACCEPTED)
    world.state.apply(dataclasses.replace(world.state.experiments["e50"], promoted="c-e50"))
    (row,) = offered(world, to("A", 0.51, change={"kind": "params", "values": {"A": 0.51, "B": 0.71}}))
    assert row.near == ("e50",)


def test_a_move_back_to_the_baseline_is_near_it() -> None:
    world = waiting()
    past(world, 50, "A", 0.70, Verdict.ACCEPTED)
    champion = dataclasses.replace(world.state.campaigns["toy"], champion="e50")
    world.state.apply(dataclasses.replace(world.state.experiments["e50"], promoted="c-e50", bank=(1.0,)))
    world.state.apply(champion)
    step = to("A", 0.51)
    row = Proposal("p90", "toy", 1.0, "ada", "search", step.title, step.change, "e50", axis="A", move="down")
    assert near(world.state, row) == ("e1",)


def test_what_waits_near_hides_no_experiment_that_is_still_open() -> None:
    world = waiting()
    (row,) = offered(world, to("A", 0.9, difference="it is meant for the new schedule"))
    past(world, 50, "A", 0.91, "")
    world.state.apply(dataclasses.replace(world.state.experiments["e50"], state=ExperimentState.OPEN))
    for number in range(60, 66):
        twin = dataclasses.replace(row, id=f"p{number}", state=ProposalState.PARKED, reason="for a person")
        world.state.apply(twin)
    assert len(near(world.state, row)) == 5
    assert stale(world.state, row) == "near e50, whose result is to come"


def test_the_third_move_the_same_way_does_not_run_when_the_second_failed_while_it_waited() -> None:
    world = waiting()
    past(world, 50, "A", 0.60, Verdict.REJECTED)
    (row,) = offered(world, to("A", 0.95))
    assert not stale(world.state, row)
    past(world, 51, "A", 0.70, Verdict.REJECTED)
    assert "the third move up on A after e50 and e51" in stale(world.state, row)


def test_written_ideas_are_near_each_other_by_their_words() -> None:
    world = waiting(f"{PAIR}ahead = 4\n")
    patch = {"kind": "patch", "patch": "x"}
    (first,) = offered(world, Draft("Use cosine decay with warmup", patch, axis="lr.schedule"))
    world.until(lambda: len(world.questions(Move.PROPOSE)) > 1)
    (near, far) = offered(
        world,
        Draft("use cosine decay with warmup!", {"kind": "idea"}, axis="lr.schedule"),
        Draft("use cosine decay with warmup", {"kind": "idea"}, axis="lr.other"),
    )
    assert near.near == (first.id,)
    assert not far.near, "another axis is another question"


def test_the_third_move_the_same_way_is_objected_to_unless_it_says_why() -> None:
    world = waiting()
    past(world, 50, "A", 0.60, Verdict.REJECTED)
    past(world, 51, "A", 0.70, Verdict.INCONCLUSIVE)
    (row,) = offered(world, to("A", 0.95))
    assert row.state is ProposalState.OBJECTED
    assert "the third move up on A after e50 and e51" in row.reason

    for draft in (to("A", 0.95, difference="the range beyond was never looked at"), to("A", 0.2)):
        other = waiting()
        past(other, 50, "A", 0.60, Verdict.REJECTED)
        past(other, 51, "A", 0.70, Verdict.INCONCLUSIVE)
        (row,) = offered(other, draft)
        assert row.state is ProposalState.PENDING


def test_moves_that_paid_may_go_on_the_same_way() -> None:
    world = waiting()
    past(world, 50, "A", 0.60, Verdict.REJECTED)
    past(world, 51, "A", 0.70, Verdict.ACCEPTED)
    (row,) = offered(world, to("A", 0.95))
    assert row.state is ProposalState.PENDING


def test_a_proposal_inside_a_dead_end_is_refused_with_the_evidence() -> None:
    world = waiting()
    world.state.apply(
        DeadEnd("d1", "toy", "A", 1.0, "4 tried, none accepted (e2, e3, e4, e5)", "2 more champions", "gate")
    )
    (row, other) = offered(world, to("A", 0.71, difference="but mine is better"), to("C", 0.7))
    assert row.state is ProposalState.REFUSED
    assert "dead end d1 (A): 4 tried, none accepted (e2, e3, e4, e5)" in row.reason
    assert "2 more champions" in row.reason
    assert world.texts("proposal.refused")
    assert other.state is ProposalState.PENDING
    assert row.id not in [item.id for item in world.state.open_proposals("toy")]


def inside(end: dict[str, Any], axis: str, values: dict[str, Any] | None = None) -> bool:
    row = DeadEnd(**{"id": "d1", "campaign": "c", "axis": "A", "created": 0, "reason": "", "reopen": "",
                     "closed_by": "", **end})  # fmt: skip
    change = {"kind": "params", "values": values} if values is not None else {"kind": "idea"}
    return closing_among([row], Proposal("p1", "c", 0, "x", "y", "t", change, "e1", axis=axis)) is not None


@pytest.mark.parametrize(
    ("end", "axis", "values", "within"),
    [
        ({"axis": "lr"}, "lr", None, True),
        ({"axis": "lr"}, "lr.matrix.warm", None, True),
        ({"axis": "lr"}, "lrx", None, False),
        ({"axis": "lr.matrix"}, "lr", None, False),
        ({"low": 0.1, "high": 0.2}, "A", {"A": 0.15}, True),
        ({"low": 0.1, "high": 0.2}, "A", {"A": 0.2}, True),
        ({"low": 0.1, "high": 0.2}, "A", {"A": 0.21}, False),
        ({"low": 0.1}, "A", {"A": 0.9}, True),
        ({"high": 0.1}, "A", {"A": 0.9}, False),
        ({"low": 0.1, "high": 0.2}, "A", None, True),
        ({"low": 0.1, "high": 0.2}, "A", {"A": "big"}, True),
        ({"axis": "A"}, "A+B", {"A": 1, "B": 1}, False),
        ({"axis": "A+B"}, "A+B", {"A": 1, "B": 1}, True),
        ({"axis": ""}, "A", {"A": 1}, False),
    ],
)
def test_a_dead_end_binds_its_axis_what_lies_below_it_and_its_range(
    end: dict[str, Any], axis: str, values: dict[str, Any] | None, within: bool
) -> None:
    assert inside(end, axis, values) is within


def test_a_joint_move_is_inside_where_each_of_its_parts_is() -> None:
    ends = [
        DeadEnd("d1", "c", "A", 0, "", "", ""),
        DeadEnd("d2", "c", "B", 0, "", "", "", low=0.5, high=0.6),
    ]

    def closed(b: float) -> bool:
        change = {"kind": "params", "values": {"A": 1.0, "B": b}}
        return (
            closing_among(ends, Proposal("p1", "c", 0, "x", "y", "t", change, "e1", axis="A+B")) is not None
        )

    assert closed(0.55)
    assert not closed(0.7)


def test_revised_words_inside_a_dead_end_are_refused_all_the_same() -> None:
    world = waiting()
    past(world, 50, "A", 0.70, Verdict.REJECTED)
    (row,) = offered(world, to("A", 0.71))
    world.until(lambda: world.state.company.turn_on("toy", row.id, Move.PROPOSE))
    world.state.apply(DeadEnd("d1", "toy", "A", 1.0, "marked by zoe", "a person", "zoe"))
    question = next(q for q in reversed(world.questions(Move.PROPOSE)) if q.proposal is not None)
    world.answer(question, Reply((to("A", 0.2, difference="down"),)))
    world.until(lambda: world.state.proposals[row.id].state is ProposalState.REFUSED)


def test_a_card_is_drawn_once() -> None:
    world = waiting()
    (row,) = offered(world, to("A", 0.7, source="a.patch"))
    world.until(lambda: len(world.questions(Move.PROPOSE)) > 1)
    assert not offered(world, to("B", 0.7, source="a.patch"))
    assert row.source == "a.patch"


NONSENSE: list[Any] = [
    {},
    {"kind": "nonsense"},
    {"kind": ["params"]},
    {"kind": "merge", "commit": "c0", "of": "e1"},
    {"kind": "params"},
    {"kind": "params", "values": [1]},
    {"kind": "params", "values": {"A": None}},
    {"kind": "params", "values": {"A": [1]}},
    {"kind": "params", "values": {"A": float("nan")}},
    {"kind": "params", "values": {"A": 10**400}},
    {"kind": "patch"},
    {"kind": "patch", "patch": ["x"]},
    {"kind": "edits", "edits": {"path": "x"}},
]


@pytest.mark.parametrize("change", NONSENSE, ids=str)
def test_a_change_of_the_wrong_shape_is_left_out_and_said(change: Any) -> None:
    world = waiting()
    rows = offered(world, Draft("bad", change, axis="A"), to("B", 0.7))
    assert [row.axis for row in rows] == ["B"]
    assert "bad is left out" in world.texts("proposal.left_out")[0]


@pytest.mark.parametrize("change", NONSENSE, ids=str)
def test_a_written_or_revised_change_of_the_wrong_shape_is_contained(change: Any) -> None:
    world = waiting()
    past(world, 50, "A", 0.70, Verdict.REJECTED)
    (row,) = offered(world, to("A", 0.71))
    world.until(lambda: world.state.company.turn_on("toy", row.id, Move.PROPOSE))
    question = next(q for q in reversed(world.questions(Move.PROPOSE)) if q.proposal is not None)
    world.answer(question, Reply((Draft("bad", change, axis="A", difference="all"),)))
    world.until(lambda: world.state.proposals[row.id].state is not ProposalState.OBJECTED)
    assert world.state.proposals[row.id].state is ProposalState.WITHDRAWN


def test_a_title_of_a_megabyte_and_escapes_are_cut_and_cleaned() -> None:
    world = waiting()
    (row,) = offered(
        world,
        to(
            "A",
            0.7,
            title="\x1b]0;own\x07" + "x" * 1_000_000,
            hypothesis="\x1b[2J" + "y" * 1_000_000,
            move="\u202eup",
        ),
    )
    assert len(row.title) == MAX_TITLE
    assert len(row.hypothesis) == MAX_TEXT
    assert "\x1b" not in row.title + row.hypothesis
    assert row.move == "up"
    assert all(len(event.text) < 2000 for _, event in world.events)


def test_a_title_without_words_is_given_one() -> None:
    world = waiting()
    (row,) = offered(world, to("A", 0.7, title="\x1b[31m  "))
    assert row.title == "untitled"


def test_an_answer_in_which_nothing_is_usable_gives_its_agent_a_rest_and_at_last_an_end() -> None:
    world = waiting("analysts = 1\n")
    for _ in range(4):
        offered(world)
        count = len(world.questions(Move.PROPOSE))
        world.until(lambda count=count: len(world.questions(Move.PROPOSE)) > count)
    offered(world)
    assert "nothing more to propose" in world.texts("agent.exhausted")[0]


def test_who_rests_from_ideas_is_asked_for_a_critique_all_the_same() -> None:
    world = waiting()
    dry, other = world.questions(Move.PROPOSE)
    world.answer(dry, Reply())
    world.until(lambda: dry.turn.id not in world.state.company.turns)
    axis = other.direction.axes[0] if other.direction else ""
    world.answer(other, Reply((to(axis, 0.7),)))
    world.until(lambda: world.questions(Move.CRITIQUE))
    assert world.questions(Move.CRITIQUE)[-1].agent.name == dry.agent.name
    assert world.state.dry[dry.agent.id] > world.now
    since = [question for question in world.questions(Move.PROPOSE) if question.agent.name == dry.agent.name]
    assert len(since) == 1, "it is not asked for ideas before its rest is over"


def test_the_same_tree_is_not_run_twice() -> None:
    def twice(question: Question) -> Reply | None:
        if question.move is not Move.PROPOSE or question.proposal is not None:
            return None
        axis = (question.direction.axes if question.direction else ("A",))[0]
        step = to(axis, 0.75, difference=f"once more {question.turn.id}", title=f"{axis} {question.turn.id}")
        return Reply((step,))

    world = Community(flat, slots=2, spec=spec(teams=PAIR, limit=6))
    world.script = twice
    world.finished()
    copies = [row for row in world.state.experiments_of("toy") if row.verdict == Verdict.DUPLICATE]
    assert copies
    for row in copies:
        assert "its result is reused, nothing ran" in row.reason
        assert not world.state.runs_of(row.id)
        assert row.same_as


def test_a_persons_proposal_goes_to_the_same_queue_in_front() -> None:
    world = waiting(limit=8)
    offered(world, to("B", 0.7))
    world.after(
        0, facts.Control("t", "propose", "toy", "zoe", data={"values": {"A": "0.7"}, "hypothesis": "try it"})
    )
    world.until(lambda: "t" in world.answers)
    assert world.answers["t"].error is None
    row = next(row for row in world.state.proposals.values() if row.brain == "human")
    assert row.state is ProposalState.TAKEN or row.state is ProposalState.READY
    world.until(lambda: world.state.proposals[row.id].experiment)


def test_what_a_directions_team_proposes_counts_for_the_direction() -> None:
    world = waiting()
    (row,) = offered(world, to("A", 0.7))
    direction: Direction = world.state.company.directions[row.direction]
    assert direction.state is DirectionState.ACTIVE
    assert direction.team == row.team
    assert proposal(world, "A to 0.7").id == row.id
