"""A recorded campaign as a source: its history is fetched once, then time is moved to and fro in it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from arctl.aclient import AsyncClient
from arctl.errors import ArctlError, NotRunningError, RefusedError
from arctl.numbers import finite
from arctl.paths import Home
from arctl.places import Place
from arctl.tui.data import view as views
from arctl.tui.data.query import Answer, Query
from arctl.tui.data.reading import real, word
from arctl.tui.data.view import Phase, Playback
from arctl.tui.source.connected import PATIENCE, Connected
from arctl.tui.source.past import History, reply, without_what_came_later

#: Seconds between two pictures while the time runs.
FRAME = 0.5
#: Seconds between two looks at whether the daemon is still there, while it stands still.
QUIET = 5.0
#: Seconds that a whole replay takes at first.
LENGTH = 90
#: Events shown before the moment.
EVENTS = 200
#: What is recorded once and for all: asked of the daemon, and shown without what came later.
DETAILS = frozenset({"diff", "curve", "logs", "log.sources", "proposal", "tree", "show", "champion.diff"})


class ReplaySource(Connected):
    """A campaign's history, and the view of one moment of it."""

    def __init__(
        self,
        place: Home | Place,
        campaign: str,
        at: str,
        *,
        changed: Callable[[], None],
        wants: Callable[[], Sequence[Query]],
    ) -> None:
        super().__init__(place, readonly=True, changed=changed, wants=wants)
        self._campaign, self._wanted_at = campaign, at
        self._history = History()
        self._cursor: str | None = None
        self._details: dict[Query, Answer] = {}
        self._behind = False

    # -- for the app -------------------------------------------------------------------------------------

    def choose(self, campaign: str) -> None:
        """Stay with the campaign: a replay is of one."""
        del campaign

    def resync(self) -> None:
        """Read on in the history, and answer everything anew."""
        self._details.clear()
        self._behind = True
        self._wake.set()

    async def call(self, method: str, **params: Any) -> Any:
        """Refuse: what is past cannot be changed."""
        del params
        msg = f"{method} is not possible in a replay"
        raise RefusedError(msg, "attach without --replay to change something")

    def play(self) -> None:
        """Let the time run, or stop it."""
        played = self._playback
        begin = played.begin if played.at >= played.end and not played.playing else played.at
        self._set(replace(played, playing=not played.playing, at=begin))

    def scrub(self, share: float) -> None:
        """Go on by a share of the whole length, or back by a negative one."""
        played = self._playback
        self.go(played.at + share * (played.end - played.begin))

    def go(self, at: float) -> None:
        """Go to a moment, in seconds since the epoch."""
        played = self._playback
        self._set(replace(played, at=max(played.begin, min(played.end, at))))

    def speed(self, factor: float) -> None:
        """Let the time run so many times faster than it passed."""
        self._set(replace(self._playback, speed=factor))

    async def step(self, way: int) -> None:
        """Go to the event before, or to the next one."""
        if self._client is None or self.view.playback is None:
            return
        at, params = self._playback.at, {"campaign": self._campaign}
        events = await self._client.call("events", PATIENCE, at=at, limit=100, **params)
        times = sorted({real(event, "at") or 0.0 for event in events})
        if way > 0:
            after = [when for when in times if when > at]
            if not after and times:
                last = max((int(event.get("seq", 0)) for event in events), default=0)
                more = await self._client.call("events", PATIENCE, after=last, limit=20, **params)
                after = sorted(when for event in more if (when := real(event, "at") or 0.0) > at)
            self.go(after[0] if after else self._playback.end)
        else:
            before = [when for when in times if when < at]
            self.go(before[-1] if before else self._playback.begin)

    @property
    def _playback(self) -> Playback:
        return self.view.playback or Playback(0.0, 0.0, 0.0)

    def _set(self, played: Playback) -> None:
        if self.view.playback is not None:  # before the history is there, there is no time to move in
            self.view = replace(self.view, playback=played)
            self._wake.set()

    # -- the worker --------------------------------------------------------------------------------------

    async def _attached(self, client: AsyncClient) -> None:
        """Fetch the history, then show moments of it."""
        self._client = client
        await self._load(client)
        await self._show(client)

    async def _load(self, client: AsyncClient) -> None:
        """Fetch the history page by page, on from what is there already."""
        while True:
            page = await client.call("history", PATIENCE, campaign=self._campaign, after=self._cursor)
            self._history.take(page)
            self._cursor = word(page, "cursor")
            told = f"reading the history: {self._history.size:,} rows so far"
            self.view = replace(self.view, trouble=told)
            self._changed()
            if not page.get("more"):
                break
        begin, end = self._history.begin, self._history.end
        at = moment(self._wanted_at, begin, end, begin) if self._wanted_at else begin
        at = max(begin, min(end, at))
        known = self.view.playback
        if known is not None:
            known = replace(known, end=max(end, known.end))
        self.view = replace(
            views.connected(self.view, client.welcome),
            chosen=self._history.name,
            playback=known or Playback(at, begin, end, speed=max(1.0, round((end - begin) / LENGTH))),
        )

    async def _show(self, client: AsyncClient) -> None:
        last, ran, shown = time.monotonic(), False, None
        while True:
            if self._behind:
                self._behind, shown = False, None
                await self._load(client)
            played = self._playback
            now = time.monotonic()
            if played.playing and ran:
                at = min(played.end, played.at + (now - last) * played.speed)
                self.view = replace(self.view, playback=replace(played, at=at, playing=at < played.end))
            last, ran = now, played.playing
            if shown != (wanted := (self._playback.at, tuple(self._wants()))):
                shown = wanted
                await self._moment(client)
            else:  # only to see whether it still answers
                await client.call("events", PATIENCE, limit=1)
            self._changed()
            await self._woken(FRAME if self._playback.playing else QUIET)

    async def _moment(self, client: AsyncClient) -> None:
        """Bring the view to the moment that is shown."""
        at, history = self._playback.at, self._history
        # In a thread: a hundred thousand experiments are gone through, and keys must not wait for it.
        status = await asyncio.to_thread(reply, history, at, "status", {})
        devices = await asyncio.to_thread(reply, history, at, "gpus", {})
        view = views.with_devices(views.with_status(self.view, status, at), devices)
        events = await client.call("events", PATIENCE, at=at, limit=EVENTS, campaign=view.chosen)
        told = [event for event in events if (real(event, "at") or 0.0) <= at]
        self.view = views.with_events(replace(view, events=(), playback=self.view.playback), told)
        for _ in range(2):
            found: dict[Query, Answer] = {}
            for query in dict.fromkeys(self._wants()):
                data = await asyncio.to_thread(reply, history, at, query.method, query.given)
                if data is None and query not in self._details:
                    self._details[query] = await self._detail(client, query)
                if data is None:
                    known = self._details[query]
                    data = without_what_came_later(history, at, query.method, known.reply)
                    found[query] = replace(known, reply=data)
                else:
                    found[query] = Answer(data, at=time.monotonic())
            self.view = views.with_answers(self.view, found)
        self.view = replace(self.view, link=replace(self.view.link, phase=Phase.LIVE))

    async def _detail(self, client: AsyncClient, query: Query) -> Answer:
        """Ask the daemon for what does not change; say so of what a history does not keep."""
        if query.method not in DETAILS:
            return Answer(error="a replay cannot tell: the history does not keep it", at=time.monotonic())
        try:
            return Answer(await client.call(query.method, PATIENCE, **query.given), at=time.monotonic())
        except NotRunningError:
            raise
        except ArctlError as error:
            return Answer(error=f"{error.message}: {error.remedy}", at=time.monotonic())


def moment(text: str, begin: float, end: float, now: float) -> float:
    """Read a moment of a replay: `50%`, `+10m`, `-2h`, `12:04`, `12:04:30`, `2026-11-21 12:04`.

    `now` is where the replay is. Raises `RefusedError` that says how moments are written.
    """
    try:
        found = _moment(text.strip(), begin, end, now)
    except (ValueError, OverflowError):
        found = math.nan
    if math.isnan(found):
        msg = f"{text!r} is no moment"
        raise RefusedError(msg, "write 50%, +10m, -2h, 12:04 or 2026-11-21T12:04")
    return found


def _moment(said: str, begin: float, end: float, now: float) -> float:
    import datetime as dt

    units = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
    if said.endswith("%"):
        return begin + (end - begin) * float(said[:-1]) / 100
    if said[:1] in ("+", "-") and said[-1:] in units:
        return now + float(said[:-1]) * units[said[-1]]
    if ":" in said and "-" not in said:
        clock = dt.time.fromisoformat(said if said.count(":") > 0 and len(said) > 4 else f"0{said}")
        day = dt.datetime.fromtimestamp(now or begin).astimezone()
        return day.replace(
            hour=clock.hour, minute=clock.minute, second=clock.second, microsecond=0
        ).timestamp()
    return dt.datetime.fromisoformat(said).astimezone().timestamp()


def factor(text: str) -> float:
    """Read how many times faster a replay runs than it passed: `60`, `x0.5`; raises `RefusedError`."""
    found = finite(text.removeprefix("x"))
    if found is None or found <= 0:
        msg = f"{text!r} is no speed"
        raise RefusedError(msg, "write :speed 60 for a minute a second")
    return max(0.1, found)
