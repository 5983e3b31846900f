"""Counts that are kept as things happen say what a walk over everything says."""

from __future__ import annotations

from collections import Counter

from arctl.daemon.rows import DirectionState, Run
from arctl.daemon.state import State, load
from tests.support.community import Community, spec


def lived() -> Community:
    """A community in which much has happened: verdicts of all kinds, crashes, refusals, threads."""
    world = Community(
        loss=lambda params, rng: sum(params.values()) + rng.gauss(0, 0.05),
        spec=spec(limit=40), fault=0.05, crash=0.1, ideas=0.3, slots=3,
    )  # fmt: skip
    world.begin()
    world.run(4000)
    return world


def walked(state: State) -> dict[str, Counter[str]]:
    """Count what came of each agent's proposals."""
    found: dict[str, Counter[str]] = {}
    for row in state.proposals.values():
        found.setdefault(row.agent, Counter()).update(("made", row.state.value))
    for experiment in state.experiments.values():
        if (proposal := state.proposals.get(experiment.proposal)) is not None:
            found[proposal.agent].update(("experiments", experiment.verdict or "going"))
    return found


def check(state: State) -> None:
    for name, wanted in walked(state).items():
        assert state.records.of("toy", name) == wanted
    people = {agent.name for agent in state.company.everybody("toy")}
    for name in people:
        made = [row.id for row in state.proposals.values() if name in (row.agent, row.writer)]
        assert state.records.made("toy", name) == made
        assert list(state.company.said_by("toy", name)) == [
            post.id for post in state.company.posts_of("toy") if post.author == name
        ]
    for team in state.company.all_teams("toy"):
        rows = [row.id for row in state.experiments.values() if row.team == team.id]
        assert state.records.of_team(team.id) == rows
    for direction in state.company.all_directions("toy"):
        rows = state.of_direction(direction.id)
        assert state.count_of_direction(direction.id) == len(rows)
        assert state.records.accepted(direction.id) == sum(row.verdict == "accepted" for row in rows)
    work = state.records.work("toy")
    runs: list[Run] = list(state.runs.values())
    assert work.runs == sum(run.ended is not None for run in runs)
    assert abs(work.seconds - sum(run.seconds for run in runs)) < 1e-6
    posts = state.company.posts_of("toy")
    assert state.company.questions("toy") == [post for post in posts if post.open]
    threads = state.company.threads("toy")
    assert sorted(ident for idents in threads.values() for ident in idents) == sorted(p.id for p in posts)
    assert all(state.company.posts[i].thread in (top, "") for top, ids in threads.items() for i in ids)


def test_counts_are_those_of_the_rows_while_a_company_lives_and_after_a_restart() -> None:
    world = lived()
    state = world.state
    assert len(state.experiments) > 20
    assert state.company.all_directions("toy")
    assert any(row.writer for row in state.proposals.values())
    assert any(row.state is DirectionState.ACTIVE for row in state.company.all_directions("toy"))
    check(state)
    check(load(world.rows()))
