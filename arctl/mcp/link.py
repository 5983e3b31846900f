"""The server's way to the daemon: one connection, made when it is needed and again after it was lost."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from typing import Any

from arctl.aclient import AsyncClient
from arctl.errors import ArctlError, NotRunningError, UsageError
from arctl.paths import Home

#: Seconds between signs of life for the members of this session, given with whatever else is asked.
BEAT = 60.0


class Link:
    """Asks the daemon; remembers who of this session is a member of what."""

    def __init__(self, home: Home, *, readonly: bool) -> None:
        self.home = home
        self._readonly = readonly
        self._client: AsyncClient | None = None
        self._connecting = asyncio.Lock()
        #: The member that this session is, by campaign; the newest last.
        self._members: dict[str, str] = {}
        self._beaten: dict[str, float] = {}

    async def ask(self, method: str, **params: Any) -> Any:
        """Make a request; a connection that was lost meanwhile is made again, once."""
        client = await self._connected()
        try:
            return await client.call(method, **params)
        except NotRunningError:
            # Others may have noticed first, and be on a new connection already.
            if self._client is client:
                await self.close()
        return await (await self._connected()).call(method, **params)

    async def do(self, method: str, **params: Any) -> Any:
        """Make a request that changes something; repeated over a lost connection it happens once."""
        return await self.ask(method, key=uuid.uuid4().hex, **params)

    async def _connected(self) -> AsyncClient:
        async with self._connecting:
            if self._client is None:
                self._client = await AsyncClient.connect(self.home, readonly=self._readonly)
            return self._client

    async def close(self) -> None:
        """Hang up."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()

    # -- members ---------------------------------------------------------------------------------------

    def joined(self, campaign: str, name: str) -> None:
        """Remember who this session is in a campaign."""
        self._members.pop(campaign, None)
        self._members[campaign] = name
        self._beaten[campaign] = time.monotonic()

    def left(self, campaign: str) -> None:
        """Forget it."""
        self._members.pop(campaign, None)

    def member(self, campaign: str) -> tuple[str, str]:
        """Return the campaign and the name of this session's member there; without a campaign, the newest."""
        if campaign and campaign in self._members:
            return campaign, self._members[campaign]
        if not campaign and self._members:
            return next(reversed(self._members.items()))
        where = f" of {campaign}" if campaign else ""
        msg = f"this session is no member{where} yet"
        raise UsageError(msg, "call join with a name first")

    def name(self, campaign: str) -> str:
        """Return this session's name in a campaign; empty where it is no member."""
        return self._members.get(campaign, "")

    async def visit(self, verb: str, campaign: str = "", **params: Any) -> Any:
        """Do something as this session's member."""
        home, name = self.member(campaign)
        self._beaten[home] = time.monotonic()
        return await self.do(f"member.{verb}", campaign=home, name=name, **params)

    async def alive(self) -> None:
        """Tell the daemon that this session's members are there, as long as anything is asked at all."""
        for campaign, name in list(self._members.items()):
            if time.monotonic() - self._beaten.get(campaign, 0.0) < BEAT:
                continue
            self._beaten[campaign] = time.monotonic()
            # Whatever is wrong with the membership is said when it is used.
            with contextlib.suppress(ArctlError):
                await self.ask("member.beat", campaign=campaign, name=name)
