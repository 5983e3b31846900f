"""Teams form around directions that stand: one axis each, something never tried, everybody placed."""

from __future__ import annotations

import dataclasses
from collections import Counter

import pytest

from arctl.daemon import facts
from arctl.daemon.decide.teams.forming import form, support
from arctl.daemon.rows import Critique, Direction, DirectionState, Move, Role, Stance
from arctl.daemon.turns import Opinion, Question, Reply
from tests.support.community import Community, clash, flat, over, spec


def formed(directions: dict[str, tuple[object, ...]], teams: str, *, slots: int = 4) -> Community:
    def script(question: Question) -> Reply | None:
        if question.move is not Move.DISCUSS:
            return None
        if question.round == 1:
            return Reply(directions=directions.get(question.agent.name, ()))  # type: ignore[arg-type]
        rows = [row for row in question.directions if row.author != question.agent.name]
        return Reply(opinions=tuple(Opinion(row.id, Stance.ENDORSE, "fine") for row in rows))

    world = Community(flat, slots=slots, spec=spec(teams=teams))
    world.script = script
    world.begin()
    world.until(lambda: world.texts("discussion.closed"))
    return world


def test_no_two_teams_hold_one_axis() -> None:
    world = formed(
        {"ada": (over("A", "B"),), "emmy": (over("B", "C"),), "grace": (over("D"),)},
        "analysts = 3\nexperimenters = 0\n",
    )
    active = world.state.company.directions_of("toy", DirectionState.ACTIVE)
    assert [row.axes for row in active] == [("A", "B"), ("D",)]
    waiting = world.state.company.directions_of("toy", DirectionState.STANDING)
    assert [row.axes for row in waiting] == [("B", "C")], "it waits, it is not lost"


def test_an_axis_and_a_part_of_it_are_one_axis() -> None:
    world = formed(
        {"ada": (over("optimizer"),), "emmy": (over("optimizer.lr.matrix"),), "grace": (over("optim"),)},
        "analysts = 3\nexperimenters = 0\n",
    )
    active = world.state.company.directions_of("toy", DirectionState.ACTIVE)
    assert [row.axes for row in active] == [("optimizer",), ("optim",)]


@pytest.mark.parametrize(("analysts", "writers"), [(1, 0), (2, 3), (3, 6), (4, 1), (6, 12)])
def test_any_number_works_and_people_are_shared_out(analysts: int, writers: int) -> None:
    world = Community(
        flat, slots=4, spec=spec(teams=f"analysts = {analysts}\nexperimenters = {writers}\n", limit=20)
    )
    world.begin()
    world.until(lambda: world.texts("discussion.closed"))
    company = world.state.company
    teams = company.teams_of("toy")
    assert 1 <= len(teams) <= analysts
    people = company.agents_of("toy")
    assert all(agent.team in {team.id for team in teams} for agent in people), "everybody has a team"
    for role, count in ((Role.ANALYST, analysts), (Role.EXPERIMENTER, writers)):
        shares = Counter(agent.team for agent in people if agent.role is role)
        assert sum(shares.values()) == count
        if count >= len(teams):
            assert len(shares) == len(teams)
            assert max(shares.values()) - min(shares.values()) <= 1
    world.run()
    assert world.state.count_proposed("toy") == 20


def test_teams_are_at_most_as_many_as_analysts_and_the_rest_waits() -> None:
    rows = (over("A"), over("B"), over("C"))
    world = formed({"ada": rows, "emmy": (over("D"),)}, "analysts = 2\nexperimenters = 0\n")
    company = world.state.company
    assert len(company.teams_of("toy")) == 2
    assert len(company.directions_of("toy", DirectionState.STANDING)) == 2


def test_one_analyst_may_propose_three_directions_and_no_more() -> None:
    rows = tuple(over(axis) for axis in "ABCDEFG")
    world = formed({"ada": rows}, "analysts = 2\nexperimenters = 0\n")
    assert len(list(world.state.company.all_directions("toy"))) == 3


def test_each_team_has_an_axis_that_was_never_tried() -> None:
    for seed in range(6):
        world = Community(flat, slots=3, spec=spec(limit=30), seed=seed)
        world.begin()
        tried: dict[str, set[str]] = {}

        def note(world: Community = world, tried: dict[str, set[str]] = tried) -> bool:
            for row in world.state.company.directions_of("toy", DirectionState.ACTIVE):
                if row.id not in tried:
                    tried[row.id] = {item.axis for item in world.state.experiments_of("toy")}
            return False

        with pytest.raises(AssertionError, match="never happened"):
            world.until(note)
        first = [row for row in world.state.company.all_directions("toy") if row.discussion == "s1"]
        assert [row for row in first if row.id in tried]
        for row in first:
            if row.id in tried:
                assert set(row.axes) - tried[row.id]


def worn(analysts: int = 2) -> Community:
    """One team at B, somebody's experiment on A is over, and what waits is over A, and over C."""
    world = formed({"ada": (over("B"),)}, f"analysts = {analysts}\nexperimenters = 0\n")
    world.after(0, facts.Control("p", "propose", "toy", "zoe", data={"values": {"A": 0.7}}))
    world.until(lambda: any(row.axis == "A" and row.verdict for row in world.state.experiments_of("toy")))
    for ident, axis in (("h90", "A"), ("h91", "C")):
        waits = Direction(ident, "toy", world.now, "emmy", axis, axes=(axis,), state=DirectionState.STANDING)
        world.state.apply(waits)
    return world


def took_up(world: Community) -> list[str]:
    state = world.state
    step = form(state, state.campaigns["toy"], state.company.discussions_of("toy")[0], world.now)
    rows = [row for row in step.rows if isinstance(row, Direction) and row.state is DirectionState.ACTIVE]
    return sorted(row.id for row in rows)


def test_a_cold_axis_comes_before_worn_out_ones() -> None:
    assert took_up(worn()) == ["h91"], "A was tried, and a cold axis is there"


def test_a_team_for_which_no_cold_axis_is_left_takes_up_a_worn_one() -> None:
    assert took_up(worn(analysts=3)) == ["h90", "h91"]


def test_a_person_s_direction_is_taken_up_on_worn_out_axes_an_agent_s_of_that_name_is_not() -> None:
    world = worn()
    row = world.state.company.directions["h90"]
    world.state.apply(dataclasses.replace(row, author="emmy", by_hand=True))
    assert took_up(world) == ["h90"]


def test_a_namesake_s_word_on_a_person_s_direction_counts() -> None:
    world = worn()
    row = dataclasses.replace(world.state.company.directions["h90"], by_hand=True)
    world.state.apply(Critique("c90", "toy", 1.0, "h90", "emmy", Stance.OBJECT, "no"))
    assert support(world.state, row).objected == 1
    assert support(world.state, dataclasses.replace(row, by_hand=False)).objected == 0


def test_a_newcomer_of_a_team_does_not_keep_what_it_said_to_have_nothing_for() -> None:
    world = formed({"ada": (over("A"),), "emmy": (over("B"),)}, "analysts = 2\nexperimenters = 2\n")
    assert all(not agent.exhausted for agent in world.state.company.agents_of("toy"))


def test_two_directions_clash_where_they_share_an_axis() -> None:
    world = formed({"ada": (over("A", "B"),), "emmy": (over("C"),)}, "analysts = 2\nexperimenters = 0\n")
    one, two = world.state.company.directions_of("toy", DirectionState.ACTIVE)
    assert clash(one, one)
    assert not clash(one, two)
