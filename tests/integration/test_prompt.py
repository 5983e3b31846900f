"""`arctl prompt`: what an agent of a live campaign would be told, to the letter."""

from __future__ import annotations

from pathlib import Path

import pytest

from arctl.cli.prompt import ROLES
from arctl.daemon.brains import prompts
from tests.support.campaigns import make_repo
from tests.support.cli import Arctl
from tests.support.daemon import wait_for

EXTRA = '\n[prompts]\npropose = "mine.md"\n'
MOVES = [name for name in prompts.NAMES if name != prompts.COMMON]


@pytest.fixture
def toy(arctl: Arctl, tmp_path: Path) -> Arctl:
    """A campaign with two verdicts at least, and a prompt of its own."""
    repo = make_repo(tmp_path / "repo", experiments=4, extra=EXTRA, files={"mine.md": "Be bold.\n"})
    arctl.ok("start", repo)
    wait_for("its verdicts", lambda: len(arctl.ask("experiments")["experiments"]) > 3)
    return arctl


def test_a_live_campaign_shows_exactly_what_its_agents_are_told(toy: Arctl) -> None:
    for move in MOVES:
        found = toy.json("prompt", "show", move, "-c", "toy")
        (message,) = found["messages"]
        texts = [block["text"] for block in message["content"]]
        assert "metric: val_loss, lower is better" in texts[0]
        assert "WIDTH = " in texts[1], "the editable file"
        assert texts[2].startswith("# You")
        assert texts[-1].startswith("# Your task")
        assert [block.get("cache_control") is not None for block in message["content"]] == [1, 1, 0, 0]
        own = "Be bold." if move == "propose" else prompts.own(move)
        assert found["system"][0]["text"] == f"{prompts.own('common')}\n\n{own}"
        assert {"finish", "decline"} <= {tool["name"] for tool in found["tools"]}
    shown = toy.ok("prompt", "show", "critic", "-c", "toy")
    assert "Judge the proposal" in shown or "nothing to judge" in shown
    assert "cached up to here, 5m" in shown
    assert "It follows rules" in shown, "the search brain reads none of it"


def test_a_campaigns_own_prompts_are_listed_by_file(toy: Arctl) -> None:
    rows = {row["name"]: row for row in toy.json("prompt", "list", "-c", "toy")["prompts"]}
    assert rows["propose"]["file"] == "mine.md"
    assert rows["propose"]["version"] == prompts.version("Be bold.")
    assert rows["common"]["file"] == ""
    assert "mine.md" in toy.ok("prompt", "list", "-c", "toy")
    done = toy("prompt", "show", "propose", "-c", "toy", "--agent", "nobody")
    assert done.returncode == 5
    assert "agents: " in done.stderr


def test_without_a_campaign_no_daemon_is_needed(arctl: Arctl) -> None:
    for what in (*MOVES, *ROLES):
        assert "You are a researcher" in arctl.ok("prompt", "show", what)
    assert len(arctl.json("prompt", "list")["prompts"]) == 7
    done = arctl("prompt", "show", "dance")
    assert done.returncode == 5
    assert "moves: discuss" in done.stderr
