"""What was tried before is not run again: its result stands for both. Pure."""

from __future__ import annotations

from typing import Any

from arctl.daemon.actions import Step
from arctl.daemon.life.closing import close
from arctl.daemon.rows import ACCIDENTS, Experiment, Proposal, Verdict
from arctl.daemon.state import State


def stands_for(row: Proposal, first: Experiment | None) -> Experiment | None:
    """Return the experiment whose result stands for a proposal's; an accident's does not for its rerun."""
    return None if first is not None and row.rerun and first.verdict in ACCIDENTS else first


def duplicate(
    state: State, experiment: Experiment, first: Experiment, known: dict[str, Any], now: float
) -> Step:
    """Close an experiment whose tree (where `known` holds it) or patch was there before."""
    ended = first.verdict or "still under way"
    what = "tree" if known else "patch"
    reason = (
        f"changes nothing: the tree is that of its base {first.id}"
        if first.id == experiment.base
        else f"the same {what} as {first.id} ({ended}); its result is reused, nothing ran"
    )
    return close(
        state,
        experiment,
        Verdict.DUPLICATE,
        reason,
        now,
        same_as=first.id,
        values=first.record if first.verdict else (),
        metrics=first.metrics,
        evidence={"same_as": first.id, "verdict": first.verdict},
        **known,
    )
