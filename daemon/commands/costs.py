"""What language models cost: by agent, team, experiment or model, against the caps of `[budget]`."""

from __future__ import annotations

import sqlite3
from typing import Any

from arctl.daemon import clock
from arctl.daemon.commands.base import Caller, Context, Params, method, the_campaign
from arctl.daemon.rows import Campaign
from arctl.daemon.specs import spec_of
from arctl.daemon.state import State
from arctl.errors import UsageError

#: What calls can be summed by, each a column of `calls`.
KEYS = ("agent", "team", "experiment", "model")

_SUMS = (
    "count(*) AS calls, sum(state = 'reserved') AS open, sum(fault NOT IN ('', 'cancelled')) AS faults,"
    " sum(input_tokens) AS input, sum(cache_read_tokens) AS cache_read,"
    " sum(cache_write_tokens) AS cache_write, sum(output_tokens) AS output,"
    " sum(CASE WHEN state = 'settled' THEN coalesce(usd, 0) ELSE 0 END) AS usd,"
    " sum(CASE WHEN state = 'reserved' THEN reserved ELSE 0 END) AS reserved,"
    " sum(CASE WHEN state = 'unknown' THEN reserved ELSE 0 END) AS unknown,"
    " sum(usd IS NULL AND fault = '') AS unpriced, sum(seconds) AS seconds"
)
_WHERE = "WHERE campaign = ? AND created >= ?"


@method("costs")
async def costs(context: Context, caller: Caller, params: Params) -> Any:
    """Return the calls of a campaign, summed by one key, dearest first; their total; and the caps.

    `since` (wall clock) leaves out the calls that were made before.
    """
    del caller
    campaign = the_campaign(context.state, params.get("campaign", str, ""))
    key = params.get("by", str, "agent")
    if key not in KEYS:
        msg = f"costs cannot be shown by {key!r}"
        raise UsageError(msg, f"use one of {', '.join(KEYS)}")
    since = params.get("since", float, 0.0)
    rows, total = await context.reader.ask(lambda connection: _sums(connection, campaign.id, key, since))
    return {
        "campaign": campaign.id,
        "by": key,
        "rows": [{**row, "title": _title(context.state, key, row["name"])} for row in rows],
        "total": total,
        "caps": _caps(context.state, campaign, clock.now()),
    }


def _sums(
    connection: sqlite3.Connection, campaign: str, key: str, since: float
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    grouped = f"SELECT {key} AS name, {_SUMS} FROM calls {_WHERE} GROUP BY {key}"  # noqa: S608  # of KEYS
    rows = [_shared(dict(row)) for row in connection.execute(grouped, (campaign, since))]
    rows.sort(key=lambda row: (-(row["usd"] + row["reserved"] + row["unknown"]), -row["output"], row["name"]))
    whole = f"SELECT {_SUMS} FROM calls {_WHERE}"  # noqa: S608  # constant
    found = dict(connection.execute(whole, (campaign, since)).fetchone())
    return rows, _shared({name: value or 0 for name, value in found.items()})


def _shared(row: dict[str, Any]) -> dict[str, Any]:
    """Add which share of a prompt was read from the cache; None where nothing was sent."""
    sent = row["input"] + row["cache_read"] + row["cache_write"]
    return {**row, "cached": row["cache_read"] / sent if sent else None}


def _title(state: State, key: str, name: str) -> str:
    if key == "team" and (team := state.company.teams.get(name)) is not None:
        return team.name
    if key == "experiment" and (experiment := state.experiments.get(name)) is not None:
        return experiment.title
    return ""


def _caps(state: State, campaign: Campaign, now: float) -> list[dict[str, Any]]:
    """Return each cap that is set, with what counts against it: settled, reserved and unknown."""
    budget, spending = spec_of(campaign).budget, state.spending
    whole, day = spending.campaign(campaign.id), spending.day(campaign.id, now)
    each = [spending.agent(campaign.id, agent.name) for agent in state.company.everybody(campaign.id)]
    found = []
    for unit in ("usd", "tokens"):
        most = max((getattr(one, unit) for one in each), default=0)
        for name, spent in (
            (unit, getattr(whole, unit)),
            (f"{unit}_per_day", getattr(day, unit)),
            (f"{unit}_per_agent", most),
            (f"{unit}_per_call", None),
        ):
            if (limit := getattr(budget, name)) is not None:
                found.append({"cap": name, "limit": limit, "spent": spent})
    return found
