"""Critique before compute: who looks at which proposal, and what their words do to it."""

from __future__ import annotations

from arctl.daemon.actions import Step
from arctl.daemon.decide.teams.asking import analysts, ask, free
from arctl.daemon.rows import (
    Agent,
    AgentState,
    CampaignState,
    Event,
    Move,
    Proposal,
    ProposalState,
    Role,
    bump,
)
from arctl.daemon.state import State

#: Times that a proposal may be written anew after objections.
REVISIONS = 2


def critique(state: State, now: float) -> Step:
    """Have each pending proposal looked at by one analyst who is not its author."""
    if state.stopping:
        return Step()
    for campaign in state.campaigns.values():
        if campaign.state is not CampaignState.RUNNING or campaign.drain:
            continue
        for row in state.open_proposals(campaign.id):
            if row.state is ProposalState.OBJECTED and (step := _answerless(state, row)):
                return step
            if row.state is not ProposalState.PENDING:
                continue
            if state.company.turn_on(campaign.id, row.id, Move.CRITIQUE) is not None:
                continue
            critic = _critic(state, row, now)
            if critic is not None:
                return ask(state, critic, Move.CRITIQUE, now, base=row.base, subject=row.id)
            if not _others(state, row):
                # Those who could have looked at it have left.
                ready = bump(row, state=ProposalState.READY)
                text = f"{row.id} is ready: nobody is there to look at it"
                return Step(rows=[ready], events=[Event("proposal.ready", row.campaign, row.id, text)])
    return Step()


def _answerless(state: State, row: Proposal) -> Step:
    """Withdraw a proposal that was objected to when nobody is there, or left, to write it anew."""
    author = None if row.by_hand else state.company.named(row.campaign, row.agent)
    gone = author is None or author.state is AgentState.RETIRED
    if not gone and row.revised < REVISIONS:
        return Step()
    why = f"{row.reason}; {'its author has left' if gone else f'written anew {row.revised} times in vain'}"
    text = f"{row.id} {row.title} is withdrawn: {why}"
    event = Event("proposal.withdrawn", row.campaign, row.id, text)
    return Step(rows=[bump(row, state=ProposalState.WITHDRAWN, reason=why)], events=[event])


def _others(state: State, row: Proposal) -> list[Agent]:
    """Return the analysts who did not write a proposal."""
    return [
        agent
        for agent in analysts(state, row.campaign)
        if agent.role is Role.ANALYST and not row.made_by(agent.name)
    ]


def _critic(state: State, row: Proposal, now: float) -> Agent | None:
    """Return who is to look: somebody of another team first, then who was asked least."""
    able = [agent for agent in _others(state, row) if free(state, agent, now)]
    spoken = {item.author for item in state.company.critiques_on(row.id) if not item.by_hand}
    able = [agent for agent in able if agent.name not in spoken]
    return min(able, key=lambda agent: (agent.team == row.team, agent.turns, agent.id), default=None)
