"""How a turn begins: who is free to be asked, and the row, event and action that ask."""

from __future__ import annotations

from arctl.daemon.actions import AskAgent, Step
from arctl.daemon.rows import Agent, AgentState, Event, Move, Role, Turn
from arctl.daemon.state import State, settings_of
from arctl.daemon.state.question import build

#: Added to the time that a brain may take: the lease ends after the brain's own deadline.
GRACE = 60.0


def free(state: State, agent: Agent, now: float) -> bool:
    """Tell whether an agent can be asked now."""
    return (
        available(agent)
        and state.rest.get(agent.id, 0.0) <= now
        and not _held(state, agent)
        and state.company.turn_of(agent) is None
    )


def available(agent: Agent) -> bool:
    """Tell whether an agent can be asked at all: it is there, and waits for nobody to mend anything."""
    return agent.state is AgentState.ACTIVE and not agent.outside and not agent.trouble


def _held(state: State, agent: Agent) -> bool:
    team = state.company.teams.get(agent.team)
    if team is None:
        return False
    direction = state.company.directions.get(team.direction)
    return team.held or (direction is not None and direction.held)


def analysts(state: State, campaign: str) -> list[Agent]:
    """Return those who can be asked to propose: the analysts of the house, or the solo agent."""
    people = state.company.agents_of(campaign)
    return [row for row in people if row.role in (Role.ANALYST, Role.SOLO) and not row.outside]


def writers(state: State, campaign: str) -> list[Agent]:
    """Return those who can be asked for code: the experimenters, or without any those who propose."""
    people = state.company.agents_of(campaign)
    found = [row for row in people if row.role is Role.EXPERIMENTER and not row.outside]
    return found or analysts(state, campaign)


def ask(
    state: State,
    agent: Agent,
    move: Move,
    now: float,
    *,
    base: str = "",
    subject: str = "",
    want: int = 0,
    round_: int = 0,
    note: str = "",
) -> Step:
    """Begin a turn of an agent."""
    campaign = state.campaigns[agent.campaign]
    lease = settings_of(state, agent, move).timeout + GRACE
    turn = Turn(
        id=state.ids().new("q")[0],
        campaign=campaign.id,
        agent=agent.name,
        move=move,
        created=now,
        expires=now + lease,
        subject=subject,
        team=agent.team,
        round=round_,
        want=want,
        base=base or campaign.champion,
        note=note,
    )
    what = f" on {subject}" if subject else ""
    text = f"{agent.name} is asked to {move}{what}"
    data = {"turn": turn.id, "move": move.value, "subject": subject}
    event = Event("turn.asked", campaign.id, agent.id, text, data=data)
    return Step(rows=[turn], events=[event], actions=[AskAgent(build(state, turn))])
