"""What an agent thinks with, by the settings as they are now."""

from __future__ import annotations

from arctl.daemon.rows import Agent, Move
from arctl.daemon.state.core import State
from arctl.experiments.company import Brain


def settings_of(state: State, agent: Agent, move: Move) -> Brain:
    """Return the brain that an agent thinks with, in its team and for this move."""
    spec = state.spec(agent.campaign)
    teams = [team.id for team in state.company.all_teams(agent.campaign)]
    number = teams.index(agent.team) if agent.team in teams else 0
    role = "critic" if move is Move.CRITIQUE and "critic" in spec.roles else agent.role.value
    return spec.brain_for(role, number)
