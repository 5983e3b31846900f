"""The best ready proposal becomes an experiment as soon as a slot can use it, or is written first."""

from __future__ import annotations

from arctl.daemon.actions import BuildCommit, Step
from arctl.daemon.decide.supply import limit_met, room
from arctl.daemon.decide.teams.asking import ask, free, writers
from arctl.daemon.life.duplicates import duplicate, stands_for
from arctl.daemon.life.opening import new_experiment
from arctl.daemon.life.proposing import stale
from arctl.daemon.life.ranking import ranked
from arctl.daemon.life.seating import Seats
from arctl.daemon.life.weighing import let
from arctl.daemon.rows import (
    WAITING,
    Agent,
    Campaign,
    CampaignState,
    Event,
    Move,
    Proposal,
    ProposalState,
    Role,
    bump,
)
from arctl.daemon.state import State, settings_of


def take(state: State, now: float) -> Step:
    """Take up the best proposal of a campaign that has room for one."""
    if state.stopping:
        return Step()
    for campaign in state.campaigns.values():
        if campaign.state is not CampaignState.RUNNING or campaign.drain:
            continue
        champion = state.experiments[campaign.champion]
        if (not champion.bank and not champion.values) or limit_met(state, campaign, now):
            continue
        if room(state, campaign.id) <= 0:
            continue
        rows = [row for row in state.open_proposals(campaign.id) if _runnable(state, row)]
        for row in ranked(state, campaign.id, rows):
            if step := _begin(state, campaign, row, now):
                return step
        # Nothing of what is ready could begin: all of it still waits for somebody to write it.
        if step := _uncritiqued(state, campaign, now):
            return step
    return Step()


def _runnable(state: State, row: Proposal) -> bool:
    """Tell whether a proposal may run now: ready, agreed to where that is asked for, and not held."""
    return row.state is ProposalState.READY and let(state, row)


def _begin(state: State, campaign: Campaign, row: Proposal, now: float) -> Step:
    if row.change.get("kind") == "idea" and not stale(state, row):
        return _have_written(state, row, now)
    return experiment_of(state, campaign, row, now)


def experiment_of(state: State, campaign: Campaign, row: Proposal, now: float) -> Step:
    """Make a proposal an experiment on the champion of the day, or on what its direction forked from."""
    direction = state.company.directions.get(row.direction)
    named = row.base if row.pinned else direction.base if direction is not None else ""
    forked = named not in ("", campaign.champion)
    base = named if forked else campaign.champion
    ids = state.ids()
    row = bump(row, base=base, state=ProposalState.TAKEN)
    if why := stale(state, row):
        row = bump(row, state=ProposalState.REFUSED, reason=why)
        text = f"{row.id} {row.title} is refused: {why}"
        return Step(rows=[row], events=[Event("proposal.refused", campaign.id, row.id, text)])
    experiment = new_experiment(ids, row, now, forked=forked)
    row = bump(row, experiment=experiment.id)
    text = f"{experiment.id} {row.title}" + (", not critiqued" if row.uncritiqued else "")
    data = {"proposal": row.id, "team": row.team, "direction": row.direction, "uncritiqued": row.uncritiqued}
    event = Event("experiment.proposed", campaign.id, experiment.id, text, row.agent, data)
    first = stands_for(row, state.same_patch(campaign.id, str(row.change.get("patch", ""))))
    if first is not None:
        step = Step(rows=[row], events=[event])
        step.extend(duplicate(state, experiment, first, {}, now))
        return step
    foundation = state.experiments[base]
    build = BuildCommit(campaign, experiment, row, foundation.promoted or foundation.commit)
    return Step(rows=[row, experiment], events=[event], actions=[build])


def _have_written(state: State, row: Proposal, now: float) -> Step:
    """Have an experimenter of its team write an idea, or one of another team that is free."""
    people = writers(state, row.campaign)
    everybody = state.company.agents_of(row.campaign)
    if any(agent.outside and agent.role is Role.EXPERIMENTER for agent in everybody):
        # Brains that follow rules write no code: the idea waits for somebody from outside who does.
        people = [agent for agent in people if not settings_of(state, agent, Move.IMPLEMENT).ruled]
    able = [agent for agent in people if free(state, agent, now)]
    if not able:
        return Step()
    writer: Agent = min(able, key=lambda agent: (agent.team != row.team, agent.turns, agent.id))
    claimed = bump(row, state=ProposalState.CLAIMED, writer=writer.name)
    step = Step(rows=[claimed])
    direction = state.company.directions.get(row.direction)
    base = direction.base if direction is not None and direction.base else ""
    step.extend(ask(state, writer, Move.IMPLEMENT, now, base=base, subject=row.id))
    text = f"{writer.name} writes {row.id} {row.title}"
    step.events.append(Event("proposal.claimed", row.campaign, row.id, text, writer.name))
    return step


def _uncritiqued(state: State, campaign: Campaign, now: float) -> Step:
    """Where a slot stands idle, take the best proposal that waited long enough for a critique."""
    wait = state.spec(campaign.id).teams.critique_wait
    rows = [
        row
        for row in state.open_proposals(campaign.id)
        if row.state is ProposalState.PENDING and now - row.created >= wait and let(state, row)
    ]
    if not rows or not idle(state, campaign.id):
        return Step()
    row = ranked(state, campaign.id, rows)[0]
    ready = bump(row, state=ProposalState.READY, uncritiqued=True)
    text = f"{row.id} {row.title} runs without a critique: a slot is idle"
    return Step(rows=[ready], events=[Event("proposal.uncritiqued", campaign.id, row.id, text)])


def idle(state: State, campaign: str) -> bool:
    """Tell whether a run of a campaign could start now with nothing waiting for the slot."""
    seats = Seats(state, state.active_runs())
    for run in state.live_runs():
        if run.state in WAITING:
            found = seats.find(run.campaign)
            if found is not None:
                seats.take(run.campaign, *found)
    return seats.find(campaign) is not None
