"""Members from outside, in memory: they join, speak and write under the rules that bind everyone."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from arctl.daemon import facts
from arctl.daemon.decide.teams import leases
from arctl.daemon.reduce import reduce
from arctl.daemon.reduce.members.base import LEASE, LONGEST, MANY
from arctl.daemon.rows import (
    AgentState,
    DeadEnd,
    DirectionState,
    Discussion,
    Post,
    PostKind,
    Proposal,
    ProposalState,
    Row,
    Stance,
    Turn,
    TurnState,
)
from tests.support.steering import Stage

IDEA: dict[str, Any] = {"kind": "idea"}
LOWER: dict[str, Any] = {"kind": "params", "values": {"LR": 0.004}}


class House(Stage):
    """A stage to which members come."""

    def come(self, verb: str, name: str = "otto", **data: Any) -> Any:
        """Let a member do something, refused or not."""
        self.now += 1
        reason = data.pop("reason", "") if verb not in ("critique",) else ""
        fact = facts.Control("k", f"member.{verb}", "toy", "zoe", reason, data={"name": name, **data})
        return self._take(reduce(self.state, fact, self.now))

    def did(self, verb: str, name: str = "otto", **data: Any) -> dict[str, Any]:
        """Let a member do something that must be done, and return what it was told."""
        answer = self.come(verb, name, **data)
        assert answer.error is None, answer.error.message
        assert isinstance(answer.result, dict)
        return answer.result

    def not_done(self, verb: str, name: str = "otto", **data: Any) -> str:
        """Let a member do something that must be refused, and return what it was told."""
        answer = self.come(verb, name, **data)
        assert answer.error is not None, answer.result
        assert answer.error.remedy
        return f"{answer.error.message}; {answer.error.remedy}"

    def propose(self, name: str = "otto", **more: Any) -> dict[str, Any]:
        """Propose something that repeats nothing."""
        given = {"title": "cool down", "hypothesis": "it anneals", "axis": "schedule.end", "change": IDEA}
        return self.did("propose", name, **{**given, **more})


def house(*more: Row, role: str = "analyst", team: str = "t1") -> House:
    """Return a stage that otto has joined."""
    found = House(*more)
    found.did("join", role=role, team=team)
    return found


# -- joining ---------------------------------------------------------------------------------------------


def test_a_member_joins_is_seen_and_comes_back_as_the_same_one() -> None:
    stage = House()
    told = stage.did("join", role="analyst", team="north", model="some-model")
    agent = stage.state.company.named("toy", "otto")
    assert agent is not None
    assert (agent.brain, agent.team, agent.model, agent.seen) == ("outside", "t1", "some-model", stage.now)
    assert not told["resumed"]
    assert stage.texts("agent.joined") == ["otto joins as analyst of team north, from outside"]
    stage.did("note", text="LR is worth a look")
    again = stage.did("join", role="analyst")
    assert again["resumed"]
    assert (again["notes"], again["team"]) == ("LR is worth a look", "t1")
    assert len([row for row in stage.state.company.everybody("toy") if row.name == "otto"]) == 1
    assert not stage.state.company.deeds, "what members do is no person's deed"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "no name"),
        ("x", "no name"),
        ("a b", "no name"),
        ("e12", "somebody or something else"),
        ("arctl", "somebody or something else"),
        ("Zoe", "somebody or something else"),
        ("toy", "somebody or something else|name of a campaign"),
        ("cpu0", "name of a device"),
        ("ada", "an agent of toy already"),
        ("\x1b[31mred", "no name|join"),
        ("n" * 100_000, "no name"),
    ],
)
def test_a_name_that_stands_for_somebody_else_is_refused(name: str, said: str) -> None:
    stage = House()
    answer = stage.come("join", name, role="analyst")
    if name.startswith("\x1b"):
        assert answer.error is None, "escapes are taken out, the rest is a name"
        return
    assert any(word in answer.error.message for word in said.split("|")), answer.error.message


def test_a_role_or_team_that_there_is_not_is_refused() -> None:
    stage = House()
    assert "analyst or experimenter" in stage.not_done("join", role="boss")
    assert "north (t1)" in stage.not_done("join", role="analyst", team="t9")
    stage.did("join", role="analyst")
    assert "leave first" in stage.not_done("join", role="experimenter")


def test_nobody_acts_without_having_joined_or_in_the_name_of_an_agent_of_the_house() -> None:
    stage = House()
    assert "join first" in stage.not_done("post", text="hello")
    assert "join first" in stage.not_done("post", "ada", text="hello")
    assert "members cannot" in stage.not_done("dance")


def test_whom_a_person_sent_away_or_paused_stays_so() -> None:
    stage = house()
    stage.done("pause", "otto")
    assert "paused" in stage.not_done("post", text="hello")
    assert "paused" in stage.not_done("join", role="analyst")
    stage.done("resume", "otto")
    stage.did("post", text="hello")
    stage.done("kill", "otto", "it only repeats itself")
    assert "sent otto away: it only repeats itself" in stage.not_done("join", role="analyst")
    assert "has left" in stage.not_done("post", text="hello")


def test_who_leaves_gives_its_claim_back_and_may_return() -> None:
    idea = Proposal("p20", "toy", 9.0, "ada", "search", "warm up", IDEA, "e2", ProposalState.READY, team="t1")
    stage = house(idea, role="experimenter")
    stage.did("claim", proposal="p20")
    stage.did("leave", reason="the day is over")
    row = stage.state.proposals["p20"]
    assert (row.state, row.tries) == (ProposalState.READY, 0)
    agent = stage.state.company.named("toy", "otto")
    assert agent is not None
    assert agent.state is AgentState.RETIRED
    assert not [turn for turn in stage.state.company.asked("toy") if turn.agent == "otto"]
    assert stage.did("join", role="analyst")["resumed"], "and then also in another role"


# -- ideas -----------------------------------------------------------------------------------------------


def test_a_proposal_waits_for_a_critique_like_everybodys() -> None:
    stage = house()
    told = stage.propose(change={"kind": "params", "values": {"WIDTH": 48}}, axis="wide")
    assert told["state"] == "pending"
    row = stage.state.proposals[told["proposal"]]
    assert (row.agent, row.brain, row.team, row.direction) == ("otto", "outside", "t1", "h1")
    assert not row.urgent
    (event,) = [event for event in stage.events if event.kind == "proposal.made"]
    assert event.actor == "otto"


def test_values_bring_their_own_title_axis_and_move() -> None:
    stage = house()
    row = stage.state.proposals[stage.did("propose", hypothesis="too fast", change=LOWER)["proposal"]]
    assert (row.title, row.axis, row.move) == ("LR 0.01 -> 0.004", "LR", "down")


def test_inside_a_dead_end_it_is_refused_with_the_evidence() -> None:
    evidence = {"experiments": ["e3"], "effects": {"e3": -0.1}}
    end = DeadEnd("d1", "toy", "schedule", 5.0, "four in vain", "a new champion", "arctl", evidence)
    stage = house(end)
    told = stage.propose()
    assert told["state"] == "refused"
    assert told["dead_end"]["evidence"] == evidence
    assert told["dead_end"]["reopen"] == "a new champion"
    assert "d1" in told["reason"]
    assert stage.state.proposals[told["proposal"]].state is ProposalState.REFUSED
    assert stage.texts("proposal.refused")


def test_what_repeats_is_objected_to_until_the_difference_is_named() -> None:
    stage = house()
    first = stage.propose()
    second = stage.propose("otto", title="cool down")
    assert second["state"] == "objected"
    assert first["proposal"] in second["near"]
    revised = stage.did("revise", proposal=second["proposal"], difference="it ends at zero")
    assert revised["state"] == "ready"
    assert "nobody objects" in stage.not_done("revise", proposal=second["proposal"])


def test_an_axis_that_another_team_holds_is_left_alone() -> None:
    stage = house()
    said = stage.not_done("propose", hypothesis="h", change={"kind": "params", "values": {"WIDTH": 64}})
    assert "team south (t2)" in said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"hypothesis": ""}, "hypothesis"),
        ({"axis": "no axis !"}, "axis"),
        ({"axis": "a" * 1_000_000}, "axis"),
        ({"move": "sideways"}, "move"),
        ({"title": "\x1b[2J"}, "title"),
        ({"change": {}}, "change is one of"),
        ({"change": {"kind": "merge", "commit": "c0"}}, "change is one of"),
        ({"change": {"kind": "params", "values": {}}}, "values"),
        ({"change": {"kind": "params", "values": {"LR": 5}}}, "range"),
        ({"change": {"kind": "params", "values": {"nope": 5}}}, "no parameter"),
        ({"change": {"kind": "patch", "patch": "  "}}, "empty"),
        ({"change": {"kind": "patch", "patch": "please do it"}}, "no difference"),
        ({"change": {"kind": "patch", "patch": "@@" * 300_000}}, "characters"),
        ({"change": {"kind": "edits", "edits": []}}, "no edits"),
        ({"change": {"kind": "edits", "edits": [{"path": "../x", "old": "a", "new": "b"}]}}, "x"),
        (
            {"change": {"kind": "edits", "edits": [{"path": "x", "old": "", "new": "b" * 500_000}]}},
            "too long",
        ),
    ],
)
def test_bad_proposals_are_refused_with_what_to_do(given: dict[str, Any], said: str) -> None:
    stage = house()
    good = {"title": "t", "hypothesis": "h", "axis": "a.b", "change": IDEA}
    assert said in stage.not_done("propose", **{**good, **given})
    assert not [row for row in stage.state.proposals.values() if row.agent == "otto"]


def test_texts_are_bounded_and_cleaned() -> None:
    stage = house()
    told = stage.propose(title="\x1b[31m" + "long " * 200_000, hypothesis="a\x00b\u202e" * 100_000)
    row = stage.state.proposals[told["proposal"]]
    assert len(row.title) <= 200
    assert len(row.hypothesis) <= 4000
    assert not {"\x1b", "\x00", "\u202e"} & set(row.title + row.hypothesis)


def test_a_member_that_floods_is_stopped() -> None:
    stage = house()
    for number in range(4):
        stage.propose(title=f"idea {number * 'x'}", axis=f"part{number}.size")
    assert "wait" in stage.not_done("propose", title="a fifth", hypothesis="h", axis="one.more", change=IDEA)
    for number in range(MANY - 4):
        stage.did("post", text=f"word {number}")
    assert "wait a while" in stage.not_done("post", text="one more")
    stage.now += 1000
    stage.did("post", text="later")


def test_a_paused_team_begins_nothing_but_may_talk() -> None:
    stage = house()
    stage.done("pause", "t1")
    assert "t1 is paused" in stage.not_done("propose", title="t", hypothesis="h", axis="a.b", change=IDEA)
    stage.did("post", text="what next?")


def test_a_proposal_is_taken_back_by_its_author_alone() -> None:
    stage = house()
    mine = stage.propose()["proposal"]
    assert "made no proposal" in stage.not_done("withdraw", proposal="p6")
    assert stage.did("withdraw", proposal=mine)["state"] == "withdrawn"
    assert "is withdrawn" in stage.not_done("withdraw", proposal=mine)


# -- the word on others' ideas ---------------------------------------------------------------------------


def test_an_endorsement_frees_what_waits_and_an_objection_stops_it() -> None:
    stage = house()
    assert stage.did("critique", subject="p7", stance="object", reason="e4 does that")["state"] == "objected"
    assert "said so already" in stage.not_done("critique", subject="p7", stance="object", reason="again")
    assert stage.did("critique", subject="p7", stance="endorse", reason="I see now")["state"] == "ready"
    (post,) = [row for row in stage.state.company.posts.values() if row.author == "otto"]
    assert "p7" in post.links


def test_one_does_not_judge_ones_own_or_what_is_decided() -> None:
    stage = house()
    mine = stage.propose()["proposal"]
    assert "your own" in stage.not_done("critique", subject=mine, stance="endorse", reason="good")
    assert "over" in stage.not_done("critique", subject="p6", stance="object", reason="no")
    assert "no proposal or direction" in stage.not_done(
        "critique", subject="p99", stance="object", reason="no"
    )
    assert "stance" in stage.not_done("critique", subject="p7", stance="shout", reason="no")
    assert "discussion" in stage.not_done("critique", subject="h2", stance="object", reason="no")


def talking() -> House:
    """Return a stage where a discussion goes on."""
    going = Discussion("s1", "toy", 50.0, "a talk", 900.0, thread="m9")
    opened = Post("m9", "toy", 50.0, "arctl", PostKind.DECISION, "Discussion.", thread="m9")
    return house(going, opened)


WORDS: dict[str, Any] = {
    "title": "data", "hypothesis": "order matters", "axes": ["data.order"], "prediction": "1 %",
    "falsifier": "no gain in three",
}  # fmt: skip


def test_a_direction_joins_the_discussion_that_goes_on_and_counts_nobodys_answer() -> None:
    stage = talking()
    told = stage.did("direction", **WORDS)
    assert (told["state"], told["discussion"]) == ("proposed", "s1")
    assert stage.state.company.discussions["s1"].answers == 0
    assert "same axes" in stage.not_done("direction", **WORDS)
    stage.did("join", "iris", role="analyst")
    stage.did("critique", "iris", subject=told["direction"], stance="endorse", reason="yes")
    (critique,) = stage.state.company.critiques_on(told["direction"])
    assert (critique.author, critique.stance) == ("iris", Stance.ENDORSE)


def test_without_a_discussion_a_direction_waits_for_a_free_team() -> None:
    stage = house()
    told = stage.did("direction", **WORDS)
    assert told["state"] == DirectionState.STANDING
    assert stage.texts("direction.standing")
    assert "falsifier" in stage.not_done("direction", **{**WORDS, "falsifier": " "})


# -- the forum -------------------------------------------------------------------------------------------


def test_a_question_waits_for_a_person_and_an_agents_answer_leaves_it_open() -> None:
    stage = house()
    told = stage.did("post", text="may I change the batch size?", kind="question", links=["e4"])
    assert stage.state.company.posts[told["post"]].open
    stage.did("post", text="I would", kind="answer", parent="m1")
    assert stage.state.company.posts["m1"].open, "only a person's answer closes it"
    stage.done("say", text="yes", parent=told["post"])
    assert not stage.state.company.posts[told["post"]].open
    assert "kind of post" in stage.not_done("post", text="x", kind="decision")
    assert "no post" in stage.not_done("post", text="x", parent="m99")
    assert "nothing to say" in stage.not_done("post", text="\x1b[0m")


def test_an_analyst_writes_no_code_and_an_experimenter_judges_nothing() -> None:
    stage = house()
    assert "for an experimenter" in stage.not_done("claim")
    stage.did("join", "iris", role="experimenter")
    assert "for an analyst" in stage.not_done("critique", "iris", subject="p7", stance="endorse", reason="y")
    assert "for an analyst" in stage.not_done("propose", "iris", hypothesis="h", change=LOWER)


# -- claims ----------------------------------------------------------------------------------------------


def writing(**more: Any) -> House:
    """Return a stage with an idea that waits, and otto as an experimenter."""
    idea = Proposal("p20", "toy", 9.0, "ada", "search", "warm up", IDEA, "e2", ProposalState.READY, team="t1")
    return house(dataclasses.replace(idea, **more), role="experimenter")


def test_a_claim_is_written_and_handed_in() -> None:
    stage = writing()
    told = stage.did("claim", proposal="p20")
    assert (told["proposal"], told["base"], told["commit"]) == ("p20", "e2", "b2")
    row = stage.state.proposals["p20"]
    assert (row.state, row.writer) == (ProposalState.CLAIMED, "otto")
    assert "holds p20 already" in stage.not_done("claim")
    assert "p20" in stage.not_done("submit", proposal="p8", change=LOWER)
    assert "one of params, patch, edits" in stage.not_done("submit", change=IDEA)
    edits = {"kind": "edits", "edits": [{"path": "train.py", "old": "a", "new": "b"}]}
    assert stage.did("submit", change=edits)["state"] == "ready"
    assert stage.state.proposals["p20"].change == edits
    assert stage.turn(told_turn(stage)) is TurnState.ANSWERED
    assert "holds no claim" in stage.not_done("submit", change=edits)


def told_turn(stage: House) -> str:
    """Return the turn that the last step touched."""
    return next(row.id for row in stage.step.rows if isinstance(row, Turn))


def test_what_others_write_or_a_person_has_to_agree_to_is_not_claimed() -> None:
    stage = writing()
    assert "written by" in stage.not_done("claim", proposal="p8")
    assert "no proposal" in stage.not_done("claim", proposal="p77")
    stage.done("pause", "h1")
    stage.set(dataclasses.replace(stage.state.proposals["p20"], direction="h1"))
    assert "paused" in stage.not_done("claim", proposal="p20")


def test_in_approve_mode_an_idea_is_claimed_once_a_person_agreed() -> None:
    stage = writing()
    campaign = stage.state.campaigns["toy"]
    stage.set(dataclasses.replace(campaign, spec=campaign.spec + "\n[policy]\napprove = true\n"))
    assert "a person's word" in stage.not_done("claim", proposal="p20")
    stage.done("approve", "p20", proposals=["p20"])
    stage.did("claim", proposal="p20")


def test_a_claim_is_lost_when_its_lease_ends_and_kept_by_any_word() -> None:
    stage = writing()
    stage.did("claim", proposal="p20")
    turn = next(turn for turn in stage.state.company.asked("toy") if turn.agent == "otto")
    stage.now += LEASE - 10
    assert not lost(stage)
    stage.did("post", text="still at it")
    stage.now += LEASE - 10
    assert not lost(stage), "the post prolonged the lease"
    assert stage.did("beat")["claim"] == "p20"
    stage.now += LEASE + 1
    assert lost(stage)
    assert stage.state.proposals["p20"].state is ProposalState.READY
    assert turn.id not in stage.state.company.turns
    assert "holds no claim" in stage.not_done("submit", change=LOWER)


def lost(stage: House) -> bool:
    """Let the daemon look at the leases; tell whether otto's ended."""
    others = {turn.id for turn in stage.state.company.asked("toy") if turn.agent != "otto"}
    for ident in others:
        row = stage.state.company.turns[ident]
        stage.set(dataclasses.replace(row, expires=stage.now + 1))
    step = leases.expire(stage.state, stage.now)
    stage.take(step)
    return bool(step.rows)


def test_no_claim_is_held_for_ever() -> None:
    stage = writing()
    stage.did("claim")
    for _ in range(int(LONGEST / (LEASE - 1)) + 2):
        stage.now += LEASE - 2
        if lost(stage):
            return
        stage.did("beat")
    raise AssertionError("the claim went on for ever")


def test_without_a_name_the_oldest_idea_of_its_team_is_claimed() -> None:
    assert writing().did("claim")["proposal"] == "p6"


def test_a_claim_is_let_go_without_a_mark_on_the_idea() -> None:
    stage = writing()
    stage.did("claim", proposal="p20")
    stage.did("release", reason="too hard")
    row = stage.state.proposals["p20"]
    assert (row.state, row.tries) == (ProposalState.READY, 0)
    assert "too hard" in stage.texts("turn.withdrawn")[-1]


def test_a_finished_campaign_takes_no_more_ideas_but_words() -> None:
    stage = house()
    stage.done("kill", "toy", "enough")
    assert "finished" in stage.not_done("propose", hypothesis="h", change=LOWER)
    assert "finished" in stage.not_done("join", "iris", role="analyst")
    stage.did("post", text="a good run")
