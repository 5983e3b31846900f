"""After a run: a crash is repaired, twice at most; a verdict is thought about; no end waits for it."""

from __future__ import annotations

from typing import Any

import pytest

from arctl.daemon import facts
from arctl.daemon.rows import (
    CampaignState,
    ExperimentState,
    Move,
    PostKind,
    Verdict,
)
from arctl.daemon.turns import Question, Reply, Words
from tests.support.community import SILENCE, Community, bowl, flat, spec

LLM = '[brain]\nkind = "anthropic"\nmodel = "fake"\ntimeout = 100\n'
TEAM = "analysts = 2\nexperimenters = 2\n"


def crashing(
    brain: str = LLM, script: Any = None, crash: float = 1.0, limit: int = 6, **changes: Any
) -> Community:
    world = Community(flat, slots=2, spec=spec(teams=TEAM, limit=limit, extra=brain), crash=crash, **changes)
    world.script = script
    return world.finished()


def test_a_crash_is_repaired_at_most_twice_and_then_it_is_a_verdict() -> None:
    world = crashing()
    rows = [row for row in world.state.experiments_of("toy") if row.base]
    assert rows
    for row in rows:
        if row.same_as:
            continue
        assert row.verdict == Verdict.CRASHED
        assert row.repairs == 2
        assert sum(q.turn.subject == row.id for q in world.questions(Move.REPAIR)) == 2
        assert len(world.state.runs_of(row.id)) == 3
    assert world.state.count_proposed("toy") == 6, "a repair is no new proposal"
    assert world.texts("experiment.repaired")


def test_who_repairs_sees_the_run_that_crashed_and_wrote_it_first_of_all() -> None:
    world = crashing(ideas=1.0)
    for question in world.questions(Move.REPAIR):
        assert question.run
        run = world.state.runs[question.run]
        assert run.outcome == "crashed"
        assert run.experiment == question.turn.subject
        assert question.proposal is not None
        assert question.experiment is not None
    writers = [q.agent.name == q.proposal.writer for q in world.questions(Move.REPAIR) if q.proposal]
    assert sum(writers) > len(writers) / 2


def test_a_repair_that_works_is_judged_like_any_other() -> None:
    world = crashing(crash=0.5, limit=12)
    rows = [
        row for row in world.state.experiments_of("toy") if row.repairs and row.verdict != Verdict.CRASHED
    ]
    assert rows
    for row in rows:
        assert row.verdict in (
            Verdict.REJECTED,
            Verdict.ACCEPTED,
            Verdict.INCONCLUSIVE,
            Verdict.REBASED,
            Verdict.DUPLICATE,
        )
        assert row.values


@pytest.mark.parametrize("brain", ["", LLM + "repairs = 0\n"])
def test_where_the_brain_repairs_nothing_a_crash_is_a_verdict_at_once(brain: str) -> None:
    world = crashing(brain)
    assert not world.questions(Move.REPAIR)
    assert all(
        row.verdict == Verdict.CRASHED
        for row in world.state.experiments_of("toy")
        if row.base and not row.same_as
    )


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(declined="no"), "declined: no"),
        (Reply(), "found no repair"),
        (Reply(change={"kind": "edits", "edits": "x"}), "found no repair"),
    ],
)
def test_who_finds_no_repair_is_not_asked_again(reply: Reply, words: str) -> None:
    world = crashing(script=lambda question: reply if question.move is Move.REPAIR else None)
    subjects = [question.turn.subject for question in world.questions(Move.REPAIR)]
    assert subjects
    assert len(subjects) == len(set(subjects))
    for row in world.state.experiments_of("toy"):
        if row.base and not row.same_as:
            assert row.verdict == Verdict.CRASHED
            assert words in row.reason


def test_a_repair_whose_lease_is_lost_twice_is_given_up() -> None:
    world = crashing(script=lambda question: SILENCE if question.move is Move.REPAIR else None, limit=3)
    subjects = [question.turn.subject for question in world.questions(Move.REPAIR)]
    assert max(subjects.count(subject) for subject in subjects) == 2
    assert all(row.verdict for row in world.state.experiments_of("toy"))


def test_a_killed_experiment_is_not_repaired() -> None:
    world = Community(flat, slots=2, spec=spec(teams=TEAM, limit=4, extra=LLM), crash=1.0)
    world.script = lambda question: SILENCE if question.move is Move.REPAIR else None
    world.begin()
    world.until(lambda: world.questions(Move.REPAIR))
    row = next(r for r in world.state.experiments_of("toy") if r.state is ExperimentState.REPAIRING)
    world.after(0, facts.Control("k", "kill", row.id, "zoe"))
    world.until(lambda: world.state.experiments[row.id].verdict)
    assert world.state.experiments[row.id].verdict == Verdict.CANCELLED
    assert world.state.company.turn_on("toy", row.id, Move.REPAIR) is None


def test_each_team_repairs_as_its_own_brain_can() -> None:
    """The brains of two teams differ: only the crashes of the one that writes code are repaired."""
    mix = f'mix = [{{ kind = "search" }}, {{ kind = "anthropic", model = "fake" }}]\n{TEAM}'.replace(
        "experimenters = 2", "experimenters = 0"
    )
    world = Community(flat, slots=2, spec=spec(teams=mix, limit=6), crash=1.0).finished()
    order = [team.id for team in world.state.company.all_teams("toy")]
    seen = set()
    for row in world.state.experiments_of("toy"):
        if row.base and not row.same_as and row.team:
            number = order.index(row.team) % 2
            seen.add(number)
            assert bool(row.repairs) == (number == 1), row
    assert seen == {0, 1}


def test_a_verdict_is_reflected_upon_by_its_author_once_and_said_in_the_forum() -> None:
    world = Community(flat, slots=2, spec=spec(teams=TEAM, limit=8, extra=LLM)).finished()
    questions = world.questions(Move.REFLECT)
    assert questions
    subjects = [question.turn.subject for question in questions]
    assert len(subjects) == len(set(subjects))
    for question in questions:
        assert question.experiment is not None
        assert question.proposal is not None
        assert question.experiment.verdict
        assert question.agent.name == question.proposal.agent
    posts = [post for post in world.state.company.posts_of("toy") if post.kind is PostKind.REFLECTION]
    assert posts
    assert all(post.links[0] in world.state.experiments for post in posts)


@pytest.mark.parametrize("brain", ["", LLM + "reflect = false\n"])
def test_who_has_nothing_to_reflect_on_is_not_asked(brain: str) -> None:
    world = Community(flat, slots=2, spec=spec(teams=TEAM, limit=6, extra=brain)).finished()
    assert not world.questions(Move.REFLECT)


def test_an_accepted_one_is_reflected_upon_once_though_its_record_goes_on() -> None:
    world = Community(bowl, slots=3, spec=spec(teams=TEAM, limit=30, extra=LLM), seed=1).finished()
    champions = [row.id for row in world.state.champions_of("toy")]
    subjects = [question.turn.subject for question in world.questions(Move.REFLECT)]
    assert champions
    assert len(subjects) == len(set(subjects))
    assert set(champions) & set(subjects)


def test_reflections_that_never_come_do_not_keep_a_campaign_from_ending() -> None:
    world = Community(flat, slots=2, spec=spec(teams=TEAM, limit=8, extra=LLM))
    world.script = lambda question: SILENCE if question.move is Move.REFLECT else None
    world.finished()
    last = max(row.closed or 0.0 for row in world.state.experiments_of("toy"))
    assert world.now - last < 10 * 165, "each lease at most once for what is still remembered"


def test_reflection_gives_way_to_proposals_and_critiques() -> None:
    """Who could propose or critique is not asked to reflect: it is the last thing that anybody does."""
    world = Community(flat, slots=2, spec=spec(teams=TEAM, limit=10, extra=LLM))
    world.finished()
    assert world.state.count_proposed("toy") == 10


def test_a_reflection_of_many_posts_is_bounded() -> None:
    def talks(question: Question) -> Reply | None:
        if question.move is Move.REFLECT:
            return Reply(posts=(Words("x" * 100_000, "reflection", "m999", ("e1", "\x1b[1m")),) * 50)
        return None

    world = Community(flat, slots=2, spec=spec(teams=TEAM, limit=3, extra=LLM))
    world.script = talks
    world.finished()
    posts = [post for post in world.state.company.posts_of("toy") if post.kind is PostKind.REFLECTION]
    assert len(posts) <= 6 * len(world.questions(Move.REFLECT))
    assert all(len(post.text) <= 20_000 for post in posts)
    assert all("\x1b" not in link for post in posts for link in post.links)
    assert world.state.campaigns["toy"].state is CampaignState.FINISHED
