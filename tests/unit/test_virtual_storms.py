"""People, deaths and restarts at random moments: a campaign always ends, and its record is true."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arctl.daemon import facts
from arctl.daemon.rows import (
    CampaignState,
    DirectionState,
    Outcome,
    ProposalState,
    Purpose,
    RunState,
    TurnState,
    Verdict,
)
from arctl.daemon.state import load
from tests.support.community import Community, spec
from tests.support.community import bowl as hollow
from tests.support.virtual import SPEC, World
from tests.unit.test_virtual_campaign import bowl, flat

OPERATIONS = ("pause", "resume", "kill", "lose", "restart", "start", "stop", "drain")


def disturb(world: World, operation: str, pick: random.Random) -> None:
    """Do something to the campaign, now."""
    state = world.state
    runs, open_rows = [run.id for run in state.live_runs()], [row.id for row in state.open_experiments("toy")]
    targets = ["toy", *runs, *open_rows]
    match operation:
        case "pause" | "resume":
            world.after(0, facts.Control("t", operation, pick.choice(targets), "ada"))
        case "kill":
            world.after(0, facts.Control("t", "kill", pick.choice([*runs, *open_rows, "e999"]), "ada"))
        case "lose" if state.active_runs():
            world.lose(pick.choice(state.active_runs()).id)
        case "restart":
            world.restart()
        case "start":
            world.begin()
        case "stop" | "drain":
            mode = "now" if operation == "stop" else "drain"
            world.after(0, facts.StopDaemon("t", mode, "ada"))
            world.run(limit=200)
            world.restart()


def bring_to_the_end(world: World) -> None:
    """Take every hold away, as a person would, and let it run."""
    for _ in range(50):
        world.run()
        campaign = world.state.campaigns["toy"]
        if world.over:
            world.restart()
            continue
        if campaign.state is CampaignState.FINISHED:
            return
        held = [row.id for row in world.state.open_experiments("toy") if row.held]
        held += [run.id for run in world.state.live_runs() if run.held]
        assert held or campaign.state is not CampaignState.RUNNING, "it runs, and nothing ever happens"
        for target in ("toy", *held):
            world.after(0, facts.Control("t", "resume", target, "ada"))
    raise AssertionError


def check_record(world: World) -> None:
    """Each result counts once, where it belongs."""
    state = world.state
    assert not world.live()
    for row in state.experiments_of("toy"):
        assert row.verdict
        runs = [run for run in state.runs_of(row.id) if run.outcome == Outcome.OK]
        fresh = [run.value for run in runs if run.purpose in (Purpose.BASELINE, Purpose.BANK)]
        tried = [run for run in runs if run.purpose in (Purpose.SEARCH, Purpose.CONFIRM)]
        # What ran before a repair was the code of before.
        tried.sort(key=lambda run: run.ended or 0.0)
        judged = [run.value for run in tried[len(tried) - len(row.values) if row.repairs else 0 :]]
        assert sorted(row.bank) == sorted(fresh)
        if not row.same_as:
            assert sorted(row.values) == sorted(judged)
        seeds = [run.seed for run in runs]
        assert len(set(seeds)) == len(seeds), "a champion is never judged by a seed that won"
    lineage = state.experiments[state.campaigns["toy"].champion]
    by_hand = {deed.target for deed in state.company.deeds.values() if deed.verb in ("promote", "rollback")}
    forked = False
    while lineage.base:
        # What a fork builds on was never champion itself, unless a person made it so.
        assert forked or lineage.verdict == Verdict.ACCEPTED or lineage.id in by_hand
        assert forked or lineage.promoted
        forked = lineage.forked
        lineage = state.experiments[lineage.base]
    assert all(run.state is RunState.ENDED for run in state.runs.values())


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10_000),
    slots=st.integers(1, 5),
    storm=st.lists(st.tuples(st.integers(1, 60), st.sampled_from(OPERATIONS)), max_size=12),
)
def test_whatever_happens_a_campaign_ends_and_its_record_is_true(
    seed: int, slots: int, storm: list[tuple[int, str]]
) -> None:
    world = World(bowl, slots=slots, seed=seed, spec=SPEC + "\n[limits]\nexperiments = 12\n", crash=0.1)
    world.begin()
    world.run(limit=1)
    pick = random.Random(seed)
    for steps, operation in storm:
        world.run(limit=steps)
        if world.over:
            world.restart()
        disturb(world, operation, pick)
    bring_to_the_end(world)
    check_record(world)


def test_two_winners_on_one_parameter_are_both_judged() -> None:
    def steep(params: dict[str, Any], rng: random.Random) -> float:
        return params["X"] + rng.gauss(0, 0.001)

    for seed in range(6):
        world = World(steep, slots=4, seed=seed, spec=SPEC + "\n[limits]\nexperiments = 16\n")
        world.begin()
        world.run()
        state = world.state
        best = state.experiments[state.campaigns["toy"].champion]
        judged = [row for row in state.experiments_of("toy") if row.values and not row.same_as]
        least = min(row.params["X"] for row in judged)
        assert best.params["X"] == least, "the best that was measured is champion"


def test_a_killed_queued_run_ends_its_experiment() -> None:
    world = World(flat, slots=1, spec=SPEC + "\n[limits]\nexperiments = 4\n")
    world.begin()
    while not (waiting := [r for r in world.state.live_runs() if r.purpose is Purpose.SEARCH]):
        world.run(limit=1)
    world.after(0, facts.Control("k", "kill", waiting[0].id, "ada"))
    bring_to_the_end(world)
    assert world.state.experiments[waiting[0].experiment].verdict == Verdict.CANCELLED


def test_a_setup_that_failed_is_tried_again_on_resume() -> None:
    spec = (
        SPEC.replace('command = "true"', 'command = "true"\nsetup = "false"')
        + "\n[limits]\nexperiments = 1\n"
    )
    world = World(flat, slots=1, spec=spec)
    world.begin()
    while not world.state.active_runs():
        world.run(limit=1)
    run = world.state.active_runs()[0]
    assert run.purpose is Purpose.SETUP
    world.after(0, facts.RunEnded(run.id, 1, "crashed", "exit status 1", 1.0, None, {}, {}))
    world.run()
    assert world.state.campaigns["toy"].state is CampaignState.HELD
    bring_to_the_end(world)
    assert world.state.campaigns["toy"].setup_done


@pytest.mark.parametrize(("commit", "setup"), [("c1", "prepare"), ("c0", "prepare --all")])
def test_setup_is_run_again_where_what_it_prepared_was_not_enough(commit: str, setup: str) -> None:
    spec = SPEC.replace("[run]", '[run]\nsetup = "prepare"') + "\n[limits]\nexperiments = 2\n"
    world = World(bowl, slots=1, spec=spec)
    world.begin()
    while not (active := [r for r in world.state.active_runs() if r.purpose is Purpose.BASELINE]):
        world.run(limit=1)
    run = active[0]
    world.after(0, facts.RunEnded(run.id, 1, "crashed", "no data", 1.0, None, {}, {}))
    world.run(limit=1)
    mended = spec.replace('"prepare"', f'"{setup}"')
    world.after(
        0, facts.CampaignAdmitted("t2", "ada", "toy", "/repo", "", mended, {}, commit, "t1", {"X": 0.5}, ())
    )
    bring_to_the_end(world)
    setups = [row for row in world.state.runs.values() if row.purpose is Purpose.SETUP]
    assert [row.outcome for row in setups] == ["ok", "ok"]


def test_a_larger_bank_is_filled_for_champions_that_are_waited_for() -> None:
    world = World(bowl, slots=4, spec=SPEC + "\n[limits]\nexperiments = 12\n")
    world.begin()
    while not any(row.verdict == Verdict.BASELINE for row in world.state.experiments.values()):
        world.run(limit=1)
    more = world.spec + "\n[policy]\nbaseline_runs = 8\nchampion_runs = 5\n"
    world.after(
        0, facts.CampaignAdmitted("t2", "ada", "toy", "/repo", "", more, {}, "c0", "t0", {"X": 0.5}, ())
    )
    bring_to_the_end(world)
    check_record(world)


@pytest.mark.parametrize("panel", [[1, 2, 3, 4, 5], [7, 8, 9, 10, 11, 12, 13, 14, 15]])
def test_a_seed_panel_never_gives_a_champion_a_seed_that_won(panel: list[int]) -> None:
    spec = SPEC + f"\n[limits]\nexperiments = 16\n[policy]\nseeds = {panel}\n"
    world = World(bowl, slots=3, spec=spec)
    world.begin()
    bring_to_the_end(world)
    check_record(world)


def test_what_measures_otherwise_is_another_campaign() -> None:
    world = World(flat, slots=1, spec=SPEC + "\n[limits]\nexperiments = 1\n")
    world.begin()
    world.run()
    other = world.spec.replace('command = "true"', 'command = "cheat"')
    world.after(
        0, facts.CampaignAdmitted("t2", "ada", "toy", "/repo", "", other, {}, "c0", "t0", {"X": 0.5}, ())
    )
    world.run()
    error = world.answers["t2"].error
    assert error is not None
    assert "run.command" in error.message
    assert "another name" in error.remedy


def test_a_fresh_run_that_crashes_once_is_replaced() -> None:
    world = World(bowl, slots=1, spec=SPEC + "\n[limits]\nexperiments = 8\n")
    world.begin()
    while not (bank := [r for r in world.state.active_runs() if r.purpose is Purpose.BANK]):
        world.run(limit=1)
    world.after(0, facts.RunEnded(bank[0].id, bank[0].attempt, "crashed", "exit status 9", 1.0, None, {}, {}))
    world.run()
    assert world.state.campaigns["toy"].state is CampaignState.FINISHED
    assert len(world.state.experiments[bank[0].experiment].bank) == 3


# -- with teams ---------------------------------------------------------------------------------------------

TEAMS = "analysts = 3\nexperimenters = 2\nstall_after = 4\ndiscussion = 60\ncritique_wait = 30\n"
CODE = '[brain]\nkind = "anthropic"\nmodel = "fake"\ntimeout = 60\n'
DEEDS = (
    *OPERATIONS, "kill", "lose", "restart", "mute", "outage", "edit", "fork", "direction", "redirect",
    "propose",     "mark", "revive", "promote", "undo", "approve", "reject", "beat", "late",
)  # fmt: skip
EDITS = (
    ("analysts = 3", "analysts = 1"), ("analysts = 1", "analysts = 0"), ("analysts = 0", "analysts = 4"),
    ("analysts = 4", "analysts = 3"), ("experimenters = 2", "experimenters = 0"),
    ("experimenters = 0", "experimenters = 3"), ("experimenters = 3", "experimenters = 2"),
    ("stall_after = 4", "stall_after = 2"), ("[policy]", "[policy]\napprove = true"), ("approve = true", ""),
)  # fmt: skip


def steer(world: Community, deed: str, pick: random.Random) -> None:
    """Do something to the community, now; what is not possible is refused with a reason."""
    state, company = world.state, world.state.company
    people = [agent.name for agent in company.agents_of("toy")]
    groups = [team.id for team in company.teams_of("toy")] + [row.id for row in company.directions_of("toy")]
    work = [row.id for row in state.open_proposals("toy")]
    ended = [row.id for row in state.experiments_of("toy") if row.commit]
    turns = [turn.id for turn in company.asked("toy")]
    devices = list(state.devices)

    def ask(verb: str, target: str, **data: Any) -> None:
        world.after(
            0, facts.Control(f"t{len(world.events)}", verb, target, "zoe", "for the storm", data=data)
        )

    match deed:
        case "pause" | "resume" if people and pick.random() < 0.7:
            mode = {"mode": "drain"} if pick.random() < 0.3 else {}
            ask(deed, pick.choice([*people, *groups, *devices]), campaign="toy", **mode)
        case "kill" if groups and pick.random() < 0.4:
            ask(deed, pick.choice([*groups, *people]), campaign="toy")
        case "mute" if turns:
            # Whoever is at a turn never answers: its lease runs out.
            lost = pick.choice(turns)
            world.drop(lambda fact: getattr(fact, "turn", "") == lost)
        case "outage":
            world.fault = pick.choice((0.0, 0.3, 0.9))
        case "edit":
            old, new = pick.choice(EDITS)
            text = state.campaigns["toy"].spec.replace(old, new)
            world.after(0, facts.EditSeen("toy", "arctl.toml", text, ""))
        case "fork" if ended:
            ask("fork", pick.choice(ended), text="from there", axes=[pick.choice(world.params)])
        case "direction":
            ask("direction", "toy", text="look there", axes=[pick.choice(world.params)])
        case "redirect":
            ask("redirect", pick.choice(["toy", *groups]), text=f"leave {pick.choice(world.params)} alone")
        case "propose":
            ask("propose", "toy", values={pick.choice(world.params): str(round(pick.random(), 2))})
        case "mark":
            ask("mark", "toy", axis=pick.choice(world.params))
        case "revive" if state.dead_ends:
            ask("revive", pick.choice(list(state.dead_ends)))
        case "promote" if ended:
            ask("promote", pick.choice(ended))
        case "undo":
            ask("undo", "toy")
        case "approve" | "reject" if work:
            ask(deed, pick.choice(work))
        case "beat" if turns:
            world.after(0, facts.TurnBeat(pick.choice(turns)))
        case "late" if world.asked:
            question = pick.choice(world.asked)[1]
            world.answer(question, world._reply(question, pick))
        case _ if deed in OPERATIONS:
            disturb(world, deed, pick)


def calm(world: Community) -> None:
    """Take every hold away, agree to what waits, and let it run to its end."""
    world.fault = 0.0
    for _ in range(60):
        world.run(limit=30_000)
        state, company = world.state, world.state.company
        campaign = state.campaigns["toy"]
        if world.over:
            world.restart()
            continue
        if campaign.state is CampaignState.FINISHED:
            return
        targets = ["toy"]
        targets += [row.id for row in state.open_experiments("toy") if row.held]
        targets += [run.id for run in state.live_runs() if run.held]
        targets += [row.id for row in company.teams_of("toy") if row.held]
        targets += [row.id for row in company.directions_of("toy") if row.held]
        targets += [row.id for row in company.agents_of("toy") if row.state != "active"]
        targets += [ident for ident in state.devices if state.is_held(ident)]
        waits = [row.id for row in state.open_proposals("toy") if not row.approved]
        approving = state.spec("toy").policy.approve and waits
        nothing = campaign.state is CampaignState.RUNNING and len(targets) == 1 and not approving
        assert not nothing or campaign.drain or campaign.trouble, f"it runs, and nothing happens: {waits}"
        for target in targets:
            world.after(0, facts.Control("t", "resume", target, "zoe"))
        if approving:
            world.after(0, facts.Control("t", "approve", "toy", "zoe", data={"all": True}))
    raise AssertionError("it never ended")


def check_community(world: Community) -> None:
    """Nothing is stranded: each turn is over, each proposal has come to something, each end says why."""
    state, company = world.state, world.state.company
    assert state.campaigns["toy"].reason
    assert not list(company.asked("toy"))
    assert all(turn.state is not TurnState.ASKED for turn in world.turns.values())
    for turn in world.turns.values():
        assert turn.ended is not None
        assert turn.note or turn.state not in (TurnState.LOST, TurnState.FAILED)
    for row in state.proposals.values():
        assert row.state is not ProposalState.CLAIMED, "a claim without a holder"
        if row.state is ProposalState.TAKEN:
            assert row.experiment in state.experiments
        if row.state in (ProposalState.REFUSED, ProposalState.WITHDRAWN, ProposalState.PARKED):
            assert row.reason, row
    for direction in company.all_directions("toy"):
        if direction.state not in (DirectionState.ACTIVE, DirectionState.STANDING, DirectionState.PROPOSED):
            assert direction.reason, direction
    limit = state.spec("toy").limits.experiments
    assert limit is None or state.count_proposed("toy") <= limit
    told = [event for _, event in world.events]
    assert all(event.text and event.kind for event in told)


def check_reload(world: Community) -> None:
    """Rows loaded again are the same state, with the same indices."""
    before, after = world.state, load(world.rows())
    for name in (
        "campaigns",
        "proposals",
        "experiments",
        "runs",
        "dead_ends",
        "holds",
        "_counters",
        "_proposed",
    ):
        assert getattr(after, name) == getattr(before, name), name
    assert set(after._live) == set(before._live)
    assert after.tried == before.tried
    assert after.history("toy") == before.history("toy")
    assert after.effects("toy") == before.effects("toy")
    assert after.sources("toy") == before.sources("toy")
    assert {row.id for row in after.open_proposals("toy")} == {row.id for row in before.open_proposals("toy")}
    assert {row.id for row in after.unreflected("toy", 999)} == {
        row.id for row in before.unreflected("toy", 999)
    }
    for field in dataclasses.fields(after.company):
        mine, theirs = getattr(after.company, field.name), getattr(before.company, field.name)
        assert {k: v for k, v in mine.items() if v} == {k: v for k, v in theirs.items() if v}, field.name


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 10_000),
    slots=st.integers(1, 4),
    ruled=st.booleans(),
    storm=st.lists(st.tuples(st.integers(1, 60), st.sampled_from(DEEDS)), max_size=16),
)
def test_whatever_happens_to_teams_a_campaign_ends_and_nothing_is_stranded(
    seed: int, slots: int, ruled: bool, storm: list[tuple[int, str]]
) -> None:
    text = spec(("A", "B", "C", "D"), teams=TEAMS, limit=14, extra="[policy]\n" + ("" if ruled else CODE))
    world = Community(
        hollow, slots=slots, seed=seed, spec=text, params=("A", "B", "C", "D"), crash=0.1, fault=0.05,
        ideas=0.0 if ruled else 0.4,
    )  # fmt: skip
    world.begin()
    world.run(limit=1)
    pick = random.Random(seed)
    for steps, deed in storm:
        world.run(limit=steps)
        if world.over:
            world.restart()
        steer(world, deed, pick)
        if pick.random() < 0.2:
            check_reload(world)
    calm(world)
    check_record(world)
    check_community(world)
    check_reload(world)


def test_restarts_in_the_middle_of_every_turn_lose_nothing() -> None:
    text = spec(teams=TEAMS, limit=16, extra=CODE)
    world = Community(hollow, slots=3, seed=5, spec=text, ideas=0.5, crash=0.2)
    world.begin()
    for _ in range(40):
        world.run(limit=9)
        world.restart()
        check_reload(world)
    calm(world)
    check_record(world)
    check_community(world)
    assert world.state.count_proposed("toy") == 16


@pytest.mark.parametrize("seed", range(4))
def test_without_any_storm_teams_use_their_limit_exactly(seed: int) -> None:
    text = spec(teams=TEAMS, limit=24, extra=CODE)
    world = Community(hollow, slots=3, seed=seed, spec=text, ideas=0.5, crash=0.1, fault=0.1)
    world.begin()
    world.run()
    assert world.state.campaigns["toy"].state is CampaignState.FINISHED
    check_record(world)
    check_community(world)
    check_reload(world)
    assert world.state.count_proposed("toy") == 24
