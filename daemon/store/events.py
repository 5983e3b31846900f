"""Events looked through: backwards in pages, around a time, by kind and by words."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are looked for; what is empty does not matter.

    A kind that ends in a dot is all that begin so.
    """

    campaign: str = ""
    subject: str = ""
    text: str = ""
    kinds: tuple[str, ...] = ()

    def where(self) -> tuple[str, list[Any]]:
        """Return the condition and its values."""
        parts, values = ["1"], list[Any]()
        for column, value in (("campaign", self.campaign), ("subject", self.subject)):
            if value:
                parts.append(f"{column} = ?")
                values.append(value)
        if self.kinds:
            parts.append("(" + " OR ".join("kind GLOB ?" for _ in self.kinds) + ")")
            values += [_glob(kind) for kind in self.kinds]
        if self.text:
            like = "%" + self.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
            columns = ("text", "subject", "kind", "actor")
            parts.append("(" + " OR ".join(f"{column} LIKE ? ESCAPE '\\'" for column in columns) + ")")
            values += [like] * len(columns)
        return " AND ".join(parts), values


def _glob(kind: str) -> str:
    """Return the pattern of a kind: a word of a closed list, or the beginning of several."""
    plain = "".join(f"[{letter}]" if letter in "*?[" else letter for letter in kind)
    return f"{plain}*" if kind.endswith(".") else plain


def newer(connection: sqlite3.Connection, wanted: Wanted, after: int, limit: int) -> list[Record]:
    """Return the first events behind a number, oldest first."""
    where, values = wanted.where()
    sql = f"SELECT * FROM events WHERE seq > ? AND {where} ORDER BY seq LIMIT ?"  # noqa: S608
    return _records(connection, sql, (after, *values, limit))


def older(connection: sqlite3.Connection, wanted: Wanted, before: int | None, limit: int) -> list[Record]:
    """Return the last events before a number, oldest first; of all where it is None."""
    where, values = wanted.where()
    bound = "seq < ? AND " if before is not None else ""
    sql = f"SELECT * FROM events WHERE {bound}{where} ORDER BY seq DESC LIMIT ?"  # noqa: S608
    known = [before] if before is not None else []
    return _records(connection, sql, (*known, *values, limit))[::-1]


def within(
    connection: sqlite3.Connection, wanted: Wanted, after: int, until: int, limit: int
) -> list[Record]:
    """Return the first events behind a number and up to another one, oldest first."""
    where, values = wanted.where()
    sql = f"SELECT * FROM events WHERE seq > ? AND seq <= ? AND {where} ORDER BY seq LIMIT ?"  # noqa: S608
    return _records(connection, sql, (after, until, *values, limit))


def around(connection: sqlite3.Connection, wanted: Wanted, at: float, limit: int) -> list[Record]:
    """Return the events around a time, oldest first: half of them before it."""
    first = since(connection, at)
    before = older(connection, wanted, first, limit // 2)
    return before + newer(connection, wanted, first - 1, limit - len(before))


def since(connection: sqlite3.Connection, at: float) -> int:
    """Return the number of the first event that was written at a time or later, or one behind the last."""
    # Each for itself: asked for both at once, SQLite passes all of the events.
    low = connection.execute("SELECT coalesce(min(seq), 1) FROM events").fetchone()[0]
    high = connection.execute("SELECT coalesce(max(seq), 0) + 1 FROM events").fetchone()[0]
    # Numbers grow with time, so that no index of the times is needed.
    while low < high:
        middle = (low + high) // 2
        seq, when = connection.execute(
            "SELECT seq, at FROM events WHERE seq >= ? ORDER BY seq LIMIT 1", (middle,)
        ).fetchone()
        if when >= at:
            high = middle
        else:
            low = seq + 1
    return int(low)


def _records(connection: sqlite3.Connection, sql: str, values: tuple[Any, ...]) -> list[Record]:
    found = (dict(row) for row in connection.execute(sql, values))
    return [{**record, "data": json.loads(record["data"])} for record in found]
