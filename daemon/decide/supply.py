"""When to ask a brain for more: enough experiments ahead of the slots that no slot waits for thought."""

from __future__ import annotations

from arctl.daemon.actions import AskBrain, Past, Step
from arctl.daemon.marks import Asking
from arctl.daemon.model import Campaign, CampaignState, Experiment, Purpose, RunState
from arctl.daemon.state import State
from arctl.experiments.spec import Spec


def ask(state: State, now: float) -> Step:
    """Ask one campaign's brain for as many proposals as keep its slots busy."""
    if state.stopping:
        return Step()
    for campaign in state.campaigns.values():
        if campaign.state is not CampaignState.RUNNING or campaign.exhausted or campaign.id in state.asking:
            continue
        if (
            not state.devices
            or state.ask_after.get(campaign.id, 0.0) > now
            or limit_met(state, campaign, now)
        ):
            continue
        champion = state.experiments[campaign.champion]
        if not champion.bank and not champion.values:
            continue
        spec = state.spec(campaign.id)
        want = _room(state, campaign.id, spec)
        if want > 0:
            question = AskBrain(
                campaign=campaign,
                want=want,
                base=champion.id,
                params=champion.params,
                history=tuple(_past(state, row) for row in state.experiments_of(campaign.id)),
                dead_axes=frozenset(end.axis for end in state.dead_ends_of(campaign.id)),
            )
            return Step(actions=[question], marks=[Asking(campaign.id, asking=True)])
    return Step()


def _room(state: State, campaign: str, spec: Spec) -> int:
    """Return how many proposals are wanted: one ready for each slot beyond those under way."""
    fresh = sum(1 for row in state.open_experiments(campaign) if row.base and not row.values)
    target = spec.brain.in_flight or len(state.devices) + 1
    room = target - fresh
    if (limit := spec.limits.experiments) is not None:
        room = min(room, limit - state.count_proposed(campaign))
    return room


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


def _past(state: State, row: Experiment) -> Past:
    proposal = state.proposals.get(row.proposal)
    return Past(
        row.id, row.title, row.axis, row.verdict, row.params, row.mean, proposal.source if proposal else ""
    )


def settled(state: State, campaign: Campaign) -> bool:
    """Tell whether nothing of a campaign is open, running or being thought about."""
    if campaign.id in state.asking or any(True for _ in state.open_experiments(campaign.id)):
        return False
    return not any(
        run.campaign == campaign.id and run.purpose is not Purpose.SETUP and run.state is not RunState.ENDED
        for run in state.live_runs()
    )
