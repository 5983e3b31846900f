"""Git: a bare clone of the daemon's own for each campaign, commits, work trees, the champion branch.

The user's working tree, index and configuration are never touched; only `arctl/<campaign>` is written back.
"""

from __future__ import annotations

from arctl.daemon.workspace.actor import Workspace
from arctl.daemon.workspace.reading import Archive
from arctl.daemon.workspace.shown import Shown

__all__ = ["Archive", "Shown", "Workspace"]
