"""What a person writes anew, and what is tried again after an accident."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from arctl.daemon import facts
from arctl.daemon.actions import BuildCommit
from arctl.daemon.decide.teams.take import experiment_of
from arctl.daemon.life.queueing import ready
from arctl.daemon.rows import (
    Critique,
    Experiment,
    ExperimentState,
    Proposal,
    ProposalState,
    Run,
    Stance,
    TurnState,
    Verdict,
)
from arctl.daemon.turns import Reply
from tests.support.community import Community, spec
from tests.support.steering import PARAMS, Stage

PATCH = "--- a/train.py\n+++ b/train.py\n@@ -1 +1 @@\n-LR = 0.01\n+LR = 0.02\n"


def stage_with(**more: Any) -> Stage:
    """A stage with p21, an agent's proposal to set two values."""
    change = {"kind": "params", "values": {"LR": 0.02, "WIDTH": 64}}
    row = Proposal(
        "p21", "toy", 21.0, "ada", "search", "LR 0.01 -> 0.02, WIDTH 32 -> 64", change, "e2", team="t1",
        direction="h1", axis="LR+WIDTH", move="up", hypothesis="both are small", difference="both at once",
    )  # fmt: skip
    return Stage(dataclasses.replace(row, **more))


def the(stage: Stage, ident: str = "p21") -> Proposal:
    return stage.state.proposals[ident]


# -- edit -------------------------------------------------------------------------------------------------


def test_an_edit_changes_what_it_names_and_nothing_else() -> None:
    stage = stage_with()
    before = the(stage)
    answer = stage.done("edit", "p21", "too bold", values={"LR": "0.03"}, hypothesis="one of them is small")
    row = the(stage)
    assert row.change == {"kind": "params", "values": {"LR": 0.03, "WIDTH": 64}}
    assert (row.title, row.axis, row.move) == ("LR 0.01 -> 0.03, WIDTH 32 -> 64", "LR+WIDTH", "up")
    assert (row.hypothesis, row.difference) == ("one of them is small", "both at once")
    assert (row.agent, row.brain, row.team, row.state) == ("ada", "search", "t1", ProposalState.READY)
    assert row.writer == "zoe"
    assert answer["changed"] == ["title", "hypothesis", "change"]
    (text,) = stage.texts("proposal.edited")
    assert "edited by zoe" in text
    assert "too bold" in text
    assert stage.state.company.deeds["u1"].actor == "zoe"
    stage.done("undo", "")
    assert dataclasses.replace(the(stage), rev=before.rev) == before
    stage.done("redo", "")
    assert dataclasses.replace(the(stage), rev=row.rev) == row


def test_a_value_can_be_taken_out() -> None:
    stage = stage_with()
    before = the(stage)
    stage.done("edit", "p21", values={"LR": None})
    row = the(stage)
    assert row.change == {"kind": "params", "values": {"WIDTH": 64}}
    assert (row.title, row.axis) == ("WIDTH 32 -> 64", "WIDTH")
    assert stage.refused("edit", "p21", values={"LR": None}) == "p21 does not set LR; it sets WIDTH"
    assert "`arctl reject p21` withdraws it" in stage.refused("edit", "p21", values={"WIDTH": None})
    stage.done("undo", "")
    assert dataclasses.replace(the(stage), rev=before.rev) == before


def test_words_can_be_taken_out_and_a_patch_takes_the_place_of_values() -> None:
    stage = stage_with()
    stage.done("edit", "p21", patch=PATCH, title="twice the rate", axis="LR", hypothesis="")
    row = the(stage)
    assert row.change == {"kind": "patch", "patch": PATCH}
    assert (row.title, row.axis, row.hypothesis) == ("twice the rate", "LR", "")
    stage.done("edit", "p21", values={"OPT": "sgd", "MOMENTUM": 0.5})
    assert the(stage).axis == "MOMENTUM+OPT"
    assert the(stage).title == "OPT adam -> sgd, MOMENTUM 0.9 -> 0.5"


def test_an_edit_answers_objections_and_undoing_it_lets_them_stand_again() -> None:
    stage = Stage(Critique("c1", "toy", 9.0, "p9", "bob", Stance.OBJECT, "it is tried"))
    stage.done("edit", "p9", hypothesis="it is not")
    assert the(stage, "p9").state is ProposalState.READY
    assert stage.state.company.critiques["c1"].lifted == "edited by zoe"
    stage.done("undo", "")
    assert the(stage, "p9").state is ProposalState.OBJECTED
    assert not stage.state.company.critiques["c1"].lifted


def test_who_was_at_the_old_words_lets_go_and_a_critique_is_asked_for_anew() -> None:
    stage = Stage()
    stage.done("edit", "p8", title="another title")
    assert stage.turn("q1") is TurnState.WITHDRAWN, "somebody was writing p8"
    assert the(stage, "p8").state is ProposalState.READY
    stage.done("edit", "p7", title="another title")
    assert stage.turn("q3") is TurnState.WITHDRAWN, "somebody was looking at p7"
    assert the(stage, "p7").state is ProposalState.PENDING
    stage.fact(facts.TurnAnswered("q3", Reply()))
    assert the(stage, "p7").state is ProposalState.PENDING, "what they think of the old words is nobody's"


def test_what_is_stashed_is_edited_where_it_lies() -> None:
    stage = Stage(Critique("c1", "toy", 9.0, "p9", "bob", Stance.OBJECT, "it is tried"))
    stage.done("stash", "p9", "later")
    stage.done("edit", "p9", hypothesis="it is not")
    row = the(stage, "p9")
    assert (row.state, row.reason) == (ProposalState.PARKED, "stashed by zoe: later")
    stage.done("unstash", "p9")
    assert the(stage, "p9").state is ProposalState.READY, "the objection is answered"


def test_an_edit_is_undone_while_it_is_stashed_and_after() -> None:
    stage = stage_with()
    edit = stage.done("edit", "p21", title="other")["deed"]
    stage.done("stash", "p21", "later")
    stage.done("undo", edit)
    row = the(stage)
    assert (row.title, row.state) == ("LR 0.01 -> 0.02, WIDTH 32 -> 64", ProposalState.PARKED)
    assert row.reason == "stashed by zoe: later"
    stage.done("unstash", "p21")
    assert the(stage).state is ProposalState.READY


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"values": {"LRR": 1}}, "did you mean LR?"),
        ({"values": {"LR": 5}}, "outside its range"),
        ({"values": {"LR": "0.01", "WIDTH": "32"}}, "changes nothing"),
        ({"values": {}}, "a table of names"),
        ({"values": {"LR": 0.03}, "patch": PATCH}, "either a patch or values"),
        ({"title": " "}, "needs a title"),
    ],
)
def test_an_edit_is_checked_like_a_proposal(data: dict[str, Any], words: str) -> None:
    stage = stage_with()
    before = the(stage)
    assert words in stage.refused("edit", "p21", **data)
    assert the(stage) == before


def test_an_edit_into_a_dead_end_is_refused_with_its_evidence() -> None:
    stage = stage_with()
    stage.done("mark", "toy", "diverges", axis="LR", low=0.1)
    said = stage.refused("edit", "p21", values={"LR": 0.15}, axis="LR")
    assert "p21 would be inside dead end d1 (LR): diverges" in said
    assert "arctl revive" in said


def test_an_edit_into_what_is_under_way_is_refused_until_it_says_in_what_it_differs() -> None:
    twin = Proposal(
        "p22", "toy", 22.0, "cleo", "search", "the same", {"kind": "params", "values": {"LR": 0.05}}, "e2",
        axis="LR",
    )  # fmt: skip
    stage = stage_with(
        change={"kind": "params", "values": {"LR": 0.02}}, axis="LR", difference="", title="less"
    )
    stage.set(twin)
    assert "near p22, whose result is to come" in stage.refused("edit", "p21", values={"LR": 0.05})
    stage.set(dataclasses.replace(twin, state=ProposalState.PARKED))
    assert "say in what it differs" in stage.refused("edit", "p21", values={"LR": 0.05})
    stage.done("edit", "p21", values={"LR": 0.05}, difference="on a warm start")
    assert the(stage).near == ("p22",)


def test_what_is_over_is_not_edited() -> None:
    stage = stage_with()
    assert "p3 became e4" in stage.refused("edit", "p3", title="x")
    assert "there is no proposal 'e4'" in stage.refused("edit", "e4", title="x")
    stage.done("reject", "p21")
    assert "p21 is withdrawn" in stage.refused("edit", "p21", title="x")
    assert "has changed since you looked" in stage.refused("edit", "p6", title="x", if_rev=7)


def test_an_edit_that_says_nothing_new_is_none() -> None:
    stage = stage_with()
    assert "says so already" in stage.done("edit", "p21", hypothesis="both are small")["text"]
    assert not stage.state.company.deeds


def test_an_edit_is_not_undone_over_what_was_written_since() -> None:
    stage = stage_with(state=ProposalState.READY, change={"kind": "idea"})
    first = stage.done("edit", "p21", title="other")["deed"]
    stage.done("edit", "p21", title="yet another")
    assert "p21 was written anew since" in stage.refused("undo", first)
    stage.set(dataclasses.replace(the(stage), state=ProposalState.TAKEN, experiment="e9"))
    assert "p21 became e9" in stage.refused("undo", "")


# -- rerun ------------------------------------------------------------------------------------------------


def ended(verdict: Verdict, **more: Any) -> Stage:
    """A stage on which e30 ended so."""
    change = {"kind": "params", "values": {"LR": 0.05}}
    proposal = Proposal(
        "p30", "toy", 30.0, "ada", "search", "LR 0.01 -> 0.05", change, "e1", ProposalState.TAKEN, team="t1",
        direction="h1", axis="LR", move="up", hypothesis="it is small", experiment="e30", source="card-1",
    )  # fmt: skip
    row = Experiment(
        "e30", "toy", 30, 6.0, ExperimentState.CLOSED, "LR 0.01 -> 0.05", proposal="p30", axis="LR",
        base="e1", commit="c30", tree="t30", params={**PARAMS, "LR": 0.05}, verdict=verdict, closed=7.0,
        team="t1", direction="h1",
    )  # fmt: skip
    return Stage(proposal, dataclasses.replace(row, **more))


ACCIDENTS = ("crashed", "timed_out", "no_metric", "not_finite", "lost", "conflict", "cancelled", "invalid")


@pytest.mark.parametrize("verdict", ACCIDENTS)
def test_what_ended_by_accident_goes_to_the_front_of_the_queue_on_today_s_champion(verdict: str) -> None:
    stage = ended(Verdict(verdict))
    answer = stage.done("rerun", "e30", "the disk was full")
    row = the(stage, answer["proposal"])
    assert (row.change, row.base, row.axis) == (the(stage, "p30").change, "e2", "LR")
    assert (row.agent, row.by_hand, row.approved, row.urgent) == ("zoe", True, True, True)
    assert (row.of, row.rerun, row.state) == ("p30", "e30", ProposalState.READY)
    assert ready(stage.state, "toy")[0].id == row.id, "ahead of p10, which zoe proposed before"
    assert "the disk was full" in answer["text"]
    assert f"({verdict}) is queued again as {row.id}" in answer["text"]
    stage.done("undo", "")
    assert the(stage, row.id).state is ProposalState.WITHDRAWN
    again = stage.done("redo", "")["proposal"]
    assert the(stage, again).state is ProposalState.READY


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("accepted", "e30 was judged: accepted"),
        ("rejected", "asking again until it passes sells luck; `arctl fork e30"),
        ("inconclusive", "e30 was judged: inconclusive"),
        ("by_hand", "a person made it champion"),
        ("rebased", "tried again on the champion that came meanwhile"),
        ("duplicate", "e3 had the same change"),
    ],
)
def test_what_was_judged_is_not_asked_again_until_it_passes(verdict: str, words: str) -> None:
    stage = ended(Verdict(verdict), same_as="e3" if verdict == "duplicate" else "")
    assert words in stage.refused("rerun", "e30")


def test_what_has_not_ended_or_is_no_experiment_is_not_run_again() -> None:
    stage = ended(Verdict.CRASHED)
    assert "e4 has not ended" in stage.refused("rerun", "e4")
    assert "it is the baseline" in stage.refused("rerun", "e1")
    assert "there is no experiment 'p30'" in stage.refused("rerun", "p30")
    assert "has changed since you looked" in stage.refused("rerun", "e30", if_rev=7)


def test_it_is_queued_again_once_and_not_after_it_was_judged() -> None:
    stage = ended(Verdict.CRASHED)
    ident = stage.done("rerun", "e30")["proposal"]
    assert f"queued again already, as {ident}" in stage.refused("rerun", "e30")
    again = dataclasses.replace(
        stage.state.experiments["e30"], id="e31", number=31, proposal=ident, state=ExperimentState.OPEN,
        verdict="", tree="t31",
    )  # fmt: skip
    stage.set(dataclasses.replace(the(stage, ident), state=ProposalState.TAKEN, experiment="e31"))
    stage.set(again)
    assert "tried again already, as e31" in stage.refused("rerun", "e30")
    closed = dataclasses.replace(again, state=ExperimentState.CLOSED, verdict=Verdict.REJECTED)
    stage.set(closed)
    assert "tried again as e31, which is rejected" in stage.refused("rerun", "e30")
    stage.set(dataclasses.replace(closed, verdict=Verdict.CRASHED))
    third = stage.done("rerun", "e31")["proposal"]
    assert the(stage, third).rerun == "e30", "it is still a rerun of the first"


def test_a_rerun_that_would_change_nothing_or_lies_in_a_dead_end_is_refused() -> None:
    stage = ended(Verdict.CRASHED)
    champion = stage.state.experiments["e2"]
    stage.set(dataclasses.replace(champion, params={**PARAMS, "LR": 0.05}))
    assert "e2 has these values by now" in stage.refused("rerun", "e30")
    stage.set(champion)
    stage.done("mark", "toy", "diverges", axis="LR")
    assert "inside dead end d1" in stage.refused("rerun", "e30")


def test_a_fork_is_tried_again_where_it_was_forked_and_what_was_measured_is_told() -> None:
    stage = ended(Verdict.CANCELLED, forked=True, base="e3", values=(1.0, 1.1))
    answer = stage.done("rerun", "e30")
    row = the(stage, answer["proposal"])
    assert (row.base, row.pinned) == ("e3", True)
    assert "what was measured of it (2) does not count" in answer["text"]


def taken(stage: Stage, ident: str) -> Experiment:
    """Let a proposal be taken up and built; return its experiment."""
    campaign = stage.state.campaigns["toy"]
    stage.take(experiment_of(stage.state, campaign, the(stage, ident), stage.now))
    return stage.state.experiments[the(stage, ident).experiment]


def test_a_known_tree_runs_again_for_a_rerun_and_for_nothing_else() -> None:
    stage = ended(Verdict.CRASHED)
    row = taken(stage, stage.done("rerun", "e30")["proposal"])
    (build,) = (action for action in stage.actions if isinstance(action, BuildCommit))
    stage.fact(facts.CommitBuilt(row.id, build.base_commit, "c31", "t30", PARAMS, ("train.py",)))
    assert stage.state.experiments[row.id].state is ExperimentState.OPEN
    assert [run.experiment for run in stage.step.rows if isinstance(run, Run)] == [row.id]
    other = taken(stage, stage.done("propose", "toy", values={"LR": 0.05})["proposal"])
    stage.fact(facts.CommitBuilt(other.id, build.base_commit, "c32", "t30", PARAMS, ("train.py",)))
    assert stage.state.experiments[other.id].verdict == Verdict.DUPLICATE


def test_a_known_patch_is_built_again_for_a_rerun_and_its_verdict_is_what_is_reused() -> None:
    stage = ended(Verdict.TIMED_OUT)
    change = {"kind": "patch", "patch": PATCH}
    stage.set(dataclasses.replace(the(stage, "p30"), change=change))
    stage.set(stage.state.experiments["e30"])
    row = taken(stage, stage.done("rerun", "e30")["proposal"])
    assert row.state is ExperimentState.BUILDING
    judged = dataclasses.replace(
        row, state=ExperimentState.CLOSED, verdict=Verdict.REJECTED, tree="t30", closed=9.0
    )
    stage.set(judged)
    for found in (stage.state.same_patch("toy", PATCH), stage.state.same_tree("toy", "t30")):
        assert found is not None
        assert found.id == row.id


def test_a_rerun_is_judged_like_any_other_in_a_campaign_that_goes_on() -> None:
    world = Community(lambda params, chance: 1.0 + chance.gauss(0, 0.01), slots=2, seed=3, spec=spec(limit=8))
    world.crash = 1.0
    world.begin()
    world.until(lambda: [row for row in world.state.experiments.values() if row.verdict == "crashed"])
    world.crash = 0.0
    crashed = next(row for row in world.state.experiments.values() if row.verdict == "crashed")
    world.after(0, facts.Control("again", "rerun", crashed.id, "zoe"))
    world.until(lambda: "again" in world.answers)
    answer = world.answers["again"]
    assert answer.error is None, answer.error
    world.run()
    row = world.state.experiments[world.state.proposals[answer.result["proposal"]].experiment]
    assert row.verdict in ("accepted", "rejected", "inconclusive", "rebased"), row
