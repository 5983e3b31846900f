"""How a campaign went, as numbers to draw: the champion's progress, and what each axis was worth."""

from __future__ import annotations

from typing import Any

from arctl.daemon.commands.base import Caller, Context, Params, method, the_campaign
from arctl.daemon.commands.paging import fitting
from arctl.daemon.life.binding import axis_is_dead
from arctl.daemon.life.titles import told
from arctl.daemon.rows import DeadEnd, Experiment
from arctl.daemon.state import State
from arctl.experiments.effects import Axis

#: Columns of a plot at most, and the titles beside the champions in it.
MAX_COLUMNS = 2000
MAX_KEPT = 4000
MAX_TITLE = 80
MAX_AXES = 5000

Point = list[Any]


@method("progress")
async def progress(context: Context, caller: Caller, params: Params) -> Any:
    """Return what a plot of the champion over experiments shows, for `columns` columns of any width.

    `kept` are all champions, `others` of each column the best and the worst of what was measured besides.
    """
    del caller
    state = context.state
    campaign = the_campaign(state, params.get("campaign", str, ""))
    columns = max(1, min(params.get("columns", int, 400), MAX_COLUMNS))
    spec, known = state.spec(campaign.id), state.progress(campaign.id)
    kept = sorted(
        (row for row in map(state.experiments.__getitem__, known.kept) if row.mean is not None),
        key=lambda row: (row.closed or 0.0, row.number),
    )
    others = [_other(state.experiments[ident]) for ends in known.columns(columns) for ident in _both(ends)]
    shown = fitting((_kept(state, row) for row in _thinned(kept)), MAX_KEPT)
    return {
        "campaign": campaign.id,
        "metric": spec.metric.name,
        "goal": spec.metric.goal,
        "kept": shown,
        "others": sorted(others, key=lambda point: point[0]),
        "running": [row.number for row in state.open_experiments(campaign.id)][:MAX_COLUMNS],
        "first": state.baseline_of(campaign.id).number,
        "last": state.newest(campaign.id).number,
        "total": len(known),
        "kept_total": len(known.kept),
        "discarded_total": known.closed - known.crashed - _judged(state, known.kept),
        "crashed_total": known.crashed,
    }


def _judged(state: State, kept: dict[str, None]) -> int:
    """Count the champions with a verdict that is counted among the closed and is no crash."""
    return sum(bool(state.experiments[ident].verdict) for ident in kept)


def _both(ends: tuple[str, str]) -> tuple[str, ...]:
    return ends if ends[0] != ends[1] else ends[:1]


def _kept(state: State, row: Experiment) -> Point:
    return [row.number, row.mean, row.id, told(state, row)[:MAX_TITLE], row.closed or row.created]


def _other(row: Experiment) -> Point:
    return [row.number, row.mean, row.id, row.verdict or row.state.value]


def _thinned(rows: list[Experiment]) -> list[Experiment]:
    """Leave champions out evenly where there are more than one answer carries; the newest stays."""
    stride = -(-len(rows) // MAX_KEPT)
    return rows[::-1][::stride][::-1] if stride > 1 else rows


@method("effects")
async def effects(context: Context, caller: Caller, params: Params) -> Any:
    """Return what is known of each axis on which something was judged, the one that paid most first."""
    del caller
    state = context.state
    campaign = the_campaign(state, params.get("campaign", str, ""))
    spec, closed = state.spec(campaign.id), state.dead_ends_of(campaign.id)
    axes = sorted(
        state.axes(campaign.id).values(),
        key=lambda axis: (not axis.measured, -axis.effect.mean, axis.effect.axis),
    )
    return {
        "campaign": campaign.id,
        "metric": spec.metric.name,
        "goal": spec.metric.goal,
        "total": len(axes),
        "axes": fitting((_axis(axis, closed) for axis in axes), MAX_AXES),
    }


def _axis(axis: Axis, closed: list[DeadEnd]) -> dict[str, Any]:
    effect, interval = axis.effect, axis.interval()
    return {
        "axis": effect.axis,
        "n": effect.n,
        "mean": effect.mean if axis.measured else None,
        "low": interval[0] if interval else None,
        "high": interval[1] if interval else None,
        "kept": effect.kept,
        "rate": effect.kept / effect.n,
        "best": {"id": axis.best.name, "effect": axis.best.effect} if axis.best is not None else None,
        "last": {"id": axis.last.name, "effect": axis.last.effect, "accepted": axis.last.accepted},
        "dead": _dead(effect.axis, closed),
    }


def _dead(axis: str, closed: list[DeadEnd]) -> str:
    """Return the newest dead end that closes all of an axis."""
    return next((end.id for end in reversed(closed) if axis_is_dead([end], axis)), "")
