"""What becomes of runs: prepared, started, ended, lost; each attempt counts exactly once."""

from __future__ import annotations

import dataclasses

from arctl.daemon import facts
from arctl.daemon.actions import ArrangeRun, FreezeRun, NoteResult, RemoveTree, Step, StopRun
from arctl.daemon.life.contention import marked
from arctl.daemon.life.seating import UNBOUND
from arctl.daemon.reduce import devices
from arctl.daemon.reduce.consequences import consequences, wanted
from arctl.daemon.rows import (
    ACTIVE,
    REQUEUE,
    Event,
    Json,
    Outcome,
    Purpose,
    Result,
    Run,
    RunState,
    bump,
)
from arctl.daemon.state import State

#: A run whose shim dies is tried again, until that happened so often.
MAX_LOSSES = 3


def prepared(state: State, fact: facts.TreePrepared) -> Step:
    """A run may start as soon as a device is free."""
    run = state.runs.get(fact.run)
    if run is None or run.state is not RunState.PREPARING or run.attempt != fact.attempt:
        return Step(actions=[RemoveTree(fact.run)] if run and run.state is RunState.ENDED else [])
    if state.spec(run.campaign).run.prepare is None or run.purpose is Purpose.SETUP:
        return Step(rows=[bump(run, state=RunState.READY, tree=fact.tree)])
    row = bump(run, tree=fact.tree)
    return Step(rows=[row], actions=[ArrangeRun(state.campaigns[run.campaign], row)])


def arranged(state: State, fact: facts.RunArranged) -> Step:
    """A run whose environment was made, or is to be made in its slot, may start."""
    run = state.runs.get(fact.run)
    if run is None or run.state is not RunState.PREPARING or run.attempt != fact.attempt:
        return Step()
    return Step(rows=[bump(run, state=RunState.READY)])


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
    if fact.outcome == Outcome.CANCELLED and run.stopping == REQUEUE and wanted(state, run):
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
    step.extend(consequences(state, run, now))
    return step


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
    if not stopped and run.losses + 1 < MAX_LOSSES and wanted(state, run):
        step = _requeue(bump(run, losses=run.losses + 1), why)
        step.results.append(result)
        return step
    outcome = Outcome.CANCELLED if stopped else Outcome.LOST
    reason = run.stopping if stopped else f"lost {run.losses + 1} times: {why}"
    over = bump(run, frozen=None, frozen_by=(), frozen_seconds=stood_still(run, now))
    row = dataclasses.replace(over, state=RunState.ENDED, outcome=outcome, reason=reason, ended=now)
    return _over(state, row, result, now)
