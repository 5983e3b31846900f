"""A member joins, comes again, keeps notes, and leaves; its claim returns to the queue when it does."""

from __future__ import annotations

import re

from arctl.daemon.actions import Step
from arctl.daemon.life.releasing import withdrawn
from arctl.daemon.reduce.control.base import Request
from arctl.daemon.reduce.control.targets import find, listed
from arctl.daemon.reduce.members.base import LEASE, Visit, Visited, the_campaign, the_visit
from arctl.daemon.reduce.turns import MAX_NOTES
from arctl.daemon.rows import (
    OUTSIDE,
    Agent,
    AgentState,
    Campaign,
    Event,
    Role,
    TeamState,
    Turn,
    bump,
)
from arctl.errors import RefusedError, UsageError
from arctl.text import clean, clean_block

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{1,31}")
#: Names that stand for somebody or something else wherever names are written.
TAKEN = frozenset({"arctl", "daemon", "human", "person", "solo", "outside", "you", "me", "all"})
IDENT = re.compile(r"[a-z]\d+")
ROLES = {role.value: role for role in (Role.ANALYST, Role.EXPERIMENTER)}
#: Members from outside that a campaign has at a time.
MOST = 12


def join(request: Request) -> Visited:
    """Take a member in, or back; the same name is the same member, with its notes and its record."""
    campaign = the_campaign(request)
    name, role = _name(request, campaign), _role(request)
    known = request.state.company.named(campaign.id, name)
    team = _team(request, campaign, known)
    if known is None:
        return _new(request, campaign, name, role, team)
    if not known.outside:
        msg = f"{name} is an agent of {campaign.id} already"
        raise RefusedError(msg, "join under another name")
    _not_sent_away(request, known)
    claim = request.state.company.turn_of(known)
    if role is not known.role and known.state is AgentState.ACTIVE:
        msg = f"{name} is here as {known.role}"
        raise RefusedError(msg, "leave first, then join in the other role; or join under another name")
    row = bump(known, state=AgentState.ACTIVE, role=role, team=team, seen=request.now, model=_model(request))
    step = Step(rows=[row])
    if known.state is AgentState.RETIRED or known.team != team:
        text = f"{name} is back as {role}{_of(request, team)}, from outside"
        step.events.append(_event("agent.joined", request, row, text))
    visit = Visit(request, campaign, known)
    return visit.done(step, **_told(row, claim), resumed=True)


def _new(request: Request, campaign: Campaign, name: str, role: Role, team: str) -> Visited:
    there = [row for row in request.state.company.agents_of(campaign.id) if row.outside]
    if len(there) >= MOST:
        msg = f"{campaign.id} has {len(there)} members from outside: {listed(row.name for row in there)}"
        raise RefusedError(msg, "come again under one of your names, or let one leave")
    row = Agent(
        id=request.ids.new("a")[0],
        campaign=campaign.id,
        name=name,
        role=role,
        brain=OUTSIDE,
        model=_model(request),
        team=team,
        created=request.now,
        seen=request.now,
    )
    text = f"{name} joins as {role}{_of(request, team)}, from outside"
    step = Step(rows=[row], events=[_event("agent.joined", request, row, text)])
    return Visited(step, name, {**_told(row, None), "resumed": False})


def _event(kind: str, request: Request, row: Agent, text: str) -> Event:
    data = {
        "role": row.role.value,
        "brain": OUTSIDE,
        "model": row.model,
        "team": row.team,
        "by": request.actor,
    }
    return Event(kind, row.campaign, row.id, text, row.name, data)


def _told(row: Agent, claim: Turn | None) -> dict[str, object]:
    return {
        "agent": row.id,
        "campaign": row.campaign,
        "role": row.role.value,
        "team": row.team,
        "notes": row.notes,
        "claim": claim.subject if claim else "",
        "lease": LEASE,
    }


def _of(request: Request, team: str) -> str:
    row = request.state.company.teams.get(team)
    return f" of team {row.name}" if row is not None else ""


def _model(request: Request) -> str:
    return clean(str(request.fact.data.get("model") or ""), 80)


def _name(request: Request, campaign: Campaign) -> str:
    name = request.word("name")
    if not NAME.fullmatch(name):
        msg = f"{clean(name, 40)!r} is no name for a member"
        raise UsageError(msg, "two to 32 letters, digits, - and _, a letter first")
    person = name.casefold() == request.actor.casefold()
    if person or name.casefold() in TAKEN or IDENT.fullmatch(name):
        msg = f"{name} stands for somebody or something else"
        raise RefusedError(msg, "choose another name")
    found = find(request.state, name, campaign.id)
    if found is not None and not isinstance(found, Agent):
        msg = f"{name} is the name of a {type(found).__name__.lower()}"
        raise RefusedError(msg, "choose another name")
    return name


def _role(request: Request) -> Role:
    word = request.word("role") or Role.ANALYST.value
    if word not in ROLES:
        msg = f"there is no role called {clean(word, 40)!r}"
        raise UsageError(msg, f"use {' or '.join(ROLES)}")
    return ROLES[word]


def _team(request: Request, campaign: Campaign, known: Agent | None) -> str:
    """Return the team that it asks for, by id or name; without one that of before, as long as that exists."""
    teams = request.state.company.teams_of(campaign.id)
    wanted = request.word("team")
    if not wanted:
        before = request.state.company.teams.get(known.team) if known is not None else None
        return before.id if before is not None and before.state is TeamState.ACTIVE else ""
    found = next((row for row in teams if wanted in (row.id, row.name)), None)
    if found is None:
        names = ", ".join(f"{row.name} ({row.id})" for row in teams) or "none yet"
        msg = f"{campaign.id} has no team {clean(wanted, 40)!r}"
        raise RefusedError(msg, f"teams: {names}; or join without one")
    return found.id


def _not_sent_away(request: Request, row: Agent) -> None:
    """Refuse one that a person sent away, or paused."""
    for deed in reversed(request.state.company.deeds.values()):
        if deed.verb == "kill" and deed.target == row.id and not deed.undone:
            why = f": {deed.reason}" if deed.reason else ""
            msg = f"{deed.actor} sent {row.name} away{why}"
            raise RefusedError(msg, "only a person can change that")
    if row.state is AgentState.PAUSED:
        msg = f"a person paused {row.name}"
        raise RefusedError(msg, f"`arctl resume {row.name}` lets it go on")


def leave(request: Request) -> Visited:
    """Let a member go; what it had claimed is ready for somebody else."""
    visit = the_visit(request, over=True)
    agent = visit.agent
    row = bump(agent, state=AgentState.RETIRED, team="", seen=request.now)
    text = f"{agent.name} leaves{request.because}"
    step = Step(rows=[row], events=[_event("agent.retired", request, row, text)])
    if (turn := visit.turn) is not None:
        step.extend(let_go(visit, turn, f"{agent.name} left"))
    return visit.done(step)


def let_go(visit: Visit, turn: Turn, why: str) -> Step:
    """End a member's claim; its subject returns to the queue, and no try is counted."""
    return withdrawn(visit.request.state, turn, why, visit.request.now, turn.agent)


def beat(request: Request) -> Visited:
    """Note that a member is there; the claim that it holds goes on."""
    visit = the_visit(request, over=True)
    turn = visit.turn
    done = visit.done(Step())
    ends = next((row.expires for row in done.step.rows if isinstance(row, Turn)), None)
    done.answer.update(claim=turn.subject if turn else "", expires=ends)
    return done


def note(request: Request) -> Visited:
    """Keep a member's own notes, written anew."""
    visit = the_visit(request, over=True)
    words = clean_block(str(request.fact.data.get("text") or "")).strip()
    notes = words[:MAX_NOTES]
    cut = len(words) > MAX_NOTES
    return visit.done(Step(rows=[bump(visit.agent, notes=notes)]), kept=len(notes), cut=cut)
