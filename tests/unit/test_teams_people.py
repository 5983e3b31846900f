"""What people set in motion is never lost: forks, waiting directions, words, agreement, a named base."""

from __future__ import annotations

from typing import Any

import pytest

from arctl.daemon import facts
from arctl.daemon.rows import (
    DirectionState,
    DirectiveState,
    ExperimentState,
    Move,
    ProposalState,
    Run,
    Verdict,
)
from arctl.daemon.turns import Question, Reply
from tests.support.community import Community, bowl, flat, proposal, says, spec, to

TWO = "analysts = 2\nexperimenters = 0\n"


def ask(world: Community, verb: str, target: str, **data: Any) -> None:
    ticket = f"{verb}/{len(world.events)}"
    world.after(0, facts.Control(ticket, verb, target, "zoe", data=data))
    world.until(lambda: ticket in world.answers)
    assert world.answers[ticket].error is None, world.answers[ticket].error


@pytest.mark.parametrize("teams", [TWO, "analysts = 0\n"])
def test_a_fork_after_the_end_is_worked_on_when_the_campaign_goes_on(teams: str) -> None:
    world = Community(flat, slots=2, spec=spec(("A", "B"), teams=teams, limit=60), params=("A", "B"))
    world.finished()
    done = next(row for row in world.state.experiments_of("toy") if row.base and row.commit)
    ask(world, "fork", done.id, text="look further from there", axes=["B"])
    ask(world, "resume", "toy")
    world.finished()
    (fork,) = [row for row in world.state.company.all_directions("toy") if row.base == done.id]
    assert fork.state is not DirectionState.STANDING
    asked = [q for q in world.questions(Move.PROPOSE) if q.direction and q.direction.id == fork.id]
    assert asked
    assert all(question.base == done.id for question in asked)


def test_a_killed_team_leaves_its_direction_to_the_others_and_the_campaign_goes_on() -> None:
    world = Community(flat, slots=2, spec=spec(("A", "B"), teams=TWO, limit=20))
    world.begin()
    world.until(lambda: world.state.company.teams_of("toy"))
    for team in world.state.company.teams_of("toy"):
        ask(world, "kill", team.id)
    world.finished()
    assert world.state.count_proposed("toy")


def test_a_paused_direction_that_waits_is_left_alone() -> None:
    world = Community(flat, slots=2, spec=spec(("A", "B"), teams=TWO, limit=30))
    world.begin()
    world.until(lambda: world.state.company.teams_of("toy"))
    ask(world, "direction", "toy", text="Look at C.", axes=["C"])
    (mine,) = [row for row in world.state.company.all_directions("toy") if row.author == "zoe"]
    ask(world, "pause", mine.id)
    world.run(limit=3000)
    assert world.state.company.directions[mine.id].state is DirectionState.STANDING


def test_what_a_person_agrees_to_runs_although_it_is_near_what_was_tried() -> None:
    world = Community(flat, slots=2, spec=spec(("A",), teams=TWO, limit=30), params=("A",))
    tried: list[str] = []

    def script(question: Question) -> Reply | None:
        if question.move is Move.PROPOSE and question.proposal is None and question.want:
            tried.append(question.agent.name)
            return Reply((to("A", 0.9),))
        return None

    world.script = script
    world.begin()
    world.until(
        lambda: any(
            row.state is ProposalState.OBJECTED and row.near for row in world.state.open_proposals("toy")
        )
    )
    (row, *_) = [row for row in world.state.open_proposals("toy") if row.state is ProposalState.OBJECTED]
    ask(world, "approve", row.id)
    world.until(lambda: world.state.proposals[row.id].state not in (ProposalState.READY,))
    assert world.state.proposals[row.id].state is ProposalState.TAKEN


def test_a_directive_that_nobody_answers_is_put_to_nobody_for_ever() -> None:
    world = Community(flat, slots=2, spec=spec(teams=TWO, limit=12))

    def script(question: Question) -> Reply | None:
        if question.move is Move.PROPOSE and question.directives and not question.want:
            return Reply()
        return None

    world.script = script
    world.begin()
    world.until(lambda: world.state.company.teams_of("toy"))
    ask(world, "redirect", "toy", text="Keep it short.")
    world.finished()
    (directive,) = world.state.company.directives_of("toy")
    assert directive.state is not DirectiveState.ISSUED
    empty = [q for q in world.questions(Move.PROPOSE) if not q.turn.want and not q.turn.subject]
    assert len(empty) <= 4


def test_an_objection_stands_when_a_directive_keeps_what_it_parked() -> None:
    world = Community(flat, slots=2, spec=spec(("A", "B"), teams=TWO, limit=20))
    world.critic = lambda question: says(question, "object", "it cannot work")

    def script(question: Question) -> Reply | None:
        # Nobody writes anything anew: what was objected to stays so.
        return Reply() if question.move is Move.PROPOSE and not question.want else None

    world.script = script
    world.begin()
    world.until(lambda: world.texts("proposal.objected"))
    ask(world, "redirect", "toy", text="Go on with A and B.")
    parked = [row for row in world.state.open_proposals("toy") if row.state is ProposalState.PARKED]
    world.run(limit=400)
    for row in parked:
        if world.state.company.critiques_on(row.id):
            assert world.state.proposals[row.id].state is not ProposalState.TAKEN


def test_an_idea_on_a_named_base_builds_on_it() -> None:
    world = Community(flat, slots=2, spec=spec(("A", "B"), teams=TWO, limit=30))
    world.begin()
    world.until(lambda: any(row.verdict == Verdict.REJECTED for row in world.state.experiments_of("toy")))
    base = next(row for row in world.state.experiments_of("toy") if row.verdict == Verdict.REJECTED)
    ask(world, "propose", "toy", values={"B": "0.11"}, base=base.id, title="on that one")
    row = proposal(world, "on that one")
    world.until(lambda: world.state.proposals[row.id].experiment)
    made = world.state.experiments[world.state.proposals[row.id].experiment]
    assert (made.base, made.forked) == (base.id, True)


def test_a_crash_of_one_run_does_not_end_the_repair_with_the_end_of_another() -> None:
    brain = '[policy]\nlooks = [1, 4]\n[brain]\nkind = "anthropic"\nmodel = "fake"\ntimeout = 100\n'
    teams = "analysts = 2\nexperimenters = 2\n"
    for seed in range(30):
        world = Community(bowl, slots=3, spec=spec(teams=teams, extra=brain, limit=12), seed=seed)
        if (active := two_runs_at_once(world)) is not None:
            break
    else:
        pytest.fail("no experiment had two runs at once")
    first, second = active[:2]
    world.drop(lambda fact: isinstance(fact, facts.RunEnded) and fact.run == first.id)
    world.after(0, facts.RunEnded(first.id, first.attempt, "crashed", "exit status 1", 1.0, None, {}, {}))
    world.until(lambda: world.state.runs[second.id].state == "ended", limit=4000)
    world.until(lambda: world.state.experiments[first.experiment].repairs == 1, limit=4000)
    assert world.state.experiments[first.experiment].verdict != Verdict.CANCELLED


def two_runs_at_once(world: Community) -> list[Run] | None:
    """Go on until an experiment has two runs under way; None where none ever has."""
    world.begin()
    for _ in range(4000):
        world.run(limit=1)
        for row in world.state.open_experiments("toy"):
            active = [run for run in world.state.runs_of(row.id) if run.state == "running"]
            if row.base and row.state is ExperimentState.OPEN and len(active) > 1:
                return active
    return None
