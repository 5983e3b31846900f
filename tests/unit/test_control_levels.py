"""Pause, resume and kill on every level: what is written, and that no agent is waited for."""

from __future__ import annotations

import dataclasses

import pytest

from arctl.daemon.actions import RemoveTree, StopRun, StopTurn
from arctl.daemon.marks import Reissue, Rest
from arctl.daemon.rows import (
    AgentState,
    CampaignState,
    DirectionState,
    Experiment,
    ExperimentState,
    ProposalState,
    RunState,
    TeamState,
    TurnState,
    Verdict,
)
from tests.support.steering import Stage

LEVELS = ("toy", "t1", "h1", "a1", "ada", "e5", "r2", "cpu0", "0", "gpu1")


@pytest.mark.parametrize("target", LEVELS)
def test_every_level_is_paused_resumed_and_that_is_undone(target: str) -> None:
    stage = Stage()
    answer = stage.done("pause", target, "to look at it")
    assert answer["undoable"]
    assert "paused" in answer["text"]
    assert "to look at it" in answer["text"]
    assert stage.events[-1].actor == "zoe"
    deed = stage.state.company.deeds[answer["deed"]]
    assert (deed.verb, deed.reason, deed.actor) == ("pause", "to look at it", "zoe")
    assert stage.done("pause", target)["text"] == "nothing to do"
    assert "resumed" in stage.done("resume", target)["text"]
    assert "paused" in stage.done("undo", "")["text"]
    assert "resumed" in stage.done("undo", answer["deed"])["text"]
    assert stage.state.company.deeds[answer["deed"]].undone


def test_each_level_has_its_own_mark() -> None:
    stage = Stage()
    for target in LEVELS:
        stage.done("pause", target)
    state = stage.state
    assert state.campaigns["toy"].state is CampaignState.PAUSED
    assert state.company.teams["t1"].held
    assert state.company.directions["h1"].held
    assert state.company.agents["a1"].state is AgentState.PAUSED
    assert state.experiments["e5"].held
    assert state.runs["r2"].held
    assert state.is_held("cpu0")
    assert state.is_held("GPU-ab")
    assert not state.company.teams["t2"].held


def test_a_draining_campaign_runs_on_for_what_was_begun() -> None:
    stage = Stage()
    assert "what was begun" in stage.done("pause", "toy", mode="drain")["text"]
    row = stage.state.campaigns["toy"]
    assert (row.state, row.drain) == (CampaignState.RUNNING, True)
    stage.done("pause", "toy")
    row = stage.state.campaigns["toy"]
    assert (row.state, row.drain) == (CampaignState.PAUSED, False)
    stage.done("pause", "toy", mode="drain")
    assert stage.state.campaigns["toy"].drain
    stage.done("resume", "toy")
    row = stage.state.campaigns["toy"]
    assert (row.state, row.drain) == (CampaignState.RUNNING, False)
    stage.done("undo", "")
    assert stage.state.campaigns["toy"].drain


def test_a_draining_team_and_direction_are_held_for_what_is_new() -> None:
    stage = Stage()
    for target in ("t1", "h2"):
        stage.done("pause", target, mode="drain")
    team, direction = stage.state.company.teams["t1"], stage.state.company.directions["h2"]
    assert (team.held, team.drain, direction.held, direction.drain) == (True, True, True, True)
    stage.done("resume", "t1")
    assert not stage.state.company.teams["t1"].drain


@pytest.mark.parametrize("target", ["ada", "e5", "r2", "cpu0"])
def test_single_things_do_not_drain(target: str) -> None:
    assert "--drain is for" in Stage().refused("pause", target, mode="drain")


def test_there_is_no_fourth_way_to_pause() -> None:
    assert "hold, drain or freeze" in Stage().refused("pause", "toy", mode="sleep")


def test_a_resume_asks_those_again_who_waited_for_a_person() -> None:
    stage = Stage()
    ada = stage.state.company.agents["a1"]
    stage.set(dataclasses.replace(ada, trouble="the key is refused", failures=3))
    stage.set(dataclasses.replace(stage.state.campaigns["toy"], trouble="nobody can think"))
    stage.done("resume", "toy")
    assert not stage.state.company.agents["a1"].trouble
    assert not stage.state.campaigns["toy"].trouble
    assert Rest("a1", 0.0) in stage.step.marks
    assert Reissue("toy", wanted=True) in stage.step.marks


def test_an_agent_in_trouble_is_resumed_by_name() -> None:
    stage = Stage()
    stage.set(dataclasses.replace(stage.state.company.agents["a1"], trouble="no key", failures=2))
    assert "agent ada resumed" in stage.done("resume", "ada")["text"]
    assert not stage.state.company.agents["a1"].trouble


def test_the_turn_of_a_paused_agent_goes_on() -> None:
    stage = Stage()
    assert "the turn under way goes on" in stage.done("pause", "ada")["text"]
    assert not stage.actions


def test_a_run_under_way_cannot_stand_still() -> None:
    assert "`arctl kill r1`" in Stage().refused("pause", "r1")


def test_killing_a_direction_takes_everything_of_it_away_at_once() -> None:
    stage = Stage()
    answer = stage.done("kill", "h1", "needs too much memory")
    state = stage.state
    assert state.company.directions["h1"].state is DirectionState.KILLED
    assert state.company.teams["t1"].direction == ""
    assert state.company.teams["t1"].state is TeamState.ACTIVE
    for ident in ("p6", "p7", "p8"):
        assert state.proposals[ident].state is ProposalState.WITHDRAWN
        assert "needs too much memory" in state.proposals[ident].reason
    assert (state.experiments["e4"].state, state.experiments["e4"].verdict) == ("closed", Verdict.CANCELLED)
    assert StopRun("r1", 1, "e4 is cancelled") in stage.actions
    for ident in ("q1", "q2", "q3"):
        assert stage.turn(ident) is TurnState.WITHDRAWN, "q3 criticises a proposal that is gone"
        assert StopTurn(ident) in stage.actions
    ends = state.dead_ends_of("toy")
    assert [(end.axis, end.closed_by, end.direction) for end in ends] == [
        ("LR", "zoe", "h1"),
        ("OPT", "zoe", "h1"),
    ]
    assert ends[0].evidence["effects"] == {"e2": 0.2}
    assert "needs too much memory" in ends[0].reason
    assert not answer["undoable"]
    # What is not of it stays.
    assert state.proposals["p9"].state is ProposalState.OBJECTED
    assert state.experiments["e5"].state is ExperimentState.OPEN
    assert "has ended: killed" in stage.refused("kill", "h1")


def test_an_axis_that_is_closed_already_gets_no_second_dead_end() -> None:
    stage = Stage()
    stage.done("mark", "toy", "flat", axis="LR")
    stage.done("kill", "h1")
    assert [end.axis for end in stage.state.dead_ends_of("toy")] == ["LR", "OPT"]


def test_killing_a_team_leaves_its_direction_to_another() -> None:
    stage = Stage()
    stage.done("kill", "t1", "too many teams")
    state = stage.state
    assert (state.company.teams["t1"].state, state.company.teams["t1"].direction) == (TeamState.RETIRED, "")
    direction = state.company.directions["h1"]
    assert (direction.state, direction.team) == (DirectionState.STANDING, "")
    assert [state.company.agents[ident].team for ident in ("a1", "a2", "a3")] == ["", "", "t2"]
    assert state.proposals["p6"].state is ProposalState.WITHDRAWN
    assert state.experiments["e4"].verdict == Verdict.CANCELLED
    assert not state.dead_ends_of("toy")
    assert stage.turn("q1") is TurnState.WITHDRAWN
    assert "retired" in stage.refused("kill", "t1")


def test_killing_an_agent_gives_back_what_it_had_claimed() -> None:
    stage = Stage()
    stage.done("kill", "bob")
    assert stage.state.company.agents["a2"].state is AgentState.RETIRED
    assert stage.state.company.agents["a2"].team == ""
    assert stage.state.proposals["p8"].state is ProposalState.READY
    assert StopTurn("q1") in stage.actions
    assert stage.turn("q2") is None
    assert stage.done("kill", "bob")["text"] == "nothing to do"
    assert "retired" in stage.refused("resume", "bob")


def test_killing_a_campaign_lets_go_of_every_turn() -> None:
    stage = Stage()
    stage.done("kill", "toy", "enough")
    state = stage.state
    assert state.campaigns["toy"].state is CampaignState.FINISHED
    assert {state.experiments[ident].verdict for ident in ("e4", "e5", "e6")} == {Verdict.CANCELLED}
    assert [action.turn for action in stage.actions if isinstance(action, StopTurn)] == ["q1", "q2", "q3"]
    assert state.proposals["p8"].state is ProposalState.READY
    assert state.proposals["p6"].state is ProposalState.READY, "a resume goes on with them"
    assert stage.done("kill", "toy")["text"] == "nothing to do"


def test_killing_an_experiment_and_a_run() -> None:
    stage = Stage()
    assert "cancelled" in stage.done("kill", "r2")["text"]
    assert stage.state.runs["r2"].state is RunState.ENDED
    assert "has ended" in stage.refused("kill", "r2")
    stage.done("kill", "e5", "no")
    assert stage.state.experiments["e5"].verdict == Verdict.CANCELLED
    assert "has ended: cancelled" in stage.refused("kill", "e5")
    baseline = stage.state.experiments["e1"]
    stage.set(dataclasses.replace(baseline, state=ExperimentState.OPEN, verdict=""))
    assert "the baseline" in stage.refused("kill", "e1")
    assert RemoveTree("r2") not in stage.actions, "a queued run has no tree"


def test_killing_a_device_queues_its_run_again() -> None:
    stage = Stage()
    answer = stage.done("kill", "cpu0", "it smells")
    assert stage.state.is_held("cpu0")
    assert StopRun("r1", 1, "requeue") in stage.actions
    assert answer["undoable"]
    assert stage.done("kill", "cpu0")["text"] == "nothing to do"
    stage.done("undo", "")
    assert not stage.state.is_held("cpu0")


def test_one_that_is_being_promoted_is_spared() -> None:
    stage = Stage()
    row = stage.state.experiments["e4"]
    stage.set(dataclasses.replace(row, state=ExperimentState.PROMOTING))
    stage.done("kill", "h1")
    assert stage.state.experiments["e4"].state is ExperimentState.PROMOTING
    assert "in a moment" in stage.refused("kill", "e4")


def test_a_request_made_on_old_sight_is_refused() -> None:
    stage = Stage()
    assert "has changed since you looked" in stage.refused("pause", "t1", if_rev=7)
    stage.done("pause", "t1", if_rev=0)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("t9", "there are t1, t2"),
        ("e99", "there is no experiment 'e99'; there are e1, e2"),
        ("h7", "there is no direction 'h7'; there are h1, h2"),
        ("a9", "there are a1, a2, a3"),
        ("d1", "there is none yet"),
        ("p6", "p6 is a proposal, which this is not for"),
        ("adda", "did you mean ada"),
        ("tooy", "did you mean toy"),
        ("gpu7", "did you mean gpu1"),
        ("\x1b[31mx", "there is no campaign"),
        ("", "there is no campaign"),
    ],
)
def test_a_name_that_stands_for_nothing_is_answered_with_what_there_is(target: str, words: str) -> None:
    assert words in Stage().refused("kill", target)


def test_an_agent_of_several_campaigns_is_asked_back() -> None:
    stage = Stage()
    other = dataclasses.replace(stage.state.campaigns["toy"], id="two", champion="e7")
    stage.set(other)
    stage.set(Experiment("e7", "two", 7, 1.0, ExperimentState.CLOSED, "baseline", verdict=Verdict.BASELINE))
    stage.set(dataclasses.replace(stage.state.company.agents["a1"], id="a9", campaign="two"))
    assert "a1, a9" in stage.refused("pause", "ada")
    assert stage.done("pause", "ada", campaign="two")["target"] == "a9"


def test_an_unknown_verb_is_an_error_that_lists_the_known() -> None:
    assert "pause, resume, kill" in Stage().refused("dance")
