"""What happened: events behind a cursor, backwards page by page, or around a time."""

from __future__ import annotations

from typing import Any

from arctl.daemon.commands.base import Caller, Context, Params, method
from arctl.daemon.commands.paging import fitting
from arctl.daemon.store import events as log

#: Events that one answer carries at most.
MAX_EVENTS = 500


@method("events")
async def events(context: Context, caller: Caller, params: Params) -> Any:
    """Return events, oldest first: those behind `after`, or the newest, or the last ones before `before`.

    `at` asks for those around a time. `campaign`, `subject`, `text` and `kinds` filter; a kind that ends in a
    dot is all that begin so, as `run.`.
    """
    del caller
    limit = max(1, min(params.get("limit", int, 100), MAX_EVENTS))
    wanted = log.Wanted(
        params.get("campaign", str, ""),
        params.get("subject", str, ""),
        params.get("text", str, ""),
        tuple(str(kind) for kind in params.get("kinds", list, [])),
    )
    after, before = params.get("after", int, -1), params.get("before", int, 0)
    if params.has("at"):
        at = params.get("at", float, 0.0)
        found = await context.reader.study(lambda connection: log.around(connection, wanted, at, limit))
        return fitting(found, limit)
    if after >= 0:
        found = await context.reader.study(lambda connection: log.newer(connection, wanted, after, limit))
        return fitting(found, limit)
    end = before if params.has("before") else None
    found = await context.reader.study(lambda connection: log.older(connection, wanted, end, limit))
    return fitting(found[::-1], limit)[::-1]
