"""Devices: what there is, how loaded it is, which run has it, and what keeps it from getting one."""

from __future__ import annotations

import dataclasses
from typing import Any

from arctl.daemon.commands.base import Caller, Context, Params, method, plain
from arctl.daemon.life.titles import told
from arctl.daemon.rows import Run


@method("gpus")
async def gpus(context: Context, caller: Caller, params: Params) -> Any:
    """Return each device with its newest reading and its run; a missing reading is null.

    With `history` also its last readings, oldest first, as [at, util, memory_used_mb].
    """
    del caller
    return listing(context, history=params.get("history", bool, False))


@method("host")
async def host(context: Context, caller: Caller, params: Params) -> Any:
    """Return the newest reading of the host: load average, cores, memory and swap; null before the first."""
    del caller, params
    newest = context.devices.host
    return dataclasses.asdict(newest) if newest is not None else None


def listing(context: Context, *, history: bool = False) -> list[dict[str, Any]]:
    """Return the devices as clients see them; one of its runs stands in front, all of them are in `runs`."""
    runs: dict[str, list[Run]] = {}
    for run in context.state.active_runs():
        for ident in run.bound:
            runs.setdefault(ident, []).append(run)
    found = []
    for device in context.state.devices.values():
        newest = context.devices.latest(device.id)
        sample = dataclasses.asdict(newest) if newest is not None else None
        quarantine = context.state.machine.quarantine(device.id)
        here = runs.get(device.id, [])
        entry = {
            **dataclasses.asdict(device),
            "quarantined": quarantine.reason if quarantine is not None else "",
            "quarantine": plain(quarantine) if quarantine is not None else None,
            "taken": context.state.machine.taken(device.id),
            "held": _held(context, device.id),
            "foreign": sample.pop("foreign") if sample is not None else None,
            "sample": sample,
            **_bound(context, here[0] if here else None),
            "runs": [row.id for row in here],
        }
        if history:
            entry["history"] = [
                [row.at, row.util, row.memory_used_mb] for row in context.devices.history.get(device.id, ())
            ]
        found.append(entry)
    return found


def _held(context: Context, device: str) -> dict[str, Any] | None:
    """Return who lets nothing start on a device, why and since when."""
    hold = context.state.holds.get(device)
    if hold is None or not hold.held:
        return None
    return {"by": hold.actor, "reason": hold.reason, "since": hold.created}


def _bound(context: Context, run: Run | None) -> dict[str, Any]:
    """Return what is told of the run on a device; `frozen_seconds` are those before it was frozen now."""
    state = context.state
    experiment = state.experiments[run.experiment] if run else None
    team = state.company.teams.get(experiment.team) if experiment else None
    return {
        "run": run.id if run else None,
        "experiment": run.experiment if run else None,
        "title": told(state, experiment) if experiment else None,
        "team": team.id if team else None,
        "team_name": team.name if team else None,
        "campaign": run.campaign if run else None,
        "seed": run.seed if run else None,
        "devices": list(run.bound) if run else [],
        "started": run.started if run else None,
        "limit": state.spec(run.campaign).run.timeout if run else None,
        "frozen": run.frozen if run and not run.stopping else None,
        "frozen_seconds": run.frozen_seconds if run else 0.0,
    }
