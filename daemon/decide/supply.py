"""How much is wanted: enough experiments ahead of the slots that no slot waits for thought, within limits."""

from __future__ import annotations

from arctl.daemon.life.queueing import set_aside
from arctl.daemon.life.seating import slots
from arctl.daemon.rows import Campaign, Move, ProposalState, Purpose, RunState
from arctl.daemon.state import State


def target(state: State, campaign: str) -> int:
    """Return how many experiments are to be under way: those that run, and one ready for the next slot."""
    return state.spec(campaign).brain.in_flight or slots(state, campaign) + 1


def room(state: State, campaign: str) -> int:
    """Return how many more experiments may begin now; ideas that are being written count as begun."""
    rows = (row for row in state.open_experiments(campaign) if row.base and not row.values)
    # One that a person set aside before it began takes nobody's room.
    begun = sum(not set_aside(state, row) for row in rows)
    written = sum(1 for row in state.open_proposals(campaign) if row.state is ProposalState.CLAIMED)
    free = target(state, campaign) - begun - written
    if (limit := state.spec(campaign).limits.experiments) is not None:
        free = min(free, limit - state.count_proposed(campaign) - written)
    return free


def limit_met(state: State, campaign: Campaign, now: float) -> str:
    """Say which limit of the campaign is reached; empty when none is."""
    spec = state.spec(campaign.id)
    limits = spec.limits
    if limits.experiments is not None and state.count_proposed(campaign.id) >= limits.experiments:
        return f"{limits.experiments} of {limits.experiments} proposals made"
    if limits.hours is not None and now - campaign.created >= limits.hours * 3600:
        return f"{limits.hours:g} hours are over"
    champion = state.experiments[campaign.champion]
    mean = champion.mean
    if limits.target is None or mean is None or not champion.bank:
        return ""
    met = mean <= limits.target if spec.metric.goal == "minimize" else mean >= limits.target
    return f"the target {limits.target:g} is met: {spec.metric.name} {mean:.6g}" if met else ""


def settled(state: State, campaign: Campaign, *, decided: bool = True) -> bool:
    """Tell whether nothing of a campaign is open, running or being thought about.

    Somebody who is asked for more ideas is not waited for; who says why an experiment ended so is. What is
    in quarantine is waited for where `decided`: a person may release it.
    """
    if any(decided or not row.in_quarantine for row in state.open_experiments(campaign.id)):
        return False
    if any(turn.move not in (Move.PROPOSE, Move.CRITIQUE) for turn in state.company.asked(campaign.id)):
        return False
    return not any(
        run.campaign == campaign.id and run.purpose is not Purpose.SETUP and run.state is not RunState.ENDED
        for run in state.live_runs()
    )
