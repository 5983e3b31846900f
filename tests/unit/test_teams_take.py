"""What runs next, who writes it, and what becomes of it when a lease on it is lost."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

import pytest

from arctl.daemon import facts
from arctl.daemon.life.ranking import ranked, score
from arctl.daemon.rows import (
    AgentState,
    CampaignState,
    DeadEnd,
    Direction,
    DirectionState,
    Experiment,
    ExperimentState,
    Move,
    Proposal,
    ProposalState,
    Role,
    Verdict,
)
from arctl.daemon.turns import Draft, Question, Reply
from tests.support.community import SILENCE, Community, agents, flat, spec, to

COMPANY = "analysts = 2\nexperimenters = 3\n"
LLM = '[brain]\nkind = "anthropic"\nmodel = "fake"\ntimeout = 100\n'


def paused(**changes: Any) -> Community:
    """A campaign with a baseline in which nobody says anything."""
    world = Community(flat, slots=2, spec=spec(**changes))
    world.script = lambda question: None if question.move is Move.DISCUSS else SILENCE
    world.begin()
    world.until(lambda: world.questions(Move.PROPOSE))
    return world


def ready(world: Community, number: int, **words: Any) -> Proposal:
    plain = {"kind": "params", "values": {words.get("axis", "A"): number / 100}}
    row = Proposal(
        **{
            "id": f"p{number}", "campaign": "toy", "created": float(number), "agent": "ada", "brain": "x",
            "title": f"p{number}", "change": plain, "base": "e1", "state": ProposalState.READY, **words,
        }
    )  # fmt: skip
    world.state.apply(row)
    return row


def tried(
    world: Community, number: int, axis: str, effect: float, verdict: Verdict = Verdict.REJECTED, **words: Any
) -> None:
    if f"p{number}" not in world.state.proposals:
        ready(world, number, axis=axis, state=ProposalState.TAKEN, experiment=f"e{number}")
    world.state.apply(
        Experiment(**{
            "id": f"e{number}", "campaign": "toy", "number": number, "created": 1.0, "axis": axis,
            "base": "e1",            "state": ExperimentState.CLOSED, "title": f"e{number}",
            "verdict": verdict, "closed": 2.0,
            "values": (1.0,), "proposal": f"p{number}", "evidence": {"effect": effect},
            "commit": f"c(c0){number}", **words,
        })
    )  # fmt: skip


def order(world: Community, *rows: Proposal) -> list[str]:
    return [row.id for row in ranked(world.state, "toy", list(rows))]


def test_people_go_first_then_what_they_directed_then_the_rest() -> None:
    world = paused()
    plain = ready(world, 61, axis="A")
    directed = ready(world, 62, axis="A", directive="i1")
    human = ready(world, 63, axis="A", urgent=True)
    assert order(world, plain, directed, human) == ["p63", "p62", "p61"]


def test_what_paid_goes_before_what_did_not_and_the_cold_before_the_worn() -> None:
    world = paused()
    for number in range(50, 54):
        tried(world, number, "A", 0.05, Verdict.ACCEPTED if number == 50 else Verdict.REJECTED)
        tried(world, number + 5, "B", -0.05)
    good, bad, cold = ready(world, 61, axis="A"), ready(world, 62, axis="B"), ready(world, 63, axis="C")
    assert order(world, bad, cold, good)[-1] == bad.id
    assert score(world.state, good) > 0 > score(world.state, bad)
    tried(world, 70, "D", -0.001)
    worn = ready(world, 64, axis="D")
    assert order(world, worn, cold)[0] == cold.id


def test_an_axis_tried_once_by_luck_does_not_beat_one_that_paid_again_and_again() -> None:
    world = paused()
    tried(world, 50, "A", 0.05)
    for number in range(51, 60):
        tried(world, number, "B", 0.05)
    lucky, steady = ready(world, 61, axis="A"), ready(world, 62, axis="B")
    known = world.state.effects("toy")
    assert known["A"].mean == pytest.approx(known["B"].mean)
    gain = {row.id: score(world.state, row) - 1 / (1 + known[row.axis].n) ** 0.5 for row in (lucky, steady)}
    assert gain["p62"] > gain["p61"], "the mean of few is shrunk towards nothing"


def test_a_minority_direction_is_heard() -> None:
    world = paused()
    one, two = world.state.company.directions_of("toy", DirectionState.ACTIVE)[:2]
    tried(world, 50, "Z", 0.0, direction=one.id)
    much, little = ready(world, 61, axis="Y", direction=one.id), ready(world, 62, axis="Y", direction=two.id)
    assert order(world, much, little) == [little.id, much.id]


def test_of_equals_the_one_that_takes_less_time_goes_first() -> None:
    world = paused()
    tried(world, 50, "A", 0.01, seconds=100.0)
    tried(world, 51, "B", 0.01, seconds=10.0)
    slow, fast = ready(world, 61, axis="A"), ready(world, 62, axis="B")
    assert order(world, slow, fast) == [fast.id, slow.id]


def test_a_team_with_less_under_way_goes_first() -> None:
    world = paused()
    one, two = world.state.company.teams_of("toy")[:2]
    for number in (50, 51):
        world.state.apply(
            Experiment(
                f"e{number}", "toy", number, 1.0, ExperimentState.BUILDING, "x", base="e1", team=one.id
            )
        )
    many, few = ready(world, 61, team=one.id, axis="A"), ready(world, 62, team=two.id, axis="A")
    assert order(world, many, few) == [few.id, many.id]
    human = ready(world, 63, team=one.id, axis="A", urgent=True)
    assert order(world, many, few, human)[0] == human.id


def test_without_the_effects_the_oldest_goes_first() -> None:
    world = paused(teams='off = ["effects"]\n')
    for number in range(50, 54):
        tried(world, number, "B", 0.05, Verdict.ACCEPTED)
    rows = [ready(world, 61, axis="A"), ready(world, 62, axis="B")]
    assert order(world, *rows) == ["p61", "p62"]


def test_slots_are_shared_fairly_between_teams() -> None:
    for seed in range(3):
        world = Community(flat, slots=4, spec=spec(limit=16, teams="analysts = 2\n"), seed=seed).finished()
        first = [row for row in world.state.experiments_of("toy") if row.team][:12]
        assert min(Counter(row.team for row in first).values()) >= 3


# -- limits --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slots", [1, 3, 9])
@pytest.mark.parametrize("limit", [1, 7, 23])
def test_a_limit_of_experiments_is_kept_exactly(slots: int, limit: int) -> None:
    world = Community(
        flat,
        slots=slots,
        spec=spec(limit=limit, teams="analysts = 3\nexperimenters = 5\n"),
        ideas=0.5,
        fault=0.1,
    ).finished()
    assert world.state.count_proposed("toy") == limit
    assert world.texts("campaign.finished") == [
        f"campaign toy is finished: {limit} of {limit} proposals made; "
        + (f"the champion is {world.state.campaigns['toy'].champion}"
           if world.state.experiments[world.state.campaigns["toy"].champion].base
           else "nothing beat the baseline")
    ]  # fmt: skip


# -- approve mode --------------------------------------------------------------------------------------------


def test_in_approve_mode_nothing_runs_until_a_person_agrees() -> None:
    world = Community(flat, slots=2, spec=spec(limit=4, extra="[policy]\napprove = true\n"), ideas=0.5)
    world.begin()
    world.run(limit=3000)
    assert not world.state.count_proposed("toy")
    assert not world.questions(Move.IMPLEMENT), "nobody writes what nobody agreed to"
    rows = [row for row in world.state.open_proposals("toy") if row.state is ProposalState.READY]
    assert rows
    world.after(0, facts.Control("y", "approve", rows[-1].id, "zoe"))
    world.run(limit=3000)
    taken = [row.id for row in world.state.proposals.values() if row.experiment]
    assert taken == [rows[-1].id]
    for _ in range(12):
        world.after(0, facts.Control("all", "approve", "toy", "zoe", data={"all": True}))
        world.run(limit=3000)
    assert world.state.count_proposed("toy") == 4
    assert world.state.campaigns["toy"].state is CampaignState.FINISHED


# -- ideas and leases ----------------------------------------------------------------------------------------


#: Nothing is closed and no direction ends: what waits, waits.
ENDLESS = f'{COMPANY}off = ["dead_ends", "regroup"]\n'


def writing(script: Any = None, limit: int = 6, teams: str = COMPANY, **changes: Any) -> Community:
    world = Community(flat, slots=2, spec=spec(teams=teams, limit=limit, extra=LLM), ideas=1.0, **changes)
    world.script = script
    world.begin()
    return world


def test_an_idea_is_written_by_an_experimenter_of_its_team_first() -> None:
    world = writing()
    world.run()
    assert world.state.count_proposed("toy") == 6
    questions = world.questions(Move.IMPLEMENT)
    assert {question.agent.role for question in questions} == {Role.EXPERIMENTER}
    for question in questions:
        assert question.proposal is not None
        assert question.proposal.change == {"kind": "idea"}
    first = questions[0]
    assert first.proposal is not None
    assert first.agent.team == first.proposal.team
    for row in world.state.proposals.values():
        if row.experiment and not row.of:
            assert row.writer in agents(world)
            assert row.change["kind"] == "params"
    assert world.texts("proposal.claimed")
    assert world.texts("proposal.written")


def test_where_no_experimenters_are_the_analysts_write() -> None:
    world = Community(flat, slots=2, spec=spec(teams="analysts = 2\nexperimenters = 0\n", limit=4), ideas=1.0)
    world.finished()
    assert {question.agent.role for question in world.questions(Move.IMPLEMENT)} == {Role.ANALYST}


def silent_writer(times: int) -> Any:
    left = [times]

    def script(question: Question) -> str | None:
        if question.move is Move.IMPLEMENT and question.proposal is not None and question.proposal.id == "p1":
            left[0] -= 1
            return SILENCE if left[0] >= 0 else None
        return None

    return script


def test_a_lost_lease_returns_the_work_to_the_queue() -> None:
    world = writing(silent_writer(1), limit=60, teams=ENDLESS)
    world.until(lambda: world.texts("turn.lost"))
    lost = next(event for _, event in world.events if event.kind == "turn.lost")
    assert "its lease ran out" in lost.text
    row = world.state.proposals["p1"]
    assert (row.tries, row.state in (ProposalState.READY, ProposalState.CLAIMED)) == (1, True)
    world.until(lambda: world.state.proposals["p1"].experiment)


def test_a_lease_lasts_as_long_as_the_brain_may_take_and_a_minute() -> None:
    world = writing(silent_writer(1))
    world.until(lambda: world.texts("turn.lost"))
    turn = next(row for row in world.turns.values() if row.note == "its lease ran out")
    assert turn.expires - turn.created == 160
    assert turn.ended is not None
    assert 160 < turn.ended - turn.created < 162


def test_an_idea_that_was_tried_twice_in_vain_is_parked_with_the_reason() -> None:
    world = writing(silent_writer(5), limit=40, teams=ENDLESS)
    world.until(lambda: any(row.state is ProposalState.PARKED for row in world.state.proposals.values()))
    row = world.state.proposals["p1"]
    assert row.state is ProposalState.PARKED
    assert "2 turns on it ended without a change" in row.reason
    assert world.texts("proposal.released")
    world.run()
    assert world.state.campaigns["toy"].state is CampaignState.FINISHED, "the others go on"


@pytest.mark.parametrize("change", [None, {}, {"kind": "idea"}, {"kind": "edits"}, {"kind": ["x"]}, "patch"])
def test_a_change_that_is_none_counts_as_a_try(change: Any) -> None:
    def empty(question: Question) -> Reply | None:
        mine = (
            question.move is Move.IMPLEMENT and question.proposal is not None and question.proposal.id == "p1"
        )
        return Reply(change=change) if mine else None

    world = writing(empty)
    world.run()
    assert world.state.proposals["p1"].state is ProposalState.PARKED
    assert world.state.campaigns["toy"].state is CampaignState.FINISHED


def test_a_refusal_parks_the_idea_and_it_is_never_asked_for_again() -> None:
    def declines(question: Question) -> Reply | None:
        mine = (
            question.move is Move.IMPLEMENT and question.proposal is not None and question.proposal.id == "p1"
        )
        return Reply(declined="\x1b[31mI may not write that") if mine else None

    world = writing(declines)
    world.run()
    row = world.state.proposals["p1"]
    assert row.state is ProposalState.PARKED
    assert row.reason == "declined: I may not write that"
    assert sum(q.turn.subject == "p1" for q in world.questions(Move.IMPLEMENT)) == 1
    assert world.texts("turn.declined")
    assert any("declined" in post.text for post in world.state.company.posts_of("toy")), "people see it"


def test_a_parked_idea_is_taken_up_when_a_person_approves_it() -> None:
    world = writing(silent_writer(2), limit=40, teams=ENDLESS)
    world.until(
        lambda: world.state.proposals.get("p1") and world.state.proposals["p1"].state is ProposalState.PARKED
    )
    world.after(0, facts.Control("y", "approve", "p1", "zoe"))
    world.run()
    assert world.state.proposals["p1"].experiment


def test_vain_tries_of_critics_do_not_count_against_the_writer() -> None:
    def script(question: Question) -> Reply | str | None:
        if question.move is Move.CRITIQUE and question.turn.subject == "p1":
            return Reply()
        return silent(question)  # type: ignore[no-any-return]

    silent = silent_writer(1)
    world = writing(script, limit=60, teams=ENDLESS)
    world.until(lambda: world.texts("turn.lost"))
    row = world.state.proposals["p1"]
    assert row.tries == 1
    assert row.state in (ProposalState.READY, ProposalState.CLAIMED), "one lost lease is no two in vain"


def test_a_fault_of_the_world_is_no_try_in_vain() -> None:
    left = [6]

    def down(question: Question) -> facts.TurnFailed | None:
        if question.move is Move.IMPLEMENT and question.turn.subject == "p1" and left[0]:
            left[0] -= 1
            return facts.TurnFailed(question.turn.id, "overloaded", "529", retry_after=1)
        return None

    world = writing(down)
    world.run()
    assert world.state.proposals["p1"].experiment


def test_a_beat_prolongs_a_lease_and_its_absence_ends_it() -> None:
    world = writing(silent_writer(1))
    world.until(lambda: any(turn.subject == "p1" for turn in world.state.company.asked("toy")))
    turn = next(turn for turn in world.state.company.asked("toy") if turn.subject == "p1")
    if turn.move is not Move.IMPLEMENT:
        world.until(lambda: world.state.company.turn_on("toy", "p1", Move.IMPLEMENT))
        found = world.state.company.turn_on("toy", "p1", Move.IMPLEMENT)
        assert found is not None
        turn = found
    for beat in (100, 200, 300):
        world.after(turn.created + beat - world.now, facts.TurnBeat(turn.id))
    world.until(lambda: turn.id not in world.state.company.turns)
    over = world.turns[turn.id]
    assert over.ended is not None
    assert over.ended - turn.created == pytest.approx(460, abs=2)
    assert over.beat == pytest.approx(turn.created + 300)


def test_a_beat_of_a_turn_that_is_over_is_nobodys() -> None:
    world = writing()
    world.run()
    over = next(iter(world.turns))
    rows = len(world.events)
    world.after(0, facts.TurnBeat(over))
    world.run()
    assert len(world.events) == rows


def test_a_late_answer_is_nobodys() -> None:
    world = writing(silent_writer(1))
    world.until(lambda: world.texts("turn.lost"))
    late = next(q for q in world.questions(Move.IMPLEMENT) if q.turn.subject == "p1")
    before = world.state.proposals["p1"]
    world.answer(late, Reply(change={"kind": "params", "values": {"A": 0.99}}))
    world.run(limit=1)
    assert world.state.proposals["p1"].change == before.change
    world.run()
    assert all(row.params.get("A") != 0.99 for row in world.state.experiments_of("toy"))


def test_an_idea_inside_a_dead_end_that_came_meanwhile_is_not_written() -> None:
    world = paused()
    row = ready(world, 61, axis="A", change={"kind": "idea"}, team="t1")
    world.state.apply(DeadEnd("d1", "toy", "A", 1.0, "4 tried", "a person", "gate"))
    world.after(0, facts.Tick())
    world.until(lambda: world.state.proposals[row.id].state is ProposalState.REFUSED)
    assert "d1" in world.state.proposals[row.id].reason
    assert not world.questions(Move.IMPLEMENT)


def test_ideas_that_nobody_is_free_to_write_do_not_keep_a_slot_from_what_is_written() -> None:
    world = writing(lambda q: SILENCE if q.move in (Move.IMPLEMENT, Move.CRITIQUE) else None)
    world.until(lambda: world.state.proposals)
    for agent in agents(world).values():
        if agent.role is Role.EXPERIMENTER:
            world.after(0, facts.Control("t", "pause", agent.id, "zoe"))
    idea = ready(world, 61, axis="A", change={"kind": "idea"})
    plain = ready(world, 62, axis="B", state=ProposalState.PENDING)
    world.until(lambda: world.state.proposals[plain.id].experiment)
    assert world.state.proposals[idea.id].state is ProposalState.READY


def test_what_became_near_or_dead_while_it_waited_is_not_run() -> None:
    world = paused(limit=6)
    tried(world, 50, "A", -0.1, params={**dict.fromkeys("ABCDEFGH", 0.5), "A": 0.62})
    row = ready(world, 62, axis="A")
    world.after(0, facts.Tick())
    world.until(lambda: world.state.proposals[row.id].state is not ProposalState.READY)
    stale = world.state.proposals[row.id]
    assert stale.state is not ProposalState.TAKEN
    assert "e50" in stale.reason
    named = ready(world, 63, axis="A", difference="more seeds")
    world.after(0, facts.Tick())
    world.until(lambda: world.state.proposals[named.id].experiment)


# -- holds ---------------------------------------------------------------------------------------------------


def test_a_held_team_or_direction_begins_nothing_and_a_paused_agent_is_not_asked() -> None:
    world = Community(flat, slots=3, spec=spec(limit=60))
    world.begin()
    world.until(lambda: world.state.count_proposed("toy") > 3)
    team = world.state.company.teams_of("toy")[0]
    lazy = next(a for a in agents(world).values() if a.team != team.id)
    world.after(0, facts.Control("t", "pause", team.id, "zoe"))
    world.after(0, facts.Control("a", "pause", lazy.name, "zoe"))
    world.run(limit=2)
    assert agents(world)[lazy.name].state is AgentState.PAUSED
    begun = {row.id for row in world.state.experiments_of("toy")}
    asked = len(world.asked)
    world.run(limit=400)
    for row in world.state.experiments_of("toy"):
        if row.id not in begun:
            assert row.team != team.id
    for _, question in world.asked[asked:]:
        assert question.agent.name != lazy.name
        assert question.agent.team != team.id
    for target in (team.id, lazy.name):
        world.after(0, facts.Control("r", "resume", target, "zoe"))
    count = world.state.count_proposed("toy")
    world.until(lambda: world.state.count_proposed("toy") > count + 3)


def test_a_direction_made_of_dataclasses_survives_a_bump() -> None:
    row = Direction("h1", "toy", 0.0, "ada", "t")
    assert dataclasses.replace(row, held=True).held
    assert Draft("t", {}).title == "t"
    assert to("A", 0.1).move == "down"
