"""What clients can ask: one file for each family of requests.

Each turns a request into a fact (and awaits its outcome) or into a query; none decides anything.
"""

from __future__ import annotations

from arctl.daemon.commands import (
    agents,
    campaigns,
    control,
    costs,
    curves,
    devices,
    events,
    experiments,
    forum,
    history,
    listing,
    logs,
    members,
    progress,
    prompt,
    quarantine,
    session,
    sources,
    storage,
    teams,
    tree,
)
from arctl.daemon.commands.base import METHODS, Caller, Context

__all__ = [
    "METHODS",
    "Caller",
    "Context",
    "agents",
    "campaigns",
    "control",
    "costs",
    "curves",
    "devices",
    "events",
    "experiments",
    "forum",
    "history",
    "listing",
    "logs",
    "members",
    "progress",
    "prompt",
    "quarantine",
    "session",
    "sources",
    "storage",
    "teams",
    "tree",
]
