"""The brains actor: finds the brain that a campaign names and puts questions to it in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import entry_points
from pathlib import Path

from arctl.daemon.actions import BrainAction
from arctl.daemon.brains.base import Brain, Situation
from arctl.daemon.facts import BrainAnswered, Fact
from arctl.daemon.specs import spec_of
from arctl.errors import ArctlError

GROUP = "arctl.brains"
#: Brains that think at the same time.
THREADS = 4


class Brains:
    """Keeps one brain for each campaign."""

    def __init__(self, report: Callable[[Fact], None]) -> None:
        self._report = report
        # Brains take their time: they have threads of their own.
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="brain")
        self._brains: dict[tuple[str, str], Brain] = {}

    async def handle(self, action: BrainAction) -> None:
        """Put a question and report the answer."""
        campaign = action.campaign
        spec = spec_of(campaign)
        situation = Situation(
            campaign=campaign.id,
            root=Path(campaign.root),
            spec=spec,
            base=action.base,
            params=dict(action.params),
            history=action.history,
            dead_axes=action.dead_axes,
            want=action.want,
        )
        brain = self._brain(campaign.id, spec.brain.kind)
        loop = asyncio.get_running_loop()
        reply = await loop.run_in_executor(self._threads, brain.propose, situation)
        drafts = reply.drafts[: action.want]
        self._report(BrainAnswered(campaign.id, drafts, action.base, reply.exhausted, reply.note))

    def close(self) -> None:
        """Wait for no brain that is still thinking."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _brain(self, campaign: str, kind: str) -> Brain:
        key = (campaign, kind)
        if key not in self._brains:
            self._brains[key] = make(kind)
        return self._brains[key]


def make(kind: str) -> Brain:
    """Return a new brain of a kind; raises `ArctlError` where no such brain is installed."""
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    if kind not in found:
        msg = f"there is no brain called {kind!r}"
        raise ArctlError(msg, f"set [brain] kind to one of {', '.join(sorted(found))}")
    brain: Brain = found[kind].load()()
    return brain
