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


_TYPES: dict[str, type[Any]] = {"text": str, "int": int, "real": float}


def _columns(described: str) -> dict[str, type[Any]]:
    """Read `text id campaign; real created`: each group is a type and the columns that have it."""
    found: dict[str, type[Any]] = {}
    for group in described.split(";"):
        kind, *names = group.split()
        found.update(dict.fromkeys(names, _TYPES[kind]))
    return found


@ledger(name="0002_teams")
def _teams(db: Any) -> None:
    """Add the community: agents, teams, directions, turns, the forum, directives, what models cost."""
    for table, described in {
        "agents": "text id campaign name role brain; real created; text model team state notes trouble;"
        " text exhausted; real seen; int turns failures fruitless; real usd; int tokens rev",
        "teams": "text id campaign name; real created; text state direction; real since; int held drain;"
        " text reason; int rev",
        "directions": "text id campaign; real created; text author title hypothesis axes prediction falsifier"
        " first state team base parents discussion; int held drain; text reason; real since; int by_hand rev",
        "discussions": "text id campaign; real created; text reason; real deadline; int round rounds;"
        " text thread asked; int answers formed; real closed; int rev",
        "turns": "text id campaign agent move; real created expires beat; text subject team; int round want;"
        " text base state; real ended; text fault note prompt; int rev",
        "critiques": "text id campaign; real created; text subject author stance reason links lifted;"
        " int by_hand rev",
        "posts": "text id campaign; real created; text author kind text thread parent team links;"
        " int open rev",
        "directives": "text id campaign; real created; text target text author state by; real acknowledged;"
        " text plan report; real ended; text thread; int rev",
        "deeds": "text id campaign; real created; text actor verb target reason text undo; int undone rev",
        "calls": "text id campaign; real created; text agent turn model; real reserved; int reserved_tokens;"
        " text team experiment state; real usd; int input_tokens output_tokens cache_read_tokens"
        " cache_write_tokens; real seconds; text fault; int rev",
        "holds": "text id; real created; text actor; int held; text reason; int rev",
    }.items():
        db[table].create(_columns(described), pk="id")
    for table in ("turns", "calls", "posts", "critiques"):
        db[table].create_index(["campaign", "created"])
    db["posts"].enable_fts(["text", "author"], create_triggers=True, tokenize="porter")
    for table, column, kind, default in (
        ("campaigns", "objective", str, ""),
        ("campaigns", "trouble", str, ""),
        ("campaigns", "drain", int, 0),
        ("campaigns", "wanted", str, ""),
        # What was proposed before there were states had its experiment at once.
        ("proposals", "state", str, "taken"),
        ("proposals", "team", str, ""),
        ("proposals", "direction", str, ""),
        ("proposals", "cost", str, ""),
        ("proposals", "difference", str, ""),
        ("proposals", "near", str, "[]"),
        ("proposals", "directive", str, ""),
        ("proposals", "urgent", int, 0),
        ("proposals", "approved", int, 0),
        ("proposals", "pinned", int, 0),
        ("proposals", "uncritiqued", int, 0),
        ("proposals", "writer", str, ""),
        ("proposals", "tries", int, 0),
        ("proposals", "revised", int, 0),
        ("proposals", "reason", str, ""),
        ("proposals", "of", str, ""),
        ("proposals", "experiment", str, ""),
        ("experiments", "team", str, ""),
        ("experiments", "direction", str, ""),
        ("experiments", "forked", int, 0),
        ("experiments", "repairs", int, 0),
        ("experiments", "by_hand", int, 0),
        ("dead_ends", "direction", str, ""),
        ("dead_ends", "low", float, None),
        ("dead_ends", "high", float, None),
        ("dead_ends", "revived", str, ""),
    ):
        db[table].add_column(column, kind, not_null_default=default)
    # Whether there is more to propose is known of each agent now.
    db.execute("ALTER TABLE campaigns DROP COLUMN exhausted")


@ledger(name="0003_declined")
def _declined(db: Any) -> None:
    """Add what an agent would not do when it was asked last."""
    db["agents"].add_column("declined", str, not_null_default="")


@ledger(name="0007_freeze")
def _freeze(db: Any) -> None:
    """Add which runs stand still, because of what, and for how long they did."""
    for column, kind, default in (
        ("can_freeze", int, 0),
        ("frozen", float, None),
        ("frozen_by", str, "[]"),
        ("frozen_seconds", float, 0.0),
    ):
        db["runs"].add_column(column, kind, not_null_default=default)


@ledger(name="0008_queue")
def _queue(db: Any) -> None:
    """Add a person's order of the queue, what was stashed and tried again, and how deeds are done again."""
    for table, column, kind, default in (
        ("proposals", "rerun", str, ""),
        ("proposals", "place", int, 0),
        ("proposals", "stashed", str, "{}"),
        ("experiments", "place", int, 0),
        ("deeds", "request", str, "{}"),
        ("deeds", "redone", str, ""),
        ("deeds", "again", str, ""),
    ):
        db[table].add_column(column, kind, not_null_default=default)


@ledger(name="0009_windows")
def _windows(db: Any) -> None:
    """Find a campaign's events without passing those of all others."""
    db.execute("CREATE INDEX events_campaign ON events (campaign, seq)")


@ledger(name="0010_sandbox")
def _sandbox(db: Any) -> None:
    """Add in what kind of sandbox a campaign's runs are; nobody is let out of it because there was none."""
    db["campaigns"].add_column("level", int, not_null_default=3)


@ledger(name="0011_integrity")
def _integrity(db: Any) -> None:
    """Add what is doubtful about an experiment, and whether it waits for a person because of that."""
    db["experiments"].add_column("findings", str, not_null_default="[]")
    db["experiments"].add_column("quarantined", str, not_null_default="{}")


@ledger(name="0012_upkeep")
def _upkeep(db: Any) -> None:
    """Add when and why the folder of a run was removed."""
    for column, kind, default in (("removed", float, None), ("removed_for", str, "")):
        db["runs"].add_column(column, kind, not_null_default=default)


@ledger(name="0013_devices")
def _devices(db: Any) -> None:
    """Add devices in quarantine, and runs that have several devices or a part of one."""
    described = "text id; real created; text kind reason name run evidence; real lifted; text by; int rev"
    db["quarantines"].create(_columns(described), pk="id")
    db["runs"].add_column("devices", str, not_null_default="[]")
    db["runs"].add_column("seat", int, not_null_default=0)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a ledger to this version's schema; each migration is a transaction of its own."""
    ledger.apply(Database(connection))


def unknown_migrations(connection: sqlite3.Connection) -> list[str]:
    """Return the migrations in this ledger that this version has never heard of."""
    known = {migration.name for migration in ledger._migrations}
    return [item.name for item in ledger.applied(Database(connection)) if item.name not in known]
