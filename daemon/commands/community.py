"""What clients see of a member of the community: agents, teams, directions and proposals as plain data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from arctl.daemon.commands.base import plain
from arctl.daemon.decide.teams.record import record, untried
from arctl.daemon.life.queueing import ready, unstarted
from arctl.daemon.life.ranking import score
from arctl.daemon.rows import (
    Agent,
    Campaign,
    DeadEnd,
    Direction,
    Experiment,
    Proposal,
    ProposalState,
    Team,
)
from arctl.daemon.state import State

Json = dict[str, Any]

#: Proposals of one queue, and experiments of one direction, that an answer carries at most.
MAX_QUEUE = 50
MAX_ROWS = 200
#: How much of a reason a line repeats.
MAX_SAID = 400


def at_work(state: State, agent: Agent) -> Json | None:
    """Return what an agent is asked right now, since when, and when it was last heard of."""
    turn = state.company.turn_of(agent)
    if turn is None:
        return None
    return {
        "turn": turn.id,
        "move": turn.move.value,
        "subject": turn.subject,
        "since": turn.created,
        "beat": turn.beat,
        "expires": turn.expires,
    }


def member(state: State, agent: Agent) -> Json:
    """Return an agent as a line of its team."""
    return {
        "id": agent.id,
        "name": agent.name,
        "role": agent.role.value,
        "state": agent.state.value,
        "asked": at_work(state, agent),
        "trouble": agent.trouble,
        "exhausted": bool(agent.exhausted) and agent.exhausted == state.context(agent),
    }


def places(state: State, campaign: str) -> dict[str, int]:
    """Return the place of each ready proposal in the campaign's queue, from 1 on."""
    return {row.id: number for number, row in enumerate(ready(state, campaign), 1)}


def turns(state: State, campaign: str) -> dict[str, int]:
    """Return the place of each experiment that waits for its first run, from 1 on."""
    return {row.id: number for number, row in enumerate(unstarted(state, campaign), 1)}


def queued(state: State, row: Proposal, rank: dict[str, int]) -> Json:
    """Return a proposal as a line of a queue; `rank` is its place among those that are ready."""
    return {
        "id": row.id,
        "title": row.title,
        "state": row.state.value,
        "rank": rank.get(row.id),
        "score": score(state, row),
        "agent": row.agent,
        "writer": row.writer,
        "axis": row.axis,
        "direction": row.direction,
        "team": row.team,
        "urgent": row.urgent,
        "directive": row.directive,
        "approved": row.approved,
        "moved": row.place != 0,
        "stashed": row.stashed if row.state is ProposalState.PARKED else {},
        "rev": row.rev,
        "uncritiqued": row.uncritiqued,
        "reason": row.reason[:MAX_SAID],
        "created": row.created,
    }


def team_entry(state: State, campaign: Campaign, team: Team, rank: dict[str, int]) -> Json:
    """Return a team with its direction, its members, its record and its queue."""
    direction = state.company.directions.get(team.direction)
    queue = [row for row in state.open_proposals(campaign.id) if row.team == team.id]
    turn = turns(state, campaign.id)
    going = [row for row in state.open_experiments(campaign.id) if row.team == team.id]
    going.sort(key=lambda row: (turn.get(row.id, 0), row.number))
    known = record(state, team, direction) if direction is not None else None
    return {
        **plain(team),
        "direction": direction_brief(state, direction) if direction is not None else None,
        "members": [member(state, agent) for agent in state.company.members(team)],
        "record": plain(known) if known is not None else None,
        "untried": untried(state, direction) if direction is not None else [],
        "queue": lines(state, queue, rank),
        "queued": len(queue),
        "going": [{**experiment_line(state, row), "rank": turn.get(row.id)} for row in going[:MAX_QUEUE]],
    }


def lines(state: State, rows: Iterable[Proposal], rank: dict[str, int]) -> list[Json]:
    """Return proposals as lines of a queue: the ready ones in their order, then the others by age."""
    known = sorted(rows, key=lambda row: (rank.get(row.id, len(rank) + 1), int(row.id[1:])))
    return [queued(state, row, rank) for row in known[:MAX_QUEUE]]


def direction_brief(state: State, row: Direction) -> Json:
    """Return a direction as it is listed: who holds it, and why where that is over."""
    team = state.company.teams.get(row.team)
    return {**plain(row), "team_name": team.name if team is not None else ""}


def experiment_line(state: State, row: Experiment) -> Json:
    """Return an experiment as a line about whose it was and what came of it."""
    proposal = state.proposals.get(row.proposal)
    return {
        "id": row.id,
        "title": row.title,
        "axis": row.axis,
        "state": row.state.value,
        "verdict": row.verdict,
        "held": row.held,
        "effect": row.evidence.get("effect"),
        "agent": proposal.agent if proposal is not None else "",
        "running": [run.id for run in state.runs_of(row.id) if run.state in ("launching", "running")],
    }


def proposal_row(row: Proposal) -> Json:
    """Return a proposal whole; of its change only what it is, for that may be long."""
    return {**plain(row), "change": outline(row.change)}


def outline(change: Json) -> Json:
    """Return what a change is without its text: values as they are, of code the files and lines."""
    kind = change.get("kind")
    if kind == "patch":
        return {"kind": "patch", "lines": str(change.get("patch", "")).count("\n")}
    if kind == "edits":
        edits = change.get("edits")
        edits = [edit for edit in edits if isinstance(edit, dict)] if isinstance(edits, list) else []
        files = list(dict.fromkeys(str(edit.get("path", ""))[:200] for edit in edits))
        return {"kind": "edits", "edits": len(edits), "files": files[:20]}
    return change


def dead_end_of(state: State, direction: Direction) -> DeadEnd | None:
    """Return the newest dead end as which a direction was closed."""
    ends = state.all_dead_ends(direction.campaign)
    return next((end for end in reversed(ends) if end.direction == direction.id), None)
