"""What of a campaign needs a person, what only passes, and when nothing can go on without one."""

from __future__ import annotations

import dataclasses

from arctl.daemon.commands.needs import needs, stuck, waits
from arctl.daemon.marks import Rest
from arctl.daemon.rows import (
    Campaign,
    CampaignState,
    Discussion,
    Experiment,
    ExperimentState,
    ProposalState,
    RunState,
    TurnState,
)
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
    (found,) = waits(stage.state, campaign(stage), 815.0)
    assert found["text"] == "ada rests after a fault that passes: the server's rate limit was met"
    assert (found["subjects"], found["left"]) == (["ada"], 185.0)
    assert [item["kind"] for item in needs(stage.state, campaign(stage))] == ["question"]
    assert waits(stage.state, campaign(stage), 1001.0) == [], "it is asked again now"


def test_times_of_a_fault_that_are_over_by_now_are_left_out() -> None:
    stage = Stage()
    fault = "not asked: the last 7 calls failed (no route); tried again in 42 s (look whether it is there)"
    stage.set(dataclasses.replace(campaign(stage), trouble=fault))
    stage.set(dataclasses.replace(stage.state.company.agents["a1"], failures=1))
    stage.state.remember(Rest("a1", 1000.0))
    (found,) = waits(stage.state, campaign(stage), 815.0)
    assert found["text"].endswith(
        ": not asked: the last 7 calls failed (no route) (look whether it is there)"
    )


def test_who_waits_for_a_person_does_not_rest() -> None:
    stage = Stage()
    troubled(stage)
    stage.state.remember(Rest("a1", 1000.0))
    assert waits(stage.state, campaign(stage), 10.0) == []
    first = needs(stage.state, campaign(stage))[0]
    assert first["text"] == "ada, bob, cleo wait for you: no key"


def refused(stage: Stage) -> list[tuple[list[str], str, str]]:
    rows = [row for row in needs(stage.state, campaign(stage)) if row["kind"] == "declined"]
    return [(row["subjects"], row["text"], row["remedy"]) for row in rows]


def test_an_idea_that_a_model_refused_is_told_with_who_refused_it_and_what_to_do() -> None:
    stage = Stage()
    for ident, why in (
        ("p6", "declined: unsafe"),
        ("p8", "declined: unsafe"),
        ("p7", "its author has no better words for it"),
    ):
        row = stage.state.proposals[ident]
        stage.set(dataclasses.replace(row, state=ProposalState.PARKED, reason=why, writer="bob"))
    ((names, text, remedy),) = refused(stage)
    assert names == ["p8", "p6"]
    assert text == "bob declined to write p8 title p8 (and p6): unsafe"
    assert remedy == (
        "say in the objective what is wanted and why, or give the experimenters another model; then "
        "`arctl approve p8` has it written, `arctl reject p8` gives it up"
    )


def test_an_agent_that_declined_to_propose_is_told_until_it_is_let_go_on() -> None:
    stage = Stage()
    ada = stage.state.company.agents["a1"]
    stage.set(dataclasses.replace(ada, declined="propose: I cannot help", exhausted="e2/h1//0", fruitless=2))
    ((names, text, remedy),) = refused(stage)
    assert (names, text) == (["ada"], "ada declined to propose: I cannot help")
    assert remedy.endswith("give the analysts another model; then `arctl resume ada` asks again")
    assert stage.ask("resume", "ada").error is None
    ada = stage.state.company.agents["a1"]
    assert (ada.declined, ada.exhausted, ada.fruitless) == ("", "", 0)
    assert refused(stage) == []


def test_a_finished_campaign_still_says_what_was_declined_and_how_it_goes_on() -> None:
    stage = Stage()
    stage.set(dataclasses.replace(stage.state.company.agents["a1"], declined="propose: no"))
    stage.set(dataclasses.replace(campaign(stage), state=CampaignState.FINISHED))
    ((_, _, remedy),) = refused(stage)
    assert remedy.endswith("`arctl resume toy` asks again")


def test_a_discussion_that_nobody_answered_says_when_it_is_begun_again() -> None:
    stage = Stage()
    talk = Discussion("s1", "toy", 10.0, "nothing has been tried yet", 400.0, closed=20.0)
    stage.set(talk)
    (found,) = waits(stage.state, campaign(stage), 25.0)
    assert (found["kind"], found["subjects"], found["left"]) == ("discussion", ["s1"], 10.0)
    assert (found["text"], found["remedy"]) == (
        "nobody answered in the discussion s1",
        "`arctl resume toy` asks at once",
    )
    stage.set(dataclasses.replace(talk, answers=1))
    assert waits(stage.state, campaign(stage), 25.0) == []
    stage.set(dataclasses.replace(talk, closed=None))
    assert waits(stage.state, campaign(stage), 25.0) == [], "it goes on"


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
