"""The workspace actor: carries out what concerns git, each campaign's actions one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from weakref import WeakValueDictionary

from arctl.daemon.actions import (
    AdmitCampaign,
    BuildCommit,
    MoveBranch,
    PrepareTree,
    ReadParams,
    RemoveTree,
    SweepTrees,
    WorkspaceAction,
)
from arctl.daemon.facts import CampaignAdmitted, CampaignRefused, Fact, TreePrepared
from arctl.daemon.folders import delete
from arctl.daemon.rows import Campaign
from arctl.daemon.specs import spec_of
from arctl.daemon.workspace import trees
from arctl.daemon.workspace.admission import admit
from arctl.daemon.workspace.branch import advance
from arctl.daemon.workspace.build import build, sweep
from arctl.daemon.workspace.constants import constants
from arctl.daemon.workspace.git import Bare
from arctl.errors import ArctlError
from arctl.paths import Home


class Workspace:
    """Carries out git work in threads; commits of one campaign are made in the order they were asked for."""

    def __init__(self, home: Home, report: Callable[[Fact], None]) -> None:
        self._home = home
        self._report = report
        # A lock lives as long as somebody holds it or waits for it.
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def handle(self, action: WorkspaceAction) -> None:
        """Carry out one action and report what came of it."""
        match action:
            case AdmitCampaign():
                await self._admit(action)
            case BuildCommit():
                async with self._turn(action.campaign.id):
                    bare, spec = self._bare(action.campaign), spec_of(action.campaign)
                    self._report(await asyncio.to_thread(build, action, bare, spec))
            case ReadParams():
                async with self._turn(action.campaign.id):
                    self._report(await asyncio.to_thread(constants, action, self._bare(action.campaign)))
            case PrepareTree():
                run = action.run
                bare, spec = self._bare(action.campaign), spec_of(action.campaign)
                if spec.score is not None:
                    async with self._turn(action.campaign.id):
                        files = self._home.trusted(action.campaign.id, action.campaign.base_commit)
                        await asyncio.to_thread(trees.trust, action.campaign, bare, files)
                async with self._turn(run.id):
                    tree = self._home.tree(run.id)
                    await asyncio.to_thread(trees.prepare, action, bare, spec, tree)
                self._report(TreePrepared(run.id, run.attempt, str(tree)))
            case RemoveTree():
                async with self._turn(action.run):
                    await asyncio.to_thread(delete, self._home.tree(action.run))
            case SweepTrees():
                await asyncio.to_thread(trees.sweep, self._home.trees, action.keep)
                for path in await asyncio.to_thread(self._clones):
                    async with self._turn(path.parent.name):
                        await asyncio.to_thread(sweep, Bare(path))
            case MoveBranch():
                async with self._turn(action.campaign.id):
                    self._report(await asyncio.to_thread(advance, action, self._bare(action.campaign)))

    async def _admit(self, action: AdmitCampaign) -> None:
        async with self._turn(""):
            try:
                found = await asyncio.to_thread(admit, action, self._home)
            except ArctlError as error:
                self._report(CampaignRefused(action.ticket, error.message, error.remedy))
                return
        self._report(
            CampaignAdmitted(
                ticket=action.ticket,
                actor=action.actor,
                name=found.spec.name,
                root=str(found.root),
                prefix=found.prefix,
                spec=found.text,
                env=action.env,
                commit=found.commit,
                tree=found.tree,
                params=found.params,
                notes=found.notes,
                objective=found.objective,
                level=found.level,
            )
        )

    def _turn(self, name: str) -> asyncio.Lock:
        return self._turns.setdefault(name, asyncio.Lock())

    def _clones(self) -> list[Path]:
        return list(self._home.campaign("").glob("*/repo.git"))

    def _bare(self, campaign: Campaign) -> Bare:
        return Bare(self._home.campaign(campaign.id) / "repo.git")
