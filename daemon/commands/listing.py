"""Experiments listed: filtered, sorted, and by the window that somebody looks at, however many there are."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable
from typing import Any

from arctl.daemon.commands.base import Caller, Context, Params, method, the_campaign
from arctl.daemon.commands.experiments import author, brief
from arctl.daemon.commands.paging import fitting
from arctl.daemon.life.titles import told
from arctl.daemon.rows import Experiment, ExperimentState, Verdict
from arctl.daemon.state import State, View
from arctl.errors import RefusedError, UsageError

#: Experiments that one answer carries at most.
MAX_ROWS = 1000
#: Experiments looked at before others get their turn.
PIECE = 1000

SORTS = ("new", "effect", "mean", "title", "verdict", "seconds")


@method("experiments")
async def experiments(context: Context, caller: Caller, params: Params) -> Any:
    """Return a campaign's newest experiments, oldest first, as many as fit; or a window of them.

    `verdict`, `state`, `team` (id or name), `direction` (id), `agent` (name or id of who proposed) and `text`
    filter; `not` turns the text around. With `sort` or `offset` it is the window behind the first `offset` in
    that order: newest first, best effect or mean first, title, verdict, longest first; `reverse` turns it.
    """
    state = context.state
    campaign = the_campaign(state, params.get("campaign", str, ""))
    sort, reverse = params.get("sort", str, "new"), params.get("reverse", bool, False)
    if sort not in SORTS:
        msg = f"experiments cannot be sorted by {sort!r}"
        raise UsageError(msg, f"use one of {', '.join(SORTS)}")
    wanted = _wanted(state, campaign.id, params, caller.actor)
    offset, limit = max(0, params.get("offset", int, 0)), min(params.get("limit", int, 500), MAX_ROWS)
    limit = max(1, limit)
    if sort == "new" and not any(wanted.values()):
        ids, total = _newest(state, campaign.id, offset, limit, reverse=reverse)
    else:
        view = await _view(context, campaign.id, wanted, sort)
        ids, total = view.ids(offset, limit, reverse=reverse), len(view)
    spec = state.spec(campaign.id)
    shown = fitting((brief(state, state.experiments[ident]) for ident in ids), limit)
    windowed = params.has("sort") or params.has("offset")
    return {
        "campaign": campaign.id,
        "metric": spec.metric.name,
        "goal": spec.metric.goal,
        "champion": campaign.champion,
        "teams": {row.id: row.name for row in state.company.all_teams(campaign.id)},
        "offset": offset,
        "total": total,
        "experiments": shown if windowed else shown[::-1],
    }


def _newest(state: State, campaign: str, offset: int, limit: int, *, reverse: bool) -> tuple[list[str], int]:
    """Return a window of all experiments; their ids lie in order already."""
    rows = state.numbered(campaign)
    if reverse:
        return list(rows[offset : offset + limit]), len(rows)
    end = max(0, len(rows) - offset)
    return list(rows[max(0, end - limit) : end])[::-1], len(rows)


async def _view(context: Context, campaign: str, wanted: dict[str, Any], sort: str) -> View:
    """Return the view of a question, gathered a piece at a time where it is asked for the first time."""
    state, question = context.state, repr((sort, wanted))
    async with context.turns.setdefault(f"view:{campaign}:{question}", asyncio.Lock()):
        if (known := state.windows.get(campaign, question)) is not None:
            return known
        view = View(_filter(state, wanted), _value(state, campaign, sort))
        state.windows.add(campaign, question, view)
        ids = list(state.numbered(campaign))
        for end in range(len(ids), 0, -PIECE):
            view.gather(state.experiments[ident] for ident in reversed(ids[max(0, end - PIECE) : end]))
            await asyncio.sleep(0)
        view.settle()
        return view


def _wanted(state: State, campaign: str, params: Params, actor: str) -> dict[str, Any]:
    """Return what the rows must be, checked; empty where it does not matter."""
    text = " ".join(params.get("text", str, "").casefold().split())
    return {
        "verdict": _one_of("verdict", params.get("verdict", str, ""), Verdict),
        "state": _one_of("state", params.get("state", str, ""), ExperimentState),
        "team": _team(state, campaign, params.get("team", str, "")),
        "direction": _direction(state, campaign, params.get("direction", str, "")),
        "agent": _agent(state, campaign, params.get("agent", str, ""), actor),
        "text": text,
        "not": bool(text) and params.get("not", bool, False),
    }


def _filter(state: State, wanted: dict[str, Any]) -> Callable[[Experiment], bool]:
    verdict, stage, team = wanted["verdict"], wanted["state"], wanted["team"]
    direction, agent, text, inverted = (wanted[key] for key in ("direction", "agent", "text", "not"))

    def fits(row: Experiment) -> bool:
        return (
            (not verdict or row.verdict == verdict)
            and (not stage or row.state == stage)
            and (not team or row.team == team)
            and (not direction or row.direction == direction)
            and (not agent or author(state, row) == agent)
            and (not text or (text in _words(state, row)) != inverted)
        )

    return fits


def _words(state: State, row: Experiment) -> str:
    """Return what of an experiment is searched: id, title, axis, who proposed it, verdict and its reason."""
    known = state.windows.words
    if (found := known.get(row.id)) is None:
        verdict = row.verdict or row.state.value
        parts = (row.id, told(state, row), row.axis, author(state, row), row.reason, verdict)
        found = known[row.id] = "\n".join((*parts, verdict.replace("_", " "))).casefold()
    return found


def _value(state: State, campaign: str, sort: str) -> Callable[[Experiment], float | str | None]:
    """Return what a view is sorted by, the first to be shown the least."""
    if sort == "title":
        return lambda row: told(state, row).casefold()
    if sort == "verdict":
        return lambda row: row.verdict or row.state.value
    if sort == "seconds":
        return lambda row: -row.seconds
    if sort == "effect":
        return lambda row: _finite(row.evidence.get("effect"), -1)
    if sort == "mean":
        sign = -1 if state.spec(campaign).metric.goal == "maximize" else 1
        return lambda row: _finite(row.mean, sign)
    return lambda row: -float(row.number)


def _finite(value: Any, sign: int) -> float | None:
    known = isinstance(value, int | float) and math.isfinite(value)
    return sign * float(value) if known else None


def _team(state: State, campaign: str, name: str) -> str:
    """Return a team's id by its id or name; raises `RefusedError` that names the teams there were."""
    rows = state.company.all_teams(campaign)
    if not name or any(row.id == name for row in rows):
        return name
    called = [row.id for row in rows if row.name == name]
    if not called:
        msg = f"{campaign} has no team {name!r}"
        known = ", ".join(f"{row.id} {row.name}" for row in rows[-8:])
        raise RefusedError(msg, f"teams: {known or 'none yet'}")
    return called[-1]


def _one_of(what: str, name: str, known: Iterable[str]) -> str:
    """Return one of a closed list of words, however it was spelt; raises `RefusedError` that names them."""
    names = list(map(str, known))
    found = name.strip().lower().replace(" ", "_").replace("-", "_")
    if name and found not in names:
        msg = f"there is no {what} called {name!r}"
        raise RefusedError(msg, f"use one of {', '.join(names)}")
    return found


def _direction(state: State, campaign: str, name: str) -> str:
    """Return a direction's id; raises `RefusedError` that names the newest ones."""
    rows = state.company.all_directions(campaign)
    if name and all(row.id != name for row in rows):
        msg = f"{campaign} has no direction {name!r}"
        known = ", ".join(f"{row.id} {row.title}" for row in rows[-8:])
        raise RefusedError(msg, f"directions: {known or 'none yet'}")
    return name


def _agent(state: State, campaign: str, name: str, actor: str) -> str:
    """Return who proposes, by an agent's id or name or a person's; raises `RefusedError` with who did."""
    row = state.company.agents.get(name)
    if not name or (row is not None and row.campaign == campaign):
        return row.name if row is not None else name
    known = dict.fromkeys(agent.name for agent in state.company.everybody(campaign))
    known |= dict.fromkeys(state.records.names(campaign))
    if name not in known and name != actor:
        msg = f"nobody in {campaign} is called {name!r}"
        raise RefusedError(msg, f"who proposes there: {', '.join(list(known)[-24:]) or 'nobody yet'}")
    return name
