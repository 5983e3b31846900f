"""Forks: a near-miss is a stepping stone; what builds on it is judged against the champion."""

from __future__ import annotations

import random
from typing import Any

import pytest

from arctl.daemon import facts
from arctl.daemon.actions import BuildCommit
from arctl.daemon.decide.lifecycle import recover
from arctl.daemon.rows import CampaignState, DirectionState, Experiment, ExperimentState, Purpose, Verdict
from arctl.daemon.turns import Question, Reply
from tests.support.community import Community, flat, propose, spec, to

TWO = "analysts = 2\nexperimenters = 0\n"


def deceptive(params: dict[str, Any], rng: random.Random) -> float:
    """A alone is worse, A and B together are much better."""
    far = params["A"] > 0.9
    loss = 10.0 + (0.3 if far else 0.0) - (0.8 if far and params["B"] > 0.9 else 0.0)
    return loss + rng.gauss(0, 0.005)


def forked(loss: Any = flat, seed: int = 0, limit: int = 30) -> tuple[Community, Experiment]:
    """A campaign in which somebody forks the first rejected experiment for its work on B."""
    world = Community(loss, slots=3, spec=spec(teams=TWO, limit=limit), seed=seed)
    world.begin()
    world.until(lambda: world.state.count_proposed("toy") >= 2)
    values = {"A": "0.95"}
    world.after(0, facts.Control("p", "propose", "toy", "zoe", data={"values": values}))
    world.until(lambda: any(
        row.params.get("A") == 0.95 and row.verdict == Verdict.REJECTED
        for row in world.state.experiments_of("toy"))
        or world.state.campaigns["toy"].state is CampaignState.FINISHED
    )  # fmt: skip
    row = next(row for row in world.state.experiments_of("toy") if row.params.get("A") == 0.95)
    world.after(0, facts.Control("f", "fork", row.id, "zoe", data={"text": "B with it", "axes": ["B"]}))
    world.until(lambda: "f" in world.answers)
    assert world.answers["f"].error is None
    return world, row


def free_a_team(world: Community, base: str) -> None:
    """Kill the direction that holds B, or the first one, so that a team takes the fork up."""
    active = world.state.company.directions_of("toy", DirectionState.ACTIVE)
    holder = next((row for row in active if "B" in row.axes), active[0])
    step = facts.Control("w", "kill", holder.id, "zoe")
    world.after(0, step)
    world.until(lambda: "w" in world.answers)
    for end in world.state.dead_ends_of("toy"):
        world.after(0, facts.Control("v", "revive", end.id, "zoe"))
    world.until(
        lambda: any(
            row.base == base for row in world.state.company.directions_of("toy", DirectionState.ACTIVE)
        )
    )


def test_a_direction_on_a_discarded_experiment_builds_on_it_and_is_judged_against_the_champion() -> None:
    world, base = forked(deceptive)
    free_a_team(world, base.id)
    world.until(lambda: any(row.forked and row.verdict for row in world.state.experiments_of("toy")))
    for question in (q for _, q in world.asked if q.direction is not None and q.direction.base):
        if question.turn.want:
            assert question.base == base.id
            assert question.params["A"] == 0.95
            assert question.commit == base.commit
    rows = [row for row in world.state.experiments_of("toy") if row.forked]
    for row in rows:
        assert row.base == base.id
        assert row.params.get("A", 0.95) == 0.95
        if row.evidence.get("against"):
            assert row.evidence["against"] != base.id, "a discarded experiment is nobody's measure"


def test_nothing_is_measured_afresh_of_what_a_fork_builds_on() -> None:
    world, base = forked(deceptive)
    free_a_team(world, base.id)
    world.run()
    assert any(row.forked for row in world.state.experiments_of("toy"))
    fresh = [run for run in world.state.runs_of(base.id) if run.purpose is Purpose.BANK]
    assert world.state.campaigns["toy"].champion != base.id
    assert not fresh
    assert not world.state.experiments[base.id].bank


@pytest.mark.parametrize("seed", range(4))
def test_a_stepping_stone_leads_to_a_champion_with_all_that_it_builds_on(seed: int) -> None:
    world, base = forked(deceptive, seed=seed, limit=60)

    def proposer(question: Question) -> Reply:
        if question.direction is not None and question.direction.base == base.id:
            return Reply((to("B", 0.95),), exhausted=True)
        rng = random.Random(f"{seed}/{question.turn.id}")
        return propose(question, rng, world.params)

    world.proposer = proposer
    free_a_team(world, base.id)
    world.run()
    champion = world.state.experiments[world.state.campaigns["toy"].champion]
    assert champion.params["A"] > 0.9
    assert champion.params["B"] > 0.9
    lineage = [champion]
    while lineage[-1].base:
        lineage.append(world.state.experiments[lineage[-1].base])
    assert base.id in [row.id for row in lineage]
    assert any(row.forked for row in lineage)


def test_a_forks_experiment_is_built_on_its_base_again_after_a_restart() -> None:
    world, base = forked()
    row = Experiment(
        "e90",
        "toy",
        90,
        world.now,
        ExperimentState.BUILDING,
        "t",
        proposal=base.proposal,
        base=base.id,
        forked=True,
    )
    world.state.apply(row)
    again = [
        action for action in recover(world.state, world.now).actions
        if isinstance(action, BuildCommit) and action.experiment.id == "e90"
    ]  # fmt: skip
    assert [action.base_commit for action in again] == [base.commit]


def test_a_campaign_with_forks_survives_restarts() -> None:
    world, base = forked(deceptive, seed=2)
    free_a_team(world, base.id)
    for _ in range(6):
        world.run(limit=7)
        world.restart()
    world.run()
    assert world.state.campaigns["toy"].state is CampaignState.FINISHED
    assert any(row.forked for row in world.state.experiments_of("toy"))


def test_a_fork_of_the_champion_is_no_fork() -> None:
    world = Community(flat, slots=3, spec=spec(teams=TWO, limit=12))
    world.begin()
    world.until(lambda: world.texts("discussion.closed"))
    world.after(0, facts.Control("f", "fork", "e1", "zoe", data={"text": "on", "axes": ["H"]}))
    world.run()
    assert not any(row.forked for row in world.state.experiments_of("toy") if row.base == "e1")
