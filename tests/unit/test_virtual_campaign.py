"""Whole campaigns in virtual time: the real rules on a simulated machine."""

from __future__ import annotations

import random
from typing import Any

import pytest

from arctl.daemon import facts
from arctl.daemon.rows import CampaignState, Verdict
from tests.support.virtual import SPEC, World


def bowl(params: dict[str, Any], rng: random.Random) -> float:
    """A loss with its least value at X = 0.2, and noise."""
    return 1 + 4 * (params["X"] - 0.2) ** 2 + rng.gauss(0, 0.01)


def flat(params: dict[str, Any], rng: random.Random) -> float:
    """A loss on which nothing has an effect."""
    del params
    return 1 + rng.gauss(0, 0.01)


def limited(count: int, extra: str = "") -> str:
    return f"{SPEC}\n[limits]\nexperiments = {count}\n{extra}"


def finished(world: World) -> World:
    world.begin()
    world.run()
    assert world.state.campaigns["toy"].state is CampaignState.FINISHED
    assert not world.live()
    return world


@pytest.mark.parametrize("slots", [1, 2, 8])
def test_a_real_effect_is_found_and_its_record_is_honest(slots: int) -> None:
    world = finished(World(bowl, slots=slots, spec=limited(40)))
    state = world.state
    champion = state.experiments[state.campaigns["toy"].champion]
    assert champion.verdict == Verdict.ACCEPTED
    assert abs(champion.params["X"] - 0.2) < 0.15
    assert len(champion.bank) == 3, "the champion's record is made of fresh runs"
    truth = 1 + 4 * (champion.params["X"] - 0.2) ** 2
    assert abs(sum(champion.bank) / 3 - truth) < 0.03


def test_without_any_effect_false_champions_stay_rare() -> None:
    accepted = decided = 0
    for seed in range(12):
        world = finished(World(flat, slots=4, spec=limited(40), seed=seed))
        verdicts = [row.verdict for row in world.state.experiments_of("toy")]
        accepted += verdicts.count(Verdict.ACCEPTED)
        decided += sum(verdict in ("accepted", "rejected", "inconclusive") for verdict in verdicts)
    # alpha is .05 per decision; three binomial standard deviations above it.
    assert accepted <= decided * 0.05 + 3 * (decided * 0.05 * 0.95) ** 0.5
    assert decided > 400


def test_greedy_collects_false_champions_where_nothing_has_an_effect() -> None:
    world = finished(World(flat, slots=1, spec=limited(60, '[policy]\nmode = "greedy"\n')))
    verdicts = [row.verdict for row in world.state.experiments_of("toy")]
    assert verdicts.count(Verdict.ACCEPTED) >= 3


def test_crashes_are_verdicts_and_nothing_waits_for_ever() -> None:
    world = finished(World(bowl, slots=3, spec=limited(40), crash=0.4))
    verdicts = [row.verdict for row in world.state.experiments_of("toy")]
    assert verdicts.count(Verdict.CRASHED) >= 8
    assert "" not in verdicts


def test_a_pause_starts_nothing_and_a_resume_goes_on() -> None:
    world = World(bowl, slots=2, spec=limited(10))
    world.begin()
    world.after(30, facts.Control("p", "pause", "toy", "ada"))
    world.after(300, facts.Control("r", "resume", "toy", "ada"))
    world.run()
    assert world.answers["p"].error is None
    assert not [at for at, _, _ in world.started if 30.0 < at < 300.0]
    assert world.state.campaigns["toy"].state is CampaignState.FINISHED


def test_a_killed_run_is_stopped_in_the_same_step() -> None:
    world = World(bowl, slots=1, spec=limited(3))
    world.begin()
    while not world.state.active_runs():
        world.run(limit=1)
    run = world.state.active_runs()[0]
    world.after(0, facts.Control("k", "kill", run.id, "ada", "enough"))
    world.run()
    assert world.state.runs[run.id].reason.startswith("killed by ada: enough")


def test_a_killed_campaign_ends_everything() -> None:
    world = World(bowl, slots=4, spec=limited(100))
    world.begin()
    world.after(100, facts.Control("k", "kill", "toy", "ada"))
    world.run()
    assert world.state.campaigns["toy"].state is CampaignState.FINISHED
    assert not world.live()
    assert not [at for at, _, _ in world.started if at > 100]


def test_two_campaigns_share_the_slots() -> None:
    world = World(flat, slots=4, spec=limited(30))
    world.begin("one")
    world.begin("two")
    world.run()
    halves = dict.fromkeys(("one", "two"), 0)
    for at, ident, _ in world.started:
        if at < 200:
            halves[world.state.runs[ident].campaign] += 1
    assert min(halves.values()) > 0.7 * max(halves.values())


def test_slots_stay_busy_while_the_brain_thinks() -> None:
    spec = limited(60).replace('off = ["dead_ends"]', 'off = ["dead_ends", "near"]')
    world = finished(World(flat, slots=4, spec=spec))
    busy = sum(run.seconds for run in world.state.runs.values())
    begun = min(at for at, _, _ in world.started)
    last = max(at for at, _, _ in world.started)
    assert busy / (4 * (last - begun)) > 0.9


def test_a_stale_winner_is_tried_again_on_the_champion() -> None:
    world = finished(World(bowl, slots=8, spec=limited(60), seed=3))
    again = [row for row in world.state.experiments_of("toy") if row.verdict == Verdict.REBASED]
    assert again, "with eight slots some winners come second"
    for row in again:
        later = [other for other in world.state.experiments_of("toy") if other.number > row.number]
        assert any(other.title == row.title for other in later)


def test_a_drained_daemon_leaves_when_the_last_run_has_ended() -> None:
    world = World(bowl, slots=2, spec=limited(50))
    world.begin()
    world.after(100, facts.StopDaemon("s", "drain", "ada"))
    world.run()
    assert world.over == "drain"
    assert not world.state.active_runs()
    assert max(at for at, _, _ in world.started) <= 100


def test_runs_stopped_with_the_daemon_are_queued_again() -> None:
    world = World(bowl, slots=2, spec=limited(50))
    world.begin()
    world.after(101, facts.StopDaemon("s", "now", "ada"))
    world.run()
    assert world.over == "now"
    assert len(world.texts("run.requeued")) == 2
    assert not world.state.active_runs()
    assert world.now < 103
