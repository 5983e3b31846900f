"""A whole research community on a real daemon: it talks, filters, writes, repairs, wins, gives up, obeys."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.campaigns import SCRIPT, git, make_repo
from tests.support.cli import Arctl
from tests.support.daemon import wait_for
from tests.support.messages_server import MessagesServer
from tests.support.researcher import Researcher

#: Half of tiny_gpt's own budget.
FLOPS = 1.6e11
AGENT = Path(__file__).parents[1] / "support" / "fake_agent.py"
#: A constant on which nobody can win anything.
INERT = '[params.DECAY]\nfile = "train.py"\ntype = "float"\nlow = 0.0\nhigh = 1.0\n'
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


@pytest.mark.timeout(1200)
def test_a_community_of_language_models_lives_through_a_campaign(arctl: Arctl, tmp_path: Path) -> None:
    with MessagesServer(script=Researcher()) as server:
        brain = f'kind = "anthropic"\nmodel = "claude-sonnet-4-5"\nbase_url = "{server.url}"\n'
        repo = make_repo(tmp_path / "repo", experiments=ENOUGH, extra=COMPANY + brain)
        ledger = lived_through(arctl, repo)
    check(ledger, repo)
    # Each call was reserved before it was made, and settled; the share from the cache is known.
    calls = ledger.rows("SELECT * FROM calls")
    answered = [row for row in calls if row["state"] == "settled" and row["output_tokens"]]
    assert 0 < len(answered) <= len(server.requests) <= len(calls)
    # What was under way when the campaign ended was let go of.
    assert {row["fault"] for row in calls if row not in answered} <= {"cancelled"}
    assert sum(row["cache_read_tokens"] for row in calls) > 0
    assert {row["prompt"] for row in ledger.rows("SELECT prompt FROM turns WHERE state = 'answered'")} - {""}
    reflections = ledger.rows("SELECT links FROM posts WHERE kind = 'reflection'")
    assert reflections
    assert len(reflections) == len({row["links"] for row in reflections})


@pytest.mark.timeout(1200)
def test_a_community_of_coding_agents_lives_through_a_campaign(arctl: Arctl, tmp_path: Path) -> None:
    words = ", ".join(f'"{word}"' for word in (sys.executable, str(AGENT), "--weak", "--crash"))
    brain = f'kind = "command"\ncommand = [{words}]\n'
    script = SCRIPT.replace("LR = 0.01\n", "LR = 0.01\n# does nothing at all\nDECAY = 0.5\n")
    repo = make_repo(tmp_path / "repo", script=script, experiments=ENOUGH, extra=INERT + COMPANY + brain)
    ledger = lived_through(arctl, repo)
    check(ledger, repo)


@pytest.mark.long
@pytest.mark.timeout(2400)
def test_a_community_of_language_models_trains_tiny_gpt(arctl: Arctl, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    source = Path(__file__).parents[2] / "examples" / "tiny_gpt"
    repo = tmp_path / "repo"
    shutil.copytree(source, repo, ignore=shutil.ignore_patterns("__pycache__", "data", "*.pyc"))
    text = (repo / "arctl.toml").read_text()
    text = text.replace('kind = "deck"\ndeck = "deck"\n', "")
    with MessagesServer(script=Researcher()) as server:
        brain = f'kind = "anthropic"\nmodel = "claude-sonnet-4-5"\nbase_url = "{server.url}"\n'
        text = text.replace("[brain]\n", f'[run.env]\nTINY_GPT_FLOPS = "{FLOPS}"\n[brain]\n{brain}')
        text = text.replace("experiments = 24", f"experiments = {ENOUGH}")
        text = text.replace('"python ', f'"{sys.executable} ')
        text = text.replace('name = "tiny_gpt"', 'name = "toy"')
        text += '[teams]\nanalysts = 2\nexperimenters = 2\ncritique_wait = "1h"\n'
        (repo / "arctl.toml").write_text(text)
        git(repo, "init", "--quiet", "--initial-branch=main")
        git(repo, "add", "--all")
        git(repo, "commit", "--quiet", "--message=baseline")
        ledger = lived_through(arctl, repo, alone="DEPTH", patience=1200)
    check(ledger, repo, alone="DEPTH")
