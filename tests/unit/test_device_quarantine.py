"""Devices that fail: put in quarantine, never charged to an idea, and used again once a person says so."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest

from arctl.daemon import facts
from arctl.daemon.actions import CheckDevice, ForgetFaults, StopRun
from arctl.daemon.reduce import reduce
from arctl.daemon.rows import ExperimentState, Quarantine, RunState
from tests.support.virtual import SPEC, World

LIMITED = SPEC + "[limits]\nexperiments = 6\n"


def loss(params: dict[str, Any], chance: random.Random) -> float:
    return (params["X"] - 0.3) ** 2 + chance.gauss(0, 0.01)


def begun(slots: int = 2, spec: str = LIMITED) -> World:
    """Return a world with a campaign."""
    world = World(loss, slots=slots, spec=spec)
    world.begin()
    return world


def until_running(world: World, count: int) -> list[str]:
    """Go on until so many runs are under way; return them."""
    for _ in range(10_000):
        running = [run.id for run in world.state.active_runs() if run.state is RunState.RUNNING]
        if len(running) >= count:
            return running
        world.run(1)
    msg = "no runs"
    raise AssertionError(msg)


def xid(device: str, kind: str = "xid") -> facts.DeviceFaulted:
    return facts.DeviceFaulted(device, kind, "Xid 48 (double bit ECC error)", device, {"xid": 48})


def tell(world: World, fact: facts.Fact) -> None:
    """Let something happen now."""
    world._settle(reduce(world.state, fact, world.now))


def ask(world: World, verb: str, target: str, **data: Any) -> Any:
    """Ask for something as a person; return the answer, or raise the refusal."""
    tell(world, facts.Control("k", verb, target, "ada", "", None, data))
    answer = world.answers["k"]
    if answer.error is not None:
        raise answer.error
    return answer.result


def test_a_run_that_its_device_killed_is_tried_on_another_and_no_idea_is_charged() -> None:
    world = begun(slots=2)
    world.failing["g1"] = (25.0, xid("g1"))
    world.run()
    assert not world.failing, "a run was on it"
    verdicts = [row.verdict for row in world.state.experiments.values()]
    assert "crashed" not in verdicts
    assert "lost" not in verdicts
    assert all(row.state is ExperimentState.CLOSED for row in world.state.experiments.values())
    (again,) = world.texts("run.requeued")
    assert "its device g1 failed: Xid 48" in again
    assert "crashed: CUDA error" in again
    struck = next(run for run in world.state.runs.values() if run.attempt == 2)
    assert (struck.losses, struck.outcome, struck.device) == (1, "ok", "g0")
    after = {device for at, _, device in world.started if at > 25.0}
    assert after == {"g0"}, "nothing more starts on a device in quarantine"
    assert world.state.campaigns["toy"].state == "finished"


def test_the_fault_counts_also_where_a_person_released_the_device_before_the_run_had_ended() -> None:
    world = begun(slots=1)
    (run,) = until_running(world, 1)
    world.now += 1
    tell(world, xid("g0"))
    ask(world, "release", "g0")
    world.drop(lambda fact: isinstance(fact, facts.RunEnded))
    tell(world, facts.RunEnded(run, 1, "crashed", "CUDA error", 1.0, None, {}, {}))
    assert world.state.runs[run].attempt == 2


def test_what_crashes_on_a_device_that_is_well_is_the_idea_s_own_fault() -> None:
    world = begun(slots=2)
    (run, *_) = until_running(world, 2)
    other = next(device for device in ("g0", "g1") if device not in world.state.runs[run].bound)
    tell(world, xid(other))
    tell(world, facts.RunEnded(run, 1, "crashed", "exit status 1", 1.0, None, {}, {}))
    assert world.state.runs[run].outcome == "crashed"


def test_what_a_run_left_behind_blames_no_later_run() -> None:
    world = begun(slots=1)
    (run,) = until_running(world, 1)
    tell(world, facts.DeviceFaulted("g0", "left", "4000 MiB are still held after r0", "g0", {}, "r0"))
    world.drop(lambda fact: isinstance(fact, facts.RunEnded))
    tell(world, facts.RunEnded(run, 1, "crashed", "exit status 1", 1.0, None, {}, {}))
    assert world.state.runs[run].outcome == "crashed"


def test_a_run_that_kills_one_device_after_the_other_is_given_up_before_it_has_all() -> None:
    world = begun(slots=4)
    (run, *_) = until_running(world, 4)
    for attempt in (1, 2, 3):
        row = world.state.runs[run]
        while row.state is not RunState.RUNNING:
            world.run(1)
            row = world.state.runs[run]
        assert row.attempt == attempt
        world.drop(lambda fact: isinstance(fact, facts.RunEnded) and fact.run == run)
        tell(world, xid(row.device))
        tell(world, facts.RunEnded(run, attempt, "crashed", "CUDA error", 1.0, None, {}, {}))
    assert world.state.runs[run].outcome == "lost"
    assert sum(row.lifted is None for row in world.state.machine.quarantines.values()) == 3


def test_the_runs_on_a_device_that_is_lost_go_elsewhere_at_once() -> None:
    world = begun(slots=2)
    until_running(world, 2)
    run = next(run for run in world.state.active_runs() if run.device == "g1")
    actions: list[Any] = []
    step = reduce(world.state, facts.DeviceFaulted("g1", "lost", "it does not answer", "g1"), world.now)
    actions += step.actions
    assert [action.run for action in actions if isinstance(action, StopRun)] == [run.id]
    world.drop(lambda fact: isinstance(fact, facts.RunEnded) and fact.run == run.id)
    world._settle(step)
    world.run()
    row = world.state.runs[run.id]
    assert (row.attempt, row.outcome, row.device) == (2, "ok", "g0")


def test_a_quarantine_survives_a_restart_and_is_lifted_by_a_person_and_undone() -> None:
    world = begun(slots=2)
    until_running(world, 1)
    tell(world, xid("g1"))
    world.restart()
    world.run(1)
    row = world.state.machine.quarantine("g1")
    assert row is not None
    assert (row.reason, row.evidence, row.name) == ("Xid 48 (double bit ECC error)", {"xid": 48}, "g1")
    assert not world.state.usable("g1")
    world.now += 5
    answer = ask(world, "release", "gpu1")
    assert "released from quarantine" in answer["text"]
    assert world.state.usable("g1")
    lifted = world.state.machine.quarantines["g1"]
    assert (lifted.by, lifted.lifted) == ("ada", world.now)
    with pytest.raises(Exception, match="in no quarantine"):
        ask(world, "release", "g1")
    ask(world, "undo", answer["deed"])
    assert not world.state.usable("g1")
    ask(world, "redo", "")
    assert world.state.usable("g1")


def test_a_release_has_faults_that_go_on_told_anew() -> None:
    world = begun()
    until_running(world, 1)
    tell(world, xid("g1"))
    step = reduce(world.state, facts.Control("k", "release", "g1", "ada", "", None, {}), world.now)
    assert ForgetFaults("g1") in step.actions
    world._settle(step)
    assert "g1" in world.state.machine.vacated, "nothing starts there before that"
    world.run(5)
    assert "g1" not in world.state.machine.vacated


def test_a_card_that_is_listed_no_more_can_still_be_released() -> None:
    world = begun()
    until_running(world, 1)
    world.state.apply(Quarantine("GPU-x", 0.0, "lost", "gone", "gpu7 NVIDIA H100"))
    assert "gpu7" in ask(world, "release", "gpu7")["text"]


@pytest.mark.parametrize("target", ["g0", "toy", "gpu9"])
def test_what_is_in_no_quarantine_cannot_be_released(target: str) -> None:
    world = begun()
    until_running(world, 1)
    with pytest.raises(Exception, match=r"no quarantine|there is no"):
        ask(world, "release", target)


def test_a_worse_fault_takes_the_place_of_a_lesser_and_the_first_of_equals_stays() -> None:
    world = begun()
    until_running(world, 1)
    tell(world, facts.DeviceFaulted("g1", "left", "memory is held", "g1", {}, "r1"))
    tell(world, xid("g1"))
    tell(world, facts.DeviceFaulted("g1", "xid", "another", "g1"))
    row = world.state.machine.quarantine("g1")
    assert row is not None
    assert row.kind == "xid"
    assert "Xid 48" in row.reason
    assert len(world.texts("device.quarantined")) == 2


def test_a_device_is_looked_at_before_the_next_run_starts_there() -> None:
    world = begun(slots=1)
    (run,) = until_running(world, 1)
    world.drop(lambda fact: isinstance(fact, facts.RunEnded))
    step = reduce(world.state, facts.RunEnded(run, 1, "ok", "", 1.0, 0.1, {"loss": 0.1}, {}), world.now)
    assert CheckDevice("g0", run) in step.actions
    world._settle(step)
    assert not world.state.active_runs()
    world.run(1)
    assert world.state.machine.vacated == {}


def test_many_faults_in_a_storm_leave_every_experiment_with_a_verdict_of_its_own() -> None:
    for seed in range(5):
        world = World(loss, slots=4, spec=SPEC + "[limits]\nexperiments = 25\n", seed=seed)
        world.begin()
        chance = random.Random(seed)
        for device in ("g1", "g2", "g3"):
            world.failing[device] = (chance.uniform(5.0, 60.0), xid(device))
        world.run()
        rows = world.state.experiments.values()
        assert not {row.verdict for row in rows} & {"crashed", "lost"}
        # Values without noise look too good at times: those wait for a person, and nothing else does.
        undecided = [row for row in rows if not row.verdict]
        assert all(row.in_quarantine for row in undecided)
        assert undecided or world.state.campaigns["toy"].state == "finished"


def test_shared_and_several_devices_hold_their_promises_in_a_whole_campaign() -> None:
    for run in ("per_gpu = 2", "gpus = 2", 'stagger = "3s"', "gpus = 3"):
        world = begun(slots=3, spec=LIMITED.replace("[run]\n", f"[run]\n{run}\n"))
        world.run()
        assert world.state.campaigns["toy"].state == "finished", run
        if run.startswith("stagger"):
            times = [at for at, _, _ in world.started]
            assert min(b - a for a, b in itertools.pairwise(times)) >= 3.0
