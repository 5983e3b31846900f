"""A turn is a lease: when it runs out, or nobody waits for it any more, the work returns to the queue."""

from __future__ import annotations

from arctl.daemon.actions import Step, StopTurn
from arctl.daemon.model import Event, Turn, TurnState, bump
from arctl.daemon.releasing import released
from arctl.daemon.state import State


def expire(state: State, now: float) -> Step:
    """End the first lease that ran out."""
    for campaign in state.campaigns:
        for turn in state.company.asked(campaign):
            if now > turn.expires:
                return lose(state, turn, "its lease ran out", now)
    return Step()


def lose(state: State, turn: Turn, reason: str, now: float) -> Step:
    """Give a turn up as lost and return what it was about to the queue."""
    row = bump(turn, state=TurnState.LOST, ended=now, note=reason)
    text = f"the turn of {turn.agent} ({turn.move} {turn.subject}) is lost: {reason}"
    step = Step(rows=[row], actions=[StopTurn(turn.id)])
    step.events.append(Event("turn.lost", turn.campaign, turn.id, text))
    step.extend(released(state, turn, now))
    return step
