"""Dead ends: an axis closes with its evidence, binds everybody, and opens again when its condition is met."""

from __future__ import annotations

import dataclasses

from arctl.daemon import facts
from arctl.daemon.decide.dead_ends import reopen
from arctl.daemon.rows import (
    DeadEnd,
    DirectionState,
    Experiment,
    ExperimentState,
    Move,
    Proposal,
    ProposalState,
    Verdict,
)
from tests.support.community import Community, bowl, flat, spec

TWO = "analysts = 2\nexperimenters = 0\n"


def explored(seed: int = 0, limit: int = 60) -> Community:
    return Community(flat, slots=3, spec=spec(("A", "B", "C"), teams=TWO, limit=limit),
                     params=("A", "B", "C"),                     seed=seed).finished()  # type: ignore[return-value]  # fmt: skip


def test_an_axis_on_which_nothing_ever_paid_is_closed_with_its_evidence() -> None:
    world = explored()
    ends = [end for end in world.state.all_dead_ends("toy") if end.closed_by == "gate"]
    assert ends
    for end in ends:
        tried = [world.state.experiments[ident] for ident in end.evidence["experiments"]]
        moves = {world.state.proposals[row.proposal].move for row in tried}
        assert len(tried) >= (3 if moves in ({"up"}, {"down"}) else 2)
        assert {row.axis for row in tried} == {end.axis}
        assert all(row.verdict in (Verdict.REJECTED, Verdict.INCONCLUSIVE) for row in tried)
        assert set(end.evidence["effects"]) == {row.id for row in tried}
        assert end.reason
        assert end.reopen
        assert all(ident in end.reason for ident in end.evidence["experiments"])
    assert world.texts("dead_end.closed")


def test_nothing_on_a_closed_axis_begins_after_it_was_closed() -> None:
    for seed in range(3):
        world = explored(seed)
        for end in world.state.all_dead_ends("toy"):
            if end.axis and not end.revived:
                late = [row for row in world.state.on_axis("toy", end.axis)
                        if row.created > end.created and not row.rebase_of]  # fmt: skip
                assert not late, (end, late)


def campaign(seed: int = 0) -> Community:
    world = Community(bowl, slots=2, spec=spec(teams=TWO, limit=10), seed=seed)
    world.begin()
    world.until(lambda: world.texts("discussion.closed"))
    return world


def crowned(world: Community, number: int) -> None:
    world.state.apply(Proposal(f"p{number}", "toy", 1.0, "x", "x", "t", {}, "e1", state=ProposalState.TAKEN))
    world.state.apply(
        Experiment(f"e{number}", "toy", number, 1.0, ExperimentState.CLOSED, "t", base="e1",
                   proposal=f"p{number}", verdict=Verdict.ACCEPTED, promoted=f"c-e{number}",
                   closed=world.now + number,
                   commit="c(c0)x")
    )  # fmt: skip


END = DeadEnd("d1", "toy", "A", 1.0, "4 tried", "2 more champions, or a person", "gate")


def test_two_new_champions_open_an_axis_again_and_it_is_said_which() -> None:
    world = campaign()
    world.state.apply(END)
    crowned(world, 90)
    assert not reopen(world.state, world.now)
    crowned(world, 91)
    step = reopen(world.state, world.now)
    (row,) = step.rows
    assert isinstance(row, DeadEnd)
    assert row.revived == "e90 and e91 became champion since"
    assert step.events[0].kind == "dead_end.reopened"
    world.state.apply(row)
    assert not world.state.dead_ends_of("toy")
    assert not reopen(world.state, world.now)


def test_what_a_person_closed_waits_for_a_person() -> None:
    world = campaign()
    world.state.apply(dataclasses.replace(END, closed_by="zoe", reopen="a person"))
    crowned(world, 90)
    crowned(world, 91)
    assert not reopen(world.state, world.now)


def test_a_refuted_direction_may_be_thought_of_again_under_a_new_champion() -> None:
    world = campaign()
    end = dataclasses.replace(
        END, axis="", direction="h1", closed_by="arctl", reopen="a new champion, or a person"
    )
    world.state.apply(end)
    assert not reopen(world.state, world.now)
    crowned(world, 90)
    (row,) = reopen(world.state, world.now).rows
    assert isinstance(row, DeadEnd)
    assert row.revived == "e90 became champion since"


def test_champions_of_before_it_was_closed_open_nothing() -> None:
    world = campaign()
    crowned(world, 90)
    crowned(world, 91)
    world.state.apply(dataclasses.replace(END, created=world.now + 500))
    assert not reopen(world.state, world.now)


def test_marking_an_axis_binds_at_once_and_reviving_it_frees_it() -> None:
    world = campaign()
    world.after(0, facts.Control("m", "mark", "toy", "zoe", "leave it", data={"axis": "A"}))
    world.run(limit=1)
    (end,) = world.state.dead_ends_of("toy")
    questions = len(world.questions(Move.PROPOSE))
    world.until(lambda: len(world.questions(Move.PROPOSE)) > questions)
    assert end.id in [row.id for row in world.questions(Move.PROPOSE)[-1].dead_ends], "agents are told"
    world.run()
    assert not [row for row in world.state.on_axis("toy", "A") if row.created > end.created]
    world.after(0, facts.Control("v", "revive", end.id, "zoe"))
    world.run(limit=1)
    assert end.id not in [row.id for row in world.state.dead_ends_of("toy")]


def test_a_killed_direction_closes_its_axes() -> None:
    world = campaign()
    row = world.state.company.directions_of("toy", DirectionState.ACTIVE)[0]
    world.after(0, facts.Control("k", "kill", row.id, "zoe", "enough"))
    world.run()
    closed = {end.axis for end in world.state.all_dead_ends("toy") if end.closed_by == "zoe"}
    assert closed == set(row.axes)
    for axis in row.axes:
        assert not [
            item
            for item in world.state.on_axis("toy", axis)
            if item.created > world.state.all_dead_ends("toy")[0].created
        ]


def test_dead_ends_can_be_switched_off() -> None:
    world = Community(
        flat, slots=3, spec=spec(("A",), teams=f'{TWO}off = ["dead_ends"]\n', limit=14), params=("A",)
    )
    world.begin()
    world.until(lambda: world.state.count_proposed("toy") >= 1)
    world.state.apply(DeadEnd("d1", "toy", "A", 1.0, "4 tried", "a person", "zoe"))
    count = world.state.count_proposed("toy")
    world.run()
    assert world.state.count_proposed("toy") >= count
    assert not world.texts("proposal.refused")
