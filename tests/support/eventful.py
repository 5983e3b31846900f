"""Campaigns of a whole community on a real daemon: led until everything has happened, then looked through.

`lived_through` starts one and ends it, `check` finds all of it in the ledger, the forum and the branch.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.support.campaigns import SCRIPT, git
from tests.support.cli import Arctl
from tests.support.daemon import wait_for

#: A constant on which nobody can win anything.
INERT = '[params.DECAY]\nfile = "train.py"\ntype = "float"\nlow = 0.0\nhigh = 1.0\n'
#: The program with that constant in it.
TUNED = SCRIPT.replace("LR = 0.01\n", "LR = 0.01\n# does nothing at all\nDECAY = 0.5\n")
#: Nothing may run without a critique, however long its critic takes.
COMPANY = """
[teams]
analysts = 2
experimenters = 2
critique_wait = "1h"
[brain]
timeout = "5m"
"""
#: More experiments than it takes until everything has happened.
ENOUGH = 60
#: How long any step of a campaign may take on a machine that has other things to do.
PATIENCE = 300.0
#: The proposals of agents with the turns in which they were made.
MADE = """
SELECT p.*, t.created AS asked FROM proposals p
JOIN turns t ON t.agent = p.agent AND t.move = 'propose' AND t.ended = p.created
WHERE p.of = ''
"""


class Ledger:
    """What the database holds, read as anybody could."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(sql, values).fetchall()

    def events(self, kind: str) -> list[sqlite3.Row]:
        return self.rows("SELECT * FROM events WHERE kind = ? ORDER BY seq", kind)


#: What has to happen before a campaign may end: found by these queries.
EVENTFUL = {
    # By an agent, not by a rule, and before it cost anything.
    "an idea that an objection filtered": "SELECT 1 FROM critiques c JOIN proposals p ON p.id = c.subject"
    " WHERE c.stance = 'object' AND c.author != 'arctl' AND p.state = 'withdrawn' AND p.experiment = ''",
    # By code that then ran.
    "a crash that was repaired": "SELECT 1 FROM experiments e WHERE e.repairs > 0"
    " AND e.verdict NOT IN ('', 'crashed')"
    " AND EXISTS (SELECT 1 FROM runs WHERE experiment = e.id AND outcome = 'crashed')"
    " AND EXISTS (SELECT 1 FROM runs WHERE experiment = e.id AND outcome = 'ok')",
    "a new champion": "SELECT 1 FROM experiments WHERE verdict = 'accepted'",
    "a dead end": "SELECT 1 FROM dead_ends",
    "a look back": "SELECT 1 FROM posts WHERE kind = 'reflection'",
}


def ended(ledger: Ledger) -> bool:
    return bool(ledger.events("campaign.finished"))


def lived_through(arctl: Arctl, repo: Path, *, alone: str = "WIDTH", patience: float = PATIENCE) -> Ledger:
    """Tell a campaign to leave an axis alone once its teams are at work, and end it when all has happened."""
    arctl.ok("start", repo)
    ledger = Ledger(arctl.home.ledger)
    wait_for("the first code by an agent", lambda: ledger.events("proposal.written"), patience)
    arctl.ok("redirect", "toy", f"Leave {alone} alone.")
    wait_for("an acknowledgement", lambda: ledger.events("directive.acknowledged"), patience)
    for what, query in EVENTFUL.items():
        wait_for(what, lambda query=query: ledger.rows(query) or ended(ledger), patience)
        assert ledger.rows(query), f"the campaign ended without {what}"
    spec = repo / "arctl.toml"
    spec.write_text(spec.read_text().replace(f"experiments = {ENOUGH}", "experiments = 1"))
    wait_for("the end of the campaign", lambda: ended(ledger), patience)
    # Calls that were under way are let go of just after that.
    reserved = "SELECT 1 FROM calls WHERE state = 'reserved'"
    wait_for("the end of every call", lambda: not ledger.rows(reserved), patience)
    return ledger


def check(ledger: Ledger, repo: Path, *, alone: str = "WIDTH") -> None:
    """Everything that a community does is in the ledger, the forum and the branch."""
    for what, query in EVENTFUL.items():
        assert ledger.rows(query), what
    # They talked, and formed teams of which no two hold one axis.
    (first,) = ledger.rows("SELECT * FROM discussions ORDER BY created LIMIT 1")
    assert first["answers"] >= 2
    assert first["formed"] == 2
    taken = ledger.rows("SELECT axes FROM directions WHERE discussion = ?", first["id"])
    assert len(taken) >= 2
    # What agents object to is said in the forum.
    objected = ledger.rows(
        "SELECT * FROM critiques WHERE stance = 'object' AND subject LIKE 'p%' AND author != 'arctl'"
    )
    posts = ledger.rows("SELECT author, links FROM posts WHERE kind = 'critique'")
    for row in objected:
        assert any(
            post["author"] == row["author"] and f'"{row["subject"]}"' in post["links"] for post in posts
        )
    # By nobody who wrote it.
    assert not ledger.rows(
        "SELECT 1 FROM critiques c JOIN proposals p ON c.subject = p.id WHERE c.author = p.agent"
    )
    # Something was accepted, and stands on the branch; something was given up.
    accepted = ledger.rows("SELECT * FROM experiments WHERE verdict = 'accepted'")
    assert accepted
    assert git(repo, "rev-list", "--count", "main..arctl/toy") == str(len(accepted))
    ends = ledger.rows("SELECT * FROM dead_ends")
    assert ends
    assert all(row["reason"] for row in ends)
    # The person was heard and obeyed.
    (directive,) = ledger.rows("SELECT * FROM directives")
    assert directive["state"] in ("acknowledged", "done")
    assert directive["by"]
    assert alone in directive["plan"], "whoever acknowledges it has been told of it"
    made = ledger.rows(MADE)
    assert {row["id"] for row in made} == {
        row["id"] for row in ledger.rows("SELECT id FROM proposals WHERE of = ''")
    }
    # Who was asked before the person spoke did not know of it.
    late = [row for row in made if row["asked"] > directive["created"]]
    assert not [row["id"] for row in late if alone in row["axis"]]
    kinds = {row["kind"] for row in ledger.rows("SELECT DISTINCT kind FROM posts")}
    assert {"direction", "decision", "directive", "critique"} <= kinds
    # Every turn ended, and every change of state says why.
    assert not ledger.rows("SELECT 1 FROM turns WHERE state = 'asked'")
    assert not ledger.rows("SELECT 1 FROM events WHERE text = ''")
