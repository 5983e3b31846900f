"""A campaign's specification, parsed once for each text that it ever had."""

from __future__ import annotations

from functools import lru_cache

from arctl.daemon.rows import Campaign
from arctl.experiments.spec import Spec, parse


def spec_of(campaign: Campaign) -> Spec:
    """Return the specification that a campaign runs under."""
    return read(campaign.spec, campaign.id)


@lru_cache(maxsize=256)
def read(text: str, name: str) -> Spec:
    """Parse a text that was checked when the campaign was admitted."""
    return parse(text, "arctl.toml", name)
