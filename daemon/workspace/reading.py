"""What clients may see of a campaign's repository: differences and files, never changed here."""

from __future__ import annotations

import asyncio
from pathlib import Path

from arctl.daemon.workspace import trees
from arctl.daemon.workspace.git import Bare
from arctl.errors import RefusedError
from arctl.paths import Home

#: The longest difference that is shown, in bytes.
MAX_DIFF = 600_000


class Archive:
    """Read-only access to the campaigns' bare repositories."""

    def __init__(self, home: Home) -> None:
        self._home = home

    async def diff(self, campaign: str, old: str, new: str) -> str:
        """Return the unified difference of two commits."""
        return await asyncio.to_thread(self._diff, campaign, old, new)

    def _diff(self, campaign: str, old: str, new: str) -> str:
        bare = self._bare(campaign)
        shown = bare.run("diff", "--no-color", "--no-ext-diff", "--no-textconv", "--no-renames", old, new)
        text = shown[:MAX_DIFF].decode("utf-8", "replace")
        return text if len(shown) <= MAX_DIFF else text + "\n[cut: the difference is longer]\n"

    async def export(self, campaign: str, commit: str, folder: Path) -> None:
        """Write a commit's files into a new folder."""
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            msg = f"{folder} exists and is not an empty folder"
            raise RefusedError(msg, "name a folder that does not exist yet")
        await asyncio.to_thread(self._export, campaign, commit, folder)

    def _export(self, campaign: str, commit: str, folder: Path) -> None:
        if folder.is_dir():
            folder.rmdir()
        trees.export(self._bare(campaign), commit, folder)

    def _bare(self, campaign: str) -> Bare:
        return Bare(self._home.campaign(campaign) / "repo.git")
