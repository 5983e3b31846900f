"""Freezing and thawing, and killing without patience: what is decided, on every level."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from arctl.daemon import facts
from arctl.daemon.actions import FreezeRun, StopRun
from arctl.daemon.decide.schedule import assign
from arctl.daemon.reduce.control.service import stop
from arctl.daemon.rows import CampaignState, Outcome, Run, RunState, TeamState
from tests.support.steering import SPEC, Stage

FREEZABLE = SPEC.replace("[metric]", "freezable = true\n[metric]", 1)
STILL = FreezeRun("r1", 1, still=True)
ON = FreezeRun("r1", 1, still=False)


def stage(spec: str = FREEZABLE, **run: Any) -> Stage:
    """Return a campaign whose run r1 of t1, h1 and e4 is under way on cpu0."""
    made = Stage()
    made.set(dataclasses.replace(made.state.campaigns["toy"], spec=spec))
    made.set(dataclasses.replace(made.state.runs["r1"], **{"can_freeze": True, **run}))
    return made


def r1(of: Stage) -> Run:
    return of.state.runs["r1"]


@pytest.mark.parametrize("target", ["toy", "t1", "h1", "e4", "r1", "cpu0"])
def test_a_freeze_stops_what_runs_holds_the_rest_and_a_resume_thaws_it(target: str) -> None:
    on = stage()
    answer = on.done("pause", target, "the card is needed", mode="freeze")
    assert answer["undoable"]
    assert (r1(on).frozen, r1(on).frozen_by) == (on.now, (target,))
    assert on.step.actions == [STILL]
    (said,) = [event for event in on.events if event.kind == "run.frozen"]
    assert (said.subject, said.data["by"], said.actor) == ("r1", target, "zoe")
    assert "the card is needed" in said.text
    # A second run of the same team, direction and experiment waits: nothing more of the target starts.
    on.set(dataclasses.replace(r1(on), id="r9", state=RunState.READY, device="", frozen=None, frozen_by=()))
    on.set(dataclasses.replace(on.state.runs["r2"], held=True))
    launched = [getattr(action, "run", None) for action in assign(on.state, on.now).actions]
    if target not in ("r1", "cpu0"):
        assert not launched
    on.now += 60
    on.done("resume", target)
    assert r1(on).frozen is None
    assert r1(on).frozen_by == ()
    assert r1(on).frozen_seconds == 61.0
    assert not r1(on).held
    assert ON in on.step.actions
    (said,) = [event for event in on.events if event.kind == "run.thawed"]
    assert said.data["seconds"] == 61.0


def test_a_campaign_that_does_not_allow_it_is_not_frozen_and_says_which_line_would() -> None:
    on = stage(SPEC)
    for target, way in (("toy", "--drain"), ("t1", "--drain"), ("e4", "pause e4"), ("cpu0", "pause cpu0")):
        said = on.refused("pause", target, mode="freeze")
        assert "wall clock" in said
        assert "`freezable = true` under [run]" in said
        assert way in said
    assert "kill r1" in on.refused("pause", "r1", mode="freeze")
    assert r1(on).frozen is None
    on.set(dataclasses.replace(r1(on), state=RunState.ENDED))
    on.done("pause", "cpu0", mode="freeze")
    assert on.state.is_held("cpu0"), "nothing runs there that could be frozen: it is held"


def test_an_agent_is_not_frozen() -> None:
    assert "pause bob" in stage().refused("pause", "bob", mode="freeze")


def test_a_run_under_an_older_supervisor_is_left_alone_and_named() -> None:
    on = stage(can_freeze=False)
    assert "older arctl" in on.refused("pause", "r1", mode="freeze")
    assert "r1 goes on" in on.done("pause", "t1", mode="freeze")["text"]
    assert r1(on).frozen is None
    assert on.state.company.teams["t1"].held
    assert not on.step.actions


def test_a_run_goes_on_when_nothing_freezes_it_any_more() -> None:
    on = stage()
    on.done("pause", "t1", mode="freeze")
    on.done("pause", "toy", mode="freeze")
    assert r1(on).frozen_by == ("t1", "toy")
    assert not on.step.actions, "it stands still already"
    assert "r1 stays frozen with t1" in on.done("resume", "toy")["text"]
    assert r1(on).frozen is not None
    assert "thawed: r1" in on.done("resume", "t1")["text"]
    assert r1(on).frozen is None


def test_a_run_that_is_named_goes_on_whatever_froze_it() -> None:
    on = stage()
    on.done("pause", "t1", mode="freeze")
    on.done("resume", "r1")
    assert (r1(on).frozen, on.state.company.teams["t1"].held) == (None, True)
    on.done("undo", "")
    assert r1(on).frozen_by == ("r1",)


def test_an_undone_freeze_thaws_and_an_undone_thaw_freezes() -> None:
    on = stage()
    on.done("pause", "h1", mode="freeze")
    on.done("undo", "")
    assert (r1(on).frozen, on.state.company.directions["h1"].held) == (None, False)
    on.done("pause", "h1", mode="freeze")
    on.done("resume", "h1")
    on.done("undo", "")
    assert r1(on).frozen_by == ("h1",)


def test_an_undone_freeze_of_an_experiment_leaves_what_its_team_froze() -> None:
    on = stage()
    on.done("pause", "t1", mode="freeze")
    on.done("pause", "e4", mode="freeze")
    on.done("undo", "")
    assert r1(on).frozen_by == ("t1",)
    on.done("pause", "e4")
    assert r1(on).frozen_by == ("t1",), "a plain pause thaws nothing of others"


def test_what_was_paused_before_it_was_frozen_is_paused_again_by_undo() -> None:
    on = stage()
    for mode, drain in (("hold", False), ("drain", True)):
        on.done("pause", "t1", mode=mode)
        on.done("pause", "t1", mode="freeze")
        assert r1(on).frozen is not None
        on.done("undo", "")
        team = on.state.company.teams["t1"]
        assert (r1(on).frozen, team.held, team.drain) == (None, True, drain)
        on.done("resume", "t1")


def test_a_plain_pause_of_something_frozen_lets_what_runs_end() -> None:
    on = stage()
    on.done("pause", "toy", mode="freeze")
    assert "stays paused; thawed: r1" in on.done("pause", "toy")["text"]
    assert on.state.campaigns["toy"].state is CampaignState.PAUSED


def test_to_freeze_twice_is_nothing_to_do() -> None:
    on = stage()
    on.done("pause", "r1", mode="freeze")
    assert "nothing to do" in on.done("pause", "r1", mode="freeze")["text"]


def test_a_run_that_is_being_stopped_is_not_frozen() -> None:
    on = stage(stopping="killed by ada")
    assert "--force" in on.refused("pause", "r1", mode="freeze")
    on.done("pause", "t1", mode="freeze")
    assert r1(on).frozen is None


def test_a_run_frozen_while_it_is_launched_is_frozen_once_it_runs() -> None:
    on = stage(state=RunState.LAUNCHING, can_freeze=False)
    on.done("pause", "r1", mode="freeze")
    assert not on.step.actions
    on.fact(facts.RunStarted("r1", 1, freezable=True))
    assert on.step.actions == [STILL]
    assert r1(on).can_freeze


@pytest.mark.parametrize("frozen", [True, False])
def test_an_adopted_run_is_told_once_more_how_it_is_to_be(frozen: bool) -> None:
    on = stage(frozen=50.0 if frozen else None, frozen_by=("r1",) if frozen else ())
    on.fact(facts.RunStarted("r1", 1, adopted=True, freezable=True))
    assert on.step.actions == [STILL if frozen else ON]
    assert (r1(on).frozen is not None) == frozen


def test_an_adopted_run_whose_supervisor_cannot_freeze_is_not_called_frozen() -> None:
    on = stage(frozen=50.0, frozen_by=("r1",))
    on.fact(facts.RunStarted("r1", 1, adopted=True))
    assert (r1(on).frozen, r1(on).can_freeze, on.step.actions) == (None, False, [])
    assert on.texts("run.thawed")


def test_an_ended_run_is_frozen_no_longer_and_keeps_for_how_long_it_was() -> None:
    on = stage(frozen=50.0, frozen_by=("t1",))
    evidence = {"frozen_seconds": 12.5}
    on.fact(facts.RunEnded("r1", 1, Outcome.OK, "", 30.0, 1.0, {}, evidence))
    assert (r1(on).frozen, r1(on).frozen_by, r1(on).frozen_seconds) == (None, (), 12.5)
    assert r1(on).seconds == 30.0


def test_a_run_lost_while_it_was_frozen_by_name_waits_for_a_resume() -> None:
    on = stage()
    on.done("pause", "r1", mode="freeze")
    on.fact(facts.RunLost("r1", 1, "its shim died"))
    row = r1(on)
    assert (row.state, row.held, row.frozen, row.frozen_by) == (RunState.QUEUED, True, None, ())


def test_a_daemon_that_waits_for_the_end_of_its_runs_refuses_to_wait_for_a_frozen_one() -> None:
    on = stage(frozen=50.0, frozen_by=("r1",))
    (answer,) = stop(on.state, facts.StopDaemon("k", "drain", "zoe")).answers
    assert answer.error is not None
    assert "r1 would never end" in answer.error.message
    assert "--now" in answer.error.remedy
    assert not stop(on.state, facts.StopDaemon("k", "now", "zoe")).answers[0].error


@pytest.mark.parametrize("target", ["toy", "t1", "h1", "e4", "r1", "cpu0"])
def test_a_forced_kill_waits_for_nothing(target: str) -> None:
    on = stage()
    on.done("kill", target, force=True)
    (action,) = [action for action in on.step.actions if isinstance(action, StopRun)]
    assert (action.run, action.force) == ("r1", True)


@pytest.mark.parametrize("target", ["toy", "t1", "h1", "e4", "r1", "cpu0"])
def test_a_forced_kill_ends_what_was_being_ended_already(target: str) -> None:
    on = stage()
    on.done("kill", target)
    assert not any(getattr(action, "force", False) for action in on.actions)
    why = r1(on).stopping
    assert "no more time" in on.done("kill", target, force=True)["text"]
    assert on.step.actions == [StopRun("r1", 1, why, force=True)]


def test_a_forced_kill_of_what_is_over_is_refused() -> None:
    on = stage()
    on.done("kill", "t1", force=True)
    on.set(dataclasses.replace(r1(on), state=RunState.ENDED))
    assert on.state.company.teams["t1"].state is TeamState.RETIRED
    assert "is retired" in on.refused("kill", "t1", force=True)
