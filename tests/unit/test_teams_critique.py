"""Critique before compute: by somebody else, of another team first; an objection blocks until lifted."""

from __future__ import annotations

import dataclasses

import pytest

from arctl.daemon import facts
from arctl.daemon.life.weighing import weighed
from arctl.daemon.reduce.answers import judged
from arctl.daemon.rows import (
    Critique,
    Move,
    Proposal,
    ProposalState,
    Stance,
)
from arctl.daemon.turns import Opinion, Question, Reply
from tests.support.community import SILENCE, Community, agents, flat, over, says, spec, to

THREE = "analysts = 3\nexperimenters = 0\n"


def company(teams: str = THREE, limit: int = 20, seed: int = 0) -> Community:
    return Community(flat, slots=3, spec=spec(teams=teams, limit=limit), seed=seed)


def critic_says(*stances: Stance) -> Community:
    """The first critiques take these stances, all others endorse."""
    world = company()
    left = list(stances)

    def script(question: Question) -> Reply | None:
        if question.move is Move.CRITIQUE:
            return says(question, left.pop(0) if left else Stance.ENDORSE)
        return None

    world.script = script
    world.begin()
    return world


def test_nothing_runs_before_somebody_else_has_looked_at_it() -> None:
    world = company().finished()
    order = [(event.kind, event.subject, event.data) for _, event in world.events]
    for row in world.state.proposals.values():
        if not row.experiment or row.uncritiqued or row.of or row.revised:
            continue
        seen = order.index(("critique.made", row.id, {"stance": "endorse"}))
        begun = next(
            n
            for n, (kind, subject, _) in enumerate(order)
            if (kind, subject) == ("experiment.proposed", row.experiment)
        )
        assert seen < begun
        assert all(item.author != row.agent for item in world.state.company.critiques_on(row.id))
    assert world.questions(Move.CRITIQUE)


def test_the_critic_is_of_another_team_where_one_of_it_is_free() -> None:
    world = company()
    world.thinking = 0.1
    world.begin()
    world.run()
    teams = {a.name: a.team for a in agents(world).values()}
    for _, question in world.asked:
        if question.move is Move.CRITIQUE:
            assert question.proposal is not None
            assert question.proposal.agent != question.agent.name
    first = world.questions(Move.CRITIQUE)[:6]
    others = [q for q in first if q.proposal is not None and q.agent.team != q.proposal.team]
    assert len(others) == len(first), teams


def test_a_critic_of_the_same_team_looks_where_no_other_is_there() -> None:
    world = company("analysts = 2\nexperimenters = 0\n")

    def one(question: Question) -> Reply | None:
        if question.move is not Move.DISCUSS:
            return None
        mine = question.agent.name == "ada" and question.round == 1
        return Reply(directions=(over("A", "B", "C"),) if mine else ())

    world.script = one
    world.begin()
    world.until(lambda: world.questions(Move.CRITIQUE))
    assert len(world.state.company.teams_of("toy")) == 1
    question = world.questions(Move.CRITIQUE)[0]
    assert question.proposal is not None
    assert question.agent.team == question.proposal.team
    assert question.agent.name != question.proposal.agent


@pytest.mark.parametrize("stance", [Stance.OBJECT, Stance.REVISE])
def test_an_open_objection_blocks_until_a_revision_lifts_it(stance: Stance) -> None:
    world = critic_says(stance)
    world.until(lambda: world.texts("proposal.objected"))
    row = next(row for row in world.state.proposals.values() if row.state is ProposalState.OBJECTED)
    assert row.reason == "so I think"
    author = agents(world)[row.agent]

    def rewritten(question: Question) -> Reply | None:
        if question.move is Move.PROPOSE and question.proposal is not None:
            assert question.agent.name == author.name, "only its author writes it anew"
            assert [item.stance for item in question.critiques] == [stance]
            assert question.reason == "so I think"
            new = to(row.axis, 0.123, title="better words", difference="what the critic asked for")
            return Reply((new,))
        return None

    world.script = rewritten
    world.until(lambda: world.texts("proposal.revised"))
    new = world.state.proposals[row.id]
    assert (new.title, new.revised) == ("better words", 1)
    assert new.state in (ProposalState.READY, ProposalState.TAKEN)
    assert [item.lifted for item in world.state.company.critiques_on(row.id)] == ["revised"]
    assert new.direction == row.direction
    world.until(lambda: world.state.proposals[row.id].experiment)


def test_an_objection_that_nobody_answers_ends_in_withdrawal() -> None:
    world = critic_says(Stance.OBJECT)
    world.until(lambda: world.texts("proposal.withdrawn"))
    row = next(row for row in world.state.proposals.values() if row.state is ProposalState.WITHDRAWN)
    assert "no better words" in row.reason
    assert not row.experiment
    world.run()
    assert world.state.count_proposed("toy") == 20


def test_an_author_who_fails_twice_at_better_words_loses_the_proposal() -> None:
    world = critic_says(Stance.OBJECT)
    critic = world.script

    def broken(question: Question) -> Reply | facts.TurnFailed | None:
        if question.move is Move.PROPOSE and question.proposal is not None:
            return facts.TurnFailed(question.turn.id, "broken", "it broke")
        return critic(question)  # type: ignore[misc,return-value]

    world.script = broken
    world.until(lambda: world.texts("proposal.withdrawn"))
    row = next(row for row in world.state.proposals.values() if row.state is ProposalState.WITHDRAWN)
    assert "not written anew" in row.reason
    assert sum(q.proposal is not None and q.proposal.id == row.id for q in world.questions(Move.PROPOSE)) == 2


def test_an_objection_to_somebody_who_left_is_withdrawn() -> None:
    world = critic_says(Stance.OBJECT)
    world.until(lambda: world.texts("proposal.objected"))
    row = next(row for row in world.state.proposals.values() if row.state is ProposalState.OBJECTED)
    world.after(0, facts.Control("k", "kill", agents(world)[row.agent].id, "zoe"))
    world.until(lambda: world.state.proposals[row.id].state is ProposalState.WITHDRAWN)


def row_of(state: ProposalState = ProposalState.PENDING) -> Proposal:
    return Proposal("p1", "toy", 0, "ada", "search", "t", {}, "e1", state=state)


def said(number: int, author: str, stance: Stance, lifted: str = "") -> Critique:
    return Critique(f"c{number}", "toy", float(number), "p1", author, stance, "", lifted=lifted)


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ((), ProposalState.PENDING),
        ((("bo", "endorse"),), ProposalState.READY),
        ((("bo", "object"),), ProposalState.OBJECTED),
        ((("bo", "revise"),), ProposalState.OBJECTED),
        ((("bo", "object"), ("cy", "endorse")), ProposalState.OBJECTED),
        ((("bo", "object"), ("cy", "endorse"), ("di", "endorse")), ProposalState.READY),
        ((("bo", "object"), ("cy", "endorse"), ("cy", "endorse")), ProposalState.OBJECTED),
        ((("bo", "object"), ("bo", "endorse")), ProposalState.READY),
        ((("bo", "endorse"), ("bo", "object")), ProposalState.OBJECTED),
        ((("ada", "endorse"),), ProposalState.PENDING),
        ((("bo", "object"), ("ada", "endorse"), ("cy", "endorse")), ProposalState.OBJECTED),
    ],
)
def test_words_are_weighed_by_the_last_of_each_who_is_not_its_author(
    words: tuple[tuple[str, str], ...], state: ProposalState
) -> None:
    rows = [said(number, author, Stance(stance)) for number, (author, stance) in enumerate(words)]
    assert weighed(row_of(), rows) is state


def test_a_person_who_bears_its_author_s_name_is_not_its_author() -> None:
    word = dataclasses.replace(said(1, "ada", Stance.ENDORSE), by_hand=True)
    assert weighed(row_of(), [word]) is ProposalState.READY
    by_hand = dataclasses.replace(row_of(), brain="human")
    assert weighed(by_hand, [said(1, "ada", Stance.OBJECT)]) is ProposalState.OBJECTED
    assert weighed(by_hand, [word]) is ProposalState.PENDING


def test_a_lifted_objection_weighs_nothing() -> None:
    assert weighed(row_of(), [said(1, "bo", Stance.OBJECT, "revised")]) is ProposalState.PENDING


def test_two_endorsements_lift_an_objection() -> None:
    world = critic_says(Stance.OBJECT)
    world.until(lambda: world.texts("proposal.objected"))
    row = next(row for row in world.state.proposals.values() if row.state is ProposalState.OBJECTED)
    for number, name in enumerate(("bo", "cy")):
        word = Critique(f"c{900 + number}", "toy", 1.0, row.id, name, Stance.ENDORSE, "")
        step = judged(world.state, world.state.proposals[row.id], word)
        for changed in [*step.rows, word]:
            world.state.apply(changed)
    assert world.state.proposals[row.id].state is ProposalState.READY


def test_an_idle_slot_takes_the_best_proposal_that_nobody_looked_at_and_says_so() -> None:
    world = company(f"{THREE}critique_wait = 50\n", limit=6)
    world.script = lambda question: SILENCE if question.move is Move.CRITIQUE else None
    world.begin()
    world.until(lambda: world.texts("proposal.uncritiqued"))
    at, event = next((at, event) for at, event in world.events if event.kind == "proposal.uncritiqued")
    row = world.state.proposals[event.subject]
    assert at >= row.created + 50
    assert row.uncritiqued
    world.until(lambda: world.state.proposals[row.id].experiment)
    assert "not critiqued" in next(
        e.text
        for _, e in world.events
        if e.kind == "experiment.proposed" and e.subject == world.state.proposals[row.id].experiment
    )


def test_while_no_slot_is_idle_a_proposal_waits_for_its_critic() -> None:
    world = company(f"{THREE}critique_wait = 5\n", limit=30)
    world.duration = 1000.0
    mute: list[str] = []

    def script(question: Question) -> str | None:
        if question.move is Move.CRITIQUE and world.state.count_proposed("toy") >= 4:
            mute.append(question.turn.id)
            return SILENCE
        return None

    world.script = script
    world.begin()
    world.until(lambda: mute)
    world.until(lambda: len(world.state.active_runs()) == 3)
    taken = len(world.texts("proposal.uncritiqued"))
    start = world.now
    while world.now < start + 100 and len(world.state.active_runs()) == 3:
        world.run(limit=1)
    assert len(world.texts("proposal.uncritiqued")) == taken


def test_a_held_teams_proposals_are_not_let_through_without_a_critique() -> None:
    world = company(f"{THREE}critique_wait = 20\n", limit=40)
    world.script = lambda question: SILENCE if question.move is Move.CRITIQUE else None
    world.begin()
    world.until(lambda: world.state.proposals)
    for team in world.state.company.teams_of("toy"):
        world.after(0, facts.Control(team.id, "pause", team.id, "zoe"))
    world.run(limit=400)
    assert not world.texts("proposal.uncritiqued")


def test_in_approve_mode_waiting_for_a_person_is_no_idle_slot() -> None:
    world = company(f"{THREE}critique_wait = 20\n", limit=40)
    world.spec += "[policy]\napprove = true\n"
    world.script = lambda question: SILENCE if question.move is Move.CRITIQUE else None
    world.begin()
    world.run(limit=600)
    assert not world.texts("proposal.uncritiqued")
    assert not world.state.count_proposed("toy")


def test_a_critic_without_a_word_is_not_asked_for_ever() -> None:
    world = company()
    world.script = lambda question: Reply() if question.move is Move.CRITIQUE else None
    world.finished()
    asked = [question.turn.subject for question in world.questions(Move.CRITIQUE)]
    assert max(asked.count(subject) for subject in asked) == 2
    taken = [row for row in world.state.proposals.values() if row.experiment]
    assert taken
    assert all(row.uncritiqued for row in taken)


def test_a_critic_who_declines_is_not_asked_for_ever() -> None:
    world = company()
    world.script = lambda question: Reply(declined="no") if question.move is Move.CRITIQUE else None
    world.finished()
    asked = [question.turn.subject for question in world.questions(Move.CRITIQUE)]
    assert max(asked.count(subject) for subject in asked) == 2


@pytest.mark.parametrize("words", [("p999", "endorse"), ("e1", "object"), ("", "endorse"), (None, "wrong")])
def test_words_about_something_else_or_of_no_known_stance_count_for_nothing(
    words: tuple[str | None, str],
) -> None:
    world = company(limit=6)

    def script(question: Question) -> Reply | None:
        if question.move is not Move.CRITIQUE or question.proposal is None:
            return None
        subject = question.proposal.id if words[0] is None else words[0]
        return Reply(opinions=(Opinion(subject, words[1], "x"),))  # type: ignore[arg-type]

    world.script = script
    world.finished()
    assert not any(row.subject.startswith(("p", "e")) for row in world.state.company.critiques.values())


def test_critique_can_be_switched_off() -> None:
    world = company(f'{THREE}off = ["critique"]\n').finished()
    assert not world.questions(Move.CRITIQUE)


def test_where_those_who_could_look_have_left_a_proposal_goes_on() -> None:
    world = company("analysts = 2\nexperimenters = 0\n", limit=6)
    world.script = lambda question: SILENCE if question.move is Move.CRITIQUE else None
    world.begin()
    world.until(lambda: any(r.state is ProposalState.PENDING for r in world.state.open_proposals("toy")))
    row = world.state.open_proposals("toy")[0]
    other = next(agent for agent in agents(world).values() if agent.name != row.agent)
    text = world.spec.replace("analysts = 2", "analysts = 1")
    assert other
    world.after(0, facts.EditSeen("toy", "arctl.toml", text, ""))
    world.run()
    assert world.state.count_proposed("toy") == 6, "nobody is waited for"
