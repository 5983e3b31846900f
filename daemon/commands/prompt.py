"""What agents are told: a move's prompt with the campaign as it stands, by the renderer that agents get."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arctl.daemon import clock
from arctl.daemon.brains import prompts
from arctl.daemon.brains.anthropic.papers import gather
from arctl.daemon.brains.anthropic.render import render
from arctl.daemon.commands.base import Caller, Context, Params, method, the_campaign
from arctl.daemon.commands.logs import logs
from arctl.daemon.rows import (
    Agent,
    Campaign,
    Direction,
    Discussion,
    Experiment,
    ExperimentState,
    Move,
    Outcome,
    Proposal,
    ProposalState,
    Role,
    Turn,
)
from arctl.daemon.state import State, question
from arctl.errors import RefusedError

#: Proposals and directions that are asked for in the example that is shown.
WANT = {Move.PROPOSE: 2, Move.DISCUSS: 3}
#: Who is asked for code; everything else is asked of analysts.
WRITING = (Move.IMPLEMENT, Move.REPAIR)


@method("prompts")
async def listed(context: Context, caller: Caller, params: Params) -> Any:
    """Return the prompts of a campaign: name, version, and the file that replaces arctl's own."""
    del caller
    campaign = the_campaign(context.state, params.get("campaign", str, ""))
    found = [prompts.prompt(name, campaign) for name in prompts.NAMES]
    rows = [{"name": row.name, "version": row.version, "file": row.file, "text": row.text} for row in found]
    return {"campaign": campaign.id, "prompts": rows}


@method("prompt")
async def prompt(context: Context, caller: Caller, params: Params) -> Any:
    """Return what an agent would be told if it were asked for this move now: system, tools, messages."""
    state = context.state
    campaign = the_campaign(state, params.get("campaign", str, ""))
    move = _move(params.need("move", str))
    agent = _agent(state, campaign, move, params.get("agent", str, ""))
    about = _about(state, campaign, params.get("about", str, "")) or _subject(state, campaign, move)
    now = clock.now()
    turn = Turn(
        "q0", campaign.id, agent.name, move, now, now, subject=about, team=agent.team, round=1,
        want=WANT.get(move, 0), base=campaign.champion,
    )  # fmt: skip
    asked = question.build(state, turn)

    async def log_tail(run: str, size: int) -> str:
        found = await logs(context, caller, Params({"id": run, "offset": -size}))
        return str(found["text"])

    papers = await gather(asked, context.archive, log_tail)
    rendered = render(asked, papers, prompts.load(move, campaign))
    return {
        "campaign": campaign.id,
        "agent": agent.name,
        "brain": asked.settings.kind,
        "move": move.value,
        "about": about,
        "version": rendered.version,
        "system": rendered.system,
        "tools": rendered.tools,
        "messages": rendered.messages,
    }


def _move(name: str) -> Move:
    if name not in {move.value for move in Move}:
        msg = f"no agent is asked to {name!r}"
        raise RefusedError(msg, f"moves: {', '.join(move.value for move in Move)}")
    return Move(name)


def _agent(state: State, campaign: Campaign, move: Move, name: str) -> Agent:
    """Return the agent of this name, or the first one that is asked for such moves."""
    there = state.company.agents_of(campaign.id)
    if name:
        found = next((row for row in there if name in (row.name, row.id)), None)
        if found is None:
            msg = f"{campaign.id} has no agent {name!r}"
            raise RefusedError(msg, f"agents: {', '.join(row.name for row in there) or 'none yet'}")
        return found
    if not there:
        msg = f"{campaign.id} has no agents yet"
        raise RefusedError(msg, "without --campaign you see arctl's own prompts and tools")
    role = Role.EXPERIMENTER if move in WRITING else Role.ANALYST
    return next((row for row in there if row.role in (role, Role.SOLO)), there[0])


def _about(state: State, campaign: Campaign, ident: str) -> str:
    """Return what is named; raises `RefusedError` where the campaign has no such thing to ask about."""
    company = state.company
    tables: tuple[Mapping[str, Experiment | Proposal | Discussion | Direction], ...] = (
        state.experiments, state.proposals, company.discussions, company.directions,
    )  # fmt: skip
    found = next((table[ident] for table in tables if ident in table), None)
    if ident and (found is None or found.campaign != campaign.id):
        msg = f"{campaign.id} has nothing called {ident!r} that an agent could be asked about"
        newest = [row.id for row in state.open_proposals(campaign.id)[-4:]]
        known = ", ".join([*newest, state.newest(campaign.id).id])
        raise RefusedError(msg, f"name a proposal or an experiment, as {known}; or leave --about out")
    return ident


def _subject(state: State, campaign: Campaign, move: Move) -> str:
    """Return what such a turn could be about now: the newest that fits; nothing where none does."""
    if move in (Move.CRITIQUE, Move.IMPLEMENT):
        rows = state.open_proposals(campaign.id)
        waits = [row for row in rows if row.state in (ProposalState.PENDING, ProposalState.CLAIMED)]
        return (waits or rows)[-1].id if rows else ""
    if move is Move.REPAIR:
        runs = [run for row in state.experiments_of(campaign.id) for run in state.runs_of(row.id)]
        return next((run.experiment for run in reversed(runs) if run.outcome == Outcome.CRASHED), "")
    if move is Move.REFLECT:
        built = [row for row in state.experiments_of(campaign.id) if row.base]
        closed = [row.id for row in built if row.state is ExperimentState.CLOSED]
        return closed[-1] if closed else ""
    return ""
