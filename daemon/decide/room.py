"""Nothing begins on a disk that is all but full: a run that cannot write its result is time thrown away."""

from __future__ import annotations

from arctl.daemon.actions import Step
from arctl.daemon.decide import schedule
from arctl.daemon.state import State


def assign(state: State, now: float) -> Step:
    """Give devices to runs, unless there is no room for what they write; those under way go on."""
    if state.room is not None and state.room.low:
        return Step()
    return schedule.assign(state, now)
