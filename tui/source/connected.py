"""What the sources share: one connection to a daemon, made again with backoff for as long as the app runs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from arctl.aclient import AsyncClient
from arctl.errors import ArctlError
from arctl.paths import Home
from arctl.places import Place
from arctl.tui.data import view as views
from arctl.tui.data.query import Query
from arctl.tui.data.view import View

#: Seconds before another attempt to connect: the first, and the most.
BACKOFF = 0.25
MAX_BACKOFF = 5.0
#: A daemon that answers nothing for this long (seconds) is as good as gone.
PATIENCE = 8.0


def backoff(attempts: int) -> float:
    """Return how long to wait after so many failed attempts, in seconds."""
    return min(MAX_BACKOFF, BACKOFF * 2.0 ** max(0, min(attempts, 10) - 1))


class Connected:
    """Owns the connection and the current view.

    `changed` is called when the view should be shown at once, `wants` tells what the screen wants to know.
    """

    def __init__(
        self,
        place: Home | Place,
        *,
        readonly: bool,
        changed: Callable[[], None],
        wants: Callable[[], Sequence[Query]],
    ) -> None:
        self.place = place
        self.view = View(readonly=readonly)
        self._changed, self._wants = changed, wants
        self._client: AsyncClient | None = None
        self._wake = asyncio.Event()

    def look(self) -> None:
        """See at once to what the screen wants by now."""
        self._wake.set()

    async def run(self) -> None:
        """Connect, attend to the connection, and connect again, until cancelled."""
        while True:
            try:
                connection = AsyncClient.connect(self.place, readonly=self.view.readonly, timeout=PATIENCE)
                async with await connection as client:
                    await self._attached(client)
            except ArctlError as error:
                self.view = views.cut(self.view, error.message, error.remedy)
            finally:
                self._client = None
            self._changed()
            await self._woken(backoff(self.view.link.attempts))

    async def _attached(self, client: AsyncClient) -> None:
        """Attend to one connection until it breaks; raises what broke it."""
        raise NotImplementedError

    async def _woken(self, seconds: float) -> bool:
        """Wait; return at once, and True, when somebody does not want to."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)
        woken = self._wake.is_set()
        self._wake.clear()
        return woken
