"""Reported results under suspicion, by a real daemon: a number that is only printed, a stale file."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from arctl.daemon.jobs import environment, seals
from arctl.experiments.spec import parse
from tests.support.campaigns import add_card, make_repo
from tests.support.cli import Arctl
from tests.support.daemon import wait_for

HONEST = ("WIDTH = 32", "WIDTH = 30")
VALUE = "{1 + 100 * (LR - 0.05) ** 2 + 4 / WIDTH + rng.gauss(0, 0.01):.6f}"
LYING = (VALUE, VALUE.replace("{1 +", "{0.3 * (1 +").replace("0.01):", "0.01)):"))
EXTRA = '\n[brain]\nkind = "deck"\ndeck = "deck"\n'


@pytest.fixture
def arctl(tmp_path: Path) -> Iterator[Arctl]:
    found = Arctl(tmp_path / "home", daemon_runs=True)
    yield found
    found.close()


def experiments(arctl: Arctl) -> dict[str, dict[str, Any]]:
    return {row["title"]: row for row in arctl.ask("experiments", campaign="toy")["experiments"]}


def begin(arctl: Arctl, tmp_path: Path) -> None:
    """Start a campaign with an honest idea and one that prints a better number."""
    command = f"{sys.executable} train.py"
    repo = make_repo(tmp_path / "toy", experiments=2, command=command, extra=EXTRA)
    for name, edit in (("1-lying", LYING), ("2-honest", HONEST)):
        add_card(repo, name, {"train.py": edit}, axis=name[2:])
    arctl.ok("start", repo)


def test_a_better_number_is_kept_in_quarantine_released_and_judged(arctl: Arctl, tmp_path: Path) -> None:
    begin(arctl, tmp_path)
    wait_for("the campaign to wait for a person", lambda: arctl.ask("status")["campaigns"][0]["stuck"])
    rows = experiments(arctl)
    lying, honest = rows["1-lying"], rows["2-honest"]
    assert lying["quarantined"]
    assert honest["verdict"] in ("rejected", "inconclusive"), "it did not wait for the other"

    done = arctl("wait")
    assert done.returncode == 1
    assert f"{lying['id']} waits in quarantine for you" in done.stderr
    assert f"arctl quarantine release {lying['id']}" in done.stderr

    listed = arctl.json("quarantine")
    (held,) = listed["experiments"]
    assert held["mean"] < held["champion_mean"]
    assert {each["check"] for each in held["quarantined"]["findings"]} >= {"output"}
    assert any("0.3 * (1 +" in line for line in held["hint"])
    told = arctl.ok("quarantine")
    assert f"{lying['id']} 1-lying" in told
    assert "0.3 * (1 +" in told
    shown = arctl.ok("quarantine", "show", lying["id"])
    assert "waits for you" in shown
    assert "+print(" in shown
    page = arctl.ok("show", lying["id"])
    assert "counter-checks, in quarantine" in page
    run = arctl.ask("show", id=lying["id"])["runs"][0]
    known = run["evidence"]["environment"]
    assert known["commit"] == lying["commit"]
    assert known["python"].startswith("3.")
    assert known["seed"] == run["seed"]
    assert known["package_count"] > 3
    assert "train.py" in known["command"]

    refused = arctl("quarantine", "release", honest["id"])
    assert refused.returncode != 0
    assert lying["id"] in refused.stderr
    arctl.ok("quarantine", "reject", lying["id"], "--reason", "it prints less than it has")
    assert experiments(arctl)["1-lying"]["verdict"] == "invalid"


def test_what_is_released_is_judged_and_may_win(arctl: Arctl, tmp_path: Path) -> None:
    begin(arctl, tmp_path)
    wait_for("the result in quarantine", lambda: experiments(arctl).get("1-lying", {}).get("quarantined"))
    ident = experiments(arctl)["1-lying"]["id"]
    arctl.ok("quarantine", "release", ident, "--reason", "we changed the unit")
    arctl.ok("wait")
    found = arctl.ask("show", id=ident)
    assert found["experiment"]["verdict"] == "accepted"
    assert [each["check"] for each in found["findings"] if each["severity"] == "quarantine"]
    assert found["experiment"]["quarantined"]["reason"] == "we changed the unit"


STALE = """\
import json
import os
from pathlib import Path

LR = 0.01
WIDTH = 32
loss = 1 + 100 * (LR - 0.05) ** 2 + int(os.environ["SEED"]) % 7 / 1000
if LR != 0.02:
    Path("results.json").write_text(json.dumps({"val_loss": loss}))
"""


def test_results_of_an_earlier_run_are_no_results_of_this_one(arctl: Arctl, tmp_path: Path) -> None:
    repo = make_repo(
        tmp_path / "toy", experiments=1, script=STALE, command=f"{sys.executable} train.py", extra=EXTRA,
        files={"results.json": json.dumps({"val_loss": 0.1})},
    )  # fmt: skip
    text = (repo / "arctl.toml").read_text()
    (repo / "arctl.toml").write_text(
        text.replace('name = "val_loss"', 'name = "val_loss"\nsource = "json"\nfile = "results.json"')
    )
    add_card(repo, "silent", {"train.py": ("LR = 0.01", "LR = 0.02")}, axis="LR")
    subprocess.run(["git", "-C", repo, "add", "-A"], check=True)
    subprocess.run(
        ["git", "-C", repo, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "spec"], check=True
    )
    arctl.ok("start", repo)
    arctl.ok("wait")
    silent = experiments(arctl)["silent"]
    assert silent["verdict"] == "no_metric"
    assert "results.json is the one that was there before the run" in silent["reason"]
    assert silent["mean"] is None


def test_a_result_file_is_known_by_its_last_change_not_by_its_clock(tmp_path: Path) -> None:
    spec = parse(
        '[run]\ncommand = "x"\n[metric]\nname = "a"\nsource = "json"\nfile = "r.json"\n'
        '[files]\neditable = ["t.py"]\nprotected = ["e.py"]\n', "arctl.toml", "x",
    )  # fmt: skip
    folder, root, data = tmp_path / "run", tmp_path / "tree", tmp_path / "data"
    for each in (folder, root, data):
        each.mkdir()
    result = root / "r.json"
    result.write_text("{}")
    (root / "e.py").write_text("x")
    (data / "cache.bin").write_text("1")
    seals.take(folder, root, spec, data)
    assert seals.stale(folder, root, "r.json")
    assert seals.broken(folder, root) == []
    assert seals.altered(folder, data) == []
    (data / "new.bin").write_text("2")
    assert seals.altered(folder, data) == []
    (data / "cache.bin").write_text("3")
    assert seals.altered(folder, data) == ["cache.bin"]
    result.write_text("{}")
    assert not seals.stale(folder, root, "r.json"), "the same words, written anew"
    result.unlink()
    assert not seals.stale(folder, root, "r.json")
    (root / "e.py").write_text("y")
    assert seals.broken(folder, root) == ["e.py"]


def test_what_a_run_ran_with_is_read_without_running_anything_of_its_tree(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "bin").mkdir(parents=True)
    (tree / "uv.lock").write_text("version = 1\n")
    mine = tree / "bin/python"
    mine.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    mine.chmod(0o755)
    found = environment.record("bin/python train.py", tree, tree, {"PATH": "/usr/bin"})
    assert "python" not in found
    assert not (tmp_path / "ran").exists()
    assert found["lock_files"] == ["uv.lock"]
    known = environment.record(f"{sys.executable} train.py", tree, tree, {})
    assert known["python"] == ".".join(map(str, sys.version_info[:3]))
    assert known["lock"] == found["lock"]
    (tree / "uv.lock").write_text("version = 2\n")
    assert environment.record("true", tree, tree, {})["lock"] != known["lock"]


TIDY = """\
import os
from pathlib import Path

LR = 0.01
WIDTH = 32
left = Path("left.txt")
if left.exists() or Path("results.json").exists():
    raise SystemExit("somebody was here before")
left.write_text("mine")
Path("train.py").write_text("raise SystemExit('the run before rewrote it')")
Path("results.json").write_text("{}")
print("---")
print(f"val_loss: {1 + int(os.environ['SEED']) % 7 / 1000:.6f}")
"""


def test_a_run_finds_nothing_of_the_run_before_it(arctl: Arctl, tmp_path: Path) -> None:
    repo = make_repo(
        tmp_path / "toy", experiments=2, script=TIDY, command=f"{sys.executable} train.py",
        extra='\n[brain]\nkind = "search"\n',
    )  # fmt: skip
    arctl.ok("start", repo)
    arctl.ok("wait")
    runs = [run for row in experiments(arctl).values() for run in arctl.ask("show", id=row["id"])["runs"]]
    assert len(runs) >= 7
    assert {run["outcome"] for run in runs} == {"ok"}
