"""Pause and resume all campaigns at once: one deed, that is undone as one."""

from __future__ import annotations

import dataclasses

from arctl.daemon.actions import Step
from arctl.daemon.reduce.control import holds
from arctl.daemon.reduce.control.base import Done, Request, inverse
from arctl.daemon.reduce.control.targets import find
from arctl.daemon.rows import Campaign, CampaignState, Json
from arctl.errors import UsageError

#: What stands for every campaign, unless something bears the name.
ALL = "all"


def pause(request: Request) -> Done:
    """Start nothing more of a target, or of all campaigns that run."""
    if not _meant(request):
        return holds.pause(request)
    if request.mode not in holds.MODES:
        msg = f"there is no way to pause called {request.mode!r}"
        raise UsageError(msg, f"use {' or '.join(holds.MODES)}")
    modes = _modes(request)
    rows = [row for row in request.state.campaigns.values() if _to_pause(row, modes, request.mode)]
    step = Step()
    for row in rows:
        step.extend(holds.pause(_one(request, row, modes.get(row.id, request.mode))).step)
    names = [row.id for row in rows if any(item.id == row.id for item in step.rows)]
    # What it means is what it did: of those that come later neither undo nor redo knows.
    undo = inverse("resume", ALL, campaigns=names)
    again = inverse("pause", ALL, modes={name: modes.get(name, request.mode) for name in names})
    return _done(request, step, names, undo, again)


def resume(request: Request) -> Done:
    """Let a target go on, or all campaigns that a person paused."""
    if not _meant(request):
        return holds.resume(request)
    named = request.fact.data.get("campaigns")
    rows = [
        row for row in request.state.campaigns.values() if _paused(row) and (named is None or row.id in named)
    ]
    step = Step()
    for row in rows:
        step.extend(holds.resume(_one(request, row, "hold")).step)
    modes = {row.id: "drain" if row.drain else "hold" for row in rows}
    undo, again = inverse("pause", ALL, modes=modes), inverse("resume", ALL, campaigns=list(modes))
    return _done(request, step, list(modes), undo, again)


def _meant(request: Request) -> bool:
    """Tell whether all campaigns are meant, and not something that is called so."""
    target = request.fact.target
    if request.fact.data.get("all") or "modes" in request.fact.data or "campaigns" in request.fact.data:
        return True
    return target == ALL and find(request.state, target, request.campaign) is None


def _modes(request: Request) -> dict[str, str]:
    """Return the campaigns that are paused again, each as it was, where that undoes a resumption."""
    return {str(name): str(mode) for name, mode in dict(request.fact.data.get("modes") or {}).items()}


def _to_pause(row: Campaign, modes: dict[str, str], mode: str) -> bool:
    if modes and row.id not in modes:
        return False
    # One that drains is paused for good; one that is paused already stays as it is.
    return row.state is CampaignState.RUNNING and not (row.drain and modes.get(row.id, mode) == "drain")


def _paused(row: Campaign) -> bool:
    """Tell whether a person paused a campaign; what is held, or has ended, is resumed by its name."""
    return row.state is CampaignState.PAUSED or (row.state is CampaignState.RUNNING and row.drain)


def _one(request: Request, row: Campaign, mode: str) -> Request:
    fact = dataclasses.replace(request.fact, target=row.id, data={"mode": mode})
    return dataclasses.replace(request, fact=fact)


def _done(request: Request, step: Step, names: list[str], undo: Json, again: Json) -> Done:
    pausing = request.fact.verb == "pause"
    what = f"{len(names)} campaigns" if len(names) != 1 else "1 campaign"
    text = f"{what} {'paused' if pausing else 'resumed'}: {', '.join(names)}{request.because}"
    if not names:
        text = f"nothing to do: {'no campaign runs' if pausing else 'nobody paused a campaign'}"
    return Done(step, ALL, "", undo, {"campaigns": names}, text, again)
