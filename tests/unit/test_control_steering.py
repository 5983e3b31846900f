"""Directives, directions, forks, dead ends and the champion by hand; undo of each."""

from __future__ import annotations

import dataclasses

import pytest

from arctl.daemon import facts
from arctl.daemon.actions import MoveBranch, StopTurn
from arctl.daemon.decide.dead_ends import reopen
from arctl.daemon.life import byhand
from arctl.daemon.reduce.control import can_undo
from arctl.daemon.rows import (
    CampaignState,
    DeadEnd,
    DirectionState,
    DirectiveState,
    ExperimentState,
    PostKind,
    ProposalState,
    TurnState,
    Verdict,
)
from arctl.daemon.turns import Reply
from tests.support.steering import Stage

# -- directives -------------------------------------------------------------------------------------------


def test_a_directive_sets_aside_what_was_queued_before_it() -> None:
    stage = Stage()
    answer = stage.done("redirect", "t1", text="leave the rates alone")
    state = stage.state
    directive = state.company.directives[answer["directive"]]
    assert (directive.target, directive.state, directive.author) == ("t1", DirectiveState.ISSUED, "zoe")
    for ident in ("p6", "p7", "p8"):
        assert state.proposals[ident].state is ProposalState.PARKED
        assert "leave the rates alone" in state.proposals[ident].reason
    assert state.proposals["p9"].state is ProposalState.OBJECTED, "another team's"
    assert stage.turn("q1") is TurnState.WITHDRAWN, "somebody was writing p8"
    assert StopTurn("q1") in stage.actions
    assert stage.turn("q2") is None
    post = state.company.posts[directive.thread]
    assert (post.kind, post.text, post.thread) == (PostKind.DIRECTIVE, "leave the rates alone", post.id)
    assert {directive.id, "t1"} <= set(post.links)
    assert directive in state.company.directives_for(state.company.agents["a1"])
    assert "p6, p7, p8" in answer["text"]


@pytest.mark.parametrize(
    ("asked", "state"), [(5.0, DirectiveState.ISSUED), (200.0, DirectiveState.ACKNOWLEDGED)]
)
def test_a_directive_is_not_taken_for_heard_by_who_was_asked_before_it(
    asked: float, state: DirectiveState
) -> None:
    stage = Stage()
    ident = stage.done("redirect", "toy", text="leave the width alone")["directive"]
    stage.set(dataclasses.replace(stage.state.company.turns["q2"], created=asked, state=TurnState.ASKED))
    stage.fact(facts.TurnAnswered("q2", Reply()))
    assert stage.state.company.directives[ident].state is state


def test_a_person_s_own_proposals_stay_under_a_directive() -> None:
    stage = Stage()
    stage.done("redirect", "toy", text="small steps")
    assert stage.state.proposals["p10"].state is ProposalState.READY
    assert stage.state.proposals["p9"].state is ProposalState.PARKED


@pytest.mark.parametrize("how", ["withdraw", "undo"])
def test_withdrawing_a_directive_queues_again_what_it_set_aside(how: str) -> None:
    stage = Stage()
    ident = stage.done("redirect", "h1", text="other things")["directive"]
    kept = stage.state.proposals["p7"]
    stage.set(dataclasses.replace(kept, state=ProposalState.READY))  # an analyst kept it
    stage.done("withdraw", ident) if how == "withdraw" else stage.done("undo", "")
    states = [stage.state.proposals[name].state for name in ("p6", "p7", "p8", "p9")]
    ready = ProposalState.READY
    assert states == [ready, ready, ready, ProposalState.OBJECTED], "nobody writes p8 any more"
    assert stage.state.company.directives[ident].state is DirectiveState.WITHDRAWN
    assert "withdrawn already" in stage.refused("withdraw", ident)


@pytest.mark.parametrize("target", ["e4", "r1", "ada", "cpu0"])
def test_only_groups_take_directives(target: str) -> None:
    assert "a campaign, a team or a direction" in Stage().refused("redirect", target, text="x")


def test_a_directive_needs_words_and_somebody_to_obey() -> None:
    stage = Stage()
    assert "needs words" in stage.refused("redirect", "t1", text=" \n")
    stage.done("kill", "t1")
    assert "retired" in stage.refused("redirect", "t1", text="x")
    assert "directives that stand: none" in stage.refused("withdraw", "i9")


# -- directions -------------------------------------------------------------------------------------------


def test_a_fork_builds_on_any_experiment_with_a_commit() -> None:
    stage = Stage()
    answer = stage.done("fork", "e3", text="wider, but slower\nsince it lost by a hair", axes=["LR"])
    row = stage.state.company.directions[answer["direction"]]
    assert (row.base, row.state, row.author, row.axes) == ("e3", DirectionState.STANDING, "zoe", ("LR",))
    assert row.title == "wider, but slower"
    assert "team t1 is at LR now" in answer["text"]
    assert stage.state.company.posts[answer["thread"]].links == (row.id, "e3")
    assert stage.state.company.directions[stage.done("fork", "e3", text="as it is")["direction"]].axes == (
        "WIDTH",
    )
    assert "no commit" in stage.refused("fork", "e6", text="x")
    assert "there are" in stage.refused("fork", "e77", text="x")


def test_more_axes_than_a_direction_may_have_are_refused_with_the_limit() -> None:
    stage = Stage()
    many = [f"A{number}" for number in range(500)]
    said = stage.refused("direction", "toy", text="everything", axes=many)
    assert said.startswith("a direction has at most 12 axes, not 500; name those")
    assert "at most 12" in stage.refused("fork", "e3", text="everything", axes=many)
    stage.done("direction", "toy", text="much", axes=many[:12])


@pytest.mark.parametrize(
    ("verb", "target", "data"),
    [
        ("direction", "toy", {"text": "batch size matters", "axes": ["BATCH"]}),
        ("fork", "e3", {"text": "from the wide one", "axes": ["BATCH"]}),
        ("redirect", "t1", {"text": "leave the rates alone"}),
        ("propose", "toy", {"values": {"LR": 0.02}}),
        ("approve", "toy", {"proposals": ["p6"]}),
    ],
)
def test_words_to_a_campaign_that_is_over_say_what_they_wait_for(
    verb: str, target: str, data: dict[str, object]
) -> None:
    stage = Stage()
    campaign = stage.state.campaigns["toy"]
    stage.set(dataclasses.replace(campaign, state=CampaignState.FINISHED, reason="every proposal was tried"))
    assert stage.done(verb, target, **data)["text"].endswith(
        "; toy is finished: it waits for `arctl resume toy`"
    )


def test_words_to_a_campaign_that_goes_on_wait_for_nothing() -> None:
    stage = Stage()
    assert "resume" not in stage.done("propose", "toy", values={"LR": 0.02})["text"]
    stage.set(dataclasses.replace(stage.state.campaigns["toy"], drain=True))
    assert stage.done("redirect", "toy", text="slower")["text"].endswith(
        "; toy drains: it waits for `arctl resume toy`"
    )


def test_a_campaign_that_met_its_limit_says_that_a_resume_needs_a_higher_one() -> None:
    stage = Stage()
    spec = stage.state.campaigns["toy"].spec.replace("experiments = 20", "experiments = 3")
    stage.set(dataclasses.replace(stage.state.campaigns["toy"], state=CampaignState.FINISHED, spec=spec))
    assert stage.done("propose", "toy", values={"LR": 0.02})["text"].endswith(
        "; toy is finished: it waits for a higher limits.experiments in arctl.toml, then `arctl resume toy`"
    )


def test_a_campaign_that_met_its_target_says_that_a_resume_needs_another_one() -> None:
    stage = Stage()
    champion = stage.state.experiments[stage.state.campaigns["toy"].champion]
    stage.set(dataclasses.replace(champion, bank=(1.0, 1.0)))
    spec = stage.state.campaigns["toy"].spec.replace("[limits]", "[limits]\ntarget = 1.5")
    stage.set(dataclasses.replace(stage.state.campaigns["toy"], state=CampaignState.FINISHED, spec=spec))
    assert stage.done("propose", "toy", values={"LR": 0.02})["text"].endswith(
        "; toy is finished: it waits for another limits.target in arctl.toml, then `arctl resume toy`"
    )


def test_a_direction_of_a_person_waits_for_a_team_until_it_is_taken_back() -> None:
    stage = Stage()
    answer = stage.done(
        "direction", "toy", text="batch size matters", axes=["BATCH"], prediction="down 2 %", falsifier="flat"
    )
    row = stage.state.company.directions[answer["direction"]]
    assert (row.prediction, row.falsifier, row.hypothesis) == ("down 2 %", "flat", "batch size matters")
    assert "waits" not in stage.refused("direction", "toy", text="x")
    stage.done("undo", "")
    assert stage.state.company.directions[row.id].state is DirectionState.RETIRED
    assert "undone already" in stage.refused("undo", answer["deed"])
    assert "`arctl kill h1` ends it" in stage.refused("withdraw", "h1")


def test_a_direction_that_a_team_took_up_is_not_undone() -> None:
    stage = Stage()
    answer = stage.done("direction", "toy", text="batches", axes=["BATCH"])
    row = stage.state.company.directions[answer["direction"]]
    stage.set(dataclasses.replace(row, state=DirectionState.ACTIVE, team="t2"))
    assert "cannot be undone any more" in stage.refused("undo", "")


# -- dead ends --------------------------------------------------------------------------------------------


def test_a_marked_range_refuses_what_is_inside_it_and_is_revived() -> None:
    stage = Stage()
    inside = dataclasses.replace(
        stage.state.proposals["p6"], change={"kind": "params", "values": {"LR": 0.15}}
    )
    outside = dataclasses.replace(inside, id="p11", change={"kind": "params", "values": {"LR": 0.01}})
    stage.set(inside)
    stage.set(outside)
    answer = stage.done("mark", "toy", "diverges", axis="LR", low=0.1)
    state = stage.state
    end = state.dead_ends[answer["dead_end"]]
    assert (end.axis, end.low, end.high, end.closed_by, end.reason) == ("LR", 0.1, None, "zoe", "diverges")
    assert end.evidence["effects"] == {"e2": 0.2}
    assert state.proposals["p6"].state is ProposalState.REFUSED
    assert state.proposals["p8"].state is ProposalState.REFUSED, "an idea without a value is inside as well"
    assert stage.turn("q1") is TurnState.WITHDRAWN
    assert state.proposals["p11"].state is ProposalState.READY
    assert "from 0.1 on" in answer["text"]
    assert "d1 already" in stage.refused("mark", "toy", axis="LR", low=0.1)
    stage.done("revive", end.id, "a new champion")
    assert state.dead_ends[end.id].revived == "revived by zoe: a new champion"
    assert state.proposals["p6"].state is ProposalState.REFUSED, "it is not brought back by itself"
    assert "open already" in stage.refused("revive", end.id)
    stage.done("undo", "")
    assert not state.dead_ends[end.id].revived


def test_a_mark_is_undone_by_reviving_it() -> None:
    stage = Stage()
    ident = stage.done("mark", "toy", axis="BATCH")["dead_end"]
    assert stage.state.dead_ends[ident].reason == "marked by zoe"
    stage.done("undo", "")
    assert stage.state.dead_ends[ident].revived
    assert "nothing that zoe did" in stage.refused("undo", "")


def test_a_person_s_own_proposal_stays_inside_a_dead_end() -> None:
    stage = Stage()
    stage.done("mark", "toy", axis="WIDTH")
    assert stage.state.proposals["p10"].state is ProposalState.READY
    assert stage.state.proposals["p9"].state is ProposalState.REFUSED


def test_a_mark_that_means_nothing_is_refused() -> None:
    stage = Stage()
    assert "is empty" in stage.refused("mark", "toy", axis="LR", low=0.2, high=0.1)
    assert "needs an axis" in stage.refused("mark", "toy")
    assert "has no range" in stage.refused("mark", "toy", axis="OPT", low=1.0)
    assert "must be a number" in stage.refused("mark", "toy", axis="LR", low="x")
    for endless in (float("nan"), float("inf"), float("1e999"), 10**400):
        assert "finite number" in stage.refused("mark", "toy", axis="LR", high=endless)
    assert "closed at the moment: none" in stage.refused("revive", "d4")


# -- the champion -----------------------------------------------------------------------------------------


def moved(stage: Stage) -> MoveBranch:
    (action,) = [action for action in stage.step.actions if isinstance(action, MoveBranch)]
    return action


def test_promoting_by_hand_moves_the_branch_on_top_of_the_champion() -> None:
    stage = Stage()
    answer = stage.done("promote", "e3", "half as long")
    row = stage.state.experiments["e3"]
    assert (row.state, row.by_hand, row.verdict) == (ExperimentState.PROMOTING, True, Verdict.REJECTED)
    assert row.reason == "by hand, zoe: half as long"
    action = moved(stage)
    assert (action.parent, action.experiment.tree) == ("b2", "t3")
    assert "by hand, zoe: half as long" in action.message
    assert "it was built on e1" in answer["text"]
    assert "e3 is being promoted" in stage.refused("promote", "e4")
    again = byhand.again(stage.state, stage.state.campaigns["toy"])
    assert again is not None
    assert (again.parent, again.message) == (action.parent, action.message)
    stage.fact(facts.BranchMoved("e3", "b3"))
    assert stage.state.campaigns["toy"].champion == "e3"
    row = stage.state.experiments["e3"]
    assert (row.state, row.promoted, row.by_hand) == (ExperimentState.CLOSED, "b3", True)
    assert byhand.again(stage.state, stage.state.campaigns["toy"]) is None


def test_a_promotion_by_hand_is_undone_by_going_back() -> None:
    stage = Stage()
    stage.done("promote", "e3")
    assert "in a moment" in stage.refused("undo", "")
    stage.fact(facts.BranchMoved("e3", "b3"))
    stage.done("undo", "")
    action = moved(stage)
    assert (action.experiment.id, action.experiment.tree, action.parent) == ("e2", "t2", "b3")
    again = byhand.again(stage.state, stage.state.campaigns["toy"])
    assert again is not None
    assert again.experiment.id == "e2"
    stage.fact(facts.BranchMoved("e2", "b4"))
    assert stage.state.campaigns["toy"].champion == "e2"
    assert stage.state.experiments["e2"].promoted == "b4"
    assert stage.state.experiments["e2"].verdict == Verdict.ACCEPTED
    assert byhand.again(stage.state, stage.state.campaigns["toy"]) is None


def test_a_promotion_is_not_undone_over_what_was_accepted_since() -> None:
    stage = Stage()
    deed = stage.done("promote", "e3")["deed"]
    stage.fact(facts.BranchMoved("e3", "b3"))
    assert can_undo(stage.state, stage.state.company.deeds[deed], 200.0)
    later = dataclasses.replace(stage.state.experiments["e4"], promoted="b4", state=ExperimentState.CLOSED)
    stage.set(later)
    stage.set(dataclasses.replace(stage.state.campaigns["toy"], champion="e4", wanted=""))
    assert not can_undo(stage.state, stage.state.company.deeds[deed], 200.0)
    said = stage.refused("undo", deed)
    assert "e4 is champion now, not e3" in said
    assert "`arctl rollback e2`" in said
    assert stage.done("rollback", "e2")["before"] == "e4", "by its own word it goes back"


def test_a_rollback_goes_to_the_one_before_or_to_a_named_one() -> None:
    stage = Stage()
    assert stage.done("rollback")["champion"] == "e1"
    stage.fact(facts.BranchMoved("e1", "b9"))
    assert stage.state.campaigns["toy"].champion == "e1"
    assert stage.state.experiments["e1"].verdict == Verdict.BASELINE
    assert "nothing before it" in stage.refused("rollback")
    assert "never champion" in stage.refused("rollback", "e3")
    assert stage.done("rollback", "e2")["before"] == "e1"


def test_a_rollback_after_a_promotion_by_hand_goes_to_whom_it_replaced() -> None:
    stage = Stage()
    stage.done("promote", "e3")
    stage.fact(facts.BranchMoved("e3", "b3"))
    assert stage.done("rollback")["champion"] == "e2", "though e3 was built on e1"


def test_what_cannot_be_champion_is_refused() -> None:
    stage = Stage()
    assert "e6 has no commit" in stage.refused("promote", "e6")
    assert "e2 is the champion" in stage.refused("promote", "e2")
    assert "e2 is the champion" in stage.refused("rollback", "e2")


def test_a_finished_campaign_can_still_be_rolled_back() -> None:
    stage = Stage()
    stage.set(dataclasses.replace(stage.state.campaigns["toy"], state=CampaignState.FINISHED))
    stage.done("rollback", "e1")
    stage.fact(facts.BranchMoved("e1", "b9"))
    assert stage.state.campaigns["toy"].champion == "e1"


# -- undo -------------------------------------------------------------------------------------------------


def test_undo_takes_the_newest_of_one_s_own_deeds_one_after_the_other() -> None:
    stage = Stage()
    stage.done("pause", "t1")
    stage.done("pause", "t2")
    stage.ask("pause", "h1", actor="max")
    stage.done("say", "toy", text="hello")
    assert "team t2 resumed" in stage.done("undo", "")["text"]
    assert "team t1 resumed" in stage.done("undo", "")["text"]
    assert "nothing that zoe did" in stage.refused("undo", "")
    assert stage.state.company.directions["h1"].held, "another person's"


def test_undo_says_when_things_moved_on() -> None:
    stage = Stage()
    first = stage.done("pause", "e5")["deed"]
    stage.done("kill", "e5")
    assert "cannot be undone any more: e5 has ended" in stage.refused("undo", first)
    second = stage.done("pause", "t1")["deed"]
    stage.ask("resume", "t1", actor="max")
    assert "nothing left to undo" in stage.refused("undo", second)
    assert "cannot be undone" in stage.refused("undo", stage.done("say", "toy", text="x")["deed"])
    assert "there is no deed 'u99'" in stage.refused("undo", "u99")


def test_a_bare_undo_passes_by_what_cannot_be_undone_any_more() -> None:
    stage = Stage()
    older = stage.done("pause", "t1")["deed"]
    newer = stage.done("pause", "e5")["deed"]
    stage.done("kill", "e5")
    deeds = stage.state.company.deeds
    assert [can_undo(stage.state, deeds[name], 200.0) for name in (older, newer)] == [True, False]
    assert stage.done("undo", "")["undone"] == older
    assert "e5 has ended" in stage.refused("undo", ""), "why the newest stays"


def test_an_older_deed_is_not_undone_in_place_of_one_that_takes_a_moment() -> None:
    stage = Stage()
    stage.done("pause", "t1")
    stage.done("promote", "e3")
    assert "in a moment" in stage.refused("undo", "")
    assert stage.state.company.teams["t1"].held


def test_a_deed_is_undone_once() -> None:
    stage = Stage()
    deed = stage.done("pause", "t1", "why not")["deed"]
    answer = stage.done("undo", deed)
    assert answer["undone"] == deed
    assert "undone already" in stage.refused("undo", deed)
    record = stage.state.company.deeds[answer["deed"]]
    assert (record.verb, record.undo) == ("undo", {})


def test_undoing_a_pause_does_not_take_back_the_kill_after_it() -> None:
    stage = Stage()
    stage.done("pause", "toy")
    stage.done("kill", "toy")
    error = stage.refused("undo")
    assert "the kill of toy came after it" in error
    assert stage.state.campaigns["toy"].state is not CampaignState.RUNNING


def test_a_direction_on_a_dead_end_says_so() -> None:
    stage = Stage()
    end = stage.done("mark", "toy", axis="WIDTH")["dead_end"]
    said = stage.done("direction", text="wider still", axes=["WIDTH", "LR"])["text"]
    assert f"WIDTH is a dead end, `arctl revive {end}` opens it" in said
    assert "LR is a dead end" not in said


def test_a_champion_by_hand_opens_dead_ends_as_another_does() -> None:
    stage = Stage()
    reason = "a new champion, or a person"
    end = DeadEnd("d9", "toy", "WIDTH", stage.now - 1, "tried", reason, "arctl")
    stage.set(end)
    assert not reopen(stage.state, stage.now)
    stage.done("rollback", "e1")
    step = reopen(stage.state, stage.now)
    assert [event.kind for event in step.events] == ["dead_end.reopened"]
    assert "e1 became champion since" in step.events[0].text
