"""What agents may see of a campaign's repository: all but the files that it hides from its runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from arctl.daemon.rows import Campaign
from arctl.daemon.specs import hides
from arctl.daemon.workspace.reading import Archive


class Shown:
    """The library of those who write code: what they cannot read they cannot write into a prediction."""

    def __init__(self, archive: Archive, campaign: Callable[[str], Campaign]) -> None:
        self._archive, self._campaign = archive, campaign

    async def paths(self, campaign: str, commit: str) -> list[str]:
        """Return the paths of a commit's files, relative to the repository."""
        row = self._campaign(campaign)
        return [path for path in await self._archive.paths(campaign, commit) if not hides(row, path)]

    async def file(self, campaign: str, commit: str, path: str) -> str | None:
        """Return a file's text; None where there is none, or where it is no text."""
        if hides(self._campaign(campaign), path):
            return None
        return await self._archive.file(campaign, commit, path)

    async def export(self, campaign: str, commit: str, folder: Path) -> None:
        """Write a commit's files into a new folder."""
        await self._archive.export(campaign, commit, folder)
        for path in await self._unseen(campaign, commit):
            (folder / path).unlink()

    async def changes(self, campaign: str, commit: str, folder: Path) -> str:
        """Return, as a patch, in what a folder differs from a commit; empty where it does not."""
        unseen = await self._unseen(campaign, commit)
        return await self._archive.changes(campaign, commit, folder, unseen)

    async def diff(self, campaign: str, old: str, new: str) -> str:
        """Return the unified difference of two commits."""
        return await self._archive.diff(campaign, old, new)

    async def _unseen(self, campaign: str, commit: str) -> list[str]:
        row = self._campaign(campaign)
        return [path for path in await self._archive.paths(campaign, commit) if hides(row, path)]
