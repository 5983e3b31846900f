"""The ledger's tables, as a list of migrations that only ever grows."""

from __future__ import annotations

import secrets
import sqlite3
from typing import Any

from sqlite_utils import Database, Migrations

ledger = Migrations("arctl")


@ledger(name="0001_foundation")
def _foundation(db: Any) -> None:
    """Lay current state, events, results, curves and answered commands."""
    text, integer, real = str, int, float
    db["meta"].create({"key": text, "value": text}, pk="key")
    db["meta"].insert({"key": "epoch", "value": secrets.token_hex(8)})
    db["campaigns"].create(
        {
            "id": text, "root": text, "spec": text, "state": text, "created": real, "prefix": text,
            "reason": text, "base_commit": text, "champion": text, "env": text, "setup_done": integer,
            "exhausted": integer, "behind": text, "rev": integer,
        },
        pk="id",
    )  # fmt: skip
    db["proposals"].create(
        {
            "id": text, "campaign": text, "created": real, "agent": text, "brain": text, "title": text,
            "change": text, "base": text, "hypothesis": text, "axis": text, "move": text, "expected": text,
            "if_works": text, "if_fails": text, "source": text, "rev": integer,
        },
        pk="id",
    )  # fmt: skip
    db["experiments"].create(
        {
            "id": text, "campaign": text, "number": integer, "created": real, "state": text, "title": text,
            "proposal": text, "axis": text, "base": text, "commit": text, "tree": text, "params": text,
            "verdict": text, "reason": text, "evidence": text, "values": text, "bank": text,
            "metrics": text, "promoted": text, "same_as": text, "rebase_of": text, "held": integer,
            "closed": real, "seconds": real, "rev": integer,
        },
        pk="id",
    )  # fmt: skip
    db["experiments"].create_index(["campaign", "number"])
    db["runs"].create(
        {
            "id": text, "campaign": text, "experiment": text, "number": integer, "created": real,
            "purpose": text, "seed": integer, "state": text, "attempt": integer, "losses": integer,
            "held": integer,
            "outcome": text, "reason": text, "device": text, "device_name": text, "tree": text,
            "started": real, "ended": real, "seconds": real, "value": real, "metrics": text,
            "evidence": text, "stopping": text, "rev": integer,
        },
        pk="id",
    )  # fmt: skip
    db["runs"].create_index(["experiment"])
    db["dead_ends"].create(
        {
            "id": text, "campaign": text, "axis": text, "created": real, "reason": text, "reopen": text,
            "closed_by": text, "evidence": text, "rev": integer,
        },
        pk="id",
    )  # fmt: skip
    # AUTOINCREMENT: a number once given to an event is never given again, whatever is pruned.
    db.execute(
        "CREATE TABLE events (seq INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL, kind TEXT NOT NULL,"
        " campaign TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL, actor TEXT NOT NULL,"
        " data TEXT NOT NULL)"
    )
    db.execute("CREATE INDEX events_subject ON events (subject, seq)")
    # The key is what makes a result count exactly once.
    db["results"].create(
        {"run": text, "attempt": integer, "at": real, "outcome": text, "value": real, "record": text},
        pk=("run", "attempt"),
    )
    db.execute(
        "CREATE TABLE points (run TEXT, attempt INTEGER, ordinal INTEGER, metric TEXT, step REAL, value REAL,"
        " PRIMARY KEY (run, attempt, ordinal)) WITHOUT ROWID"
    )
    db["commands"].create({"key": text, "at": real, "answer": text}, pk="key")


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a ledger to this version's schema; each migration is a transaction of its own."""
    ledger.apply(Database(connection))


def unknown_migrations(connection: sqlite3.Connection) -> list[str]:
    """Return the migrations in this ledger that this version has never heard of."""
    known = {migration.name for migration in ledger._migrations}
    return [item.name for item in ledger.applied(Database(connection)) if item.name not in known]
