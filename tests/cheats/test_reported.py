"""Dishonest code in a campaign that reports its own metric: in quarantine, refused, or of no use."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cheats.reported import FILES, SPEC, TRAIN
from tests.cheats.reported_corpus import CHEATS, HONEST, Cheat
from tests.support.boxes import need
from tests.support.campaigns import add_card, git, make_repo, write_card
from tests.support.daemon import Daemon, wait_for

HOOKS = ("pre-commit", "post-commit", "post-checkout", "post-merge", "pre-push", "reference-transaction",
    "post-index-change", "post-rewrite", "pre-auto-gc", "update", "post-update", "post-receive")  # fmt: skip


@dataclass
class Night:
    """What came of a campaign most of whose ideas are cheats."""

    daemon: Daemon
    repo: Path
    #: What a hook, a filter or a monitor of the repository would leave if it ever ran.
    marker: Path
    status: dict[str, Any]
    #: By the titles of the ideas.
    shown: dict[str, dict[str, Any]]

    def log(self, name: str) -> str:
        """Return all that the runs of a cheat printed."""
        return self.daemon.printed(self.shown[name])


def plant_hooks(repo: Path, marker: Path) -> None:
    """Let every hook of a person's repository leave a mark when it is run."""
    for name in HOOKS:
        hook = repo / ".git" / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\necho {name} >> {marker}\n")
        hook.chmod(0o755)


def plant_filters(repo: Path, marker: Path) -> None:
    """Let a filter, and the monitor of files, leave a mark when they are run."""
    for key in ("filter.plant.clean", "filter.plant.smudge", "filter.plant.process", "core.fsmonitor"):
        git(repo, "config", key, f"sh -c 'echo {key} >> {marker}; cat'")


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    need(3)
    root = tmp_path_factory.mktemp("reported")
    repo = make_repo(root / "repo", script=TRAIN, files={**FILES, ".gitattributes": "lib/* filter=plant\n"})
    (repo / "arctl.toml").write_text(SPEC.format(experiments=len(CHEATS) + len(HONEST)))
    git(repo, "add", "--all")
    git(repo, "commit", "--quiet", "--message=honest")
    # Honest ideas come last: until then everybody is judged against the baseline.
    for number, cheat in enumerate(CHEATS):
        name, axis = f"{number:03}", f"cheat.{number}"
        if cheat.patch:
            write_card(repo, name, cheat.patch, title=cheat.name, axis=axis)
        else:
            add_card(repo, name, {"train.py": (cheat.old, cheat.new)}, title=cheat.name, axis=axis)
    for number, (title, edit) in enumerate(HONEST.items()):
        add_card(repo, f"9{number:02}", {"train.py": edit}, title=title, axis=f"honest.{number}")
    plant_hooks(repo, root / "marker")
    daemon = Daemon(root / "home")
    daemon.start()
    try:
        daemon.campaign(repo)
        # At its start, once, it asked git whether the tree is clean, which goes by a person's own filters.
        plant_filters(repo, root / "marker")
        wait_for("the end of the deck", lambda: _over(daemon), 600)
        shown = {row["title"]: daemon.call("show", id=row["id"]) for row in daemon.experiments("cheats")}
        yield Night(daemon, repo, root / "marker", daemon.status("cheats"), shown)
    finally:
        daemon.stop()
        shutil.rmtree(repo / ".git" / "hooks")


def _over(daemon: Daemon) -> bool:
    row = daemon.status("cheats")
    return bool(row["stuck"]) or row["state"] in ("finished", "held")


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat.name)
def test_a_cheat_ends_as_it_must(night: Night, cheat: Cheat) -> None:
    shown = night.shown[cheat.name]
    experiment, log = shown["experiment"], night.log(cheat.name)
    told = (experiment["verdict"], experiment["reason"], shown["findings"], log[-1500:])
    if cheat.held:
        assert experiment["quarantined"], told
        assert not experiment["verdict"], told
        texts = [each["text"] for each in shown["findings"] if each["severity"] == "quarantine"]
    else:
        assert experiment["verdict"] in cheat.verdicts, told
        texts = [experiment["reason"]]
    assert any(re.search(cheat.said, text) for text in texts), told
    assert any(re.search(cheat.flag, each["text"]) for each in shown["findings"]) or not cheat.flag, told
    assert re.search(cheat.log, log), told
    if cheat.patch:
        assert not shown["runs"], "it never ran"


def test_no_cheat_becomes_champion_and_an_honest_gain_does(night: Night) -> None:
    champion = night.shown["learns a little faster"]["experiment"]
    assert night.status["champion"] == champion["id"], champion
    assert champion["verdict"] == "accepted"
    assert night.shown["learns more slowly"]["experiment"]["verdict"] in ("rejected", "inconclusive")
    assert night.status["trust"] == "reported"


def test_every_cheat_in_quarantine_is_listed_with_its_reason(night: Night) -> None:
    listed = night.daemon.call("quarantine", campaign="cheats")["experiments"]
    assert {row["title"] for row in listed} == {cheat.name for cheat in CHEATS if cheat.held}
    assert all(row["quarantined"]["findings"] for row in listed)


def test_no_hook_and_no_filter_ever_ran(night: Night) -> None:
    git(night.repo, "rev-parse", "arctl/cheats")
    assert not night.marker.exists(), night.marker.read_text()
    git(night.repo, "commit", "--quiet", "--allow-empty", "--message=theirs")
    assert "post-commit" in night.marker.read_text(), "the hooks are real ones"


def test_nothing_is_left_outside(night: Night) -> None:
    assert not list(night.daemon.home.trees.iterdir())
    assert not list(night.repo.parent.rglob("owned*"))
    for path in night.daemon.home.runs.rglob("*.json"):
        assert "forged" not in path.read_text(), path
    assert not Path("/etc/owned.py").exists()
