"""A company with members from outside, in virtual time: nobody waits for them, and nothing rests on them."""

from __future__ import annotations

import random
from typing import Any

import pytest

from arctl.daemon import facts
from arctl.daemon.decide.teams.leases import SILENCE
from arctl.daemon.rows import AgentState, CampaignState, ProposalState
from arctl.daemon.state import State
from tests.support.community import Community, spec


def bowl(params: dict[str, Any], rng: random.Random) -> float:
    """A loss with its least value where every parameter is 0.8, and noise."""
    return 1 + sum((value - 0.8) ** 2 for value in params.values()) + rng.gauss(0, 0.01)


def visit(world: Community, at: float, verb: str, name: str = "otto", **data: Any) -> str:
    """Let a member do something at a time; return the ticket of the answer."""
    ticket = f"{name}/{verb}/{at}"
    world.after(at, facts.Control(ticket, f"member.{verb}", "toy", "zoe", data={"name": name, **data}))
    return ticket


def rows(state: State, name: str = "otto") -> list[Any]:
    return [row for row in state.proposals.values() if row.agent == name]


def alone(limit: int) -> Community:
    """Return a campaign of a solo agent."""
    text = spec(("A", "B"), teams="analysts = 0", limit=limit)
    return Community(bowl, slots=1, spec=text, params=("A", "B"))


def run(world: Community) -> Community:
    world.begin()
    world.run()
    return world


@pytest.mark.parametrize("role", ["analyst", "experimenter"])
def test_a_solo_agent_goes_on_as_before_beside_a_silent_member(role: str) -> None:
    world = alone(12)
    visit(world, 30, "join", role=role)
    run(world)
    without = run(alone(12)).state
    state = world.state
    assert state.campaigns["toy"].state is CampaignState.FINISHED
    titles = [[row.title for row in found.experiments_of("toy")] for found in (state, without)]
    assert titles[0] == titles[1]
    assert not state.company.discussions, "one from outside is no company that has to talk"


def test_silent_members_get_no_team_of_their_own_and_hold_nothing_up() -> None:
    world = Community(bowl, slots=2, spec=spec(teams="analysts = 2", limit=30))
    for number in range(4):
        visit(world, 1 + number, "join", f"guest{number}", role="analyst")
    run(world)
    state = world.state
    assert state.campaigns["toy"].state is CampaignState.FINISHED
    assert len(state.company.all_teams("toy")) <= 2
    for team in state.company.all_teams("toy"):
        assert not [row for row in state.company.members(team) if row.outside]
    assert state.count_proposed("toy") == 30 or "explored" in state.campaigns["toy"].reason


def test_a_members_idea_is_critiqued_by_the_house_and_runs() -> None:
    world = Community(bowl, slots=2, spec=spec(teams="analysts = 2", limit=30))
    visit(world, 1, "join", role="analyst")
    made = visit(
        world, 100, "propose", title="a joint step", hypothesis="both are low", axis="both.of.them",
        change={"kind": "params", "values": {"A": 0.8, "B": 0.8}}, difference="together",
    )  # fmt: skip
    run(world)
    answer = world.answers[made]
    assert answer.error is None, answer.error
    assert answer.result["state"] == "pending"
    (row,) = rows(world.state)
    said = world.state.company.critiques_on(row.id)
    assert row.state is ProposalState.TAKEN
    assert {item.author for item in said} <= {"ada", "emmy", "grace", "marie"}
    assert world.state.experiments[row.experiment].verdict


def test_who_falls_silent_counts_as_gone_and_what_it_left_open_is_given_up() -> None:
    world = Community(
        bowl, slots=1, spec=spec(("A", "B"), teams="analysts = 0", limit=400), params=("A", "B")
    )
    visit(world, 30, "join", role="analyst")
    idea = {"hypothesis": "h", "title": "odd", "axis": "some.axis", "change": {"kind": "idea"}}
    visit(world, 31, "propose", **idea)
    visit(world, 32, "propose", **idea)
    # The daemon's clock ticks every second; in virtual time it has to be told.
    world.after(SILENCE + 100, facts.Tick())
    run(world)
    agent = world.state.company.named("toy", "otto")
    assert agent is not None
    assert agent.state is AgentState.RETIRED
    assert not [row for row in rows(world.state) if row.state is ProposalState.OBJECTED]


def test_an_idea_waits_for_a_writer_from_outside_where_the_house_writes_no_code() -> None:
    world = alone(12)
    visit(world, 30, "join", role="analyst")
    visit(world, 30, "join", "iris", role="experimenter")
    visit(world, 31, "propose", title="odd", hypothesis="h", axis="some.axis", change={"kind": "idea"})
    claim = visit(world, 33, "claim", "iris")
    visit(world, 40, "submit", "iris", change={"kind": "params", "values": {"A": 0.75}})
    run(world)
    assert world.answers[claim].error is None, world.answers[claim].error
    (row,) = rows(world.state)
    assert (row.state, row.writer) == (ProposalState.TAKEN, "iris")
    assert not [
        event for _, event in world.events if event.kind == "turn.asked" and "implement" in event.text
    ]


def test_a_claim_whose_lease_ends_returns_to_the_queue_without_a_mark_on_the_idea() -> None:
    world = Community(
        bowl, slots=1, spec=spec(("A", "B"), teams="analysts = 0", limit=400), params=("A", "B")
    )
    visit(world, 30, "join", role="analyst")
    visit(world, 30, "join", "iris", role="experimenter")
    visit(world, 31, "propose", title="odd", hypothesis="h", axis="some.axis", change={"kind": "idea"})
    visit(world, 33, "claim", "iris")
    run(world)
    assert [text for text in world.texts("turn.lost") if "iris" in text]
    (row,) = rows(world.state)
    assert row.tries == 0
