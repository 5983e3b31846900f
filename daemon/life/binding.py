"""What a dead end binds: which proposals lie inside it. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from arctl.daemon.rows import DeadEnd, Json, Proposal
from arctl.daemon.state import State
from arctl.experiments.effects import covers, parts

#: Who closes an axis by rule.
BY_GATE = "gate"
#: Who closes a direction by rule.
BY_RULE = "arctl"


def closing_dead_end(state: State, row: Proposal) -> DeadEnd | None:
    """Return the dead end in which a proposal lies; a joint move only where each of its parts does."""
    return closing_among(state.dead_ends_of(row.campaign), row)


def closing_among(ends: list[DeadEnd], row: Proposal) -> DeadEnd | None:
    """Return the one of these dead ends in which a proposal lies."""
    if not row.axis:
        return None
    exact = next((end for end in ends if end.axis == row.axis and _inside(end, row.change, row.axis)), None)
    if exact is not None:
        return exact
    closed = [closing_axis(ends, row.change, part) for part in parts(row.axis)]
    return closed[0] if closed and all(end is not None for end in closed) else None


def closing_axis(ends: Iterable[DeadEnd], change: Json, axis: str) -> DeadEnd | None:
    """Return the one of these dead ends in which a change of a single axis lies."""
    return next((end for end in ends if _binds(end, axis) and _inside(end, change, axis)), None)


def _binds(end: DeadEnd, axis: str) -> bool:
    """Tell whether a dead end is about an axis: by rule the one that was tried, by a person all below."""
    return end.axis == axis if end.closed_by == BY_GATE else covers(end.axis, axis)


def _inside(end: DeadEnd, change: Json, axis: str) -> bool:
    """Tell whether a change's value lies in the closed range; without a range or a value it does."""
    if end.low is None and end.high is None:
        return True
    values = change.get("values")
    value = values.get(axis) if isinstance(values, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return True
    return (end.low is None or value >= end.low) and (end.high is None or value <= end.high)


def axis_is_dead(ends: list[DeadEnd], axis: str) -> bool:
    """Tell whether a whole axis is closed, whatever the value."""
    return any(_binds(end, axis) and end.low is None and end.high is None for end in ends)
