"""Which proposal is worth the next slot: people's words, then gain by the ledger, then curiosity. Pure."""

from __future__ import annotations

import math
from collections import Counter

from arctl.daemon.rows import DirectionState, Proposal
from arctl.daemon.state import State

#: Weight of an axis's mean gain, in units of the spread of all gains; the bonus of a cold one.
GAIN = 1.0
COLD = 1.0
#: Bonus of the direction in which least was tried, so that a minority is heard.
MINORITY = 0.25
#: Trials that an axis's mean is shrunk by towards zero.
PRIOR = 2.0


def ranked(state: State, campaign: str, rows: list[Proposal]) -> list[Proposal]:
    """Return proposals in the order in which they are to run."""
    share = Counter(item.team for item in state.open_experiments(campaign) if item.base and not item.values)
    scores = {row.id: score(state, row) for row in rows}
    return sorted(
        rows,
        key=lambda row: (
            not row.urgent,
            row.place,
            not row.directive,
            share[row.team],
            -scores[row.id],
            row.created,
            int(row.id[1:]),
        ),
    )


def score(state: State, row: Proposal) -> float:
    """Return what a proposal promises: its axis's shrunk gain, a bonus where little is known, by cost."""
    if "effects" in state.spec(row.campaign).teams.off or not row.axis:
        return 0.0
    effects = state.effects(row.campaign)
    known = effects.get(row.axis)
    spread = _spread([effect.mean for effect in effects.values()])
    gain = known.mean * known.n / (known.n + PRIOR) / spread if known is not None and spread else 0.0
    bonus = COLD / math.sqrt(1 + (known.n if known is not None else 0))
    working = state.company.directions_of(row.campaign, DirectionState.ACTIVE)
    tried = [len(state.of_direction(item.id)) for item in working]
    own = len(state.of_direction(row.direction)) if row.direction else 0
    minority = MINORITY if row.direction and tried and own == min(tried) else 0.0
    # Dividing a loss by its cost would make it look better.
    total = GAIN * gain + bonus + minority
    return round(total / _cost(state, row) if total > 0 else total, 9)


def _spread(means: list[float]) -> float:
    return math.sqrt(math.fsum(mean * mean for mean in means) / len(means)) if means else 0.0


def _cost(state: State, row: Proposal) -> float:
    """Return how long a run on this axis takes, in units of the baseline's; never less than one."""
    baseline = state.baseline_of(row.campaign)
    usual = baseline.seconds / max(1, len(baseline.bank))
    tried = [item for item in state.on_axis(row.campaign, row.axis) if item.values and item.seconds]
    if not usual or not tried:
        return 1.0
    each = math.fsum(item.seconds / len(item.values) for item in tried[-3:]) / len(tried[-3:])
    return max(1.0, each / usual)
