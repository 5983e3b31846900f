"""Campaigns: begun, listed, their champion, their dead ends, their ledger as a table."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from arctl.daemon import facts
from arctl.daemon.commands.base import Caller, Context, Params, method, shallow, the_campaign
from arctl.daemon.commands.paging import fitting
from arctl.daemon.life.titles import told
from arctl.daemon.rows import Experiment, Verdict
from arctl.daemon.state import State
from arctl.errors import UsageError
from arctl.experiments import ledger

#: Rows that one answer carries at most.
MAX_ROWS = 1000


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
        sandbox=_level(params.get("sandbox", str, "")),
        allow_unsandboxed=params.get("allow_unsandboxed", bool, False),
    )
    return await context.engine.ask(ticket, fact, params.get("key", str, ""))


def _level(said: str) -> str:
    if said not in ("", "1", "2", "3", "best"):
        msg = f"there is no sandbox of level {said!r}"
        raise UsageError(msg, "use 3, 2, 1 or best")
    return said


@method("champion")
async def champion(context: Context, caller: Caller, params: Params) -> Any:
    """Return the champion, its lineage from the baseline on, and what it cost.

    A long lineage comes in pieces: `steps` is its length, and `after` is the step behind which one begins.
    """
    del caller
    state = context.state
    campaign = the_campaign(state, params.get("campaign", str, ""))
    spec = state.spec(campaign.id)
    best = state.experiments[campaign.champion]
    steps = _lineage(state, best)
    after = max(0, params.get("after", int, 0))
    limit = params.get("limit", int, MAX_ROWS)
    known, work = state.progress(campaign.id), state.records.work(campaign.id)
    return {
        "campaign": campaign.id,
        "state": campaign.state.value,
        "reason": campaign.reason,
        "metric": spec.metric.name,
        "goal": spec.metric.goal,
        "trust": spec.trust,
        "sandbox": campaign.level,
        "policy": spec.policy.mode,
        "alpha": spec.policy.alpha,
        "branch": f"arctl/{campaign.id}",
        "behind": campaign.behind,
        "root": campaign.root,
        "champion": _line(state, best),
        "lineage": fitting((_line(state, row) for row in steps[after:]), limit),
        "steps": len(steps),
        "experiments": len(known) - 1,
        "accepted": known.verdicts[Verdict.ACCEPTED],
        "device_seconds": work.seconds,
        "runs": work.runs,
        "base_commit": campaign.base_commit,
    }


def _line(state: State, row: Experiment) -> dict[str, Any]:
    return {**shallow(row), "title": told(state, row)}


def _lineage(state: State, best: Experiment) -> list[Experiment]:
    """Return the experiments from the baseline to this one, each the base of the next."""
    found: list[Experiment] = []
    row: Experiment | None = best
    while row is not None:
        found.append(row)
        row = state.experiments.get(row.base)
    return found[::-1]


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
    """Return the dead ends with their evidence, oldest first; `all` adds those that were opened again.

    A long list comes in pages: `after` is the id of the last one that was seen.
    """
    del caller
    state, name = context.state, params.get("campaign", str, "")
    if name:
        name = the_campaign(state, name).id
    after = params.get("after", str, "d0")
    if not after[1:].isdecimal():
        msg = f"{after!r} is no dead end's id"
        raise UsageError(msg, "ids of dead ends look like d3")
    everything = params.get("all", bool, False)
    rows = [
        row
        for row in (state.all_dead_ends(name) if name else state.dead_ends.values())
        if (everything or not row.revived) and int(row.id[1:]) > int(after[1:])
    ]
    lines = ({**shallow(row), "title": _title(state, row.direction)} for row in rows)
    return fitting(lines, params.get("limit", int, MAX_ROWS))


def _title(state: State, direction: str) -> str:
    row = state.company.directions.get(direction)
    return row.title if row is not None else ""


@method("export")
async def export(context: Context, caller: Caller, params: Params) -> Any:
    """Return a campaign's ledger in autoresearch's `results.tsv` format.

    A long table comes in pieces without a heading: `after` experiments are left out, and `next` is where the
    next piece begins, null at the end.
    """
    del caller
    state = context.state
    campaign = the_campaign(state, params.get("campaign", str, ""))
    spec = state.spec(campaign.id)
    after = max(0, params.get("after", int, 0))
    limit = max(1, params.get("limit", int, 10 * MAX_ROWS))
    told = [row for row in state.experiments_of(campaign.id) if row.verdict]
    rows = fitting((_entry(row) for row in told[after:]), limit)
    text = ledger.results_tsv(spec.metric.name, rows)
    done = after + len(rows)
    return {
        "campaign": campaign.id,
        "text": text.partition("\n")[2] if after else text,
        "next": done if done < len(told) else None,
    }


def _entry(row: Experiment) -> ledger.Entry:
    """Return an experiment as a line of the table."""
    return ledger.Entry(
        commit=row.commit,
        value=row.mean,
        peak_mb=row.metrics.get("peak_vram_mb"),
        status=_status(row),
        description=row.title if row.base else "baseline",
    )


def _status(row: Experiment) -> ledger.Status:
    if row.verdict in (Verdict.ACCEPTED, Verdict.BASELINE):
        return "keep"
    return "discard" if row.record or row.same_as else "crash"
