"""The state folder: what lies there, what may go, and having it go."""

from __future__ import annotations

import uuid
from typing import Any

from arctl.daemon import clock, facts
from arctl.daemon.commands.base import Caller, Context, Params, method
from arctl.daemon.decide import retention

#: Entries that one answer names at most; the sums are of all.
MAX_NAMED = 500


@method("storage")
async def storage(context: Context, caller: Caller, params: Params) -> Any:
    """Return what lies in the state folder by sort, and what may go by now (`removals`)."""
    del caller, params
    state, stock = context.state, await context.storage.stock()
    removals = retention.plan(state, stock, clock.now())
    sorts: dict[str, dict[str, int]] = {}
    for found in stock.found:
        entry = sorts.setdefault(found.sort, {"count": 0, "bytes": 0})
        entry["count"] += 1
        entry["bytes"] += found.bytes
    strange = retention.unknown(state, stock)
    return {
        "free": stock.free,
        "total": stock.total,
        "floor": stock.floor,
        "ledger": stock.ledger,
        "backups": stock.backups,
        "sorts": sorts,
        "unknown": {
            "count": len(strange),
            "bytes": sum(found.bytes for found in strange),
            "places": [found.place for found in strange[:20]],
        },
        "removals": [removal.as_json() for removal in removals[:MAX_NAMED]],
        "count": len(removals),
        "bytes": sum(removal.bytes for removal in removals),
    }


@method("storage.tidy", changes=True)
async def tidy(context: Context, caller: Caller, params: Params) -> Any:
    """Remove what may go, and return what went; it is written down before it is deleted."""
    ticket = uuid.uuid4().hex
    fact = facts.StockTaken(await context.storage.stock(), ticket, caller.actor)
    answer = dict(await context.engine.ask(ticket, fact, params.get("key", str, "")))
    return {**answer, "count": len(answer["removed"]), "removed": answer["removed"][:MAX_NAMED]}
