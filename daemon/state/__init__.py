"""What is: rows by id and the indices that decisions need; plain data, reduced from rows, no I/O."""

from __future__ import annotations

from arctl.daemon.state.company import Company
from arctl.daemon.state.core import State, load
from arctl.daemon.state.ids import Ids
from arctl.daemon.state.progress import Progress, is_kept
from arctl.daemon.state.settings import settings_of
from arctl.daemon.state.spending import Spending
from arctl.daemon.state.windows import View, Windows

__all__ = [
    "Company",
    "Ids",
    "Progress",
    "Spending",
    "State",
    "View",
    "Windows",
    "is_kept",
    "load",
    "settings_of",
]
