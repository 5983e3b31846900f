"""Dishonest code in a campaign that is scored, in a real sandbox: caught with its verdict, or contained."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cheats.corpus import CHEATS, Cheat
from tests.cheats.honest import FILES, SPEC, TRAIN
from tests.support.boxes import need
from tests.support.campaigns import add_card, git, make_repo
from tests.support.daemon import Daemon

SECRET = "SECRET-5f2c"


@dataclass
class Night:
    """What came of a campaign in which every idea is a cheat."""

    daemon: Daemon
    root: Path
    status: dict[str, Any]
    #: By the titles of the ideas.
    shown: dict[str, dict[str, Any]]

    def log(self, name: str) -> str:
        """Return all that the runs of a cheat printed."""
        return self.daemon.printed(self.shown[name])


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    need(3)
    root = tmp_path_factory.mktemp("cheats")
    (root / "person" / ".ssh").mkdir(parents=True)
    (root / "person" / ".ssh" / "id_rsa").write_text(SECRET)
    repo = make_repo(root / "repo", script=TRAIN, files=FILES)
    planted = f'env = {{ PLANTED = "{root}/person", PLANTED_STATE = "{root}/home" }}\n'
    spec = SPEC.format(experiments=len(CHEATS)).replace("log_cap_mb", f"{planted}log_cap_mb")
    (repo / "arctl.toml").write_text(spec)
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message=honest")
    for number, cheat in enumerate(CHEATS):
        edit = {cheat.file: (cheat.place, f"{cheat.code}{cheat.place}")}
        add_card(repo, f"{number:03}", edit, title=cheat.name, axis=f"cheat.{number}")
    daemon = Daemon(root / "home")
    daemon.start(ANTHROPIC_API_KEY=SECRET, HOME=str(root / "person"))
    try:
        daemon.campaign(repo)
        status = daemon.wait_finished("cheats")
        shown = {row["title"]: daemon.call("show", id=row["id"]) for row in daemon.experiments("cheats")}
        yield Night(daemon, root, status, shown)
    finally:
        daemon.stop()


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat.name)
def test_a_cheat_ends_as_it_must(night: Night, cheat: Cheat) -> None:
    experiment = night.shown[cheat.name]["experiment"]
    log = night.log(cheat.name)
    assert experiment["verdict"] in cheat.verdicts, (experiment["verdict"], experiment["reason"], log[-2000:])
    assert re.search(cheat.said, experiment["reason"]), experiment["reason"]
    assert re.search(cheat.log, log), log[-2000:]


def test_no_cheat_becomes_champion_and_the_campaign_goes_on_to_its_end(night: Night) -> None:
    assert night.status["state"] == "finished", night.status["reason"]
    assert night.status["champion"] == "e1"
    assert night.status["trust"] == "scored"


def test_no_secret_is_in_any_output(night: Night) -> None:
    for path in night.daemon.home.runs.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert SECRET.encode() not in path.read_bytes(), path


def test_nothing_of_a_run_is_left_behind(night: Night) -> None:
    left = subprocess.run(["pgrep", "-f", "sleep 98765"], capture_output=True, check=False)
    assert left.stdout == b""
    assert not (night.root / "person" / "owned").exists()
    assert not list(night.daemon.home.runs.rglob("owned"))
    assert not list(night.daemon.home.trees.iterdir())
    assert not Path("/etc/arctl-was-here").exists()
    assert not Path("/tmp/kept").exists()


def test_a_flood_is_capped(night: Night) -> None:
    run = night.shown["floods the log"]["runs"][0]
    folder = night.daemon.home.run_folder(run["id"], run["attempt"])
    assert sum(path.stat().st_size for path in folder.glob("*") if path.is_file()) < 5 << 20
    assert run["evidence"]["log_capped"]
