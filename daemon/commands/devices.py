"""Devices: what there is, how loaded it is, and which run has it."""

from __future__ import annotations

import dataclasses
from typing import Any

from arctl.daemon.commands.base import Caller, Context, Params, method


@method("gpus")
async def gpus(context: Context, caller: Caller, params: Params) -> Any:
    """Return each device with its newest reading and its run; a missing reading is null."""
    del caller, params
    return listing(context)


def listing(context: Context) -> list[dict[str, Any]]:
    """Return the devices as clients see them."""
    runs = {run.device: run for run in context.state.active_runs()}
    found = []
    for device in context.state.devices.values():
        sample = context.devices.latest(device.id)
        run = runs.get(device.id)
        found.append(
            {
                **dataclasses.asdict(device),
                "sample": dataclasses.asdict(sample) if sample is not None else None,
                "run": run.id if run else None,
                "experiment": run.experiment if run else None,
                "campaign": run.campaign if run else None,
                "started": run.started if run else None,
                "limit": context.state.spec(run.campaign).run.timeout if run else None,
            }
        )
    return found
