"""What a dead end binds: which proposals lie inside it. Pure."""

from __future__ import annotations

from arctl.daemon.rows import DeadEnd, Proposal
from arctl.daemon.state import State
from arctl.experiments.effects import covers, parts

#: Who closes an axis by rule.
BY_GATE = "gate"


def closing_dead_end(state: State, row: Proposal) -> DeadEnd | None:
    """Return the dead end in which a proposal lies; a joint move only where each of its parts does."""
    return closing_among(state.dead_ends_of(row.campaign), row)


def closing_among(ends: list[DeadEnd], row: Proposal) -> DeadEnd | None:
    """Return the one of these dead ends in which a proposal lies."""
    if not row.axis:
        return None
    exact = next((end for end in ends if end.axis == row.axis and _inside(end, row, row.axis)), None)
    if exact is not None:
        return exact
    closed = [_closing(ends, row, part) for part in parts(row.axis)]
    return closed[0] if closed and all(end is not None for end in closed) else None


def _closing(ends: list[DeadEnd], row: Proposal, axis: str) -> DeadEnd | None:
    return next((end for end in ends if _binds(end, axis) and _inside(end, row, axis)), None)


def _binds(end: DeadEnd, axis: str) -> bool:
    """Tell whether a dead end is about an axis: by rule the one that was tried, by a person all below."""
    return end.axis == axis if end.closed_by == BY_GATE else covers(end.axis, axis)


def _inside(end: DeadEnd, row: Proposal, axis: str) -> bool:
    """Tell whether a proposal's value lies in the closed range; without a range or a value it does."""
    if end.low is None and end.high is None:
        return True
    values = row.change.get("values")
    value = values.get(axis) if isinstance(values, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    return (end.low is None or value >= end.low) and (end.high is None or value <= end.high)


def axis_is_dead(ends: list[DeadEnd], axis: str) -> bool:
    """Tell whether a whole axis is closed, whatever the value."""
    return any(_binds(end, axis) and end.low is None and end.high is None for end in ends)
