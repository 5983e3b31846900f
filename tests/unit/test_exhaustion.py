"""When nobody has more to propose: closed parameters are looked at again, then the campaign ends."""

from __future__ import annotations

import dataclasses
from typing import Any

from arctl.daemon import facts
from arctl.daemon.decide.dead_ends import close_axis
from arctl.daemon.decide.exhaustion import LOOKS, least_looked_at
from arctl.daemon.rows import (
    CampaignState,
    DeadEnd,
    Direction,
    DirectionState,
    Experiment,
    ExperimentState,
    Proposal,
    Verdict,
)
from arctl.daemon.turns import Draft, Question, Reply
from tests.support.community import Community, flat, says, spec

SOLO = "analysts = 0\n"
PAIR = "analysts = 2\nexperimenters = 0\n"


def explored(teams: str, limit: int = 200, loss: Any = flat) -> Community:
    text = spec(("A", "B"), teams=teams, limit=limit)
    world = Community(loss, slots=2, spec=text, params=("A", "B"))
    world.critic = lambda question: says(question, "endorse")
    return world.finished()


def closings(world: Community, axis: str) -> list[DeadEnd]:
    return [end for end in world.state.all_dead_ends("toy") if end.axis == axis]


def again(world: Community, axis: str) -> list[DeadEnd]:
    return [end for end in closings(world, axis) if end.revived.startswith("nothing else is left")]


def test_a_company_looks_again_at_all_that_was_closed_and_then_ends() -> None:
    world = explored(PAIR)
    assert world.state.campaigns["toy"].reason == "every direction was explored"
    lineage = 1 + len(world.state.champions_of("toy"))
    for axis in ("A", "B"):
        assert 0 < len(again(world, axis)) <= LOOKS * lineage
    talks = world.state.company.discussions.values()
    assert any("Open again, for smaller steps: " in row.reason for row in talks)
    opened = next(time for time, event in world.events if event.kind == "dead_end.reopened")
    assert any(row.created > opened for row in world.state.experiments_of("toy")), "it is tried, too"


def test_a_solo_agent_looks_again_too() -> None:
    world = explored(SOLO)
    assert world.state.campaigns["toy"].reason == "every proposal was tried"
    assert 0 < len(again(world, "A")) <= LOOKS


def test_nothing_is_opened_again_once_a_limit_is_met() -> None:
    world = explored(PAIR, limit=4)
    assert not [end for end in world.state.all_dead_ends("toy") if end.revived]


def test_what_a_person_closed_stays_closed() -> None:
    world = Community(flat, slots=2, spec=spec(("A", "B"), teams=PAIR), params=("A", "B"))
    world.begin()
    world.until(lambda: world.state.company.discussions)
    world.state.apply(DeadEnd("d90", "toy", "A", 1.0, "leave it", "a person", "zoe"))
    world.run()
    assert again(world, "B")
    assert not world.state.dead_ends["d90"].revived
    assert not world.state.on_axis("toy", "A")


def test_the_parameter_looked_at_least_on_this_champion_comes_first_and_none_for_ever() -> None:
    world = Community(flat, slots=2, spec=spec(("A", "B"), teams=PAIR, limit=9), params=("A", "B")).finished()
    campaign = world.state.campaigns["toy"]
    number = iter(range(90, 99))

    def close(axis: str, when: float, revived: str = "") -> None:
        end = DeadEnd(f"d{next(number)}", "toy", axis, when, "tried", "a person", "gate", revived=revived)
        world.state.apply(end)

    def open_again() -> set[str]:
        return {end.axis for end in least_looked_at(world.state, campaign)}

    for end in world.state.dead_ends_of("toy"):
        world.state.apply(dataclasses.replace(end, revived="for this test"))
    world.state.apply(dataclasses.replace(world.state.experiments[campaign.champion], closed=5000.0))
    close("A", 4000.0)
    close("B", 6000.0)
    assert open_again() == {"A"}, "it was closed on another champion"
    for time in (6001.0, 6002.0, 6003.0):
        close("A", time, revived="for this test")
    assert open_again() == {"B"}
    for time in (6004.0, 6005.0):
        close("B", time, revived="for this test")
    assert not open_again(), "both were looked at often enough"


def test_each_choice_is_a_way_of_its_own() -> None:
    choice = 'type = "choice"\nchoices = [0.1, 0.5, 0.7, 0.9]\n'
    text = spec(("C",), teams=SOLO).replace('type = "float"\nlow = 0.0\nhigh = 1.0\n', choice)
    values = [0.1, 0.7, 0.9]

    def proposer(question: Question) -> Reply:
        value = values.pop(0) if values else None
        change = {"kind": "params", "values": {"C": value}}
        drafts = () if value is None else (Draft(f"C {value}", change, axis="C", move="replace"),)
        return Reply(drafts, exhausted=not values)

    world = Community(flat, slots=1, spec=text, params=("C",), proposer=proposer).finished()
    first, *_ = closings(world, "C")
    assert len(first.evidence["experiments"]) == 3


def test_dead_ends_of_ideas_stay_closed() -> None:
    world = Community(flat, slots=2, spec=spec(("A", "B"), teams=PAIR), params=("A", "B"))
    world.begin()
    world.until(lambda: world.state.company.discussions)
    end = DeadEnd("d90", "toy", "loss.focal", 1.0, "2 tried", "2 more champions, or a person", "gate")
    world.state.apply(end)
    world.run()
    assert again(world, "A")
    assert not world.state.dead_ends["d90"].revived.startswith("nothing else"), "champions alone open it"


def test_a_choice_that_was_tried_twice_says_nothing_of_the_others() -> None:
    choice = 'type = "choice"\nchoices = [0.1, 0.5, 0.7, 0.9]\n'
    text = spec(("C",), teams=SOLO).replace('type = "float"\nlow = 0.0\nhigh = 1.0\n', choice)
    world = Community(flat, slots=1, spec=text, params=("C",))
    world.begin()
    world.until(lambda: "e1" in world.state.experiments and world.state.experiments["e1"].bank)

    def closes(number: int, value: float) -> bool:
        change = {"kind": "params", "values": {"C": value}}
        proposal = Proposal(
            f"p{number}", "toy", 1.0, "ada", "search", "C", change, "e1", axis="C", move="replace"
        )
        row = Experiment(
            f"e{number}", "toy", number, 1.0, ExperimentState.OPEN, "C", proposal=proposal.id, axis="C",
            base="e1", params={"C": value},
        )  # fmt: skip
        world.state.apply(proposal)
        world.state.apply(row)
        closed = bool(close_axis(world.state, row, {}, world.now))
        ended = dataclasses.replace(row, state=ExperimentState.CLOSED, verdict=Verdict.REJECTED, closed=2.0)
        world.state.apply(ended)
        return closed

    assert [closes(91, 0.1), closes(92, 0.1), closes(93, 0.7), closes(94, 0.9)] == [False, False, False, True]


def test_a_direction_that_waits_over_closed_axes_keeps_no_solo_campaign_going() -> None:
    world = Community(flat, slots=2, spec=spec(("A", "B"), teams=SOLO), params=("A", "B"))
    world.begin()
    world.until(lambda: "e1" in world.state.experiments and world.state.experiments["e1"].bank)
    for number, axes in ((90, ("A", "B")), (91, ("A",))):
        world.state.apply(
            Direction(f"h{number}", "toy", world.now, "zoe", "look there", "It pays.", axes,
                      state=DirectionState.STANDING)
        )  # fmt: skip
    world.run()
    assert world.state.campaigns["toy"].state is CampaignState.FINISHED


def test_a_company_that_declines_to_propose_ends_with_that_and_is_asked_again_on_resume() -> None:
    world = Community(flat, slots=2, spec=spec(("A", "B"), teams=PAIR, limit=8), params=("A", "B"))
    world.proposer = lambda question: Reply(declined="this is not for me")
    world.finished()
    assert world.state.campaigns["toy"].reason.endswith("declined to propose: this is not for me")
    assert not list(world.state.experiments_of("toy"))[1:]
    world.proposer = None
    world.after(0, facts.Control("again", "resume", "toy", "ada"))
    world.run()
    assert "begins anew" in world.answers["again"].result["text"]
    assert world.state.count_proposed("toy") == 8
    assert world.state.campaigns["toy"].state is CampaignState.FINISHED


def test_a_campaign_that_was_explored_talks_again_when_it_is_resumed() -> None:
    world = explored(PAIR)
    before = world.state.count_proposed("toy")
    edited = spec(("A", "B", "C"), teams=PAIR, limit=200)
    campaign = world.state.campaigns["toy"]
    values = {ident: {"C": 0.5} for ident in world.state.experiments}
    world.after(1, facts.ParamsRead("toy", campaign.spec, edited, "+C", values))
    world.after(2, facts.Control(ticket="t9", verb="resume", target="toy", actor="zoe"))
    world.params = ("A", "B", "C")
    world.run()
    assert "begins anew" in world.texts("campaign.resumed")[-1]
    assert world.state.on_axis("toy", "C"), "the new parameter is tried"
    assert world.state.count_proposed("toy") > before
    assert world.state.campaigns["toy"].reason == "every direction was explored"


def test_a_resume_with_its_limit_met_asks_nobody() -> None:
    world = explored(PAIR, limit=4)
    asked = len(world.asked)
    world.after(1, facts.Control(ticket="t9", verb="resume", target="toy", actor="zoe"))
    world.run()
    assert len(world.asked) == asked
    assert "ends again at once without a higher limits.experiments" in world.texts("campaign.resumed")[-1]
    assert world.state.campaigns["toy"].reason == "4 of 4 proposals made"
