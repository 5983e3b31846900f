"""What of a campaign needs a person, what only passes, and when nothing can go on without one."""

from __future__ import annotations

import dataclasses

from arctl.daemon.commands.needs import declined, needs, rests, stuck
from arctl.daemon.marks import Rest
from arctl.daemon.rows import Campaign, Experiment, ExperimentState, ProposalState, RunState, TurnState
from tests.support.steering import Stage

LIMITED = (
    "the server's rate limit was met; it is asked again in 900 s (nothing to do: it goes on by itself; fewer "
    "agents, or a higher limit, avoid it)"
)


def campaign(stage: Stage) -> Campaign:
    return stage.state.campaigns["toy"]


def troubled(stage: Stage, trouble: str = "no key", failures: int = 1) -> None:
    """Let every agent's last turn have failed."""
    for agent in stage.state.company.agents_of("toy"):
        stage.set(dataclasses.replace(agent, trouble=trouble, failures=failures))


def test_a_rest_after_a_passing_fault_is_told_with_the_time_that_is_left() -> None:
    stage = Stage()
    stage.set(dataclasses.replace(campaign(stage), trouble=LIMITED))
    stage.set(dataclasses.replace(stage.state.company.agents["a1"], failures=1))
    stage.state.remember(Rest("a1", 1000.0))
    (found,) = rests(stage.state, campaign(stage), 815.0)
    assert found["text"] == "ada rests after a fault that passes: the server's rate limit was met"
    assert (found["subjects"], found["left"]) == (["ada"], 185.0)
    assert [item["kind"] for item in needs(stage.state, campaign(stage))] == ["question"]
    assert rests(stage.state, campaign(stage), 1001.0) == [], "it is asked again now"


def test_who_waits_for_a_person_does_not_rest() -> None:
    stage = Stage()
    troubled(stage)
    stage.state.remember(Rest("a1", 1000.0))
    assert rests(stage.state, campaign(stage), 10.0) == []
    first = needs(stage.state, campaign(stage))[0]
    assert first["text"] == "ada, bob, cleo wait for you: no key"


def test_ideas_that_a_model_refused_are_found() -> None:
    stage = Stage()
    for ident, why in (("p6", "declined: unsafe"), ("p7", "its author has no better words for it")):
        row = stage.state.proposals[ident]
        stage.set(dataclasses.replace(row, state=ProposalState.PARKED, reason=why))
    assert declined(stage.state, campaign(stage)) == ["p6"]


def test_a_campaign_is_stuck_when_everybody_waits_for_a_person_and_nothing_is_under_way() -> None:
    stage = Stage()
    troubled(stage)
    assert not stuck(stage.state, campaign(stage)), "experiments are open"
    for run in list(stage.state.live_runs()):
        stage.set(dataclasses.replace(run, state=RunState.ENDED))
    for row in list(stage.state.open_experiments("toy")):
        assert isinstance(row, Experiment)
        stage.set(dataclasses.replace(row, state=ExperimentState.CLOSED))
    for turn in list(stage.state.company.asked("toy")):
        stage.set(dataclasses.replace(turn, state=TurnState.FAILED))
    assert stuck(stage.state, campaign(stage)), "ideas that nobody writes do not run"
    row = stage.state.proposals["p6"]
    stage.set(dataclasses.replace(row, change={"kind": "params", "values": {"LR": 0.02}}))
    assert not stuck(stage.state, campaign(stage)), "this one runs without an agent"
    stage.set(row)
    stage.set(dataclasses.replace(stage.state.company.agents["a1"], trouble=""))
    assert not stuck(stage.state, campaign(stage)), "ada can go on"
