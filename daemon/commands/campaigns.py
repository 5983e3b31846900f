"""Campaigns: begun, listed, their champion, their dead ends, their ledger as a table."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from arctl.daemon import facts
from arctl.daemon.commands.base import Caller, Context, Params, method, plain, the_campaign
from arctl.daemon.model import Experiment, Verdict
from arctl.errors import UsageError
from arctl.experiments import ledger


@method("campaign.start", changes=True)
async def start(context: Context, caller: Caller, params: Params) -> Any:
    """Begin the campaign of a folder, or let a known one go on."""
    path = params.need("path", str)
    if not Path(path).is_absolute():
        msg = f"{path} is not an absolute path"
        raise UsageError(msg, "the daemon's folder is not yours")
    env = params.get("env", dict, {})
    ticket = uuid.uuid4().hex
    fact = facts.AddCampaign(
        ticket=ticket,
        path=path,
        env={str(name): str(value) for name, value in env.items()},
        actor=caller.actor,
        allow_dirty=params.get("allow_dirty", bool, False),
    )
    return await context.engine.ask(ticket, fact, params.get("key", str, ""))


@method("champion")
async def champion(context: Context, caller: Caller, params: Params) -> Any:
    """Return the champion with its lineage back to the baseline and what it cost."""
    del caller
    state = context.state
    campaign = the_campaign(state, params.get("campaign", str, ""))
    spec = state.spec(campaign.id)
    row: Experiment | None = state.experiments[campaign.champion]
    lineage = []
    while row is not None:
        lineage.append(plain(row))
        row = state.experiments.get(row.base)
    everything = list(state.experiments_of(campaign.id))
    return {
        "campaign": campaign.id,
        "state": campaign.state.value,
        "reason": campaign.reason,
        "metric": spec.metric.name,
        "goal": spec.metric.goal,
        "policy": spec.policy.mode,
        "alpha": spec.policy.alpha,
        "branch": f"arctl/{campaign.id}",
        "behind": campaign.behind,
        "root": campaign.root,
        "champion": lineage[0],
        "lineage": list(reversed(lineage)),
        "experiments": len(everything) - 1,
        "accepted": sum(1 for item in everything if item.verdict == Verdict.ACCEPTED),
        "device_seconds": sum(run.seconds for item in everything for run in state.runs_of(item.id)),
        "runs": sum(1 for item in everything for run in state.runs_of(item.id) if run.ended is not None),
        "base_commit": campaign.base_commit,
    }


@method("champion.diff")
async def champion_diff(context: Context, caller: Caller, params: Params) -> Any:
    """Return what the champion changed since the campaign began."""
    del caller
    campaign = the_campaign(context.state, params.get("campaign", str, ""))
    row = context.state.experiments[campaign.champion]
    text = await context.archive.diff(campaign.id, campaign.base_commit, row.promoted)
    return {"campaign": campaign.id, "champion": row.id, "diff": text}


@method("champion.checkout", changes=True)
async def champion_checkout(context: Context, caller: Caller, params: Params) -> Any:
    """Write the champion's files into a new folder."""
    del caller
    campaign = the_campaign(context.state, params.get("campaign", str, ""))
    row = context.state.experiments[campaign.champion]
    folder = Path(params.need("folder", str))
    if not folder.is_absolute():
        msg = f"{folder} is not an absolute path"
        raise UsageError(msg, "the daemon's folder is not yours")
    await context.archive.export(campaign.id, row.promoted, folder)
    return {"campaign": campaign.id, "champion": row.id, "folder": str(folder), "commit": row.promoted}


@method("deadends")
async def deadends(context: Context, caller: Caller, params: Params) -> Any:
    """Return the closed axes with their evidence."""
    del caller
    name = params.get("campaign", str, "")
    rows = context.state.dead_ends.values()
    if name:
        name = the_campaign(context.state, name).id
    return [plain(row) for row in rows if not name or row.campaign == name]


@method("export")
async def export(context: Context, caller: Caller, params: Params) -> Any:
    """Return a campaign's ledger in autoresearch's `results.tsv` format."""
    del caller
    state = context.state
    campaign = the_campaign(state, params.get("campaign", str, ""))
    spec = state.spec(campaign.id)
    rows = [
        ledger.Entry(
            commit=row.commit,
            value=row.mean,
            peak_mb=row.metrics.get("peak_vram_mb"),
            status=_status(row),
            description=row.title if row.base else "baseline",
        )
        for row in state.experiments_of(campaign.id)
        if row.verdict
    ]
    return {"campaign": campaign.id, "text": ledger.results_tsv(spec.metric.name, rows)}


def _status(row: Experiment) -> ledger.Status:
    if row.verdict in (Verdict.ACCEPTED, Verdict.BASELINE):
        return "keep"
    return "discard" if row.record or row.same_as else "crash"
