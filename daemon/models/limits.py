"""What holds calls back: the rate limit that all agents share, and a breaker for servers that fail."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime

from arctl.daemon.thought import BrainFault

#: The longest that a call waits by itself for a limit to pass; longer ones are told, with the time.
PATIENCE = 20.0
#: The longest that a server's retry-after is believed; after that it is tried again.
CEILING = 900.0
#: Failures in a row that open a breaker, and how long it stays open at first and at most.
FAILURES, COOL, COOLEST = 5, 15.0, 600.0


@dataclass(frozen=True, slots=True)
class Clock:
    """Time and chance, as tests may give them."""

    #: Seconds that only ever grow.
    monotonic: Callable[[], float] = time.monotonic
    #: Seconds since the epoch.
    wall: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    #: Evenly from 0 to 1.
    chance: Callable[[], float] = random.random

    def jitter(self, attempt: int, base: float = 1.0, cap: float = PATIENCE) -> float:
        """Return a full-jitter delay before attempt `attempt` + 1."""
        return self.chance() * min(cap, base * 2.0**attempt)


def retry_after(values: dict[str, str], now: float) -> float | None:
    """Return the seconds that a server asks to wait, by its headers in lower case; None for none."""
    try:
        if (text := values.get("retry-after-ms", "")) and math.isfinite(ms := float(text)):
            return max(0.0, ms / 1000)
    except ValueError:
        pass
    text = values.get("retry-after", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - now
        except ValueError:
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


@dataclass(slots=True)
class Rates:
    """The rate limit of one key at one server: a 429 of one call holds back all."""

    clock: Clock
    until: float = 0.0
    #: 429s in a row without an answer between.
    hits: int = 0

    def met(self, after: float | None) -> float:
        """Note a 429; return for how long nobody calls, in seconds."""
        self.hits += 1
        # Without a time of the server's own: longer with every one in a row.
        wait = min(CEILING, max(1.0, after) if after is not None else min(60.0, 2.0**self.hits))
        self.until = max(self.until, self.clock.monotonic() + wait)
        return wait

    def passed(self) -> None:
        """Note an answer."""
        self.hits = 0

    async def wait(self) -> None:
        """Wait until calls are allowed again; raises `BrainFault` where that is too long to sit out."""
        first = True
        while (left := self.until - self.clock.monotonic()) > 0:
            if left > PATIENCE or not first:
                message = f"the server's rate limit was met; it is asked again in {max(1.0, left):.0f} s"
                remedy = "nothing to do: it goes on by itself; fewer agents, or a higher limit, avoid it"
                raise BrainFault("rate_limited", message, remedy, retry_after=left)
            # Those that wait do not all start in the same instant.
            await self.clock.sleep(left + self.clock.chance() * min(5.0, 1.0 + left / 2))
            first = False


@dataclass(slots=True)
class Breaker:
    """For one model at one server: closed, open after failures in a row, then one probe at a time."""

    clock: Clock
    failures: int = 0
    opened: int = 0
    until: float = 0.0
    kind: str = ""
    last: str = ""
    probing: bool = field(default=False)

    @property
    def is_open(self) -> bool:
        """Whether calls are refused unless as a probe."""
        return self.opened > 0

    def enter(self) -> bool:
        """Let a call through, and tell whether it is the probe; raises `BrainFault` while it is open."""
        if not self.is_open:
            return False
        left = self.until - self.clock.monotonic()
        if left <= 0 and not self.probing:
            self.probing = True
            return True
        wait = max(1.0, left)
        message = (
            f"not asked: the last {self.failures} calls failed ({self.last}); tried again in {wait:.0f} s"
        )
        remedy = "look whether the server is there; runs that are queued go on meanwhile"
        raise BrainFault(self.kind, message, remedy, retry_after=wait)

    def leave(self) -> None:
        """Note that a probe ended without telling anything."""
        self.probing = False

    def succeeded(self) -> None:
        """Note that the server works."""
        self.failures, self.opened, self.until, self.probing = 0, 0, 0.0, False

    def failed(self, kind: str, message: str) -> None:
        """Note a failure of the server; open after several in a row, for longer each time."""
        self.failures += 1
        self.kind, self.last = kind, message
        if self.probing or (not self.is_open and self.failures >= FAILURES):
            length = min(COOLEST, COOL * 2.0**self.opened)
            self.until = self.clock.monotonic() + length * (0.5 + self.clock.chance() / 2)
            self.opened += 1
        self.probing = False
