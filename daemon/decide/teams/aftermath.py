"""After a run: a crash is repaired by those who write code, a verdict is thought about by its author."""

from __future__ import annotations

from arctl.daemon.actions import Step
from arctl.daemon.decide.teams.asking import analysts, ask, free, writers
from arctl.daemon.life.closing import close
from arctl.daemon.rows import (
    Agent,
    AgentState,
    Campaign,
    CampaignState,
    Experiment,
    ExperimentState,
    Move,
    Verdict,
)
from arctl.daemon.state import State, settings_of

#: The newest verdicts that may still be reflected upon; older ones are left to the ledger.
RECENT = 10


def repair(state: State, now: float) -> Step:
    """Show a crash to somebody who may mend it."""
    if state.stopping:
        return Step()
    for campaign in state.campaigns.values():
        if campaign.state is not CampaignState.RUNNING:
            continue
        for row in state.open_experiments(campaign.id):
            if row.state is not ExperimentState.REPAIRING:
                continue
            if state.company.turn_on(campaign.id, row.id, Move.REPAIR) is not None:
                continue
            hands = _hands(state, row)
            if not hands:
                reason = f"{row.reason}; nobody is left to repair it"
                return close(state, row, Verdict.CRASHED, reason, now)
            able = [agent for agent in hands if free(state, agent, now)]
            if able:
                return ask(state, able[0], Move.REPAIR, now, base=row.base, subject=row.id)
    return Step()


def _hands(state: State, row: Experiment) -> list[Agent]:
    """Return who may repair an experiment: who wrote it first, then its team."""
    proposal = state.proposals[row.proposal]
    people = [*writers(state, row.campaign), *analysts(state, row.campaign)]
    able = [agent for agent in dict.fromkeys(people) if settings_of(state, agent, Move.REPAIR).tries]
    author = proposal.writer or ("" if proposal.by_hand else proposal.agent)
    return sorted(able, key=lambda agent: (agent.name != author, agent.team != row.team, agent.turns))


def reflect(state: State, now: float) -> Step:
    """Ask whoever had an idea why it ended as it did, when there is nothing better to do."""
    if state.stopping:
        return Step()
    for campaign in state.campaigns.values():
        if campaign.state is not CampaignState.RUNNING:
            continue
        for row in state.unreflected(campaign.id, RECENT):
            agent = _author(state, campaign, row)
            if agent is not None and free(state, agent, now):
                return ask(state, agent, Move.REFLECT, now, base=row.base, subject=row.id)
    return Step()


def _author(state: State, campaign: Campaign, row: Experiment) -> Agent | None:
    """Return who had an idea, if that is somebody who has something to say."""
    proposal = state.proposals[row.proposal]
    agent = None if proposal.by_hand else state.company.named(campaign.id, proposal.agent)
    if agent is None or agent.state is not AgentState.ACTIVE:
        return None
    return agent if settings_of(state, agent, Move.REFLECT).reflects else None
