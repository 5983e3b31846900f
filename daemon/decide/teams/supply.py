"""Analysts keep their team's queue filled: enough ideas ahead that neither critics nor slots wait."""

from __future__ import annotations

from arctl.daemon.actions import Step
from arctl.daemon.decide.supply import limit_met, room, target
from arctl.daemon.decide.teams.asking import analysts, ask, free
from arctl.daemon.life.talking import talks
from arctl.daemon.rows import (
    Agent,
    Campaign,
    CampaignState,
    DirectiveState,
    Move,
    Proposal,
    ProposalState,
    Role,
)
from arctl.daemon.state import State

#: Proposals that an analyst is asked for in one turn.
PER_TURN = 2


def supply(state: State, now: float) -> Step:
    """Ask one analyst for what is missing: an answer to a directive or an objection, or more ideas."""
    if state.stopping or not state.devices:
        return Step()
    for campaign in state.campaigns.values():
        if campaign.state is not CampaignState.RUNNING or campaign.drain:
            continue
        champion = state.experiments[campaign.champion]
        if (not champion.bank and not champion.values) or limit_met(state, campaign, now):
            continue
        for agent in analysts(state, campaign.id):
            rested = state.dry.get(agent.id, 0.0) <= now
            if rested and free(state, agent, now) and (step := _ask(state, campaign, agent, now)):
                return step
    return Step()


def _ask(state: State, campaign: Campaign, agent: Agent, now: float) -> Step:
    team = state.company.teams.get(agent.team)
    direction = state.company.directions.get(team.direction) if team is not None else None
    base = direction.base if direction is not None and direction.base else campaign.champion
    for row in state.open_proposals(campaign.id):
        if row.state is ProposalState.OBJECTED and row.made_by(agent.name):
            return ask(state, agent, Move.PROPOSE, now, base=base, subject=row.id, want=1, note=row.reason)
    if talks(state, campaign.id) and direction is None:
        return Step()
    unheard = _unheard(state, agent)
    want = missing(state, campaign, agent)
    if exhausted(state, agent) or want <= 0:
        return ask(state, agent, Move.PROPOSE, now, base=base, want=0) if unheard else Step()
    return ask(state, agent, Move.PROPOSE, now, base=base, want=want)


def _unheard(state: State, agent: Agent) -> bool:
    """Tell whether a person's words wait for this agent; one of a team speaks for all of it."""
    waiting = [row for row in state.company.directives_for(agent) if row.state is DirectiveState.ISSUED]
    if not waiting:
        return False
    team = state.company.teams.get(agent.team)
    peers = state.company.members(team) if team is not None else []
    return not any(
        turn.move is Move.PROPOSE and turn.created >= waiting[-1].created
        for peer in peers
        if peer.role is Role.ANALYST and (turn := state.company.turn_of(peer)) is not None
    )


def missing(state: State, campaign: Campaign, agent: Agent) -> int:
    """Return how many ideas an agent is to be asked for."""
    waiting = [row for row in state.open_proposals(campaign.id) if _counts(row)]
    under_way = [turn for turn in state.company.asked(campaign.id) if turn.move is Move.PROPOSE]
    if agent.role is Role.SOLO:
        return room(state, campaign.id) - len(waiting)
    spec = state.spec(campaign.id)
    if (limit := spec.limits.experiments) is not None:
        asked = sum(turn.want for turn in under_way)
        if state.count_proposed(campaign.id) + len(waiting) + asked >= limit:
            return 0
    if not agent.team:
        people = max(1, len(analysts(state, campaign.id)))
        ahead = max(spec.teams.ahead, -(-target(state, campaign.id) // people))
        mine = sum(row.made_by(agent.name) for row in waiting)
        return min(PER_TURN, ahead - mine)
    teams = max(1, len(state.company.teams_of(campaign.id)))
    ahead = max(spec.teams.ahead, -(-target(state, campaign.id) // teams))
    ours = sum(row.team == agent.team for row in waiting)
    ours += sum(turn.want for turn in under_way if turn.team == agent.team)
    return min(PER_TURN, ahead - ours)


def _counts(row: Proposal) -> bool:
    return row.state in (ProposalState.PENDING, ProposalState.OBJECTED, ProposalState.READY)


def exhausted(state: State, agent: Agent) -> bool:
    """Tell whether an agent said that it has nothing more, for this champion in this direction."""
    return bool(agent.exhausted) and agent.exhausted == state.context(agent)
