"""A running daemon as a source: connects, follows events from a cursor, asks what the screen wants."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from arctl.aclient import AsyncClient
from arctl.errors import ArctlError, NotRunningError
from arctl.tui.data import view as views
from arctl.tui.data.query import Answer, Pace, Query
from arctl.tui.data.view import View
from arctl.tui.source.connected import PATIENCE, Connected

#: Seconds between refreshes while events come, and while none do.
BUSY = 1.0
QUIET = 5.0
#: Events that are asked for at first.
HISTORY = 200


def due(view: View, wants: Sequence[Query], now: float) -> list[Query]:
    """Return what has to be asked: what was never answered, and what is out of date by its pace."""
    found = []
    for query in dict.fromkeys(wants):
        answer = view.answer(query)
        stale = answer.at < 0 or (
            answer.seq < view.link.seq
            if query.pace is Pace.EVENTS
            else query.pace is Pace.SECOND and now - answer.at >= BUSY * 0.9
        )
        # What never changes is asked again only where it failed.
        failed = bool(answer.error) and now - answer.at >= QUIET
        if stale or failed or (query.pace is Pace.EVENTS and now - answer.at >= QUIET):
            found.append(query)
    return found


class LiveSource(Connected):
    """A daemon as it is now."""

    #: Whether the status may have changed since it was asked for, and when that was (monotonic seconds).
    _stale = True
    _asked_at = -QUIET

    # -- for the app -------------------------------------------------------------------------------------

    def choose(self, campaign: str) -> None:
        """Follow another campaign."""
        if self.view.chosen != campaign:
            self.view = views.choose(self.view, campaign)
            self.look()

    def resync(self) -> None:
        """Ask for everything anew; when cut off, try to connect now."""
        forgotten = {query: replace(answer, at=-1.0) for query, answer in self.view.answers.items()}
        self.view = replace(self.view, answers=forgotten)
        self._stale = True
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

    async def _attached(self, client: AsyncClient) -> None:
        """Follow one connection until it breaks; raises what broke it."""
        before = self.view.link
        self.view = replace(views.connected(self.view, client.welcome), link=before)
        await self._subscribe(client)
        self.resync()
        await self._refresh(client, first=True)
        # Live only now: what is shown is what is.
        self.view = views.connected(self.view, client.welcome)
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
            self.view = views.resynced(views.with_events(fresh, history), int(answer.get("seq", 0)))

    async def _follow(self, client: AsyncClient) -> None:
        """Take in what the daemon sends by itself."""
        while True:
            message = await client.notification()
            params = message.get("params") or {}
            match message.get("method"):
                case "event":
                    self.view = views.with_events(self.view, [params])
                    self._stale = True
                case "sample":
                    self.view = views.with_devices(self.view, params.get("devices"))
                case "resync":
                    history = await client.call("events", PATIENCE, limit=HISTORY)
                    self.view = views.with_events(replace(self.view, events=()), history)
                    self.resync()

    async def _keep_fresh(self, client: AsyncClient) -> None:
        """Refresh while events come, at most once a second, and now and then while none do."""
        while True:
            urgent = await self._woken(BUSY)
            await self._refresh(client)
            if urgent:
                self._changed()

    async def _refresh(self, client: AsyncClient, *, first: bool = False) -> None:
        """Fetch the status where it may have changed, then what the screen wants."""
        now = time.monotonic()
        if self._stale or now - self._asked_at >= QUIET:
            self._stale, self._asked_at = False, now
            status = await client.call("status", PATIENCE)
            self.view = views.with_status(self.view, status, time.time())
            self.view = replace(self.view, link=replace(self.view.link, delay=time.monotonic() - now))
        if first:
            devices = await client.call("gpus", PATIENCE, history=True)
            self.view = views.with_devices(self.view, devices)
        # Again: what the first answers tell (which campaign, which row) may make the screen want more.
        for _ in range(3):
            asked = due(self.view, self._wants(), time.monotonic())
            if not asked:
                return
            seq, news = self.view.link.seq, any(query not in self.view.answers for query in asked)
            answers = await asyncio.gather(*(self._ask(client, query, seq) for query in asked))
            self.view = views.with_answers(self.view, dict(zip(asked, answers, strict=True)))
            if not news:
                return
            self._changed()

    async def _ask(self, client: AsyncClient, query: Query, seq: int) -> Answer:
        """Ask one thing; a refusal is an answer, a broken connection is not."""
        try:
            reply = await client.call(query.method, PATIENCE, **query.given)
        except NotRunningError:
            raise
        except ArctlError as error:
            said = f"{error.message}: {error.remedy}" if error.remedy else error.message
            return Answer(error=said, at=time.monotonic(), seq=seq)
        return Answer(reply, at=time.monotonic(), seq=seq)
