"""When a direction does not pay: falsified, split, merged, dissolved, discussed again; with a reason."""

from __future__ import annotations

import itertools
import random
from typing import Any

from arctl.daemon import facts
from arctl.daemon.decide.teams.moves import merge, split
from arctl.daemon.decide.teams.regroup import regroup
from arctl.daemon.rows import (
    CampaignState,
    DeadEnd,
    Direction,
    DirectionState,
    Experiment,
    ExperimentState,
    Move,
    PostKind,
    Proposal,
    ProposalState,
    TeamState,
    Verdict,
    bump,
)
from arctl.daemon.turns import Question, Reply
from tests.support.community import SILENCE, Community, bowl, flat, over, spec

TWO = "analysts = 2\nexperimenters = 0\n"


def two_teams(script: Any = None, teams: str = TWO, **changes: Any) -> Community:
    """Two teams on (A, B, C) and (D, E, F), at work or silent."""

    def talk(question: Question) -> Reply | Any:
        if question.move is Move.DISCUSS and question.turn.subject == "s1":
            rows = {"ada": over("A", "B", "C"), "emmy": over("D", "E", "F")}
            mine = question.agent.name in rows and question.round == 1
            return Reply(directions=(rows[question.agent.name],) if mine else ())
        return script(question) if script is not None else SILENCE

    world = Community(flat, slots=2, spec=spec(teams=teams, **changes))
    world.script = talk
    world.begin()
    world.until(lambda: world.texts("discussion.closed"))
    return world


def ended(world: Community, number: int, axis: str, verdict: Verdict, direction: str = "h1") -> Experiment:
    team = world.state.company.directions[direction].team
    world.state.apply(
        Proposal(f"p{number}", "toy", 1.0, "ada", "x", "t", {"kind": "params", "values": {axis: 0.1}}, "e1",
                 state=ProposalState.TAKEN, axis=axis, experiment=f"e{number}", direction=direction)
    )  # fmt: skip
    row = Experiment(
        f"e{number}", "toy", number, world.now, ExperimentState.CLOSED, f"{axis} {number}",
        proposal=f"p{number}",        axis=axis, base="e1", verdict=verdict,
        closed=world.now + number, values=(1.0,), direction=direction,
        team=team, commit=f"c(c0){number}",
        evidence={"effect": -0.01 if verdict != Verdict.ACCEPTED else 0.1},
    )  # fmt: skip
    world.state.apply(row)
    return row


def decided(world: Community) -> list[str]:
    """Apply what the rule decides, and return the kinds of its events."""
    step = regroup(world.state, world.now + 1000)
    for row in step.rows:
        world.state.apply(row)
    world.events += [(world.now, event) for event in step.events]
    return [event.kind for event in step.events]


def direction(world: Community, ident: str = "h1") -> Direction:
    return world.state.company.directions[ident]


def test_a_direction_whose_prediction_failed_is_falsified_as_a_dead_end_with_its_evidence() -> None:
    world = two_teams()
    for number, axis in enumerate(("A", "A", "B", "B", "C", "C")):
        ended(world, 50 + number, axis, Verdict.REJECTED)
    assert "dead_end.closed" in decided(world)
    row = direction(world)
    assert row.state is DirectionState.FALSIFIED
    assert "6 rejected, none accepted" in row.reason
    (end,) = world.state.dead_ends_of("toy")
    assert (end.axis, end.direction) == ("", "h1")
    assert end.evidence["experiments"] == [f"e{number}" for number in range(50, 56)]
    assert set(end.evidence["effects"].values()) == {-0.01}
    post = world.state.company.posts_of("toy")[-1]
    assert post.kind is PostKind.DECISION
    assert "is refuted" in post.text
    assert end.id in post.links


def test_an_axis_that_is_closed_needs_no_second_try_to_refute_its_direction() -> None:
    world = two_teams()
    for number, axis in enumerate(("A", "A", "B", "B", "C")):
        ended(world, 50 + number, axis, Verdict.REJECTED)
    assert not decided(world), "C was tried one way only"
    world.state.apply(DeadEnd("d1", "toy", "C", 1.0, "1 tried", "2 more champions, or a person", "gate"))
    assert "direction.falsified" in decided(world)


def test_too_few_rejections_or_an_axis_not_looked_at_falsify_nothing() -> None:
    world = two_teams()
    for number in range(6):
        ended(world, 50 + number, "A", Verdict.REJECTED)
    assert not decided(world), "B and C were never tried"
    world = two_teams()
    ended(world, 50, "A", Verdict.REJECTED)
    ended(world, 51, "B", Verdict.CRASHED)
    ended(world, 52, "C", Verdict.CRASHED)
    assert not decided(world), "a crash refutes nothing"


def test_one_acceptance_keeps_a_direction_from_being_falsified() -> None:
    world = two_teams()
    ended(world, 50, "A", Verdict.ACCEPTED)
    for number, axis in enumerate(("A", "A", "B", "B", "C", "C")):
        ended(world, 51 + number, axis, Verdict.REJECTED)
    assert not decided(world)


def test_a_falsified_direction_is_refused_when_it_is_proposed_again() -> None:
    world = two_teams()
    for number, axis in enumerate(("A", "A", "B", "B", "C", "C")):
        ended(world, 50 + number, axis, Verdict.REJECTED)
        ended(world, 60 + number, "DEF"[number // 2], Verdict.REJECTED, "h2")

    def again(question: Question) -> Reply | str:
        if question.move is not Move.DISCUSS:
            return SILENCE
        return Reply(directions=(over("C", "A", "B", hypothesis="In new words."),))

    world.script = again
    world.state.apply(Proposal("p90", "toy", 1, "x", "x", "t", {}, "e1", state=ProposalState.TAKEN))
    later = world.now + 1
    world.state.apply(
        Experiment("e90", "toy", 90, later, ExperimentState.CLOSED, "later", proposal="p90", axis="Z",
                   base="e1", verdict=Verdict.REJECTED, closed=later, commit="c(c0)90")
    )  # fmt: skip
    world.after(0, facts.Tick())
    world.until(lambda: world.texts("direction.refused"))
    assert "h1" in world.texts("direction.refused")[0]
    assert "is closed as d1" in world.texts("direction.refused")[0]


def test_what_a_left_direction_had_queued_is_withdrawn_and_a_persons_stays() -> None:
    world = two_teams()
    for ident, urgent in (("p81", False), ("p82", True)):
        world.state.apply(
            Proposal(ident, "toy", 1.0, "ada", "x", "t", {}, "e1", direction="h1", team="t1", urgent=urgent,
                     state=ProposalState.PENDING)
        )  # fmt: skip
    for number, axis in enumerate(("A", "A", "B", "B", "C", "C")):
        ended(world, 50 + number, axis, Verdict.REJECTED)
    kinds = decided(world)
    assert "proposal.withdrawn" in kinds
    assert world.state.proposals["p81"].state is ProposalState.WITHDRAWN
    assert world.state.proposals["p82"].state is ProposalState.PENDING


def test_a_team_stalls_after_ten_in_vain_and_goes_on_with_what_paid() -> None:
    world = two_teams()
    ended(world, 50, "A", Verdict.ACCEPTED)
    for number in range(9):
        ended(world, 51 + number, "B", Verdict.REJECTED)
    assert not decided(world)
    ended(world, 60, "B", Verdict.CRASHED)
    world.state.apply(
        Proposal(
            "p81", "toy", 1.0, "ada", "x", "t", {}, "e1", direction="h1", axis="A", state=ProposalState.READY
        )
    )
    world.state.apply(
        Proposal(
            "p82", "toy", 1.0, "ada", "x", "t", {}, "e1", direction="h1", axis="B", state=ProposalState.READY
        )
    )
    assert decided(world) == ["direction.split", "proposal.parked"]
    assert direction(world).state is DirectionState.SPLIT
    children = [row for row in world.state.company.all_directions("toy") if row.parents == ("h1",)]
    assert [(row.axes, row.state) for row in children] == [
        (("A",), DirectionState.ACTIVE),
        (("C",), DirectionState.STANDING),
    ]
    assert world.state.company.teams["t1"].direction == children[0].id
    assert "10 experiments without an acceptance" in direction(world).reason
    assert world.state.proposals["p81"].direction == children[0].id
    assert world.state.proposals["p82"].state is ProposalState.PARKED


def test_the_number_after_which_a_team_stalls_is_a_setting_and_an_acceptance_starts_the_count_anew() -> None:
    world = two_teams(teams=f"{TWO}stall_after = 3\nfalsify_after = 99\n")
    for number in range(2):
        ended(world, 50 + number, "A", Verdict.REJECTED)
    ended(world, 52, "B", Verdict.ACCEPTED)
    for number in range(2):
        ended(world, 53 + number, "A", Verdict.REJECTED)
    assert not decided(world)
    ended(world, 55, "A", Verdict.REJECTED)
    assert decided(world) == ["direction.split"]


def test_two_stalled_teams_that_both_paid_are_merged() -> None:
    world = two_teams(teams=f"{TWO}stall_after = 3\n")
    number = 50
    for ident, axes in (("h1", "ABC"), ("h2", "DEF")):
        for axis in axes:
            ended(world, number, axis, Verdict.ACCEPTED, ident)
            number += 1
        for _ in range(3):
            ended(world, number, axes[0], Verdict.REJECTED, ident)
            number += 1
    assert decided(world) == ["direction.merged", "team.retired"]
    joint = next(row for row in world.state.company.all_directions("toy") if row.parents == ("h1", "h2"))
    assert joint.axes == tuple("ABCDEF")
    assert joint.state is DirectionState.ACTIVE
    assert direction(world).state is direction(world, "h2").state is DirectionState.MERGED
    teams = world.state.company.teams
    assert [teams["t1"].state, teams["t2"].state] == [TeamState.ACTIVE, TeamState.RETIRED]
    assert {agent.team for agent in world.state.company.agents_of("toy")} == {"t1"}
    world.after(0, facts.Tick())
    world.run(limit=5)  # the invariants hold


def test_teams_on_different_bases_are_not_merged() -> None:
    world = two_teams(teams=f"{TWO}stall_after = 1\n")
    for ident, axis, number in (("h1", "A", 50), ("h2", "D", 60)):
        ended(world, number, axis, Verdict.ACCEPTED, ident)
        ended(world, number + 1, axis, Verdict.REJECTED, ident)
    world.state.apply(bump(direction(world, "h2"), base="e60"))
    team, campaign = world.state.company.teams["t1"], world.state.campaigns["toy"]
    assert not merge(world.state, campaign, team, direction(world), "why", 1.0)


def test_nothing_is_split_that_paid_on_all_of_its_axes_or_on_none() -> None:
    world = two_teams()
    team, campaign = world.state.company.teams["t1"], world.state.campaigns["toy"]
    assert not split(world.state, campaign, team, direction(world), "why", 1.0)
    for number, axis in enumerate("ABC"):
        ended(world, 50 + number, axis, Verdict.ACCEPTED)
    assert not split(world.state, campaign, team, direction(world), "why", 1.0)


def test_a_held_team_or_direction_is_left_alone() -> None:
    for held in ("t1", "h1"):
        world = two_teams()
        for number, axis in enumerate(("A", "A", "B", "B", "C", "C")):
            ended(world, 50 + number, axis, Verdict.REJECTED)
        company = world.state.company
        row: Any = company.teams.get(held) or company.directions[held]
        world.state.apply(bump(row, held=True))
        assert not decided(world)


def test_regrouping_can_be_switched_off() -> None:
    world = two_teams(teams=f'{TWO}off = ["regroup"]\n')
    for number, axis in enumerate(("A", "A", "B", "B", "C", "C")):
        ended(world, 50 + number, axis, Verdict.REJECTED)
    assert not decided(world)


def test_a_team_without_a_direction_takes_up_one_that_waits() -> None:
    world = two_teams()
    world.after(0, facts.Control("d", "direction", "toy", "zoe", data={"axes": ["G"], "text": "G matters."}))
    world.run(limit=1)
    for number, axis in enumerate(("A", "A", "B", "B", "C", "C")):
        ended(world, 50 + number, axis, Verdict.REJECTED)
    decided(world)
    assert decided(world) == ["direction.taken"]
    row = next(row for row in world.state.company.all_directions("toy") if row.axes == ("G",))
    assert (row.state, row.team) == (DirectionState.ACTIVE, "t1")


def test_a_team_for_which_no_direction_is_left_is_dissolved_and_its_people_join_the_others() -> None:
    world = two_teams(teams="analysts = 3\nexperimenters = 3\n")
    three = world.state.company.teams_of("toy")
    assert len(three) == 2
    for number, axis in enumerate(("A", "A", "B", "B", "C", "C")):
        ended(world, 50 + number, axis, Verdict.REJECTED)
    world.state.apply(bump(world.state.company.discussions["s1"], closed=world.now + 999))
    decided(world)
    assert decided(world) == ["team.retired"]
    assert world.state.company.teams["t1"].state is TeamState.RETIRED
    assert {agent.team for agent in world.state.company.agents_of("toy")} == {"t2"}


def test_the_whole_campaign_talks_again_when_every_direction_has_ended_and_once_in_vain_is_enough() -> None:
    world = Community(flat, slots=3, spec=spec(teams="analysts = 3\n", limit=400)).finished()
    opened = [event.text for _, event in world.events if event.kind == "discussion.opened"]
    assert len(opened) > 1, "it is discussed again"
    assert any("scaled up" in text or "not alone" in text for text in opened[1:])
    assert world.state.campaigns["toy"].reason == "every direction was explored"
    rows = list(world.state.company.discussions_of("toy"))
    for one, other in itertools.pairwise(rows):
        begun = [row for row in world.state.experiments_of("toy") if one.closed and one.closed < row.created]
        assert begun
        assert other.reason, "never twice without anything new"


def test_each_step_of_reorganisation_says_why() -> None:
    reasons = 0
    for seed in range(3):
        world = Community(bowl, slots=4, spec=spec(teams="stall_after = 4\n", limit=70), seed=seed).finished()
        for row in world.state.company.all_directions("toy"):
            if row.state not in (DirectionState.ACTIVE, DirectionState.STANDING):
                assert row.reason, row
                reasons += 1
        for team in world.state.company.all_teams("toy"):
            assert team.state is TeamState.ACTIVE or team.reason, team
    assert reasons > 3


def test_a_real_effect_is_found_by_teams_and_its_record_is_honest() -> None:
    world = Community(bowl, slots=4, spec=spec(limit=80), seed=1).finished()
    champion = world.state.experiments[world.state.campaigns["toy"].champion]
    assert champion.verdict == Verdict.ACCEPTED
    rng = random.Random(0)
    middle = [bowl(dict.fromkeys(world.params, 0.5), rng) for _ in range(50)]
    assert champion.mean is not None
    assert champion.mean < sum(middle) / 50 - 0.05
    assert world.state.campaigns["toy"].state is CampaignState.FINISHED


def test_people_of_a_dissolved_team_do_not_join_one_that_is_held() -> None:
    world = Community(flat, slots=3, spec=spec(teams="analysts = 3\nexperimenters = 0\n"))
    names = iter(("A", "B", "C"))

    def talk(question: Question) -> Reply | str:
        if question.move is not Move.DISCUSS:
            return SILENCE
        return Reply(directions=(over(next(names)),) if question.round == 1 else ())

    world.script = talk
    world.begin()
    world.until(lambda: world.texts("discussion.closed"))
    company = world.state.company
    assert len(company.teams_of("toy")) == 3
    held, gone, _ = company.teams_of("toy")
    world.state.apply(bump(held, held=True))
    for number in range(3):
        ended(
            world, 50 + number, company.directions[gone.direction].axes[0], Verdict.REJECTED, gone.direction
        )
    world.state.apply(bump(company.discussions["s1"], closed=world.now + 999))
    lone = company.members(gone)
    decided(world)
    decided(world)
    assert company.teams[gone.id].state is TeamState.RETIRED
    for agent in lone:
        assert company.agents[agent.id].team not in (held.id, gone.id)
