"""The order in which the schedule serves runs, as a list."""

from __future__ import annotations

from arctl.daemon.decide.order import Order
from arctl.daemon.rows import Run
from arctl.daemon.state import State


def in_order(state: State, active: list[Run]) -> list[Run]:
    """Return the runs that may start, in the order in which they would be served."""
    order, found = Order(state, active), []
    while (run := order.next()) is not None:
        order.served(run)
        found.append(run)
    return found
