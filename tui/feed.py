"""The one worker that talks to the daemon: connects, follows events from a cursor, keeps the view fresh."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from arctl.aclient import AsyncClient
from arctl.errors import ArctlError, NotRunningError
from arctl.paths import Home
from arctl.tui import state
from arctl.tui.state import View

#: Seconds before another attempt to connect: the first, and the most.
BACKOFF = 0.25
MAX_BACKOFF = 5.0
#: Seconds between refreshes while events come, and while none do.
BUSY = 1.0
QUIET = 5.0
#: A daemon that answers nothing for this long is as good as gone.
PATIENCE = 8.0
#: Experiments asked for at first, and then with each refresh.
FIRST_WINDOW = 500
WINDOW = 60
HISTORY = 200


def backoff(attempts: int) -> float:
    """Return how long to wait after so many failed attempts."""
    return min(MAX_BACKOFF, BACKOFF * 2.0 ** max(0, min(attempts, 10) - 1))


def window_of(view: View) -> int:
    """Return how many of the newest experiments to ask for: back to the oldest one that is still open."""
    if not view.experiments:
        return FIRST_WINDOW
    first = next((at for at, row in enumerate(view.experiments) if row.state != "closed"), None)
    reach = 0 if first is None else len(view.experiments) - first
    return min(FIRST_WINDOW, reach + WINDOW)


class Feed:
    """Owns the connection and the current view; `changed` is called when it should be shown at once."""

    def __init__(self, home: Home, *, readonly: bool, changed: Callable[[], None]) -> None:
        self.home = home
        self.view = View(readonly=readonly)
        self._changed = changed
        self._client: AsyncClient | None = None
        self._wake = asyncio.Event()
        self._stale = True
        self._whole = True
        self._champion: tuple[str, str, int] = ("", "", 0)

    # -- for the app -------------------------------------------------------------------------------------

    def choose(self, campaign: str) -> None:
        """Follow another campaign."""
        if self.view.chosen != campaign:
            self.view = state.choose(self.view, campaign)
            self.resync()

    def resync(self) -> None:
        """Ask for everything anew; when cut off, try to connect now."""
        self._stale = self._whole = True
        self._wake.set()

    async def call(self, method: str, **params: Any) -> Any:
        """Ask the daemon one thing; raises its typed error, `NotRunningError` when cut off."""
        if self._client is None or not self.view.live:
            raise NotRunningError("cut off from the daemon", self.view.link.remedy)
        answer = await self._client.call(method, PATIENCE, **params)
        self._stale = True
        self._wake.set()
        return answer

    # -- the worker --------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Connect, follow, and connect again, until cancelled."""
        while True:
            try:
                async with await AsyncClient.connect(
                    self.home, readonly=self.view.readonly, timeout=PATIENCE
                ) as client:
                    await self._attached(client)
            except ArctlError as error:
                self.view = state.cut(self.view, error.message, error.remedy)
            finally:
                self._client = None
            self._changed()
            await self._woken(backoff(self.view.link.attempts))

    async def _attached(self, client: AsyncClient) -> None:
        """Follow one connection until it breaks; raises what broke it."""
        before = self.view.link
        self.view = replace(state.connected(self.view, client.welcome), link=before)
        await self._subscribe(client)
        self.resync()
        await self._refresh(client)
        # Live only now: what is shown is what is.
        self.view = state.connected(self.view, client.welcome)
        self._client = client
        self._changed()
        tasks = [asyncio.create_task(self._follow(client)), asyncio.create_task(self._keep_fresh(client))]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _subscribe(self, client: AsyncClient) -> None:
        """Go on behind the last event that was seen; where that is impossible, begin with the newest."""
        link = self.view.link
        epoch = str(client.welcome.get("epoch"))
        cursor = {"after": link.seq, "epoch": epoch} if link.seq and link.epoch == epoch else {}
        answer = await client.call("subscribe", PATIENCE, topics=["events", "devices"], **cursor)
        if not answer.get("resumed"):
            history = await client.call("events", PATIENCE, limit=HISTORY)
            fresh = replace(self.view, events=(), link=replace(link, epoch=epoch, seq=0))
            self.view = state.resynced(state.with_events(fresh, history), int(answer.get("seq", 0)))

    async def _follow(self, client: AsyncClient) -> None:
        """Take in what the daemon sends by itself."""
        while True:
            message = await client.notification()
            params = message.get("params") or {}
            match message.get("method"):
                case "event":
                    self.view = state.with_events(self.view, [params])
                    self._stale = True
                case "sample":
                    self.view = state.with_devices(self.view, params.get("devices"))
                case "resync":
                    history = await client.call("events", PATIENCE, limit=HISTORY)
                    self.view = state.with_events(replace(self.view, events=()), history)
                    self._stale = self._whole = True

    async def _keep_fresh(self, client: AsyncClient) -> None:
        """Refresh while events come, at most once a second, and now and then while none do."""
        last = time.monotonic()
        while True:
            urgent = await self._woken(BUSY)
            if urgent or self._stale or time.monotonic() - last >= QUIET:
                await self._refresh(client)
                last = time.monotonic()
            if urgent:
                self._changed()

    async def _refresh(self, client: AsyncClient) -> None:
        """Fetch the status, then what the chosen campaign needs."""
        self._stale, whole, self._whole = False, self._whole, False
        status = await client.call("status", PATIENCE)
        self.view = state.with_status(self.view, status, time.time())
        if whole:
            self.view = state.with_devices(self.view, await client.call("gpus", PATIENCE))
        row = self.view.campaign
        if row is None:
            return
        window = FIRST_WINDOW if whole else window_of(self.view)
        queries: list[dict[str, Any]] = [{"limit": window}]
        champion = (row.id, row.champion, row.champion_runs)
        if champion != self._champion or whole:
            # Apart from the window: the champions are older than it, and the curve needs them all.
            queries += [{"verdict": "baseline"}, {"verdict": "accepted"}]
        replies = await asyncio.gather(
            *(client.call("experiments", PATIENCE, campaign=row.id, **query) for query in queries)
        )
        missed = not whole and int(replies[0]["total"]) - self.view.total > WINDOW
        for reply in replies:
            self.view = state.with_experiments(self.view, reply)
        self._champion = champion
        if missed:  # more were made since the last look than it asked for
            self._stale = self._whole = True

    async def _woken(self, seconds: float) -> bool:
        """Wait; return at once, and True, when somebody does not want to."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)
        woken = self._wake.is_set()
        self._wake.clear()
        return woken
