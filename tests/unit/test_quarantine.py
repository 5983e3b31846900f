"""Quarantine and contention in virtual time: what is doubtful waits, what was disturbed is run afresh."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import pytest

from arctl.daemon import actions, facts
from arctl.daemon.commands.needs import needs, stuck
from arctl.daemon.decide.contention import MOST
from arctl.daemon.rows import CampaignState, Event, Experiment, ExperimentState, Outcome, Purpose, Verdict
from arctl.experiments.integrity import Finding
from tests.support.virtual import SPEC, World
from tests.unit.test_virtual_campaign import bowl, flat

LIMITED = f"{SPEC}\n[limits]\nexperiments = 6\n"
DOUBT = Finding("evaluation", "quarantine", "changes the protected evaluation", "train.py:3").to_dict()


class Doubtful(World):
    """The edits of some experiments change the evaluation."""

    bad: frozenset[str] = frozenset({"e2", "e3"})
    doubt: dict[str, Any] = DOUBT

    def _build(self, action: actions.BuildCommit) -> None:
        super()._build(action)
        ident = action.experiment.id
        if not {ident, action.experiment.rebase_of} & self.bad:
            return
        for place, (at, order, fact) in enumerate(self._queue):
            if isinstance(fact, facts.CommitBuilt) and fact.experiment == ident:
                self._queue[place] = (at, order, dataclasses.replace(fact, findings=(self.doubt,)))


def doubtful(loss: Any = bowl, **more: Any) -> Doubtful:
    world = Doubtful(loss, spec=LIMITED, **more)
    world.begin()
    world.run()
    return world


def control(world: World, verb: str, target: str, reason: str = "") -> actions.Answer:
    ticket = f"{verb}{target}{len(world.events)}"
    world.after(0, facts.Control(ticket, verb, target, "ada", reason))
    world.run()
    return world.answers[ticket]


def row(world: World, ident: str) -> Experiment:
    return world.state.experiments[ident]


def test_a_doubtful_result_waits_and_the_others_go_on() -> None:
    world = doubtful()
    state = world.state
    campaign = state.campaigns["toy"]
    assert campaign.state is CampaignState.RUNNING
    for ident in ("e2", "e3"):
        assert row(world, ident).in_quarantine
        assert [run.purpose for run in state.runs_of(ident)] == [Purpose.SEARCH], "no further runs"
        assert DOUBT in row(world, ident).evidence["integrity"]
    assert all(row(world, f"e{number}").verdict for number in (4, 5, 6, 7)), "the others are judged"
    assert campaign.reason.startswith("waits for a person: e2, e3 in quarantine")
    assert len(world.texts("campaign.undecided")) == 1
    assert stuck(state, campaign)
    (need,) = [each for each in needs(state, campaign) if each["kind"] == "quarantine"]
    assert need["subjects"] == ["e2", "e3"]
    assert "changes the protected evaluation" in need["text"]
    assert not world.live()


def test_released_it_is_judged_as_any_other_and_the_campaign_ends() -> None:
    world = doubtful()
    answer = control(world, "release", "e2", "it is fine")
    assert answer.error is None
    assert row(world, "e2").verdict in ("accepted", "rejected", "inconclusive", "rebased", "baseline")
    assert row(world, "e2").quarantined["reason"] == "it is fine"
    assert DOUBT in row(world, "e2").evidence["integrity"]
    assert row(world, "e2").verdict != Verdict.INVALID
    assert control(world, "invalidate", "e3").error is None
    assert row(world, "e3").verdict == Verdict.INVALID
    campaign = world.state.campaigns["toy"]
    assert campaign.state is CampaignState.FINISHED
    assert not campaign.reason.startswith("waits")


def test_a_winner_that_was_released_is_promoted_also_on_a_newer_champion() -> None:
    def steep(params: dict[str, Any], rng: random.Random) -> float:
        return params["X"] + rng.gauss(0, 0.001)

    for seed in range(8):
        world = doubtful(steep, seed=seed)
        before = world.state.campaigns["toy"].champion
        waiting = [each for each in ("e2", "e3") if row(world, each).in_quarantine]
        best = min(waiting, key=lambda each: row(world, each).params["X"])
        if row(world, best).params["X"] >= row(world, before).params["X"]:
            continue
        for each in waiting:
            control(world, "release", each)
        champion = world.state.experiments[world.state.campaigns["toy"].champion]
        assert champion.id == best or champion.rebase_of == best
        assert champion.verdict == Verdict.ACCEPTED
        return
    pytest.fail("none of these seeds has a winner in quarantine")


def test_both_decisions_can_be_undone_until_it_was_judged() -> None:
    world = doubtful()
    control(world, "invalidate", "e2", "it cheats")
    assert "it cheats" in row(world, "e2").reason
    assert control(world, "undo", "").error is None
    assert row(world, "e2").in_quarantine
    assert row(world, "e2").verdict == ""
    assert control(world, "redo", "").error is None
    assert row(world, "e2").verdict == Verdict.INVALID
    control(world, "release", "e3")
    assert row(world, "e3").verdict
    error = control(world, "undo", "u4").error
    assert error is not None
    assert "judged meanwhile" in error.message


def test_undo_of_a_release_while_it_is_run_again() -> None:
    for seed in range(40):
        world = doubtful(flat, seed=seed)
        world.after(0, facts.Control("r", "release", "e2", "ada"))
        world.run(limit=1)
        if row(world, "e2").verdict:
            continue
        assert world.live(), "it needs more runs to be judged"
        world.after(0, facts.Control("u", "undo", "", "ada"))
        world.run()
        assert world.answers["u"].error is None
        assert row(world, "e2").in_quarantine, "its runs went on, and decide nothing"
        assert len(row(world, "e2").values) > 1
        return
    pytest.fail("none of these seeds has one that needs more runs")


def test_what_is_not_in_quarantine_is_refused_with_what_is() -> None:
    world = doubtful()
    for verb, target in (("release", "e4"), ("invalidate", "e1"), ("detain", "e2")):
        error = control(world, verb, target).error
        assert error is not None
        assert "e2, e3" in error.remedy


def test_it_outlives_the_daemon_and_may_be_killed_or_made_champion() -> None:
    world = doubtful()
    world.restart()
    world.run()
    assert row(world, "e2").in_quarantine
    control(world, "kill", "e2")
    assert row(world, "e2").verdict == Verdict.CANCELLED
    assert control(world, "promote", "e3").error is None
    assert world.state.campaigns["toy"].champion == "e3"


SCORED = f'{LIMITED}\n[score]\nartifacts = ["model"]\ncommand = "true"\n'
LONGER = Finding("budget", "quarantine", "goes beyond a protected budget", "train.py:9").to_dict()


@pytest.mark.parametrize(("doubt", "waits"), [(DOUBT, False), (LONGER, True)])
def test_where_a_metric_is_scored_only_a_budget_still_waits_for_a_person(
    doubt: dict[str, Any], *, waits: bool
) -> None:
    world = Doubtful(bowl, spec=SCORED)
    world.doubt = doubt
    world.begin()
    world.run()
    for ident in ("e2", "e3"):
        assert row(world, ident).in_quarantine == waits
        assert bool(row(world, ident).verdict) != waits


# -- contention -------------------------------------------------------------------------------------------

QUIET: dict[str, Any] = {"load_mean": 0.3, "foreign_seconds": 0.0, "samples": 10}
BUSY: dict[str, Any] = {"load_mean": 3.0, "foreign_seconds": 5.0, "samples": 10}


@dataclasses.dataclass
class Loud(World):
    """While the machine is busy a run of a time budget has a worse value: 1.1077 instead of 1.0035."""

    busy: Any = None
    said: bool = True

    def _launch(self, action: actions.LaunchRun) -> None:
        super()._launch(action)
        at, order, fact = next(entry for entry in self._queue if _ends(entry[2], action.run.id))
        assert isinstance(fact, facts.RunEnded)
        loud = bool(self.busy(self, action))
        value = None if fact.value is None else fact.value * (1.1077 / 1.0035 if loud else 1.0)
        steps = 500 if loud else 950 + action.run.number % 7
        counters = {"seconds": {"training_seconds": 300.0 + 0.01 * action.run.number}, "steps": steps}
        evidence = {"device": BUSY if loud else QUIET, **({"counters": counters} if self.said else {})}
        entry = (
            at,
            order,
            dataclasses.replace(fact, value=value, metrics={"loss": value}, evidence=evidence),
        )
        self._queue[self._queue.index((at, order, fact))] = entry


def _ends(fact: facts.Fact, run: str) -> bool:
    return isinstance(fact, facts.RunEnded) and fact.run == run


def baseline(world: Loud, action: actions.LaunchRun) -> bool:
    """The first three runs of the baseline are disturbed."""
    return action.run.purpose is Purpose.BASELINE and action.run.number <= 3


def flat_bpb(params: dict[str, Any], rng: random.Random) -> float:
    del params
    return 1.0035 + rng.gauss(0, 0.002)


def test_a_contended_baseline_lets_no_change_without_effect_win() -> None:
    for seed in range(4):
        world = Loud(flat_bpb, spec=f"{SPEC}\n[limits]\nexperiments = 10\n", seed=seed, busy=baseline)
        world.begin()
        world.run()
        state = world.state
        assert state.campaigns["toy"].state is CampaignState.FINISHED
        first = state.baseline_of("toy")
        assert len(first.bank) == 5
        assert max(first.bank) < 1.02, "only quiet runs stand for it"
        outcomes = [run.outcome for run in state.runs_of(first.id)]
        assert outcomes.count(Outcome.CONTENDED) == 3
        verdicts = [each.verdict for each in state.experiments_of("toy")]
        assert verdicts.count(Verdict.ACCEPTED) <= 1
        judged = next(each for each in state.experiments_of("toy") if each.evidence.get("n"))
        assert judged.evidence["failed_bank_runs"] == 0


def test_without_the_check_a_contended_baseline_would_sell_nothing_as_a_gain() -> None:
    spec = SPEC.replace("[metric]", "time_budget = false\n[metric]", 1) + "\n[limits]\nexperiments = 10\n"

    def always(world: Loud, action: actions.LaunchRun) -> bool:
        return action.run.purpose is Purpose.BASELINE

    world = Loud(flat_bpb, spec=spec, busy=always)
    world.begin()
    world.run()
    verdicts = [each.verdict for each in world.state.experiments_of("toy")]
    assert Verdict.ACCEPTED in verdicts, "the trap is a real one"
    noted = [run for run in world.state.runs.values() if run.evidence.get("contended")]
    assert len(noted) == 5, "with fixed work it is only noted"


def test_a_load_spike_in_mid_campaign_decides_nothing() -> None:
    def spike(world: Loud, action: actions.LaunchRun) -> bool:
        return 60 < world.now < 85

    world = Loud(bowl, spec=f"{SPEC}\n[limits]\nexperiments = 14\n", busy=spike)
    world.begin()
    world.run()
    state = world.state
    assert state.campaigns["toy"].state is CampaignState.FINISHED
    disturbed = [run for run in state.runs.values() if run.outcome == Outcome.CONTENDED]
    assert disturbed
    for run in disturbed:
        owner = state.experiments[run.experiment]
        assert run.value not in owner.record
        again = [other for other in state.runs_of(owner.id) if other.number > run.number]
        assert again or owner.verdict, "it was run afresh"
        assert run.seed not in {other.seed for other in again}
    counted = [
        run for run in state.runs.values() if run.outcome == Outcome.OK and run.evidence.get("contended")
    ]
    assert not counted


def test_on_a_machine_that_is_never_quiet_runs_count_in_the_end() -> None:
    spec = SPEC.replace("[metric]", "time_budget = true\n[metric]", 1) + "\n[limits]\nexperiments = 3\n"
    world = Loud(flat, spec=spec, busy=lambda *given: True, said=False)
    world.begin()
    world.run()
    state = world.state
    assert state.campaigns["toy"].state is CampaignState.FINISHED
    for each in state.experiments_of("toy"):
        runs = [run for run in state.runs_of(each.id) if run.purpose is not Purpose.BANK]
        assert sum(run.outcome == Outcome.CONTENDED for run in runs) == MOST + 5 * (not each.base)
        assert each.record
        assert all(run.evidence.get("counted") for run in runs if run.outcome == Outcome.OK)


def test_where_nothing_tells_of_a_time_budget_nothing_is_replaced() -> None:
    world = Loud(flat, spec=LIMITED, busy=lambda *given: True, said=False)
    world.begin()
    world.run()
    assert not [run for run in world.state.runs.values() if run.outcome == Outcome.CONTENDED]
    assert [
        event for _, event in world.events if isinstance(event, Event) and event.kind == "run.contended"
    ] == []
    assert world.state.experiments["e1"].state is ExperimentState.CLOSED
