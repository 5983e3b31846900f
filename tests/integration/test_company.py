"""A whole research community on a real daemon: it talks, filters, writes, repairs, wins, gives up, obeys."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.support.campaigns import git, make_repo
from tests.support.cli import Arctl
from tests.support.eventful import COMPANY, ENOUGH, INERT, TUNED, check, lived_through
from tests.support.messages_server import MessagesServer
from tests.support.researcher import Researcher

#: Half of tiny_gpt's own budget.
FLOPS = 1.6e11
AGENT = Path(__file__).parents[1] / "support" / "fake_agent.py"


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
    repo = make_repo(tmp_path / "repo", script=TUNED, experiments=ENOUGH, extra=INERT + COMPANY + brain)
    ledger = lived_through(arctl, repo)
    check(ledger, repo)


@pytest.mark.long
@pytest.mark.timeout(2400)
def test_a_community_of_language_models_trains_tiny_gpt(arctl: Arctl, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    source = Path(__file__).parents[2] / "examples" / "tiny_gpt"
    # Its commands say `python`: the one that has torch.
    arctl.env["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{arctl.env['PATH']}"
    repo = tmp_path / "repo"
    shutil.copytree(source, repo, ignore=shutil.ignore_patterns("__pycache__", "data", "hidden", "*.pyc"))
    text = (repo / "arctl.toml").read_text()
    text = text.replace('kind = "deck"\ndeck = "deck"\n', "")
    with MessagesServer(script=Researcher()) as server:
        brain = f'kind = "anthropic"\nmodel = "claude-sonnet-4-5"\nbase_url = "{server.url}"\n'
        text = text.replace("[brain]\n", f'[run.env]\nTINY_GPT_FLOPS = "{FLOPS}"\n[brain]\n{brain}')
        text = text.replace("experiments = 24", f"experiments = {ENOUGH}")
        text = text.replace('name = "tiny_gpt"', 'name = "toy"')
        text += '[teams]\nanalysts = 2\nexperimenters = 2\ncritique_wait = "1h"\n'
        (repo / "arctl.toml").write_text(text)
        git(repo, "init", "--quiet", "--initial-branch=main")
        git(repo, "add", "--all")
        git(repo, "commit", "--quiet", "--message=baseline")
        ledger = lived_through(arctl, repo, alone="DEPTH", patience=1200)
    check(ledger, repo, alone="DEPTH")
