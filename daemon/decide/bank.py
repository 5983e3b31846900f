"""The champion's bank: the fresh runs by which a champion, first of all the baseline, is judged."""

from __future__ import annotations

import math

from arctl.daemon.actions import Step
from arctl.daemon.model import (
    CampaignState,
    Event,
    Experiment,
    ExperimentState,
    Purpose,
    Run,
    RunState,
    Verdict,
    bump,
)
from arctl.daemon.reduce.experiments import seed_for
from arctl.daemon.state import Ids, State
from arctl.experiments.spec import Spec


def bank_size(experiment: Experiment, spec: Spec) -> int:
    """Return how many fresh runs a champion is judged by."""
    if spec.policy.mode == "greedy":
        return 0 if experiment.base else 1
    return spec.policy.champion_runs if experiment.base else spec.policy.baseline_runs


def reference(experiment: Experiment, spec: Spec) -> tuple[float, ...]:
    """Return the values that stand for a champion; greedy trusts the one run that won."""
    return experiment.bank or (experiment.values if spec.policy.mode == "greedy" else ())


def settle_baseline(experiment: Experiment, spec: Spec, now: float) -> Step:
    """Close the baseline once it was run often enough to be compared with."""
    if len(experiment.bank) < bank_size(experiment, spec):
        return Step()
    count = len(experiment.bank)
    mean = math.fsum(experiment.bank) / count
    reason = f"{spec.metric.name} {mean:.6g} over {count} run{'s' if count > 1 else ''}"
    row = bump(experiment, state=ExperimentState.CLOSED, verdict=Verdict.BASELINE, reason=reason, closed=now)
    event = Event("baseline.ready", row.campaign, row.id, f"the baseline stands: {reason}")
    return Step(rows=[row], events=[event])


def keep_bank(state: State, now: float) -> Step:
    """Queue the fresh runs by which the champion is to be judged."""
    for campaign in state.campaigns.values():
        if campaign.state is not CampaignState.RUNNING or not campaign.setup_done:
            continue
        spec = state.spec(campaign.id)
        champion = state.experiments[campaign.champion]
        purpose = Purpose.BANK if champion.base else Purpose.BASELINE
        waiting = [
            run
            for run in state.runs_of(champion.id)
            if run.purpose is purpose and run.state is not RunState.ENDED
        ]
        missing = bank_size(champion, spec) - len(champion.bank) - len(waiting)
        if missing <= 0:
            continue
        ids, place = state.ids(), len(state.runs_of(champion.id))
        runs = [new_run(state, ids, champion, purpose, place + n, now) for n in range(missing)]
        names = ", ".join(run.id for run in runs)
        text = f"{champion.id} is run {missing} times afresh, to be judged by: {names}"
        event = Event("bank.queued", campaign.id, champion.id, text)
        return Step(rows=list(runs), events=[event])
    return Step()


def new_run(state: State, ids: Ids, experiment: Experiment, purpose: Purpose, place: int, now: float) -> Run:
    """Build the next run of an experiment; `place` counts its runs, and chooses its seed from a panel."""
    ident, number = ids.new("r")
    return Run(
        id=ident,
        campaign=experiment.campaign,
        experiment=experiment.id,
        number=number,
        created=now,
        purpose=purpose,
        seed=seed_for(state, experiment, place, number),
        state=RunState.QUEUED,
    )
