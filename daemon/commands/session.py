"""The connection itself: the handshake, the status, the end."""

from __future__ import annotations

import os
import shutil
import socket
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

from arctl import __version__, protocol
from arctl.daemon import clock, facts
from arctl.daemon.commands.base import Caller, Context, Params, method
from arctl.daemon.commands.needs import needs, stuck, waits
from arctl.daemon.commands.teams import discussion
from arctl.daemon.life.titles import told
from arctl.daemon.rows import ACTIVE, WAITING, Campaign, DirectionState, ExperimentState
from arctl.daemon.state import State
from arctl.errors import UsageError

#: Bytes below which a disk counts as full.
MIN_FREE = 1 << 20


@method("hello")
async def hello(context: Context, caller: Caller, params: Params) -> Any:
    """Agree on the protocol; must be the first request of a connection."""
    theirs = params.need("protocol", list)
    protocol.check_version(theirs, them="client", version=params.get("client", str, "?"))
    caller.greeted = True
    caller.readonly = params.get("readonly", bool, False)
    return {
        "protocol": list(protocol.PROTOCOL),
        "version": __version__,
        "pid": os.getpid(),
        "epoch": context.epoch,
        "seq": context.engine.last_event,
        "host": socket.gethostname(),
        "home": str(context.home.root),
        "actor": caller.actor,
    }


@method("status")
async def status(context: Context, caller: Caller, params: Params) -> Any:
    """Say what runs, on what, and what needs a person."""
    del caller, params
    state = context.state
    return {
        "version": __version__,
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "home": str(context.home.root),
        "log": str(context.home.log),
        "uptime": clock.now() - context.started,
        "stopping": state.stopping,
        "trouble": _trouble(context),
        "devices": len(state.devices),
        "busy": len({device for run in state.active_runs() for device in run.bound}),
        "failed": [
            {"id": row.id, "name": row.name, "reason": found.reason}
            for row in state.devices.values()
            if (found := state.machine.quarantine(row.id)) is not None
        ],
        "taken": [
            {"id": row.id, "name": row.name, "reason": why}
            for row in state.devices.values()
            if (why := state.machine.taken(row.id))
        ],
        "held": [
            {"id": row.id, "name": name, "actor": row.actor, "reason": row.reason, "since": row.created}
            for row in state.holds.values()
            if row.held and (name := state.devices[row.id].name if row.id in state.devices else row.id)
        ],
        "campaigns": [_campaign(context, row) for row in state.campaigns.values()],
    }


def _trouble(context: Context) -> str:
    """Say what ails the daemon itself, the gravest first."""
    grave = context.engine.trouble or _no_room(context.home.root)
    return grave or _ailing(context.state) or clock.trouble()


def _no_room(folder: Path) -> str:
    """Say so where runs that end now could not leave their results; their shims wait for room."""
    free = shutil.disk_usage(folder).free
    if free >= MIN_FREE:
        return ""
    return (
        f"the disk is full: {free >> 10} KiB are left for {folder}; free some space, everything waits for it"
    )


def _ailing(state: State) -> str:
    """Say what of the daemon's own is not as it should be."""
    return "; ".join(why for why in state.ailments.values() if why)


def _campaign(context: Context, row: Campaign) -> dict[str, Any]:
    state = context.state
    champion = state.experiments[row.champion]
    spec = state.spec(row.id)
    runs = [run.state for run in state.live_runs() if run.campaign == row.id]
    return {
        "campaign": row.id,
        "state": row.state.value,
        "reason": row.reason,
        "drain": row.drain,
        "behind": row.behind,
        "root": row.root,
        "metric": spec.metric.name,
        "goal": spec.metric.goal,
        "trust": spec.trust,
        "sandbox": row.level,
        "experiments": state.count_proposed(row.id),
        "open": sum(1 for item in state.open_experiments(row.id) if item.state != ExperimentState.CLOSED),
        "verdicts": dict(state.progress(row.id).verdicts),
        "running": sum(state in ACTIVE for state in runs),
        "queued": sum(state in WAITING for state in runs),
        "champion": champion.id,
        "champion_title": told(state, champion),
        "champion_mean": champion.mean,
        "champion_runs": len(champion.record),
        "company": _company(context, row),
        "usd": state.spending.campaign(row.id).usd,
        "usd_cap": spec.budget.usd,
        "questions": len(state.company.questions(row.id)),
        "needs": needs(state, row),
        "waits": waits(state, row, clock.now()),
        "stuck": stuck(state, row),
        "created": row.created,
        "rev": row.rev,
    }


def _company(context: Context, row: Campaign) -> dict[str, Any]:
    """Return who works on a campaign, in which directions, and what they are at, as numbers and names."""
    state, company = context.state, context.state.company
    talk = discussion(state, row)
    teams = []
    for team in company.teams_of(row.id):
        direction = company.directions.get(team.direction)
        held = team.held or (direction is not None and direction.held)
        title = direction.title if direction is not None else ""
        teams.append(
            {"id": team.id, "name": team.name, "direction": team.direction, "title": title, "held": held}
        )
    return {
        "agents": len(company.agents_of(row.id)),
        "asked": sum(1 for _ in company.asked(row.id)),
        "teams": teams,
        "standing": len(company.directions_of(row.id, DirectionState.STANDING)),
        "proposals": dict(Counter(item.state.value for item in state.open_proposals(row.id))),
        "discussion": {
            "id": talk["id"],
            "reason": talk["reason"],
            "round": talk["round"],
            "rounds": talk["rounds"],
            "waiting": [item["agent"] for item in talk["waiting"]],
        }
        if talk is not None
        else None,
    }


@method("stop", changes=True)
async def stop(context: Context, caller: Caller, params: Params) -> Any:
    """End the daemon: `drain` (running runs end first) or `now` (they are stopped and queued again)."""
    mode = params.get("mode", str, "drain")
    if mode not in ("drain", "now"):
        msg = f"there is no way to stop called {mode!r}"
        raise UsageError(msg, "use drain or now")
    ticket = uuid.uuid4().hex
    return await context.engine.ask(ticket, facts.StopDaemon(ticket, mode, caller.actor))
