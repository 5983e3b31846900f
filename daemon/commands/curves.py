"""Learning curves: whole and thinned, or by the window that somebody looks at."""

from __future__ import annotations

import math
from typing import Any

from arctl.daemon.commands.base import Caller, Context, Params, method, the_run
from arctl.daemon.commands.paging import ROOM, size
from arctl.daemon.store.curves import Point, Series
from arctl.errors import UsageError

#: Points that one answer carries at most for each metric, and columns of a window.
MAX_POINTS = 5000
MAX_WIDTH = 2000


@method("curve")
async def curve(context: Context, caller: Caller, params: Params) -> Any:
    """Return a run's curves as {metric: [[step, value], …]}; a value that is no number is null.

    Whole ones are thinned evenly where they are long. With `width` it is the lowest and the highest of each
    of so many columns between the steps `low` and `high`, so that no spike is lost. `metrics` asks for the
    names alone. Where all curves do not fit into one answer, the last ones are left out.
    """
    del caller
    run = the_run(context.state, params.need("id", str))
    wanted, only_names = params.get("metric", str, ""), params.get("metrics", bool, False)
    width = max(0, min(params.get("width", int, 0), MAX_WIDTH))
    low = params.get("low", float, -math.inf)
    high = params.get("high", float, math.inf)
    if low > high:
        msg = f"a window from {low:g} to {high:g} is empty"
        raise UsageError(msg, "give low below high")
    primary = context.state.spec(run.campaign).metric.name

    def look(curves: dict[str, Series]) -> dict[str, Any]:
        names = sorted((name for name, series in curves.items() if len(series)), key=_rank(primary))
        room, shown = ROOM, dict[str, list[Point]]()
        for name in [] if only_names else names:
            if wanted in ("", name):
                points = _points(curves[name], width, low, high)
                room -= size(points)
                if shown and room < 0:
                    break
                shown[name] = points
        extents = {name: [*curves[name].extent(), len(curves[name])] for name in names}
        return {"metrics": names, "extents": extents, "curves": shown}

    found = await context.reader.curves(run.id, run.attempt, look)
    return {
        "run": run.id,
        "attempt": run.attempt,
        "experiment": run.experiment,
        "state": run.state.value,
        **found,
    }


def _points(series: Series, width: int, low: float, high: float) -> list[Point]:
    if not width and math.isinf(low) and math.isinf(high):
        return series.thinned(MAX_POINTS)
    first, last = series.extent()
    return series.window(max(low, first), min(high, last), width or MAX_WIDTH)


def _rank(primary: str) -> Any:
    """Order curves by what people want to see: the metric itself, then a loss, then the rest by name."""
    return lambda name: (name != primary, "loss" not in name.lower(), name)
