"""Experiments: listed, shown, their differences and curves."""

from __future__ import annotations

from typing import Any

from arctl.daemon.commands.base import (
    Caller,
    Context,
    Params,
    method,
    plain,
    the_campaign,
    the_experiment,
    the_run,
)
from arctl.daemon.model import Experiment
from arctl.daemon.state import State

#: Curve points that one answer carries at most for each metric.
MAX_POINTS = 5000
#: Events of an experiment and its runs that one answer carries at most.
MAX_EVENTS = 100


@method("experiments")
async def experiments(context: Context, caller: Caller, params: Params) -> Any:
    """Return a campaign's newest experiments, oldest first; `verdict` and `state` filter."""
    del caller
    state = context.state
    campaign = the_campaign(state, params.get("campaign", str, ""))
    verdict, stage = params.get("verdict", str, ""), params.get("state", str, "")
    found = [
        row
        for row in state.experiments_of(campaign.id)
        if (not verdict or row.verdict == verdict) and (not stage or row.state.value == stage)
    ]
    limit = min(params.get("limit", int, 500), 1000)
    spec = state.spec(campaign.id)
    return {
        "campaign": campaign.id,
        "metric": spec.metric.name,
        "goal": spec.metric.goal,
        "champion": campaign.champion,
        "total": len(found),
        "experiments": [brief(state, row) for row in found[-limit:]],
    }


def brief(state: State, row: Experiment) -> dict[str, Any]:
    """Return an experiment as a line of a list."""
    active = [run for run in state.runs_of(row.id) if run.state in ("launching", "running")]
    return {
        "id": row.id,
        "campaign": row.campaign,
        "title": row.title,
        "axis": row.axis,
        "state": row.state.value,
        "verdict": row.verdict,
        "reason": row.reason,
        "base": row.base,
        "commit": row.commit,
        "mean": row.mean,
        "runs": len(row.record),
        "effect": row.evidence.get("effect"),
        "held": row.held,
        "running": [run.id for run in active],
        "devices": [run.device_name for run in active],
        "created": row.created,
        "closed": row.closed,
        "seconds": row.seconds,
        "rev": row.rev,
    }


@method("show")
async def show(context: Context, caller: Caller, params: Params) -> Any:
    """Return all that is known of an experiment (or of a run's experiment)."""
    del caller
    state = context.state
    row = the_experiment(state, params.need("id", str))
    spec = state.spec(row.campaign)
    proposal = state.proposals.get(row.proposal)
    found = plain(proposal) if proposal else None
    if found is not None and found["change"].get("kind") == "patch":
        found["change"] = {"kind": "patch", "lines": found["change"]["patch"].count("\n")}
    base = state.experiments.get(row.base)
    runs = state.runs_of(row.id)
    events = await context.reader.story([row.id, *(run.id for run in runs)], MAX_EVENTS)
    return {
        "metric": spec.metric.name,
        "goal": spec.metric.goal,
        "experiment": plain(row),
        "proposal": found,
        "base": brief(state, base) if base else None,
        "champion": state.campaigns[row.campaign].champion == row.id,
        "runs": [plain(run) for run in runs],
        "events": events,
        "ref": f"refs/arctl/{row.campaign}/exp/{row.id}" if row.commit and row.base else "",
    }


@method("diff")
async def diff(context: Context, caller: Caller, params: Params) -> Any:
    """Return what an experiment changed on its base."""
    del caller
    state = context.state
    row = the_experiment(state, params.need("id", str))
    base = state.experiments.get(row.base)
    if base is None or not row.commit:
        return {"id": row.id, "diff": "", "note": row.reason if base else "the baseline changes nothing"}
    text = await context.archive.diff(row.campaign, base.promoted, row.commit)
    return {"id": row.id, "base": base.id, "diff": text, "note": ""}


@method("curve")
async def curve(context: Context, caller: Caller, params: Params) -> Any:
    """Return a run's curves as {metric: [[step, value], …]}, thinned evenly where they are long."""
    del caller
    run = the_run(context.state, params.need("id", str))
    curves: dict[str, list[list[float]]] = {}
    for point in await context.reader.points(run.id, run.attempt):
        curves.setdefault(point["metric"], []).append([point["step"], point["value"]])
    wanted = params.get("metric", str, "")
    chosen = {name: _thinned(points) for name, points in curves.items() if not wanted or name == wanted}
    return {
        "run": run.id,
        "experiment": run.experiment,
        "state": run.state.value,
        "metrics": sorted(curves, key=lambda name: _rank(name, context.state.spec(run.campaign).metric.name)),
        "curves": chosen,
    }


def _rank(name: str, primary: str) -> tuple[bool, bool, str]:
    """Order curves by what people want to see: the metric itself, then a loss, then the rest by name."""
    return name != primary, "loss" not in name.lower(), name


def _thinned(points: list[list[float]]) -> list[list[float]]:
    if len(points) <= MAX_POINTS:
        return points
    stride = len(points) / MAX_POINTS
    return [points[int(index * stride)] for index in range(MAX_POINTS)] + [points[-1]]
