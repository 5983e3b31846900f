"""The one gateway to language models: reservations, prices, keys, limits, retries, typed faults.

It speaks the Messages API through the official SDK and tells the engine what each call may cost and did cost.
It knows no campaigns, jobs, brains or git, and writes no rows.
"""

from __future__ import annotations

from arctl.daemon.models.gateway import Gateway
from arctl.daemon.models.limits import Clock
from arctl.daemon.models.prices import Price, Prices

__all__ = ["Clock", "Gateway", "Price", "Prices"]
