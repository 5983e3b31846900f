"""Discussions: when they begin, how they are bounded, and which directions stand at their end."""

from __future__ import annotations

from arctl.daemon import facts
from arctl.daemon.decide.teams.discussion import PATIENCE, SOON
from arctl.daemon.rows import CampaignState, DeadEnd, DirectionState, Move, Stance
from arctl.daemon.turns import Opinion, Question, Reply
from tests.support.community import SILENCE, Community, flat, over, spec

THREE = "analysts = 3\nexperimenters = 0\n"


def talking(script: object = None, *, teams: str = THREE, extra: str = "", slots: int = 3) -> Community:
    world = Community(flat, slots=slots, spec=spec(teams=teams, limit=12, extra=extra))
    world.script = script  # type: ignore[assignment]
    world.begin()
    return world


def first_said(world: Community, kind: str) -> float:
    return next(at for at, event in world.events if event.kind == kind)


def test_the_first_discussion_follows_the_baseline() -> None:
    world = talking()
    world.until(lambda: world.texts("discussion.opened"))
    assert world.state.baseline_of("toy").bank, "there is something to talk about"
    assert first_said(world, "discussion.opened") >= first_said(world, "run.ended")
    assert not world.state.proposals, "nobody proposes before there is a direction"
    assert "nothing has been tried yet" in world.texts("discussion.opened")[0]


def test_a_discussion_has_as_many_rounds_as_the_settings_say() -> None:
    for rounds in (1, 2, 3):
        world = talking(teams=f"{THREE}rounds = {rounds}\n")
        world.until(lambda w=world: w.texts("discussion.closed"))
        seen = {question.round for question in world.questions(Move.DISCUSS)}
        assert seen == set(range(1, rounds + 1))
        assert len(world.questions(Move.DISCUSS)) == 3 * rounds, "everybody is asked once in each round"


def test_a_silent_analyst_does_not_block_a_discussion_past_its_deadline() -> None:
    def mute(question: Question) -> str | None:
        silent = question.move is Move.DISCUSS and question.agent.name == "emmy"
        return SILENCE if silent else None

    world = talking(mute, teams=f"{THREE}discussion = 60\n")
    world.until(lambda: world.texts("discussion.closed"))
    opened, closed = first_said(world, "discussion.opened"), first_said(world, "discussion.closed")
    assert 60 <= closed - opened < 62
    assert len(world.texts("team.formed")) == 2, "the others' directions stand"
    assert [text for text in world.texts("turn.withdrawn") if "emmy" in text and "the time of s1" in text]
    late = next(question for question in world.questions(Move.DISCUSS) if question.agent.name == "emmy")
    world.answer(late, Reply(directions=(over("A"),)))
    world.run(limit=1)
    assert len(world.state.company.all_directions("toy")) == 2, "a late answer is nobody's"


def test_an_analyst_who_fails_is_not_waited_for() -> None:
    def broken(question: Question) -> facts.TurnFailed | None:
        if question.move is Move.DISCUSS and question.agent.name == "emmy":
            return facts.TurnFailed(question.turn.id, "broken", "it broke")
        return None

    world = talking(broken)
    world.until(lambda: world.texts("discussion.closed"))
    assert first_said(world, "discussion.closed") - first_said(world, "discussion.opened") < 60
    assert len(world.texts("team.formed")) == 2


def test_a_discussion_in_which_nobody_answered_is_tried_again_after_a_while() -> None:
    calls = []

    def down(question: Question) -> facts.TurnFailed | None:
        calls.append(question)
        if len(calls) <= 3:
            return facts.TurnFailed(question.turn.id, "unreachable", "no route", retry_after=5)
        return None

    world = talking(down)
    world.until(lambda: len(world.texts("discussion.opened")) == 2)
    closed = first_said(world, "discussion.closed")
    assert world.now >= closed + SOON
    world.run()
    assert world.state.campaigns["toy"].state is CampaignState.FINISHED
    assert world.state.count_proposed("toy") == 12


def test_a_resume_begins_a_discussion_that_nobody_answered_at_once_and_in_its_own_thread() -> None:
    def down(question: Question) -> facts.TurnFailed | None:
        if question.move is not Move.DISCUSS or len(world.texts("campaign.resumed")):
            return None
        return facts.TurnFailed(question.turn.id, "overloaded", "too busy", retry_after=1.0)

    world = talking(down)
    world.until(lambda: world.texts("discussion.closed"))
    begun, threads = world.now, len(world.state.company.posts_of("toy"))
    world.after(1, facts.Control(ticket="t9", verb="resume", target="toy", actor="zoe"))
    world.until(lambda: world.texts("campaign.resumed"))
    assert world.now < begun + SOON
    assert "the discussion s1, answered by nobody, begins anew" in world.texts("campaign.resumed")[-1]
    asked = len(world.questions(Move.DISCUSS))
    world.until(lambda: len(world.questions(Move.DISCUSS)) > asked)
    assert world.now < begun + SOON, "nobody waits for the silence to be over"
    world.run()
    assert len(world.state.company.discussions_of("toy")) == 1
    firsts = [post for post in world.state.company.posts_of("toy")[threads:] if post.thread == post.id]
    assert not any(post.text.startswith("Discussion") for post in firsts)


def test_a_discussion_that_everybody_declines_is_not_asked_for_in_a_loop() -> None:
    def declines(question: Question) -> Reply | None:
        return Reply(declined="I would rather not") if question.move is Move.DISCUSS else None

    world = talking(declines)
    world.run(limit=5000)
    assert len(world.texts("discussion.opened")) == 1
    campaign = world.state.campaigns["toy"]
    assert campaign.state is CampaignState.FINISHED
    assert campaign.reason == "ada, emmy, grace declined to discuss: I would rather not"
    assert len(world.texts("turn.declined")) == 3


def test_a_discussion_that_everybody_declined_is_asked_for_again_when_a_person_resumes() -> None:
    def declines(question: Question) -> Reply | None:
        refused = question.move is Move.DISCUSS and not world.texts("campaign.resumed")
        return Reply(declined="I would rather not") if refused else None

    world = talking(declines)
    world.run(limit=5000)
    world.after(1, facts.Control(ticket="t9", verb="resume", target="toy", actor="zoe"))
    world.run(limit=5000)
    assert "the discussion s1, declined, begins anew" in world.texts("campaign.resumed")[-1]
    assert len(world.texts("team.formed")) == 3
    assert world.state.count_proposed("toy") == 12
    assert not any(agent.declined for agent in world.state.company.agents_of("toy"))


def test_a_direction_with_more_objections_than_endorsements_does_not_stand() -> None:
    def opinions(question: Question) -> Reply | None:
        if question.move is not Move.DISCUSS:
            return None
        name = question.agent.name
        if question.round == 1:
            mine = {"ada": over("A", "B"), "emmy": over("C", "D"), "grace": over("E", "F")}[name]
            return Reply(directions=(mine,))
        judged = []
        for row in question.directions:
            if row.author == name:
                continue
            stance = Stance.OBJECT if row.author == "ada" else Stance.ENDORSE
            # One of two objects to emmy's: as many for it as against it.
            stance = Stance.OBJECT if row.author == "emmy" and name == "ada" else stance
            judged.append(Opinion(row.id, stance, "so I think"))
        return Reply(opinions=tuple(judged))

    world = talking(opinions)
    world.until(lambda: world.texts("discussion.closed"))
    states = {row.author: row.state for row in world.state.company.all_directions("toy")}
    assert states == {
        "ada": DirectionState.RETIRED,
        "emmy": DirectionState.RETIRED,
        "grace": DirectionState.ACTIVE,
    }
    assert any("2 object, 0 endorse" in text for text in world.texts("direction.retired"))


def test_the_author_does_not_vote_and_the_last_word_of_each_counts() -> None:
    def opinions(question: Question) -> Reply | None:
        if question.move is not Move.DISCUSS:
            return None
        if question.round == 1:
            return Reply(directions=(over("A"),)) if question.agent.name == "ada" else Reply()
        (row,) = question.directions
        stance = Stance.OBJECT if question.round == 2 and question.agent.name != "ada" else Stance.ENDORSE
        return Reply(opinions=(Opinion(row.id, stance, "by now"),) * 3)

    world = talking(opinions, teams=f"{THREE}rounds = 3\n")
    world.until(lambda: world.texts("discussion.closed"))
    (row,) = world.state.company.all_directions("toy")
    assert row.state is DirectionState.ACTIVE
    assert {item.author for item in world.state.company.critiques_on(row.id)} == {"emmy", "grace"}


def test_an_objected_direction_is_written_anew_in_place_of_the_old_one_and_objections_are_lifted() -> None:
    def opinions(question: Question) -> Reply | None:
        if question.move is not Move.DISCUSS:
            return None
        if question.round == 1:
            return Reply(directions=(over("A", "B"),)) if question.agent.name == "ada" else Reply()
        if question.agent.name == "ada":
            # Over the same axes: only the words are better.
            revised = over("A", "B", hypothesis="It pays on short runs.", prediction="more than 1 %")
            return Reply(directions=(revised,)) if question.round == 3 else Reply()
        (row,) = question.directions
        return Reply(opinions=(Opinion(row.id, Stance.OBJECT, "why?"),)) if question.round == 2 else Reply()

    world = talking(opinions, teams=f"{THREE}rounds = 3\n")
    world.until(lambda: world.texts("discussion.closed"))
    (row,) = world.state.company.all_directions("toy")
    assert row.hypothesis == "It pays on short runs."
    assert row.state is DirectionState.ACTIVE
    assert {item.lifted for item in world.state.company.critiques_on(row.id)} == {"revised"}
    assert world.texts("direction.revised")


def test_a_direction_over_the_axes_of_another_is_refused_and_says_which() -> None:
    def same(question: Question) -> Reply | None:
        return Reply(directions=(over("A", "B"),)) if question.move is Move.DISCUSS else None

    world = talking(same, teams=f"{THREE}rounds = 1\n")
    world.until(lambda: world.texts("discussion.closed"))
    assert len(list(world.state.company.all_directions("toy"))) == 1
    assert "h1" in world.texts("direction.refused")[0]


def test_the_very_first_direction_inside_a_dead_end_is_refused() -> None:
    def dead(question: Question) -> Reply | None:
        return Reply(directions=(over("A"),)) if question.move is Move.DISCUSS else None

    world = talking(dead, teams=f"{THREE}rounds = 1\n")
    world.until(lambda: world.asked)
    world.state.apply(DeadEnd("d1", "toy", "A", world.now, "no good", "a person", "zoe"))
    world.until(lambda: world.texts("discussion.closed"))
    assert not world.state.company.all_directions("toy")
    assert len(world.texts("direction.refused")) == 3
    assert "dead ends: A" in world.texts("direction.refused")[0]


def test_everything_that_is_said_in_a_discussion_stands_in_one_thread_of_the_forum() -> None:
    world = talking()
    world.until(lambda: world.texts("discussion.closed"))
    (row,) = world.state.company.discussions_of("toy")
    posts = world.state.company.posts_of("toy")
    assert {post.thread for post in posts} == {row.thread}
    assert posts[-1].text.startswith("Directions taken up: ")


def test_no_discussion_begins_when_a_limit_is_met_already() -> None:
    world = Community(
        flat, slots=3, spec=spec(teams=THREE, limit=12).replace("experiments = 12", "target = 5.0")
    )
    world.finished()
    assert not world.texts("discussion.opened")
    assert "the target" in world.state.campaigns["toy"].reason


def test_supply_goes_on_for_teams_at_work_while_others_discuss() -> None:
    """Who has no direction any more stays silent; a team that has one keeps its queue filled meanwhile."""

    def mute(question: Question) -> str | None:
        talks = question.move is Move.DISCUSS and question.direction is None and world.state.dead_ends
        return SILENCE if talks else None

    busy = f"{THREE}discussion = 200\nfalsify_after = 2\n"
    world = Community(flat, slots=4, spec=spec(teams=busy, limit=90), seed=3)
    world.script = mute
    world.begin()

    def both() -> bool:
        at_work = [team for team in world.state.company.teams_of("toy") if team.direction]
        return bool(world.state.company.discussion("toy") and at_work and world.state.dead_ends)

    world.until(both)
    begun = world.state.count_proposed("toy")
    world.until(lambda: world.state.company.discussion("toy") is None)
    assert world.state.count_proposed("toy") > begun
    assert not any(question.team is None for question in world.questions(Move.PROPOSE))


def test_nobody_is_called_together_while_everybody_waits_for_a_person() -> None:
    world = Community(flat, slots=2, spec=spec(("A", "B"), teams="analysts = 2\nexperimenters = 0\n"))
    world.script = lambda question: facts.TurnFailed(question.turn.id, "no_key", "no key", "set one", True)
    world.begin()
    world.run(limit=300)
    assert len(world.state.company.discussions) == 1
    world.script = None
    world.after(0, facts.Control("again", "resume", "toy", "ada"))
    world.until(lambda: world.state.count_proposed("toy"))


def test_after_a_direction_of_a_few_was_tried_everybody_is_told_that_it_ended() -> None:
    teams = "analysts = 5\nexperimenters = 0\nrounds = 1\n"
    world = Community(flat, slots=2, spec=spec(("A", "B"), teams=teams), params=("A", "B"))
    speakers: list[str] = []

    def one_of_five(question: Question) -> facts.TurnFailed | None:
        speakers.append(question.agent.name)
        if question.agent.name == speakers[0]:
            return None
        return facts.TurnFailed(question.turn.id, "unreachable", "no route", retry_after=5.0)

    world.script = one_of_five
    world.begin()
    world.until(lambda: len(world.state.company.discussions) == 2)
    first, second = world.state.company.discussions.values()
    assert (first.answers, first.formed) == (1, 1)
    assert second.reason.startswith("every direction has ended")


def test_when_only_one_of_three_ever_speaks_it_is_not_asked_for_ever() -> None:
    def script(question: Question) -> Reply | str | None:
        return Reply() if question.agent.name == "ada" else SILENCE

    world = talking(script)
    world.run()
    assert world.state.campaigns["toy"].state is CampaignState.FINISHED
    assert 1 < len(world.state.company.discussions_of("toy")) <= PATIENCE


def test_a_discussion_goes_on_where_it_was_when_the_daemon_died() -> None:
    world = talking()
    world.until(lambda: len(world.questions(Move.DISCUSS)) == 3)
    world.restart()
    world.until(lambda: world.texts("discussion.closed"))
    (row,) = world.state.company.discussions_of("toy")
    assert row.answers == 6, "each of three, in each of two rounds"
