"""What the ledger forgets, where a campaign says so: old events and curves, a few at a time."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

#: Rows that one transaction deletes at most, so that nobody who writes waits for long.
CHUNK = 5000
#: Seconds for which the answer to a command that carried a key is kept.
ANSWERS = 7 * 86400.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """Times before which things go: the events of each campaign; all curves of these attempts go."""

    now: float
    events: tuple[tuple[str, float], ...] = ()
    curves: tuple[tuple[str, int], ...] = ()


def prune(connection: sqlite3.Connection, bounds: Bounds) -> int:
    """Delete up to `CHUNK` rows of each kind in one transaction; return how many went."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        gone = connection.execute("DELETE FROM commands WHERE at < ?", (bounds.now - ANSWERS,)).rowcount
        for campaign, before in bounds.events:
            gone += _events(connection, campaign, before)
        for run, attempt in bounds.curves:
            if gone >= CHUNK:
                break
            gone += connection.execute(
                "DELETE FROM points WHERE run = ? AND attempt = ?", (run, attempt)
            ).rowcount
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return gone


def _events(connection: sqlite3.Connection, campaign: str, before: float) -> int:
    """Delete the oldest events of a campaign, and note up to which number a cursor is good no more."""
    found = connection.execute(
        "SELECT seq FROM events WHERE campaign = ? AND at < ? ORDER BY seq LIMIT ?", (campaign, before, CHUNK)
    ).fetchall()
    if not found:
        return 0
    connection.executemany("DELETE FROM events WHERE seq = ?", found)
    connection.execute(
        "INSERT INTO meta VALUES ('pruned', ?) ON CONFLICT(key) DO UPDATE SET"
        " value = max(cast(value AS INTEGER), cast(excluded.value AS INTEGER))",
        (str(found[-1][0]),),
    )
    return len(found)
