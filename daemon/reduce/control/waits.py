"""What is said where words are taken down in a campaign that begins nothing at the moment."""

from __future__ import annotations

from arctl.daemon.reduce.control.base import Request
from arctl.daemon.rows import Campaign, CampaignState

#: Requests that are heard, or come to run, only while their campaign goes on.
FOR_LATER = frozenset(
    {"propose", "approve", "direction", "fork", "redirect", "promote", "rollback", "rerun", "unstash"}
)


def waiting(request: Request, name: str) -> str:
    """Return the end of a sentence that says what a request waits for; empty where it is heard at once."""
    campaign = request.state.campaigns.get(name)
    if campaign is None or request.fact.verb not in FOR_LATER:
        return ""
    if campaign.state is CampaignState.RUNNING:
        return f"; {name} drains: it waits for `arctl resume {name}`" if campaign.drain else ""
    first = ""
    if limits := met(request, campaign):
        first = f"{' and '.join(limits)} in arctl.toml, then "
    return f"; {name} is {campaign.state}: it waits for {first}`arctl resume {name}`"


def met(request: Request, campaign: Campaign) -> list[str]:
    """Name the limits that would end the campaign again at once."""
    limits, found = request.state.spec(campaign.id).limits, []
    if limits.experiments is not None and request.state.count_proposed(campaign.id) >= limits.experiments:
        found.append("a higher limits.experiments")
    if limits.hours is not None and request.now - campaign.created >= limits.hours * 3600:
        found.append("a higher limits.hours")
    champion = request.state.experiments[campaign.champion]
    if limits.target is not None and champion.bank and (mean := champion.mean) is not None:
        minimize = request.state.spec(campaign.id).metric.goal == "minimize"
        if mean <= limits.target if minimize else mean >= limits.target:
            found.append("another limits.target")
    return found
