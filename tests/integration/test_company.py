"""A whole research community on a real daemon: it talks, filters, writes, repairs, wins, gives up, obeys."""

from __future__ import annotations

import shutil
import sqlite3
import sys
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
COMPANY = '[teams]\nanalysts = 2\nexperimenters = 2\n[brain]\ntimeout = "60s"\n'


class Ledger:
    """What the database holds, read as anybody could."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        with sqlite3.connect(f"file:{self._path}?mode=ro", uri=True) as connection:
            connection.row_factory = sqlite3.Row
            return connection.execute(sql, values).fetchall()

    def events(self, kind: str) -> list[sqlite3.Row]:
        return self.rows("SELECT * FROM events WHERE kind = ? ORDER BY seq", kind)


def lived_through(arctl: Arctl, repo: Path) -> Ledger:
    """Run a campaign, tell it to leave WIDTH alone once its teams are at work, and wait for its end."""
    arctl.ok("start", repo)
    ledger = Ledger(arctl.home.ledger)
    wait_for("the first code by an agent", lambda: ledger.events("proposal.written"))
    arctl.ok("redirect", "toy", "Leave WIDTH alone.")
    wait_for("an acknowledgement", lambda: ledger.events("directive.acknowledged"))
    arctl.ok("wait", "toy", "--timeout", "120")
    return ledger


def check(ledger: Ledger, repo: Path) -> None:
    """Everything that a community does is in the ledger, the forum and the branch."""
    # They talked, and formed teams of which no two hold one axis.
    (first,) = ledger.rows("SELECT * FROM discussions ORDER BY created LIMIT 1")
    assert first["answers"] >= 2
    assert first["formed"] == 2
    taken = ledger.rows("SELECT axes FROM directions WHERE discussion = ?", first["id"])
    assert len(taken) >= 2
    # Critique filtered a weak idea before it cost anything.
    objected = ledger.rows("SELECT subject FROM critiques WHERE stance = 'object' AND subject LIKE 'p%'")
    assert objected
    filtered = ledger.rows(
        f"SELECT id FROM proposals WHERE experiment = '' AND id IN ({', '.join('?' * len(objected))})",
        *(row["subject"] for row in objected),
    )
    assert filtered
    # By nobody who wrote it.
    assert not ledger.rows(
        "SELECT 1 FROM critiques c JOIN proposals p ON c.subject = p.id WHERE c.author = p.agent"
    )
    # A crash was repaired, by code that then ran.
    repaired = ledger.rows("SELECT * FROM experiments WHERE repairs > 0 AND verdict != 'crashed'")
    assert repaired
    assert ledger.rows("SELECT 1 FROM runs WHERE experiment = ? AND outcome = 'crashed'", repaired[0]["id"])
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
    late = "SELECT * FROM proposals WHERE created > ? AND axis LIKE '%WIDTH%' AND of = ''"
    assert not ledger.rows(late, directive["acknowledged"])
    kinds = {row["kind"] for row in ledger.rows("SELECT DISTINCT kind FROM posts")}
    assert {"direction", "decision", "directive", "critique"} <= kinds
    # Every turn ended, and every change of state says why.
    assert not ledger.rows("SELECT 1 FROM turns WHERE state = 'asked'")
    assert not ledger.rows("SELECT 1 FROM events WHERE text = ''")


def test_a_community_of_language_models_lives_through_a_campaign(arctl: Arctl, tmp_path: Path) -> None:
    with MessagesServer(script=Researcher()) as server:
        brain = f'kind = "anthropic"\nmodel = "claude-sonnet-4-5"\nbase_url = "{server.url}"\n'
        repo = make_repo(tmp_path / "repo", experiments=14, extra=COMPANY + brain)
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


def test_a_community_of_coding_agents_lives_through_a_campaign(arctl: Arctl, tmp_path: Path) -> None:
    words = ", ".join(f'"{word}"' for word in (sys.executable, str(AGENT), "--weak", "--crash"))
    brain = f'kind = "command"\ncommand = [{words}]\n'
    script = SCRIPT.replace("LR = 0.01\n", "LR = 0.01\n# does nothing at all\nDECAY = 0.5\n")
    repo = make_repo(tmp_path / "repo", script=script, experiments=14, extra=INERT + COMPANY + brain)
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
        text = text.replace("experiments = 24", "experiments = 8")
        text = text.replace('"python ', f'"{sys.executable} ')
        text = text.replace('name = "tiny_gpt"', 'name = "toy"')
        text += "[teams]\nanalysts = 2\nexperimenters = 2\nfalsify_after = 1\n"
        (repo / "arctl.toml").write_text(text)
        git(repo, "init", "--quiet", "--initial-branch=main")
        git(repo, "add", "--all")
        git(repo, "commit", "--quiet", "--message=baseline")
        arctl.ok("start", repo)
        ledger = Ledger(arctl.home.ledger)
        wait_for("the first idea", lambda: ledger.events("proposal.made"), patience=600)
        arctl.ok("redirect", "toy", "Leave DEPTH alone.")
        over = "SELECT 1 FROM campaigns WHERE state = 'finished'"
        wait_for("the end of the campaign", lambda: ledger.rows(over), patience=1500)
    assert ledger.rows("SELECT 1 FROM discussions WHERE formed > 0")
    assert ledger.rows("SELECT 1 FROM critiques WHERE stance = 'object' AND subject LIKE 'p%'")
    assert ledger.rows("SELECT 1 FROM experiments WHERE repairs > 0 AND verdict != 'crashed'")
    assert ledger.rows("SELECT 1 FROM experiments WHERE verdict = 'accepted'")
    assert ledger.rows("SELECT 1 FROM dead_ends")
    assert ledger.rows("SELECT 1 FROM directives WHERE state IN ('acknowledged', 'done')")
