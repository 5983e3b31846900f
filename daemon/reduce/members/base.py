"""What every visit begins with: who comes, whether it may act now, and that it was seen."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from arctl.daemon.actions import Step
from arctl.daemon.reduce.control.base import Request
from arctl.daemon.reduce.control.targets import listed
from arctl.daemon.rows import (
    Agent,
    AgentState,
    Campaign,
    CampaignState,
    Move,
    Role,
    Turn,
    bump,
)
from arctl.errors import RefusedError, UsageError

#: How the requests of members begin on the wire.
PREFIX = "member."
#: Seconds that a claim lasts unless its member is heard of, and that it lasts at most.
LEASE = 900.0
LONGEST = 4 * 3600.0
#: Words of one member (proposals, posts) that are taken within so many seconds.
MANY, WINDOW = 40, 600.0


@dataclass(frozen=True, slots=True)
class Visited:
    """What a visit changed, and what the member is told."""

    step: Step
    member: str
    answer: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Visit:
    """A member that is there and may act."""

    request: Request
    campaign: Campaign
    agent: Agent

    @property
    def turn(self) -> Turn | None:
        """The claim that it holds, if any."""
        return self.request.state.company.turn_of(self.agent)

    def done(self, step: Step, **answer: Any) -> Visited:
        """Return the visit's outcome; the member was seen, and its claim goes on."""
        return Visited(seen(self, step), self.agent.name, answer)


def the_campaign(request: Request, *, over: bool = False) -> Campaign:
    """Return the campaign of a visit; raises `RefusedError` where it is finished, unless that is allowed."""
    campaign = request.state.campaigns.get(request.fact.target)
    if campaign is None:
        msg = f"there is no campaign {request.fact.target!r}"
        raise RefusedError(msg, f"campaigns: {listed(request.state.campaigns)}")
    if campaign.state is CampaignState.FINISHED and not over:
        msg = f"campaign {campaign.id} is finished: {campaign.reason}"
        raise RefusedError(msg, f"a person can let it go on: `arctl resume {campaign.id}`")
    return campaign


def the_visit(request: Request, *roles: Role, over: bool = False) -> Visit:
    """Return the member that comes; raises `RefusedError` where it may not do what it came for."""
    campaign = the_campaign(request, over=over)
    name = request.word("name")
    if not name:
        raise UsageError("a member says who it is", "give its name, as it joined")
    agent = request.state.company.named(campaign.id, name)
    if agent is None or not agent.outside:
        msg = f"{name} is no member of {campaign.id} from outside"
        raise RefusedError(msg, "join first")
    if agent.state is AgentState.RETIRED:
        msg = f"{name} has left {campaign.id}"
        raise RefusedError(msg, "join again under the same name")
    if agent.state is AgentState.PAUSED:
        msg = f"a person paused {name}"
        raise RefusedError(msg, f"`arctl resume {name}` lets it go on")
    if roles and agent.role not in roles:
        msg = f"{name} is an {agent.role}; this is for an {roles[0]}"
        raise RefusedError(msg, f"leave, then join as {roles[0]}")
    return Visit(request, campaign, agent)


def at_work(visit: Visit) -> None:
    """Insist that the member's team is at work and the member does not say too much at once."""
    state = visit.request.state
    team = state.company.teams.get(visit.agent.team)
    direction = state.company.direction_of(visit.agent.team)
    held = team if team is not None and team.held else direction
    if held is not None and held.held:
        msg = f"{held.id} is paused by a person"
        raise RefusedError(msg, "nothing of it begins until a person resumes it; the forum is open")
    paced(visit)


def paced(visit: Visit) -> None:
    """Refuse a flood: what one member says takes everybody's time."""
    state, since = visit.request.state, visit.request.now - WINDOW
    recent = takewhile(lambda row: row.created > since, reversed(state.proposals.values()))
    spoken = takewhile(lambda row: row.created > since, reversed(state.company.posts_of(visit.campaign.id)))
    name, campaign = visit.agent.name, visit.campaign.id
    count = sum(row.made_by(name) and row.campaign == campaign for row in recent)
    count += sum(row.author == name for row in spoken)
    if count >= MANY:
        msg = f"{name} said {count} things in {WINDOW / 60:g} minutes"
        raise RefusedError(msg, "wait a while; one good idea is worth more than forty")


def seen(visit: Visit, step: Step) -> Step:
    """Note that a member was heard of; the claim that it holds goes on."""
    now, agent = visit.request.now, visit.agent
    for index, row in enumerate(step.rows):
        if isinstance(row, Agent) and row.id == agent.id:
            step.rows[index] = dataclasses.replace(row, seen=now)
            break
    else:
        step.rows.append(bump(agent, seen=now))
    turn = visit.turn
    if turn is not None and turn.move is Move.IMPLEMENT and turn.id not in {row.id for row in step.rows}:
        step.rows.append(bump(turn, expires=min(now + LEASE, turn.created + LONGEST), beat=now))
    return step
