"""What a run that is over means for its experiment and its campaign."""

from __future__ import annotations

from arctl.daemon.actions import Step
from arctl.daemon.life.closing import cancel, close
from arctl.daemon.reduce.campaigns import hold
from arctl.daemon.rows import (
    CampaignState,
    Event,
    Experiment,
    ExperimentState,
    Json,
    Move,
    Outcome,
    Purpose,
    Run,
    RunState,
    Verdict,
    bump,
)
from arctl.daemon.state import State, settings_of

#: Fresh runs of one champion that may fail, and are replaced, before its campaign is held.
FAILURES = 3

VERDICTS = {
    Outcome.CRASHED: Verdict.CRASHED,
    Outcome.TIMED_OUT: Verdict.TIMED_OUT,
    Outcome.NO_METRIC: Verdict.NO_METRIC,
    Outcome.NOT_FINITE: Verdict.NOT_FINITE,
    Outcome.INVALID: Verdict.INVALID,
    Outcome.CANCELLED: Verdict.CANCELLED,
    Outcome.LOST: Verdict.LOST,
}

#: Runs without which the campaign cannot be judged at all.
_ESSENTIAL = frozenset({Purpose.SETUP, Purpose.BASELINE, Purpose.BANK})


def consequences(state: State, run: Run, now: float) -> Step:
    """Return what an ended run means for its experiment and its campaign."""
    experiment = state.experiments[run.experiment]
    campaign = state.campaigns[run.campaign]
    if run.purpose is Purpose.SETUP:
        # A setup command prints no metric: its exit status alone counts.
        if run.outcome in (Outcome.OK, Outcome.NO_METRIC):
            return Step(rows=[bump(campaign, setup_done=True)])
        return hold(campaign, f"the setup command {run.outcome}: {run.reason}; see `arctl logs {run.id}`")
    if run.outcome == Outcome.OK and run.value is not None and wanted(state, run):
        return Step(rows=[_credited(experiment, run, run.value)])
    if run.purpose in _ESSENTIAL:
        if run.outcome == Outcome.CANCELLED or campaign.state is not CampaignState.RUNNING:
            return Step()
        if not _hopeless(state, experiment, run):
            return Step()
        why = f"{run.purpose} run {run.id} of {experiment.id} {run.outcome}: {run.reason}"
        # Before anything was measured, HEAD may still be mended; a champion's code can only be run again.
        untried = run.purpose is Purpose.BASELINE and not experiment.bank
        mend = (
            f"commit a fix, then `arctl start {campaign.root}`"
            if untried
            else f"`arctl resume {campaign.id}`"
        )
        return hold(campaign, f"{why}; see `arctl logs {run.id}`, then {mend}")
    if experiment.state is ExperimentState.CLOSED or run.reason == _mending(experiment):
        return Step()
    verdict = VERDICTS[Outcome(run.outcome)]
    seconds = experiment.seconds + run.seconds
    evidence = {"run": run.id, "seed": run.seed, **run.evidence}
    if run.outcome == Outcome.CRASHED and experiment.repairs < _tries(state, experiment):
        return _to_repair(state, experiment, run, evidence, seconds, now)
    return close(
        state, experiment, verdict, run.reason, now, ended=run.id, evidence=evidence, seconds=seconds
    )


def wanted(state: State, run: Run) -> bool:
    """Tell whether anybody still waits for a run: a closed experiment only for its fresh runs."""
    closed = state.experiments[run.experiment].state is ExperimentState.CLOSED
    return run.purpose in _ESSENTIAL or not closed


def _tries(state: State, experiment: Experiment) -> int:
    """Return how often whoever wrote an experiment may repair it: nobody does for a person."""
    proposal = state.proposals.get(experiment.proposal)
    if proposal is None or (proposal.by_hand and not proposal.writer):
        return 0
    author = proposal.writer or proposal.agent
    agent = state.company.named(experiment.campaign, author)
    if agent is None:
        return 0
    return settings_of(state, agent, Move.REPAIR).tries


def _to_repair(
    state: State, experiment: Experiment, run: Run, evidence: Json, seconds: float, now: float
) -> Step:
    """Set a crashed experiment aside for somebody to mend; its other runs would crash as well."""
    row = bump(
        experiment,
        state=ExperimentState.REPAIRING,
        reason=run.reason,
        evidence=evidence,
        seconds=seconds,
    )
    text = f"{row.id} {row.title} crashed and is to be repaired: {run.reason}"
    step = Step(rows=[row], events=[Event("experiment.crashed", row.campaign, row.id, text, data=evidence)])
    for other in state.runs_of(experiment.id):
        if other.id != run.id:
            step.extend(cancel(other, _mending(row), now))
    return step


def _mending(experiment: Experiment) -> str:
    """Return why the other runs of a crashed experiment are stopped: their end says nothing of the idea."""
    return f"{experiment.id} is to be repaired"


def _hopeless(state: State, experiment: Experiment, run: Run) -> bool:
    """Tell whether fresh runs fail so often that a person must look: the first of all, or one in a few."""
    if run.purpose is Purpose.BASELINE and not experiment.bank:
        return True
    failed = [
        other
        for other in state.runs_of(experiment.id)
        if other.purpose is run.purpose
        and other.id != run.id
        and other.state is RunState.ENDED
        and other.outcome not in (Outcome.OK, Outcome.CANCELLED, Outcome.CONTENDED)
    ]
    return (len(failed) + 1) % FAILURES == 0


def _credited(experiment: Experiment, run: Run, value: float) -> Experiment:
    seconds = experiment.seconds + run.seconds
    if run.purpose in (Purpose.BASELINE, Purpose.BANK):
        return bump(
            experiment, bank=(*experiment.bank, value), metrics=_latest(experiment, run), seconds=seconds
        )
    return bump(
        experiment, values=(*experiment.values, value), metrics=_latest(experiment, run), seconds=seconds
    )


def _latest(experiment: Experiment, run: Run) -> dict[str, float | None]:
    return {**experiment.metrics, **run.metrics}
