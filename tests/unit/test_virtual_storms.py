"""People, deaths and restarts at random moments: a campaign always ends, and its record is true."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arctl.daemon import facts
from arctl.daemon.model import CampaignState, Outcome, Purpose, RunState, Verdict
from tests.support.virtual import SPEC, World
from tests.unit.test_virtual_campaign import bowl, flat

OPERATIONS = ("pause", "resume", "kill", "lose", "restart", "start", "stop", "drain")


def disturb(world: World, operation: str, pick: random.Random) -> None:
    """Do something to the campaign, now."""
    state = world.state
    runs, open_rows = [run.id for run in state.live_runs()], [row.id for row in state.open_experiments("toy")]
    targets = ["toy", *runs, *open_rows]
    match operation:
        case "pause" | "resume":
            world.after(0, facts.Control("t", operation, pick.choice(targets), "ada"))
        case "kill":
            world.after(0, facts.Control("t", "kill", pick.choice([*runs, *open_rows, "e999"]), "ada"))
        case "lose" if state.active_runs():
            world.lose(pick.choice(state.active_runs()).id)
        case "restart":
            world.restart()
        case "start":
            world.begin()
        case "stop" | "drain":
            mode = "now" if operation == "stop" else "drain"
            world.after(0, facts.StopDaemon("t", mode, "ada"))
            world.run(limit=200)
            world.restart()


def bring_to_the_end(world: World) -> None:
    """Take every hold away, as a person would, and let it run."""
    for _ in range(50):
        world.run()
        campaign = world.state.campaigns["toy"]
        if world.over:
            world.restart()
            continue
        if campaign.state is CampaignState.FINISHED:
            return
        held = [row.id for row in world.state.open_experiments("toy") if row.held]
        held += [run.id for run in world.state.live_runs() if run.held]
        assert held or campaign.state is not CampaignState.RUNNING, "it runs, and nothing ever happens"
        for target in ("toy", *held):
            world.after(0, facts.Control("t", "resume", target, "ada"))
    raise AssertionError


def check_record(world: World) -> None:
    """Each result counts once, where it belongs."""
    state = world.state
    assert not world.live()
    for row in state.experiments_of("toy"):
        assert row.verdict
        runs = [run for run in state.runs_of(row.id) if run.outcome == Outcome.OK]
        fresh = [run.value for run in runs if run.purpose in (Purpose.BASELINE, Purpose.BANK)]
        judged = [run.value for run in runs if run.purpose in (Purpose.SEARCH, Purpose.CONFIRM)]
        assert sorted(row.bank) == sorted(fresh)
        if not row.same_as:
            assert sorted(row.values) == sorted(judged)
        seeds = [run.seed for run in runs]
        assert len(set(seeds)) == len(seeds), "a champion is never judged by a seed that won"
    lineage = state.experiments[state.campaigns["toy"].champion]
    while lineage.base:
        assert lineage.verdict == Verdict.ACCEPTED
        assert lineage.promoted
        lineage = state.experiments[lineage.base]
    assert all(run.state is RunState.ENDED for run in state.runs.values())


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10_000),
    slots=st.integers(1, 5),
    storm=st.lists(st.tuples(st.integers(1, 60), st.sampled_from(OPERATIONS)), max_size=12),
)
def test_whatever_happens_a_campaign_ends_and_its_record_is_true(
    seed: int, slots: int, storm: list[tuple[int, str]]
) -> None:
    world = World(bowl, slots=slots, seed=seed, spec=SPEC + "\n[limits]\nexperiments = 12\n", crash=0.1)
    world.begin()
    world.run(limit=1)
    pick = random.Random(seed)
    for steps, operation in storm:
        world.run(limit=steps)
        if world.over:
            world.restart()
        disturb(world, operation, pick)
    bring_to_the_end(world)
    check_record(world)


def test_two_winners_on_one_parameter_are_both_judged() -> None:
    def steep(params: dict[str, Any], rng: random.Random) -> float:
        return params["X"] + rng.gauss(0, 0.001)

    for seed in range(6):
        world = World(steep, slots=4, seed=seed, spec=SPEC + "\n[limits]\nexperiments = 16\n")
        world.begin()
        world.run()
        state = world.state
        best = state.experiments[state.campaigns["toy"].champion]
        judged = [row for row in state.experiments_of("toy") if row.values and not row.same_as]
        least = min(row.params["X"] for row in judged)
        assert best.params["X"] == least, "the best that was measured is champion"


def test_a_killed_queued_run_ends_its_experiment() -> None:
    world = World(flat, slots=1, spec=SPEC + "\n[limits]\nexperiments = 4\n")
    world.begin()
    while not (waiting := [r for r in world.state.live_runs() if r.purpose is Purpose.SEARCH]):
        world.run(limit=1)
    world.after(0, facts.Control("k", "kill", waiting[0].id, "ada"))
    bring_to_the_end(world)
    assert world.state.experiments[waiting[0].experiment].verdict == Verdict.CANCELLED


def test_a_setup_that_failed_is_tried_again_on_resume() -> None:
    spec = (
        SPEC.replace('command = "true"', 'command = "true"\nsetup = "false"')
        + "\n[limits]\nexperiments = 1\n"
    )
    world = World(flat, slots=1, spec=spec)
    world.begin()
    while not world.state.active_runs():
        world.run(limit=1)
    run = world.state.active_runs()[0]
    assert run.purpose is Purpose.SETUP
    world.after(0, facts.RunEnded(run.id, 1, "crashed", "exit status 1", 1.0, None, {}, {}))
    world.run()
    assert world.state.campaigns["toy"].state is CampaignState.HELD
    bring_to_the_end(world)
    assert world.state.campaigns["toy"].setup_done


def test_a_larger_bank_is_filled_for_champions_that_are_waited_for() -> None:
    world = World(bowl, slots=4, spec=SPEC + "\n[limits]\nexperiments = 12\n")
    world.begin()
    while not any(row.verdict == Verdict.BASELINE for row in world.state.experiments.values()):
        world.run(limit=1)
    more = world.spec + "\n[policy]\nbaseline_runs = 8\nchampion_runs = 5\n"
    world.after(
        0, facts.CampaignAdmitted("t2", "ada", "toy", "/repo", "", more, {}, "c0", "t0", {"X": 0.5}, ())
    )
    bring_to_the_end(world)
    check_record(world)


@pytest.mark.parametrize("panel", [[1, 2, 3, 4, 5], [7, 8, 9, 10, 11, 12, 13, 14, 15]])
def test_a_seed_panel_never_gives_a_champion_a_seed_that_won(panel: list[int]) -> None:
    spec = SPEC + f"\n[limits]\nexperiments = 16\n[policy]\nseeds = {panel}\n"
    world = World(bowl, slots=3, spec=spec)
    world.begin()
    bring_to_the_end(world)
    check_record(world)


def test_what_measures_otherwise_is_another_campaign() -> None:
    world = World(flat, slots=1, spec=SPEC + "\n[limits]\nexperiments = 1\n")
    world.begin()
    world.run()
    other = world.spec.replace('command = "true"', 'command = "cheat"')
    world.after(
        0, facts.CampaignAdmitted("t2", "ada", "toy", "/repo", "", other, {}, "c0", "t0", {"X": 0.5}, ())
    )
    world.run()
    error = world.answers["t2"].error
    assert error is not None
    assert "run.command" in error.message
    assert "another name" in error.remedy


def test_a_fresh_run_that_crashes_once_is_replaced() -> None:
    world = World(bowl, slots=1, spec=SPEC + "\n[limits]\nexperiments = 8\n")
    world.begin()
    while not (bank := [r for r in world.state.active_runs() if r.purpose is Purpose.BANK]):
        world.run(limit=1)
    world.after(0, facts.RunEnded(bank[0].id, bank[0].attempt, "crashed", "exit status 9", 1.0, None, {}, {}))
    world.run()
    assert world.state.campaigns["toy"].state is CampaignState.FINISHED
    assert len(world.state.experiments[bank[0].experiment].bank) == 3
