"""Release: a person lets a device, or a result, out of quarantine; undone, it stands again as it did."""

from __future__ import annotations

import dataclasses

from arctl.daemon.actions import ForgetFaults, Step
from arctl.daemon.marks import Device, Vacated
from arctl.daemon.reduce.control import quarantine as results
from arctl.daemon.reduce.control.base import Done, Request, inverse
from arctl.daemon.reduce.control.targets import find, unknown
from arctl.daemon.rows import Event, Quarantine, bump
from arctl.errors import RefusedError


def release(request: Request) -> Done:
    """Let what is named out of quarantine; a device's fault that goes on puts it back."""
    if request.fact.target in request.state.experiments:
        return results.release(request)
    row = _row(request)
    if row.lifted is not None:
        msg = f"{row.name} is in no quarantine"
        raise RefusedError(msg, "`arctl gpus` shows which are")
    free = bump(row, lifted=request.now, by=request.actor)
    text = f"device {row.name} released from quarantine ({row.reason}){request.because}"
    event = Event("device.released", "", row.id, text, request.actor)
    # It is looked at before anything starts there: a fault that goes on shall not cost another run.
    step = Step(rows=[free], events=[event], actions=[ForgetFaults(row.id)], marks=[Vacated(row.id, "")])
    return Done(step, row.id, "", inverse("quarantine", row.id))


def quarantine(request: Request) -> Done:
    """Put a device back into the quarantine that it was released from."""
    row = _row(request)
    if row.lifted is None:
        return Done(Step(), row.id, "")
    again = dataclasses.replace(bump(row, lifted=None, by=""), created=request.now)
    text = f"device {row.name} is in quarantine again: {row.reason}{request.because}"
    event = Event("device.quarantined", "", row.id, text, request.actor, {"kind": row.kind})
    return Done(Step(rows=[again], events=[event]), row.id, "", inverse("release", row.id))


def _row(request: Request) -> Quarantine:
    """Return the quarantine of the device that is named, whether it stands or not."""
    named = request.fact.target
    found = find(request.state, named, request.campaign)
    rows = request.state.machine.quarantines
    # A card that fell off the bus may be listed no more; its quarantine still is.
    ident = found.id if isinstance(found, Device) else named
    for row in rows.values():
        if row.id == ident or row.name.partition(" ")[0] == ident:
            return row
    if found is None:
        raise unknown(request.state, named, request.campaign)
    what = found.name if isinstance(found, Device) else f"{named} is no device, and"
    msg = f"{what} is in no quarantine"
    raise RefusedError(msg, "`arctl gpus` shows which are")
