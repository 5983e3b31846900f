"""What the daemon lends its brains: models, files, logs, the forum; put together in one place."""

from __future__ import annotations

import asyncio
import dataclasses
import shutil
from typing import Any

from arctl.daemon.engine import Engine
from arctl.daemon.facts import TurnBeat
from arctl.daemon.jobs.folder import RunFolder
from arctl.daemon.models import Gateway
from arctl.daemon.rows import Json
from arctl.daemon.store import Reader
from arctl.daemon.store.forum import search
from arctl.daemon.thought import Services
from arctl.daemon.workspace import Archive, Shown
from arctl.paths import Home
from arctl.text import clean_block


def services(home: Home, engine: Engine, reader: Reader, archive: Archive, gateway: Gateway) -> Services:
    """Return what brains may use; the scratch folder of an earlier daemon is emptied."""
    shutil.rmtree(home.scratch, ignore_errors=True)
    home.scratch.mkdir(mode=0o700, parents=True)

    async def forum(campaign: str, query: str, limit: int) -> list[Json]:
        return await search(reader, campaign, query, limit)

    async def log_tail(run: str, size: int) -> str:
        row = engine.state.runs.get(run)
        if row is None:
            return ""
        folder = RunFolder(home.run_folder(row.id, row.attempt))
        raw = await asyncio.to_thread(folder.tail, size)
        return clean_block(raw.decode("utf-8", "replace"))

    async def experiment(campaign: str, ident: str) -> Json | None:
        row = engine.state.experiments.get(ident)
        if row is None or row.campaign != campaign:
            return None
        proposal = engine.state.proposals.get(row.proposal)
        runs: list[Any] = [dataclasses.asdict(run) for run in engine.state.runs_of(row.id)]
        return {
            "experiment": dataclasses.asdict(row),
            "proposal": dataclasses.asdict(proposal) if proposal is not None else None,
            "runs": runs,
        }

    def beat(turn: str) -> None:
        engine.report(TurnBeat(turn))

    library = Shown(archive, lambda name: engine.state.campaigns[name])
    return Services(gateway.call, library, forum, log_tail, experiment, home.scratch, beat)
