"""Agents: who they are, what they are asked, what came of their proposals, and what they keep in mind."""

from __future__ import annotations

import sqlite3
from typing import Any

from arctl.daemon import clock
from arctl.daemon.commands import community
from arctl.daemon.commands.base import Caller, Context, Params, method, plain, the_campaign
from arctl.daemon.commands.community import Json
from arctl.daemon.rows import Agent, AgentState, Move, Role
from arctl.daemon.state import State, settings_of
from arctl.errors import RefusedError

#: What one agent's page carries at most of each.
MAX_TURNS = 20
MAX_POSTS = 10
MAX_PROPOSALS = 30
#: How much of a post the page repeats.
MAX_WORDS = 1500

_TURNS = (
    "SELECT id, move, subject, created, ended, state, fault, note, prompt FROM turns"
    " WHERE campaign = ? AND agent = ? ORDER BY rowid DESC LIMIT ?"
)


@method("agents")
async def agents(context: Context, caller: Caller, params: Params) -> Any:
    """Return a campaign's agents, or of `id` (a name or an id) all that is known of one.

    `all` adds those who have left.
    """
    del caller
    state, ident = context.state, params.get("id", str, "")
    name = params.get("campaign", str, "")
    if ident and ident not in state.campaigns:
        return await _one(context, the_agent(state, ident, name))
    campaign = the_campaign(state, ident or name)
    rows = state.company.everybody(campaign.id)
    if not params.get("all", bool, False):
        rows = [row for row in rows if row.state is not AgentState.RETIRED]
    return {
        "kind": "agents",
        "campaign": campaign.id,
        "trouble": campaign.trouble,
        "agents": [entry(state, row) for row in rows],
        "now": clock.now(),
    }


def the_agent(state: State, ident: str, campaign: str = "") -> Agent:
    """Return an agent by its id or name; raises `RefusedError` that says who is there."""
    if (row := state.company.agents.get(ident)) is not None:
        return row
    names = [the_campaign(state, campaign).id] if campaign else list(state.campaigns)
    found = [row for name in names if (row := state.company.named(name, ident)) is not None]
    if len(found) == 1:
        return found[0]
    if found:
        homes = ", ".join(row.campaign for row in found)
        msg = f"agents of several campaigns are called {ident}: {homes}"
        raise RefusedError(msg, f"use the id ({', '.join(row.id for row in found)}), or say --campaign")
    there = list(dict.fromkeys(row.name for name in names for row in state.company.agents_of(name)))
    msg = f"there is no agent or campaign {ident!r}"
    raise RefusedError(msg, f"agents: {', '.join(there[:24]) or 'none yet'}")


def entry(state: State, row: Agent) -> Json:
    """Return an agent as a line of the list: role, team, brain, what it does, its record and its cost."""
    team = state.company.teams.get(row.team)
    spent = state.spending.agent(row.campaign, row.name)
    brain, model = thinks_with(state, row)
    return {
        "id": row.id,
        "name": row.name,
        "role": row.role.value,
        "team": row.team,
        "team_name": team.name if team is not None else "",
        "brain": brain,
        "model": model,
        "state": row.state.value,
        "trouble": row.trouble,
        "declined": row.declined,
        "asked": community.at_work(state, row),
        "rests_until": max(state.rest.get(row.id, 0.0), state.dry.get(row.id, 0.0)),
        "exhausted": bool(row.exhausted) and row.exhausted == state.context(row),
        "seen": row.seen,
        "turns": row.turns,
        "failures": row.failures,
        "record": dict(state.records.of(row.campaign, row.name)),
        "usd": spent.usd,
        "tokens": spent.tokens,
        "rev": row.rev,
    }


def thinks_with(state: State, row: Agent) -> tuple[str, str]:
    """Return the brain and model that an agent thinks with in its team, as the settings are now."""
    if row.outside or row.state is AgentState.RETIRED:
        return row.brain, row.model
    settings = settings_of(state, row, Move.IMPLEMENT if row.role is Role.EXPERIMENTER else Move.PROPOSE)
    return settings.kind, settings.model or ""


async def _one(context: Context, row: Agent) -> Json:
    state = context.state
    campaign = state.campaigns[row.campaign]
    made = state.records.made(campaign.id, row.name)
    said = [state.company.posts[ident] for ident in state.company.said_by(campaign.id, row.name)]
    turns = await context.reader.ask(lambda connection: _turns(connection, row.campaign, row.name))
    team = state.company.teams.get(row.team)
    direction = state.company.directions.get(team.direction) if team is not None else None
    return {
        "kind": "agent",
        "campaign": campaign.id,
        "agent": entry(state, row),
        "created": row.created,
        "notes": row.notes,
        "direction": community.direction_brief(state, direction) if direction is not None else None,
        "directives": [plain(item) for item in state.company.directives_for(row)],
        "proposals": [_fate(state, row, ident) for ident in made[-MAX_PROPOSALS:]],
        "proposals_total": len(made),
        "turns": turns,
        "posts": [{**plain(post), "text": post.text[:MAX_WORDS]} for post in said[-MAX_POSTS:]],
        "posts_total": len(said),
        "now": clock.now(),
    }


def _turns(connection: sqlite3.Connection, campaign: str, name: str) -> list[Json]:
    """Return an agent's newest turns, oldest first; those that are over stand in the ledger alone."""
    found = [dict(row) for row in connection.execute(_TURNS, (campaign, name, MAX_TURNS))]
    return found[::-1]


def _fate(state: State, agent: Agent, ident: str) -> Json:
    """Return a proposal and how it ended."""
    row = state.proposals[ident]
    experiment = state.experiments.get(row.experiment)
    return {
        "id": row.id,
        "title": row.title,
        "state": row.state.value,
        "reason": row.reason,
        "wrote": row.writer == agent.name,
        "experiment": row.experiment,
        "verdict": experiment.verdict if experiment is not None else "",
        "effect": experiment.evidence.get("effect") if experiment is not None else None,
    }
