"""The company: hired and retired by the settings, a solo agent under the same rules, outages and restarts."""

from __future__ import annotations

import itertools

import pytest

from arctl.daemon import facts
from arctl.daemon.rows import (
    AgentState,
    CampaignState,
    Move,
    ProposalState,
    Role,
    Turn,
    TurnState,
    Verdict,
)
from arctl.daemon.turns import Question, Reply
from tests.support.community import SILENCE, Community, agents, bowl, flat, over, spec, to

LLM = '[brain]\nkind = "anthropic"\nmodel = "fake"\ntimeout = 100\n'
PASSING = ("rate_limited", "unreachable", "budget")


def edit(world: Community, old: str, new: str) -> None:
    text = world.state.campaigns["toy"].spec
    assert old in text
    world.after(0, facts.EditSeen("toy", "arctl.toml", text.replace(old, new), ""))
    world.until(lambda: new in world.state.campaigns["toy"].spec)


def roles(world: Community) -> dict[Role, int]:
    people = list(agents(world).values())
    return {
        role: sum(agent.role is role for agent in people)
        for role in Role
        if any(a.role is role for a in people)
    }


def test_everybody_has_a_name_of_their_own_and_is_introduced() -> None:
    world = Community(flat, slots=8, spec=spec(teams="analysts = 9\nexperimenters = 30\n", limit=2))
    world.begin()
    world.until(lambda: agents(world))
    names = [row.name for row in world.state.company.agents_of("toy")]
    assert len(set(names)) == 39
    assert len(world.texts("agent.hired")) == 39
    assert "joins as analyst, thinking with search" in world.texts("agent.hired")[0]


def test_agents_last_with_notes_records_and_a_heartbeat() -> None:
    world = Community(flat, slots=2, spec=spec(teams="analysts = 2\n", limit=6))
    world.script = lambda question: (
        Reply(notes="\x1b[1mI remember " + "x" * 10_000) if question.move is Move.CRITIQUE else None
    )
    world.finished()
    for agent in agents(world).values():
        assert agent.turns > 0
        assert agent.seen > 0
        assert agent.notes.startswith("I remember")
        assert len(agent.notes) == 4000
    before = agents(world)
    world.restart()
    assert agents(world) == before


def test_more_or_fewer_are_there_when_the_settings_are_edited() -> None:
    world = Community(
        flat, slots=4, spec=spec(teams="analysts = 2\nexperimenters = 2\n", limit=60, extra=LLM), ideas=0.5
    )
    world.begin()
    world.until(lambda: world.state.count_proposed("toy") > 5)
    edit(world, "analysts = 2\nexperimenters = 2", "analysts = 4\nexperimenters = 1")
    world.until(lambda: roles(world) == {Role.ANALYST: 4, Role.EXPERIMENTER: 1})
    assert world.texts("agent.retired")
    edit(world, "analysts = 4", "analysts = 1")
    world.until(lambda: roles(world) == {Role.ANALYST: 1, Role.EXPERIMENTER: 1})
    world.run()
    assert world.state.campaigns["toy"].state is CampaignState.FINISHED
    retired = [row for row in world.state.company.everybody("toy") if row.state is AgentState.RETIRED]
    assert all(not agent.team for agent in retired)


def test_whoever_leaves_lets_go_of_what_it_was_at_and_that_is_said() -> None:
    world = Community(
        flat, slots=4, spec=spec(teams="analysts = 2\nexperimenters = 2\n", limit=30, extra=LLM), ideas=1.0
    )
    world.script = lambda question: SILENCE if question.move is Move.IMPLEMENT else None
    world.begin()

    def writing() -> list[Turn]:
        return [turn for turn in world.state.company.asked("toy") if turn.move is Move.IMPLEMENT]

    world.until(lambda: len(writing()) == 2)
    claimed = {turn.subject for turn in writing()}
    world.script = None
    edit(world, "experimenters = 2", "experimenters = 0")
    world.until(lambda: roles(world) == {Role.ANALYST: 2})
    said = [text for text in world.texts("turn.withdrawn") if "leaves the company" in text]
    assert len(said) == 2
    released = {event.subject for _, event in world.events if event.kind == "proposal.released"}
    assert claimed <= released
    world.run()
    assert world.state.campaigns["toy"].state is CampaignState.FINISHED


def test_turns_that_a_finished_campaign_does_not_wait_for_say_so() -> None:
    world = Community(flat, slots=2, spec=spec(teams="analysts = 2\n", limit=4))
    world.script = lambda question: SILENCE if question.move is Move.CRITIQUE else None
    world.finished()
    ended = [turn for turn in world.turns.values() if turn.state is TurnState.WITHDRAWN]
    assert ended
    assert all(turn.note.startswith("the campaign is finished: ") for turn in ended)
    assert len(world.texts("turn.withdrawn")) == len(ended)


def test_nobody_is_hired_under_the_name_of_a_person_who_was_heard_of() -> None:
    world = Community(flat, slots=4, spec=spec(teams="analysts = 2\n", limit=30))
    world.begin()
    world.until(lambda: agents(world))
    world.after(0, facts.Control("g", "say", "toy", "grace", data={"text": "good morning"}))
    world.until(lambda: "g" in world.answers)
    assert world.answers["g"].error is None
    edit(world, "analysts = 2", "analysts = 4")
    world.until(lambda: len(agents(world)) == 4)
    assert set(agents(world)) == {"ada", "emmy", "marie", "tycho"}


def test_a_team_becomes_a_solo_agent_who_may_move_every_axis() -> None:
    world = Community(flat, slots=2, spec=spec(teams="analysts = 2\n", limit=50))
    world.begin()
    world.until(lambda: world.state.count_proposed("toy") > 5)
    edit(world, "analysts = 2", "analysts = 0")
    world.run()
    late = [q for q in world.questions(Move.PROPOSE) if q.agent.role is Role.SOLO]
    assert late
    assert not late[-1].taken, "no team is there any more that could hold an axis"
    held = {axis for row in world.state.company.all_directions("toy") for axis in row.axes}
    solo = {row.axis for row in world.state.proposals.values() if row.agent == "solo"}
    assert solo & held
    assert world.state.campaigns["toy"].state is CampaignState.FINISHED


def test_a_solo_agent_becomes_a_team_that_talks() -> None:
    world = Community(flat, slots=2, spec=spec(teams="analysts = 0\n", limit=30))
    world.begin()
    world.until(lambda: world.state.count_proposed("toy") > 5)
    assert list(agents(world)) == ["solo"]
    edit(world, "analysts = 0", "analysts = 3")
    world.run()
    assert world.texts("discussion.opened")
    assert world.texts("team.formed")
    assert world.state.count_proposed("toy") == 30


def test_a_solo_agent_goes_through_the_same_rules_without_discussion_or_critique() -> None:
    world = Community(bowl, slots=1, spec=spec(limit=40)).finished()
    assert list(agents(world)) == ["solo"]
    moves = {question.move for _, question in world.asked}
    assert moves == {Move.PROPOSE}
    assert not world.texts("discussion.opened")
    kinds = {event.kind for _, event in world.events}
    assert {
        "proposal.made",
        "experiment.proposed",
        "experiment.closed",
        "turn.asked",
        "turn.answered",
    } <= kinds
    assert world.state.count_proposed("toy") > 20
    assert any(row.verdict == Verdict.ACCEPTED for row in world.state.experiments_of("toy"))
    for row in world.state.proposals.values():
        assert row.state in (
            ProposalState.TAKEN,
            ProposalState.REFUSED,
            ProposalState.OBJECTED,
            ProposalState.WITHDRAWN,
            ProposalState.READY,
        )


def test_a_solo_agent_is_bound_by_dead_ends_and_repetitions_too() -> None:
    world = Community(flat, slots=1, spec=spec(("A", "B"), limit=40), params=("A", "B"))
    world.finished()
    assert world.state.dead_ends_of("toy")
    assert "every proposal was tried" in world.state.campaigns["toy"].reason
    for end in world.state.dead_ends_of("toy"):
        assert not [
            r for r in world.state.on_axis("toy", end.axis) if r.created > end.created and not r.rebase_of
        ]


def test_what_a_solo_agent_proposes_in_one_turn_is_checked_against_itself() -> None:
    def twins(question: Question) -> Reply | None:
        if question.move is not Move.PROPOSE or question.proposal is not None:
            return None
        value = 0.6 + 0.05 * (len(world.state.proposals) % 7)
        return Reply((to("A", value), to("A", value + 0.001)))

    world = Community(flat, slots=1, spec=spec(teams="analysts = 0\n", limit=3))
    world.script = twins
    world.begin()
    world.until(lambda: len(world.state.proposals) >= 2)
    one, two = list(world.state.proposals.values())[:2]
    assert one.state is ProposalState.TAKEN
    assert two.state in (ProposalState.OBJECTED, ProposalState.REFUSED)
    assert not two.experiment


@pytest.mark.parametrize("fault", PASSING)
def test_in_an_outage_queued_work_goes_on_and_nothing_is_lost(fault: str) -> None:
    down = [False]

    def script(question: Question) -> facts.TurnFailed | None:
        return facts.TurnFailed(question.turn.id, fault, "gone", retry_after=30) if down[0] else None

    world = Community(
        flat, slots=2, spec=spec(teams="analysts = 2\nexperimenters = 2\n", limit=16, extra=LLM), ideas=0.3
    )
    world.script = script
    world.begin()
    world.until(lambda: sum(r.state is ProposalState.READY for r in world.state.open_proposals("toy")) or
                world.state.count_proposed("toy") > 3)  # fmt: skip
    down[0] = True
    began, at = len(world.started), world.now
    world.until(lambda: world.now > at + 1800)
    assert len(world.started) > began, "what was queued ran"
    campaign = world.state.campaigns["toy"]
    assert campaign.state is CampaignState.RUNNING
    assert "gone" in campaign.trouble
    asked = sum(when > at for when, _ in world.asked)
    assert asked < 4 * 1800 / 30 + 20, "nobody is asked in a loop"
    for row in world.state.open_proposals("toy"):
        assert row.state is not ProposalState.PARKED, "a fault of the world parks nothing"
    down[0] = False
    world.run()
    assert world.state.count_proposed("toy") == 16
    assert not world.state.campaigns["toy"].trouble


def test_a_fault_that_only_a_person_can_mend_is_waited_for_and_a_resume_tries_again() -> None:
    down = [True]

    def script(question: Question) -> facts.TurnFailed | None:
        if not down[0] or question.move is Move.DISCUSS:
            return None
        return facts.TurnFailed(question.turn.id, "key", "no key", "set ANTHROPIC_API_KEY", human=True)

    world = Community(flat, slots=2, spec=spec(teams="analysts = 2\n", limit=6, extra=LLM))
    world.script = script
    world.begin()
    world.run(limit=3000)
    assert {agent.trouble for agent in agents(world).values() if agent.role is Role.ANALYST} == {
        "no key (set ANTHROPIC_API_KEY)"
    }
    assert len(world.questions(Move.PROPOSE)) == 2, "each is asked once"
    down[0] = False
    world.after(0, facts.Control("r", "resume", "toy", "zoe"))
    world.run()
    assert world.state.count_proposed("toy") == 6


def test_failures_lengthen_the_rest_and_a_named_time_is_kept() -> None:
    def script(question: Question) -> facts.TurnFailed | None:
        if question.move is Move.DISCUSS:
            return None
        return facts.TurnFailed(question.turn.id, "broken", "it broke")

    world = Community(flat, slots=1, spec=spec(teams="analysts = 1\n", limit=6))
    world.script = script
    world.begin()
    world.until(lambda: len(world.questions(Move.PROPOSE)) > 8)
    times = [at for at, question in world.asked if question.move is Move.PROPOSE]
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert gaps == sorted(gaps)
    assert gaps[-1] <= 905


@pytest.mark.parametrize("move", list(Move))
def test_a_restart_during_a_turn_loses_the_turn_and_returns_its_work(move: Move) -> None:
    world = Community(
        flat,
        slots=2,
        spec=spec(teams="analysts = 2\nexperimenters = 1\n", limit=14, extra=LLM),
        ideas=0.5,
        crash=0.3,
    )
    held: list[Question] = []

    def script(question: Question) -> str | None:
        if question.move is move and not held:
            held.append(question)
            return SILENCE
        return None

    world.script = script
    world.begin()
    world.until(lambda: held)
    turn = held[0].turn
    world.restart()
    over_ = world.turns[turn.id]
    assert (over_.state, over_.note) == (TurnState.LOST, "the daemon ended")
    assert (
        world.state.company.turn_of(agents(world)[turn.agent]) is None
        or turn.id not in world.state.company.turns
    )
    rows = len(world.state.proposals), len(world.state.company.directions), len(world.state.company.critiques)
    world._settle(_late(world, turn.id))
    assert rows == (
        len(world.state.proposals),
        len(world.state.company.directions),
        len(world.state.company.critiques),
    )
    world.run()
    assert world.state.campaigns["toy"].state is CampaignState.FINISHED
    assert world.state.count_proposed("toy") == 14
    if turn.subject.startswith("p"):
        assert world.state.proposals[turn.subject].state is not ProposalState.CLAIMED


def _late(world: Community, turn: str):  # type: ignore[no-untyped-def]
    from arctl.daemon.reduce import reduce

    answer = Reply(directions=(over("A"),), change={"kind": "params", "values": {"A": 0.9}})
    return reduce(world.state, facts.TurnAnswered(turn, answer), world.now)


def test_a_campaign_with_more_slots_than_ideas_is_not_stuck() -> None:
    world = Community(
        flat, slots=16, spec=spec(("A",), teams="analysts = 2\n", limit=100), params=("A",)
    ).finished()
    assert world.state.campaigns["toy"].reason in (
        "every direction was explored",
        "100 of 100 proposals made",
    )


def test_what_goes_on_is_asked_with_the_settings_of_its_role() -> None:
    text = spec(teams="analysts = 2\n", limit=6, extra=LLM + '[roles.critic]\nmodel = "small"\n')
    world = Community(flat, slots=2, spec=text).finished()
    assert {q.settings.model for q in world.questions(Move.CRITIQUE)} == {"small"}
    assert {q.settings.model for q in world.questions(Move.PROPOSE)} == {"fake"}
