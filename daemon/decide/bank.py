"""The champion's bank: the fresh runs by which a champion, first of all the baseline, is judged."""

from __future__ import annotations

from arctl.daemon.actions import Step
from arctl.daemon.life.opening import new_runs
from arctl.daemon.rows import (
    CampaignState,
    Event,
    Experiment,
    ExperimentState,
    Outcome,
    Purpose,
    RunState,
    Verdict,
    bump,
)
from arctl.daemon.state import State
from arctl.experiments.spec import Spec


def bank_size(experiment: Experiment, spec: Spec) -> int:
    """Return how many fresh runs a champion is judged by."""
    if spec.policy.mode == "greedy":
        return 0 if experiment.base else 1
    return spec.policy.champion_runs if experiment.base else spec.policy.baseline_runs


def reference(experiment: Experiment, spec: Spec) -> tuple[float, ...]:
    """Return the values that stand for a champion; greedy trusts the one run that won."""
    return experiment.bank or (experiment.values if spec.policy.mode == "greedy" else ())


def settle_baseline(state: State, experiment: Experiment, spec: Spec, now: float) -> Step:
    """Close the baseline once it was run often enough to be compared with."""
    if len(experiment.bank) < bank_size(experiment, spec):
        return Step()
    count = len(experiment.bank)
    failed = failed_bank_runs(state, experiment)
    reason = f"{spec.metric.name} {experiment.mean:.6g} over {count} run{'s' if count > 1 else ''}"
    reason += f", {failed} more gave no value" if failed else ""
    row = bump(experiment, state=ExperimentState.CLOSED, verdict=Verdict.BASELINE, reason=reason, closed=now)
    event = Event("baseline.ready", row.campaign, row.id, f"the baseline stands: {reason}")
    return Step(rows=[row], events=[event])


def keep_bank(state: State, now: float) -> Step:
    """Queue the fresh runs by which a champion is to be judged; a former one while somebody waits for it."""
    for campaign in state.campaigns.values():
        if campaign.state is not CampaignState.RUNNING or not campaign.setup_done:
            continue
        waited_for = (
            row.base
            for row in state.open_experiments(campaign.id)
            # What builds on a fork is judged against the champion, not against what it builds on.
            if row.values and row.base and not row.forked
        )
        for ident in dict.fromkeys((campaign.champion, *waited_for)):
            if step := _missing(state, state.experiments[ident], now):
                return step
    return Step()


def _missing(state: State, champion: Experiment, now: float) -> Step:
    purpose = Purpose.BANK if champion.base else Purpose.BASELINE
    runs = [run for run in state.runs_of(champion.id) if run.purpose is purpose]
    live = sum(run.state is not RunState.ENDED for run in runs)
    count = bank_size(champion, state.spec(champion.campaign)) - len(champion.bank) - live
    if count <= 0:
        return Step()
    fresh = new_runs(state, state.ids(), champion, purpose, count, now)
    names = ", ".join(run.id for run in fresh)
    text = f"{champion.id} is run {count} times afresh, to be judged by: {names}"
    return Step(rows=list(fresh), events=[Event("bank.queued", champion.campaign, champion.id, text)])


def failed_bank_runs(state: State, champion: Experiment) -> int:
    """Count the fresh runs that gave no value, and were replaced: a record that leaves them out says so."""
    return sum(
        run.purpose in (Purpose.BANK, Purpose.BASELINE)
        and run.state is RunState.ENDED
        and run.outcome not in (Outcome.OK, Outcome.CONTENDED)
        for run in state.runs_of(champion.id)
    )


def set_up(state: State, now: float) -> Step:
    """Queue the setup command of a campaign that has one and did not get through it yet."""
    for campaign in state.campaigns.values():
        if campaign.state is not CampaignState.RUNNING or campaign.setup_done:
            continue
        baseline = state.baseline_of(campaign.id)
        if any(run.state is not RunState.ENDED for run in state.runs_of(baseline.id)):
            continue
        return Step(rows=list(new_runs(state, state.ids(), baseline, Purpose.SETUP, 1, now)))
    return Step()
