"""What becomes of runs: prepared, started, ended, lost; each attempt counts exactly once."""

from __future__ import annotations

import dataclasses

from arctl.daemon import facts
from arctl.daemon.actions import FreezeRun, NoteResult, RemoveTree, Step, StopRun
from arctl.daemon.life.closing import cancel, close
from arctl.daemon.life.contention import marked
from arctl.daemon.life.seating import UNBOUND
from arctl.daemon.reduce import devices
from arctl.daemon.reduce.campaigns import hold
from arctl.daemon.rows import (
    ACTIVE,
    REQUEUE,
    CampaignState,
    Event,
    Experiment,
    ExperimentState,
    Json,
    Move,
    Outcome,
    Purpose,
    Result,
    Run,
    RunState,
    Verdict,
    bump,
)
from arctl.daemon.state import State, settings_of

#: A run whose shim dies is tried again, until that happened so often.
MAX_LOSSES = 3
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


def prepared(state: State, fact: facts.TreePrepared) -> Step:
    """A run may start as soon as a device is free."""
    run = state.runs.get(fact.run)
    if run is None or run.state is not RunState.PREPARING or run.attempt != fact.attempt:
        return Step(actions=[RemoveTree(fact.run)] if run and run.state is RunState.ENDED else [])
    return Step(rows=[bump(run, state=RunState.READY, tree=fact.tree)])


def started(state: State, fact: facts.RunStarted, now: float) -> Step:
    """Note that a run is under way."""
    run = _attempt(state, fact.run, fact.attempt)
    if run is None:
        return Step()
    row = bump(run, state=RunState.RUNNING, started=run.started or now, can_freeze=fact.freezable)
    how = "adopted" if fact.adopted else "started"
    text = f"{run.id} ({run.experiment}, {run.purpose}, seed {run.seed}) {how} on {run.device_name}"
    event = Event(f"run.{how}", run.campaign, run.id, text, data={"device": run.device, "seed": run.seed})
    unable = run.frozen is not None and not fact.freezable
    step = Step(rows=[bump(row, frozen=None, frozen_by=()) if unable else row], events=[event])
    if run.stopping:
        step.actions.append(StopRun(run.id, run.attempt, run.stopping))
    if fact.freezable and (fact.adopted or run.frozen is not None):
        # Asked for while it was launched, or by a daemon that died before its shim heard of it.
        step.actions.append(FreezeRun(run.id, run.attempt, still=run.frozen is not None))
    elif unable:
        said = f"{run.id} goes on: its supervisor cannot freeze it"
        step.events.append(Event("run.thawed", run.campaign, run.id, said, data={"seconds": 0.0}))
    return step


def _attempt(state: State, ident: str, attempt: int) -> Run | None:
    """Return the run if this very attempt is under way; a late or repeated report is nobody's."""
    run = state.runs.get(ident)
    return run if run is not None and run.state in ACTIVE and run.attempt == attempt else None


def ended(state: State, fact: facts.RunEnded, now: float) -> Step:
    """Take in a result: the run's row, the attempt's one result, and what it means for others."""
    run = _attempt(state, fact.run, fact.attempt)
    return taken_in(state, run, fact, now) if run is not None else Step()


def taken_in(state: State, run: Run, fact: facts.RunEnded, now: float) -> Step:
    """Return what the end of a run's attempt means, which nobody took in before."""
    result = Result(run.id, run.attempt, now, fact.outcome, fact.value, fact.evidence)
    if why := _by_device(state, run, fact.outcome):
        # What a device did to a run says nothing of the idea: it is as if the run had been lost.
        return _lost(state, run, f"{why}; it was {fact.outcome}: {fact.reason}", fact.evidence, now)
    if fact.outcome == Outcome.CANCELLED and run.stopping == REQUEUE and _wanted(state, run):
        step = _requeue(run, "it was stopped for that")
        step.results.append(result)
        return step
    # Whoever stopped a run does not want its result, even if it was faster than the signal.
    unwanted = run.stopping not in ("", REQUEUE)
    outcome = Outcome.CANCELLED if unwanted else Outcome(fact.outcome)
    reason = run.stopping if unwanted else fact.reason
    row = bump(
        run,
        state=RunState.ENDED,
        outcome=outcome,
        reason=reason,
        ended=now,
        seconds=fact.seconds,
        value=fact.value,
        metrics=fact.metrics,
        evidence=_known(state, run, fact.evidence),
        frozen=None,
        frozen_by=(),
        frozen_seconds=float(fact.evidence.get("frozen_seconds") or 0.0),
    )
    row = marked(state, row)
    step = _over(state, row, result, now)
    # For the day on which the ledger is lost and a backup does not know of it: the tree goes now.
    step.actions.append(NoteResult(row.id, row.attempt, _noted(row)))
    return step


def _noted(run: Run) -> Json:
    names = ("campaign", "experiment", "seed", "outcome", "reason", "started", "seconds", "value", "metrics")
    return {name: getattr(run, name) for name in names} | {"at": run.ended, "evidence": run.evidence}


def _known(state: State, run: Run, evidence: Json) -> Json:
    """Add to what a run ran with the commit that it ran, which its folder does not know."""
    if "environment" not in evidence:
        return evidence
    commit = state.experiments[run.experiment].commit
    return {**evidence, "environment": {**evidence["environment"], "commit": commit}}


def _by_device(state: State, run: Run, outcome: str) -> str:
    """Say which device failed under a run that ended badly, or was stopped for that; empty where none did."""
    if outcome == Outcome.OK or run.stopping not in ("", REQUEUE):
        return ""
    return devices.blamed(state, run)


def _over(state: State, run: Run, result: Result, now: float) -> Step:
    """Write down that a run has ended for good, and what that means for others."""
    ok = run.outcome == Outcome.OK and run.value is not None
    said = f"{run.value:.6g}" if ok else run.reason
    text = f"{run.id} ({run.experiment}, {run.purpose}, seed {run.seed}): {run.outcome} {said}"
    data = {"outcome": run.outcome, "value": run.value, "seconds": run.seconds, "seed": run.seed}
    step = Step(rows=[run], results=[result], actions=[RemoveTree(run.id)])
    step.events.append(Event("run.ended", run.campaign, run.id, text, data=data))
    step.extend(_consequences(state, run, now))
    return step


def _wanted(state: State, run: Run) -> bool:
    """Tell whether anybody still waits for a run: a closed experiment only for its fresh runs."""
    closed = state.experiments[run.experiment].state is ExperimentState.CLOSED
    return run.purpose in _ESSENTIAL or not closed


def _requeue(run: Run, reason: str) -> Step:
    row = bump(
        run,
        state=RunState.QUEUED,
        attempt=run.attempt + 1,
        tree="",
        started=None,
        stopping="",
        can_freeze=False,
        frozen=None,
        frozen_by=(),
        frozen_seconds=0.0,
        **UNBOUND,
    )
    text = f"{run.id} is queued again, attempt {row.attempt}: {reason}"
    return Step(
        rows=[row],
        events=[Event("run.requeued", run.campaign, run.id, text)],
        actions=[RemoveTree(run.id)],
    )


def stood_still(run: Run, now: float) -> float:
    """Return for how many seconds a run was frozen, up to now."""
    return run.frozen_seconds + (now - run.frozen if run.frozen is not None else 0.0)


def lost(state: State, fact: facts.RunLost, now: float) -> Step:
    """Queue a lost run again, or give it up after the last attempt."""
    run = _attempt(state, fact.run, fact.attempt)
    if run is None:
        return Step()
    return _lost(state, run, devices.blamed(state, run) or fact.reason, fact.evidence, now)


def _lost(state: State, run: Run, why: str, evidence: Json, now: float) -> Step:
    """Queue a run again that ended without a result of its own, or give it up."""
    result = Result(run.id, run.attempt, now, Outcome.LOST, None, {**evidence, "reason": why})
    stopped = run.stopping not in ("", REQUEUE)
    if not stopped and run.losses + 1 < MAX_LOSSES and _wanted(state, run):
        step = _requeue(bump(run, losses=run.losses + 1), why)
        step.results.append(result)
        return step
    outcome = Outcome.CANCELLED if stopped else Outcome.LOST
    reason = run.stopping if stopped else f"lost {run.losses + 1} times: {why}"
    over = bump(run, frozen=None, frozen_by=(), frozen_seconds=stood_still(run, now))
    row = dataclasses.replace(over, state=RunState.ENDED, outcome=outcome, reason=reason, ended=now)
    return _over(state, row, result, now)


def _consequences(state: State, run: Run, now: float) -> Step:
    """Return what an ended run means for its experiment and its campaign."""
    experiment = state.experiments[run.experiment]
    campaign = state.campaigns[run.campaign]
    if run.purpose is Purpose.SETUP:
        # A setup command prints no metric: its exit status alone counts.
        if run.outcome in (Outcome.OK, Outcome.NO_METRIC):
            return Step(rows=[bump(campaign, setup_done=True)])
        return hold(campaign, f"the setup command {run.outcome}: {run.reason}; see `arctl logs {run.id}`")
    if run.outcome == Outcome.OK and run.value is not None and _wanted(state, run):
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
