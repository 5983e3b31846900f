"""A champion made by hand: the branch gets the experiment's whole tree on top of today's champion. Pure."""

from __future__ import annotations

from arctl.daemon.actions import MoveBranch
from arctl.daemon.rows import Campaign, Experiment
from arctl.daemon.state import State


def move(state: State, campaign: Campaign, experiment: Experiment, why: str) -> MoveBranch:
    """Return the action that makes an experiment's tree the branch's newest commit."""
    champion = state.experiments[campaign.champion]
    body = [
        experiment.title,
        "",
        f"Experiment: {experiment.id} ({campaign.id})",
        f"In place of: {champion.id} {champion.title}",
        f"Evidence: {why}",
    ]
    return MoveBranch(campaign, experiment, champion.promoted, "\n".join(body) + "\n")


def again(state: State, campaign: Campaign) -> MoveBranch | None:
    """Return the move that a person asked for and that is not done yet; None where there is none."""
    experiment = state.experiments.get(campaign.wanted)
    if experiment is None or campaign.wanted == campaign.champion:
        return None
    deeds = [deed for deed in state.company.deeds.values() if deed.target == experiment.id]
    deed = next((deed for deed in reversed(deeds) if deed.verb in ("promote", "rollback", "undo")), None)
    why = by_hand(deed.actor, deed.reason) if deed else "by hand"
    return move(state, campaign, experiment, why)


def by_hand(actor: str, reason: str) -> str:
    """Say who made a champion by hand, and why."""
    return f"by hand, {actor}" + (f": {reason}" if reason else "")
