"""Following what happens: every event once, from a cursor, across broken connections."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from arctl.client import Client
from arctl.errors import NotRunningError
from arctl.paths import Home

Event = dict[str, Any]

#: Seconds of silence after which the connection is made anew: a daemon that died silently is noticed.
SILENCE = 10.0
#: Seconds that a daemon may be away (an upgrade, a restart) before following it ends.
AWAY = 5.0


@dataclass(slots=True)
class Cursor:
    """How far the events were seen; good for one ledger."""

    seq: int
    epoch: str


def events(home: Home, cursor: Cursor, *, deadline: float | None = None) -> Iterator[Event | None]:
    """Yield the events behind a cursor as they come, and None now and then, so that the caller can look up.

    `deadline` is on the monotonic clock; the end of the iterator means that it passed. Raises
    `NotRunningError` when the daemon is gone.
    """
    away_since: float | None = None
    while deadline is None or time.monotonic() < deadline:
        silence = SILENCE if deadline is None else min(SILENCE, max(0.05, deadline - time.monotonic()))
        try:
            with Client(home, timeout=silence) as client:
                welcome = client.call("subscribe", after=cursor.seq, epoch=cursor.epoch, topics=["events"])
                cursor.seq, cursor.epoch = welcome["seq"], welcome["epoch"]
                away_since = None
                yield None
                yield from _stream(client, cursor)
        except NotRunningError:
            # Silence ends here as well; only a connection that cannot be made again counts as away.
            away_since = away_since or time.monotonic()
            if time.monotonic() - away_since > AWAY:
                raise
            time.sleep(0.1)


def _stream(client: Client, cursor: Cursor) -> Iterator[Event | None]:
    for message in client.notifications():
        if message["method"] == "event":
            event: Event = message["params"]
            cursor.seq = event["seq"]
            yield event
        elif message["method"] == "resync":
            cursor.seq, cursor.epoch = message["params"]["seq"], message["params"]["epoch"]
            yield None
