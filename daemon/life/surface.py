"""Constants that a campaign tunes and whose values some of its experiments are not known to have yet."""

from __future__ import annotations

from collections.abc import Iterable

from arctl.daemon.actions import ReadParams
from arctl.daemon.rows import Campaign, Experiment
from arctl.daemon.specs import read
from arctl.daemon.state import State


def reading(state: State, campaign: Campaign, spec: str, names: Iterable[str], diff: str = "") -> ReadParams:
    """Have constants read wherever they may stand: what was tried before is compared by them, too."""
    commits = {row.id: at for row in state.experiments_of(campaign.id) if (at := row.promoted or row.commit)}
    return ReadParams(campaign, spec, tuple(names), commits, diff)


def unread(campaign: Campaign, row: Experiment, commit: str) -> list[ReadParams]:
    """Have read what a base is not known to have, as it was built before the campaign tuned it."""
    names = tuple(name for name in read(campaign.spec, campaign.id).params if name not in row.params)
    return [ReadParams(campaign, campaign.spec, names, {row.id: commit})] if names else []


def unknown(state: State, campaign: Campaign) -> list[ReadParams]:
    """Have read what experiments are not known to have: a daemon that ended, or git, may have lost it."""
    names = state.spec(campaign.id).params
    rows = [row for row in state.experiments_of(campaign.id) if row.promoted or row.commit]
    lacking = [row for row in rows if any(name not in row.params for name in names)]
    if not lacking:
        return []
    wanted = tuple(name for name in names if any(name not in row.params for row in lacking))
    commits = {row.id: row.promoted or row.commit for row in lacking}
    return [ReadParams(campaign, campaign.spec, wanted, commits)]
