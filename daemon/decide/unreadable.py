"""A campaign whose stored arctl.toml this version of arctl does not take: held, the others go on."""

from __future__ import annotations

from arctl.daemon.actions import Step
from arctl.daemon.rows import CampaignState, Event, bump
from arctl.daemon.specs import problem_of
from arctl.daemon.state import State


def hold(state: State, now: float) -> Step:
    """Start nothing for a campaign until its arctl.toml was mended; what runs is looked after."""
    del now
    for campaign in state.campaigns.values():
        if campaign.state is CampaignState.RUNNING and (problem := problem_of(campaign)):
            reason = (
                f"this version of arctl does not take its arctl.toml: {problem}; correct the file in"
                f" {campaign.root}, then `arctl resume {campaign.id}`"
            )
            row = bump(campaign, state=CampaignState.HELD, reason=reason)
            return Step(rows=[row], events=[Event("campaign.held", campaign.id, campaign.id, reason)])
    return Step()
