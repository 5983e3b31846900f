"""Agents that decline: what is said of it, how often they are asked again, and what lets them go on."""

from __future__ import annotations

from arctl.daemon import facts
from arctl.daemon.rows import CampaignState, Move, Post, ProposalState
from arctl.daemon.turns import Question, Reply
from tests.support.community import Community, flat, spec


def world_of(move: Move, words: str, *, teams: str = "analysts = 1\nexperimenters = 0\n") -> Community:
    """Return a campaign whose agents decline one kind of question."""
    world = Community(flat, slots=2, spec=spec(teams=teams, limit=12), ideas=1.0)
    world.script = lambda question: Reply(declined=words) if question.move is move else None
    return world


def refusals(world: Community) -> list[Post]:
    return [post for post in world.state.company.posts_of("toy") if " declined (" in post.text]


def test_refusals_of_several_ideas_stand_in_one_thread() -> None:
    world = world_of(Move.IMPLEMENT, "I may not write that", teams="analysts = 2\nexperimenters = 1\n")
    world.begin()
    world.run(limit=1200)
    said = refusals(world)
    assert len(said) > 2
    assert len({post.thread for post in said}) == 1
    assert len({post.text for post in said}) == len(said), "nothing is said twice"
    parked = [row for row in world.state.proposals.values() if row.state is ProposalState.PARKED]
    assert all(row.writer and row.reason == "declined: I may not write that" for row in parked)


def test_an_agent_that_refuses_to_propose_is_asked_three_times_and_speaks_once() -> None:
    world = world_of(
        Move.PROPOSE, "I cannot help", teams='analysts = 1\nexperimenters = 0\noff = ["directions"]\n'
    )
    world.begin()
    world.run(limit=4000)
    campaign = world.state.campaigns["toy"]
    assert campaign.state is CampaignState.FINISHED
    (agent,) = world.state.company.agents_of("toy")
    assert campaign.reason == f"{agent.name} declined to propose: I cannot help"
    assert agent.declined == "propose: I cannot help"
    assert len(world.questions(Move.PROPOSE)) == 3
    assert len(refusals(world)) == 1
    assert len(world.texts("turn.declined")) == 3, "each is an event"


def test_a_resume_asks_whoever_declined_again_and_an_answer_is_the_end_of_it() -> None:
    def once(question: Question) -> Reply | None:
        declines = question.move is Move.PROPOSE and not world.texts("campaign.resumed")
        return Reply(declined="I cannot help") if declines else None

    world = world_of(Move.PROPOSE, "", teams='analysts = 1\nexperimenters = 0\noff = ["directions"]\n')
    world.script = once
    world.begin()
    world.run(limit=4000)
    world.after(1, facts.Control(ticket="t9", verb="resume", target="toy", actor="zoe"))
    world.run(limit=4000)
    (agent,) = world.state.company.agents_of("toy")
    assert agent.declined == ""
    assert world.state.count_proposed("toy") == 12
