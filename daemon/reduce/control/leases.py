"""Letting go of turns that nobody waits for any more, and of what they had claimed."""

from __future__ import annotations

from collections.abc import Callable, Collection

from arctl.daemon.actions import Step
from arctl.daemon.life.releasing import withdrawn
from arctl.daemon.reduce.control.base import Request
from arctl.daemon.rows import Turn


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
        if which(turn):
            step.extend(withdrawn(request.state, turn, reason, request.now, request.actor, gone=gone))
    return step
