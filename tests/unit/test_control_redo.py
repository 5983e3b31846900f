"""Redo, pause and resume of everything, and what came of a directive."""

from __future__ import annotations

import dataclasses

import pytest

from arctl.daemon.commands.fates import progress
from arctl.daemon.reduce.control import can_redo
from arctl.daemon.rows import CampaignState, Deed, Experiment, ExperimentState, Proposal, ProposalState
from tests.support.steering import Stage


def campaigns(stage: Stage) -> dict[str, tuple[str, bool]]:
    return {row.id: (row.state.value, row.drain) for row in stage.state.campaigns.values()}


def several() -> Stage:
    """Campaigns of every kind: two run, one is paused, one drains, one is held, one has finished."""
    stage = Stage()
    row = stage.state.campaigns["toy"]
    for name, state, drain in (
        ("toy2", CampaignState.RUNNING, False),
        ("quiet", CampaignState.PAUSED, False),
        ("drains", CampaignState.RUNNING, True),
        ("held", CampaignState.HELD, False),
        ("over", CampaignState.FINISHED, False),
    ):
        stage.set(dataclasses.replace(row, id=name, state=state, drain=drain))
        first = dataclasses.replace(stage.state.experiments["e2"], id=f"e{len(name)}00", campaign=name)
        stage.set(first)
    return stage


# -- redo -------------------------------------------------------------------------------------------------


def test_what_was_taken_back_last_is_done_again_and_can_be_undone_again() -> None:
    stage = Stage()
    stage.done("pause", "t1", "first", mode="drain")
    stage.done("pause", "e5", "second")
    answer = stage.done("undo", "")
    assert (answer["undone"], answer["redoable"]) == ("u2", True)
    stage.done("undo", "")
    assert not stage.state.company.teams["t1"].held
    answer = stage.done("redo", "")
    assert (answer["redone"], answer["deed"], answer["undoable"]) == ("u1", "u5", True)
    team = stage.state.company.teams["t1"]
    assert (team.held, team.drain) == (True, True)
    deed = stage.state.company.deeds["u5"]
    assert (deed.verb, deed.target, deed.again, deed.reason) == ("pause", "t1", "u1", "first")
    assert stage.state.company.deeds["u1"].redone == "u5"
    assert not stage.state.experiments["e5"].held
    stage.done("redo", "")
    assert stage.state.experiments["e5"].held
    assert "took nothing back" in stage.refused("redo", "")
    stage.done("undo", "")
    stage.done("undo", "")
    assert not stage.state.experiments["e5"].held
    assert not stage.state.company.teams["t1"].held
    stage.done("redo", "")
    assert stage.state.company.teams["t1"].held


def test_after_something_else_was_done_redo_wants_the_deed_by_name() -> None:
    stage = Stage()
    stage.done("pause", "t1")
    stage.done("undo", "")
    stage.done("pause", "e5")
    said = stage.refused("redo", "")
    assert "u3 (pause e5) was done since u1 was undone; `arctl redo u1`" in said
    stage.done("redo", "u1")
    assert stage.state.company.teams["t1"].held


def test_redo_is_of_what_this_person_took_back() -> None:
    stage = Stage()
    stage.done("pause", "t1", actor="ann")
    stage.done("undo", "", actor="ann")
    assert "zoe took nothing back" in stage.refused("redo", "")
    assert "there is no deed 'u9'" in stage.refused("redo", "u9")
    assert "u1 (pause t1) was not undone" not in stage.refused("redo", "u2")
    stage.done("redo", "u1")
    assert "done again already, as u3" in stage.refused("redo", "u1")
    assert "u3 (pause t1) was not undone" in stage.refused("redo", "u3")


def test_what_cannot_be_done_again_says_why() -> None:
    stage = Stage()
    stage.done("reject", "p6")
    stage.done("undo", "")
    stage.set(dataclasses.replace(stage.state.proposals["p6"], state=ProposalState.TAKEN, experiment="e9"))
    said = stage.refused("redo", "")
    assert "u1 (reject p6) cannot be done again: p6 is taken" in said
    assert not can_redo(stage.state, stage.state.company.deeds["u1"], stage.now)


def test_what_stands_so_already_is_not_done_again() -> None:
    stage = Stage()
    stage.done("pause", "t1")
    stage.done("undo", "")
    stage.done("pause", "t1", actor="ann")
    assert "changes nothing any more" in stage.refused("redo", "")


def test_a_deed_of_before_requests_were_kept_is_asked_for_by_its_command() -> None:
    stage = Stage(Deed("u1", "toy", 1.0, "zoe", "pause", "t1", undone=True))
    assert "how it was asked for was not kept; ask for it once more" in stage.refused("redo", "u1")
    assert "took nothing back" in stage.refused("redo", "")
    assert not can_redo(stage.state, stage.state.company.deeds["u1"], stage.now)


def test_approving_all_is_done_again_for_those_that_it_was_about() -> None:
    stage = Stage()
    stage.done("approve", "toy", all=True)
    stage.done("undo", "")
    new = Proposal("p30", "toy", 30.0, "ada", "search", "new", {"kind": "idea"}, "e2")
    stage.set(new)
    assert "p30" not in stage.done("redo", "")["proposals"]
    assert not stage.state.proposals["p30"].approved
    assert stage.state.proposals["p6"].approved


# -- all of them ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", [{"target": "all"}, {"target": "", "all": True}])
def test_all_that_run_are_paused_as_one_deed_and_undone_as_one(told: dict[str, object]) -> None:
    stage = several()
    before = campaigns(stage)
    answer = stage.done("pause", reason="the power goes", **told)  # type: ignore[arg-type]
    assert answer["campaigns"] == ["toy", "toy2", "drains"]
    assert answer["target"] == "all"
    after = campaigns(stage)
    for name in ("toy", "toy2", "drains", "quiet"):
        assert after[name] == ("paused", False)
    assert (after["held"], after["over"]) == (before["held"], before["over"])
    assert len(stage.texts("campaign.paused")) == 3
    assert len(stage.state.company.deeds) == 1
    stage.done("undo", "")
    after = campaigns(stage)
    assert [after[name] for name in ("toy", "toy2")] == [("running", False)] * 2
    assert after["quiet"] == ("paused", False), "it was paused before"
    assert after["drains"] == ("running", True), "it drained before"
    stage.set(dataclasses.replace(stage.state.campaigns["quiet"], state=CampaignState.RUNNING))
    assert stage.done("redo", "")["campaigns"] == ["toy", "toy2", "drains"]
    assert campaigns(stage)["quiet"] == ("running", False), "it ran not then"


def test_all_that_were_paused_go_on_and_undo_pauses_each_as_it_was() -> None:
    stage = several()
    answer = stage.done("resume", "all")
    assert answer["campaigns"] == ["quiet", "drains"]
    after = campaigns(stage)
    assert (after["quiet"], after["drains"]) == (("running", False), ("running", False))
    assert (after["held"][0], after["over"][0]) == ("held", "finished"), "no person paused these"
    stage.done("undo", "")
    after = campaigns(stage)
    assert (after["quiet"], after["drains"]) == (("paused", False), ("running", True))


def test_all_of_them_can_drain() -> None:
    stage = several()
    assert stage.done("pause", "all", mode="drain")["campaigns"] == ["toy", "toy2"]
    assert campaigns(stage)["toy"] == ("running", True)
    assert "no way to pause called 'soon'" in stage.refused("pause", "all", mode="soon")


def test_all_of_them_can_be_frozen_where_each_says_that_it_may_be() -> None:
    stage = Stage()
    assert "freezable = true" in stage.refused("pause", "all", mode="freeze")
    row = stage.state.campaigns["toy"]
    stage.set(dataclasses.replace(row, spec=row.spec.replace("[run]", "[run]\nfreezable = true")))
    stage.set(dataclasses.replace(stage.state.runs["r1"], can_freeze=True))
    stage.done("pause", "toy")
    assert stage.done("pause", "all", mode="freeze")["campaigns"] == ["toy"], "its run is under way"
    assert stage.state.runs["r1"].frozen is not None
    stage.done("undo", "")
    assert stage.state.runs["r1"].frozen is None
    assert campaigns(stage)["toy"] == ("paused", False), "as it was before"
    stage.done("redo", "")
    assert stage.state.runs["r1"].frozen is not None
    stage.done("resume", "all")
    assert stage.state.runs["r1"].frozen is None
    assert campaigns(stage)["toy"] == ("running", False)
    stage.done("undo", "")
    assert stage.state.runs["r1"].frozen is not None
    assert campaigns(stage)["toy"] == ("paused", False)


def test_where_nothing_runs_there_is_nothing_to_do() -> None:
    stage = Stage()
    assert "nobody paused a campaign" in stage.done("resume", "all")["text"]
    stage.done("pause", "all")
    assert "no campaign runs" in stage.done("pause", "all")["text"]
    assert len(stage.state.company.deeds) == 1


def test_a_campaign_that_was_killed_since_is_not_brought_back_by_undoing_the_pause() -> None:
    stage = several()
    stage.done("pause", "all")
    stage.done("kill", "toy2")
    assert stage.done("undo", "")["campaigns"] == ["toy", "drains"]
    assert campaigns(stage)["toy2"] == ("finished", False)


def test_something_that_is_called_all_is_meant_by_its_name() -> None:
    stage = several()
    stage.set(dataclasses.replace(stage.state.campaigns["toy"], id="all"))
    stage.done("pause", "all")
    assert campaigns(stage)["all"] == ("paused", False)
    assert campaigns(stage)["toy"] == ("running", False)
    stage.done("pause", "all", all=True)
    assert campaigns(stage)["toy"] == ("paused", False)


# -- directives -------------------------------------------------------------------------------------------


def test_a_directive_s_progress_counts_what_was_made_and_how_it_ended() -> None:
    stage = Stage()
    ident = stage.done("redirect", "t1", text="other things")["directive"]
    other = stage.done("redirect", "t2", text="wider")["directive"]
    plain = Proposal("p30", "toy", 200.0, "ada", "search", "x", {"kind": "idea"}, "e2", directive=ident)
    taken = ProposalState.TAKEN
    for number, state, experiment in ((30, taken, "e30"), (31, taken, "e31"), (32, ProposalState.READY, "")):
        stage.set(dataclasses.replace(plain, id=f"p{number}", state=state, experiment=experiment))
    stage.set(dataclasses.replace(plain, id="p33", state=taken, experiment="e32", of="p30"))
    row = Experiment("e30", "toy", 30, 200.0, ExperimentState.CLOSED, "x", proposal="p30", base="e2")
    stage.set(dataclasses.replace(row, verdict="rebased"))
    stage.set(dataclasses.replace(row, id="e31", proposal="p31", state=ExperimentState.OPEN))
    stage.set(dataclasses.replace(row, id="e32", proposal="p33", rebase_of="e30", verdict="accepted"))
    rows = stage.state.company.directives_of("toy")
    found = progress(stage.state, rows)
    assert found[ident] == {
        "proposals": 3,
        "states": {"ready": 1, "taken": 2},
        "experiments": 3,
        "verdicts": {"accepted": 1, "open": 1, "rebased": 1},
    }
    assert found[other] == {"proposals": 0, "states": {}, "experiments": 0, "verdicts": {}}
    assert progress(stage.state, []) == {}
