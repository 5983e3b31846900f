"""When nobody has anything more to propose: parameters that were closed are looked at again, more finely."""

from __future__ import annotations

from arctl.daemon.actions import Step
from arctl.daemon.decide.supply import limit_met, settled
from arctl.daemon.decide.teams.asking import analysts
from arctl.daemon.decide.teams.discussion import begin
from arctl.daemon.decide.teams.regroup import explored, open_directions
from arctl.daemon.decide.teams.supply import exhausted
from arctl.daemon.life.binding import BY_GATE, BY_RULE
from arctl.daemon.life.talking import talks
from arctl.daemon.marks import Rest
from arctl.daemon.rows import (
    Agent,
    Campaign,
    CampaignState,
    DeadEnd,
    Event,
    Move,
    ProposalState,
    bump,
)
from arctl.daemon.state import State
from arctl.experiments.effects import parts

#: Times that a closed parameter is looked at again on one champion before it stays closed.
LOOKS = 2


def nothing_more(state: State, campaign: Campaign) -> str:
    """Say why nobody will propose anything more; empty while somebody may."""
    people = analysts(state, campaign.id)
    if not people or any(True for _ in state.company.asked(campaign.id)):
        return ""
    waiting = [row for row in state.open_proposals(campaign.id) if row.state is not ProposalState.PARKED]
    if waiting:
        return ""
    if talks(state, campaign.id):
        if not explored(state, campaign):
            return ""
        talked = state.company.all_directions(campaign.id)
        return _declined(people, Move.PROPOSE if talked else Move.DISCUSS) or "every direction was explored"
    if open_directions(state, campaign):
        return ""
    if not all(exhausted(state, agent) for agent in people):
        return ""
    return _declined(people, Move.PROPOSE) or "every proposal was tried"


def _declined(people: list[Agent], move: Move) -> str:
    """Say that all of these declined a move, and why; empty where they did not."""
    if not all(agent.declined.startswith(move) for agent in people):
        return ""
    why = people[0].declined.partition(": ")[2]
    return f"{', '.join(agent.name for agent in people)} declined to {move}: {why}"


def look_again(state: State, now: float) -> Step:
    """Rather than end a campaign within its limits, open the parameters that were looked at least."""
    if state.stopping:
        return Step()
    for campaign in state.campaigns.values():
        if campaign.state is not CampaignState.RUNNING or not campaign.setup_done or campaign.drain:
            continue
        if limit_met(state, campaign, now) or not nothing_more(state, campaign):
            continue
        if not settled(state, campaign, decided=False) or not (ends := least_looked_at(state, campaign)):
            continue
        why = "nothing else is left to try: smaller steps"
        freed = [*ends, *_refuted_over(state, campaign, {end.axis for end in ends})]
        step = Step(rows=[bump(end, revived=why) for end in freed])
        for end in freed:
            text = f"dead end {end.id} ({end.axis or end.direction}) is open again: {why}"
            step.events.append(Event("dead_end.reopened", campaign.id, end.id, text))
        # Who had nothing more to say about what was closed need not rest before it looks at it anew.
        people = analysts(state, campaign.id)
        step.marks.extend(Rest(agent.id, 0.0, ideas=True) for agent in people)
        if talks(state, campaign.id):
            axes = ", ".join(end.axis for end in ends)
            reason = f"all that was open has been tried. Open again, for smaller steps: {axes}"
            step.extend(begin(state, campaign, reason, now))
        return step
    return Step()


def _refuted_over(state: State, campaign: Campaign, axes: set[str]) -> list[DeadEnd]:
    """Return the refuted directions over any of these axes: as dead ends nobody could take them up again."""
    names = {name for axis in axes for name in parts(axis)}
    directions = state.company.directions
    return [
        end
        for end in state.dead_ends_of(campaign.id)
        if end.closed_by == BY_RULE
        and end.direction in directions
        and names.intersection(directions[end.direction].axes)
    ]


def least_looked_at(state: State, campaign: Campaign) -> list[DeadEnd]:
    """Return the closed parameters that were looked at least often on the champion of the day."""
    params = state.spec(campaign.id).params
    since = state.experiments[campaign.champion].closed or 0.0
    looks: dict[str, int] = {}
    for end in state.all_dead_ends(campaign.id):
        looks[end.axis] = looks.get(end.axis, 0) + (end.created > since)
    found = [
        end
        for end in state.dead_ends_of(campaign.id)
        if end.closed_by == BY_GATE
        and all(name in params for name in parts(end.axis))
        and looks[end.axis] <= LOOKS
    ]
    least = min((looks[end.axis] for end in found), default=0)
    return [end for end in found if looks[end.axis] == least]
