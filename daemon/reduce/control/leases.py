"""Letting go of turns that nobody waits for any more, and of what they had claimed."""

from __future__ import annotations

from collections.abc import Callable, Collection

from arctl.daemon.actions import Step, StopTurn
from arctl.daemon.life.releasing import released
from arctl.daemon.reduce.control.base import Request
from arctl.daemon.rows import Event, Move, Turn, TurnState, bump


def withdraw(
    request: Request,
    campaign: str,
    which: Callable[[Turn], bool],
    reason: str,
    *,
    gone: Collection[str] = (),
) -> Step:
    """End the open turns that `which` picks; what they were writing is ready for somebody else again.

    `gone` are the proposals that the caller writes itself.
    """
    step = Step()
    for turn in list(request.state.company.asked(campaign)):
        if not which(turn):
            continue
        step.rows.append(bump(turn, state=TurnState.WITHDRAWN, ended=request.now, note=reason))
        text = f"{turn.id} ({turn.move} by {turn.agent}) is withdrawn: {reason}"
        data = {"agent": turn.agent, "move": turn.move.value, "subject": turn.subject}
        step.events.append(Event("turn.withdrawn", campaign, turn.id, text, request.actor, data))
        step.actions.append(StopTurn(turn.id))
        if turn.subject not in gone and turn.move is Move.IMPLEMENT:
            step.extend(released(request.state, turn, request.now, counted=False))
    return step
