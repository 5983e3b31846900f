"""What becomes of devices: one that fails is put in quarantine, one that a run left is looked at."""

from __future__ import annotations

from arctl.daemon import facts
from arctl.daemon.actions import CheckDevice, Step, StopRun
from arctl.daemon.marks import Vacated
from arctl.daemon.rows import ACTIVE, REQUEUE, Event, Quarantine, Run, bump
from arctl.daemon.state import State

#: Faults that a run on the device does not survive as itself; what it left there came after it.
FATAL = frozenset({"lost", "xid"})


def faulted(state: State, fact: facts.DeviceFaulted, now: float) -> Step:
    """Put a device in quarantine until a person releases it; a run on one that is lost goes elsewhere."""
    step = Step()
    known = state.machine.quarantines.get(fact.device)
    standing = state.machine.quarantine(fact.device)
    name = fact.name or fact.device
    if standing is None or (standing.kind not in FATAL and fact.kind in FATAL):
        row = Quarantine(
            id=fact.device,
            created=now,
            kind=fact.kind,
            reason=fact.reason,
            name=name,
            run=fact.run,
            evidence=fact.evidence,
            rev=known.rev + 1 if known is not None else 0,
        )
        text = f"device {name} is in quarantine: {fact.reason}"
        data = {"kind": fact.kind, "run": fact.run, **fact.evidence}
        step.rows.append(row)
        step.events.append(Event("device.quarantined", "", fact.device, text, data=data))
    if fact.kind == "lost":
        for run in state.active_runs():
            if fact.device in run.bound and not run.stopping:
                step.rows.append(bump(run, stopping=REQUEUE))
                text = f"{run.id} is queued again: its device {name} is lost"
                step.events.append(Event("run.stopping", run.campaign, run.id, text))
                step.actions.append(StopRun(run.id, run.attempt, REQUEUE))
    return step


def blamed(state: State, run: Run) -> str:
    """Say which device of a run failed while it ran; empty where none did."""
    for device in run.bound:
        row = state.machine.quarantines.get(device)
        if row is None or row.kind not in FATAL:
            continue
        # Nothing is started on a device in quarantine: one that stands came while the run was there.
        if row.lifted is None or run.started is None or row.created >= run.started:
            return f"its device {row.name} failed: {row.reason}"
    return ""


def vacated(state: State, fact: facts.RunEnded | facts.RunLost, step: Step) -> Step:
    """Have the devices looked at that a run has left, before anything else is started on them."""
    run = state.runs.get(fact.run)
    if run is None or run.state not in ACTIVE or run.attempt != fact.attempt:
        return step
    for device in run.bound:
        # The host's memory is nobody's in particular.
        if device in state.devices and state.devices[device].kind != "cpu":
            step.marks.append(Vacated(device, run.id))
            step.actions.append(CheckDevice(device, run.id))
    return step
