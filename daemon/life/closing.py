"""How an experiment gets its verdict, and how a run gets its end: shared by all who bring one about."""

from __future__ import annotations

from typing import Any

from arctl.daemon.actions import RemoveTree, Step, StopRun
from arctl.daemon.rows import (
    ACTIVE,
    REQUEUE,
    Event,
    Experiment,
    ExperimentState,
    Outcome,
    Run,
    RunState,
    bump,
)
from arctl.daemon.state import State


def close(
    state: State,
    experiment: Experiment,
    verdict: str,
    reason: str,
    now: float,
    *,
    actor: str = "daemon",
    ended: str = "",
    **changes: Any,
) -> Step:
    """Give an experiment its verdict and end its other runs; `ended` is the run that brought it about."""
    row = bump(
        experiment,
        state=ExperimentState.CLOSED,
        verdict=verdict,
        reason=reason,
        closed=now,
        held=False,
        **changes,
    )
    text = f"{row.id} {row.title}: {verdict}" + (f", {reason}" if reason else "")
    data = {"verdict": verdict, "reason": reason, "evidence": row.evidence, "values": list(row.values)}
    step = Step(rows=[row], events=[Event("experiment.closed", row.campaign, row.id, text, actor, data)])
    for run in state.runs_of(experiment.id):
        if run.id != ended:
            step.extend(cancel(run, f"{row.id} is {verdict}", now, actor=actor))
    return step


def cancel(run: Run, reason: str, now: float, *, actor: str = "daemon") -> Step:
    """End a run: at once where it only waits, by its shim where it is under way."""
    if run.state is RunState.ENDED or run.stopping not in ("", REQUEUE):
        return Step()
    if run.state in ACTIVE:
        text = f"{run.id} is being stopped: {reason}"
        return Step(
            rows=[bump(run, stopping=reason)],
            events=[Event("run.stopping", run.campaign, run.id, text, actor)],
            actions=[StopRun(run.id, run.attempt, reason)],
        )
    row = bump(run, state=RunState.ENDED, outcome=Outcome.CANCELLED, reason=reason, ended=now)
    step = Step(rows=[row])
    step.events.append(Event("run.ended", run.campaign, run.id, f"{run.id} cancelled: {reason}", actor))
    if run.tree:
        # Its environment is being made, or was: that goes first.
        step.actions.append(StopRun(run.id, run.attempt, reason, force=True))
    if run.state is not RunState.QUEUED:
        step.actions.append(RemoveTree(run.id))
    return step
