"""The end of the daemon, asked for."""

from __future__ import annotations

from arctl.daemon import facts
from arctl.daemon.actions import Answer, Shutdown, Step, StopRun
from arctl.daemon.marks import Stopping
from arctl.daemon.rows import REQUEUE, Event, bump
from arctl.daemon.state import State
from arctl.errors import RefusedError


def stop(state: State, fact: facts.StopDaemon) -> Step:
    """Begin to end the daemon; runs are waited for, or stopped and queued again."""
    active = state.active_runs()
    frozen = [run.id for run in active if run.frozen is not None and not run.stopping]
    if fact.mode == "drain" and frozen:
        error = RefusedError(
            f"{', '.join(frozen)} would never end: frozen",
            f"`arctl resume {frozen[0]}` lets it go on; `arctl stop --now` queues it again",
        )
        return Step(answers=[Answer(fact.ticket, error=error)])
    step = Step(marks=[Stopping(fact.mode)])
    how = "draining" if fact.mode == "drain" else "stopping"
    step.events.append(
        Event("daemon.stopping", text=f"{how}, {len(active)} runs under way", actor=fact.actor)
    )
    if fact.mode == "now":
        for run in active:
            step.rows.append(bump(run, stopping=run.stopping or REQUEUE))
            step.actions.append(StopRun(run.id, run.attempt, run.stopping or REQUEUE))
    step.answers.append(Answer(fact.ticket, {"mode": fact.mode, "running": [run.id for run in active]}))
    return step


def detach() -> Step:
    """Leave at once; the runs go on under their shims."""
    return Step(events=[Event("daemon.detached", text="runs go on")], actions=[Shutdown("detached")])
