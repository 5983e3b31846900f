"""The life of a campaign, with a real daemon, real git and real processes."""

from __future__ import annotations

import math
import sqlite3
from pathlib import Path

import pytest

from arctl.errors import RefusedError
from tests.support.campaigns import SCRIPT, add_card, git, make_repo
from tests.support.daemon import Daemon


def test_search_finds_a_confirmed_champion_and_leaves_the_user_alone(daemon: Daemon, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", experiments=12)
    (repo / "notes.txt").write_text("mine\n")
    before = git(repo, "status", "--porcelain"), git(repo, "rev-parse", "HEAD"), git(repo, "stash", "list")
    index = (repo / ".git" / "index").read_bytes()

    daemon.campaign(repo)
    status = daemon.wait_finished()

    assert status["state"] == "finished"
    assert status["verdicts"]["accepted"] >= 1
    assert before == (
        git(repo, "status", "--porcelain"),
        git(repo, "rev-parse", "HEAD"),
        git(repo, "stash", "list"),
    )
    assert (repo / ".git" / "index").read_bytes() == index
    champion = daemon.call("champion")
    lineage = champion["lineage"]
    # One commit for each accepted change, each with its evidence.
    commits = git(repo, "rev-list", "--reverse", "main..arctl/toy").split()
    assert [row["promoted"] for row in lineage[1:]] == commits
    message = git(repo, "log", "-1", "--format=%B", "arctl/toy")
    for trailer in ("Experiment:", "Axis:", "Metric: val_loss", "Seeds:", "Evidence: Z"):
        assert trailer in message
    last = lineage[-1]
    assert last["evidence"]["z"] >= last["evidence"]["threshold"]
    assert len(last["bank"]) >= 3, "a champion is judged by fresh runs"
    assert last["bank"] != last["values"]
    assert "LR" in daemon.call("champion.diff")["diff"] or "WIDTH" in daemon.call("champion.diff")["diff"]


def test_every_experiment_stays_reachable(daemon: Daemon, tmp_path: Path) -> None:
    daemon.campaign(make_repo(tmp_path / "repo", experiments=5))
    daemon.wait_finished()
    bare = daemon.home.campaign("toy") / "repo.git"
    refs = git(bare, "for-each-ref", "--format=%(refname:lstrip=-1)", "refs/arctl/toy/exp").split()
    built = [row["id"] for row in daemon.experiments() if row["commit"] and row["base"]]
    # What was built anew on a newer champion is there twice, the former commit with its number behind.
    assert sorted({ref.partition("-")[0] for ref in refs}) == sorted(built)


def test_deck_verdicts_each_of_their_own(daemon: Daemon, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", extra='\n[brain]\nkind = "deck"\ndeck = "deck"\n', experiments=20)
    deck = repo / "deck"
    deck.mkdir()
    patches = {
        "01-good": ("better lr", "lr", {"train.py": ("LR = 0.01", "LR = 0.05")}),
        "02-same": ("better lr, written again", "lr.again", {"train.py": ("LR = 0.01", "LR = 0.05")}),
        "03-clash": ("another lr", "lr.other", {"train.py": ("LR = 0.01", "LR = 0.048")}),
        "04-crash": ("a bug", "bug", {"train.py": ("seed = int", "raise RuntimeError('boom')\nseed = int")}),
        "05-nan": ("nan", "nan", {"train.py": ("{1 + 100", "{float('nan') + 100")}),
        "06-silent": ("no metric", "silent", {"train.py": ('print("---")', "raise SystemExit(0)")}),
        "07-scope": ("cheat", "cheat", {"evaluate.py": ("# protected", "# changed")}),
        "08-nothing": ("worse", "worse", {"train.py": ("WIDTH = 32", "WIDTH = 16")}),
    }
    for name, (title, axis, edits) in patches.items():
        add_card(repo, name, edits, title=title, axis=axis)
    (deck / "09-broken.patch").write_text("no header\n")

    daemon.campaign(repo)
    assert daemon.wait_finished()["state"] == "finished"

    found = {row["title"]: row for row in daemon.experiments()}
    # Both are better and exclude each other: whichever is judged first wins, the other conflicts.
    assert {found["better lr"]["verdict"], found["another lr"]["verdict"]} == {"accepted", "conflict"}
    assert found["better lr, written again"]["verdict"] == "duplicate"
    assert not daemon.call("show", id=found["better lr, written again"]["id"])["runs"]
    assert found["nan"]["verdict"] == "not_finite"
    assert found["no metric"]["verdict"] == "no_metric"
    assert "val_loss" in found["no metric"]["reason"]
    assert found["cheat"]["verdict"] == "out_of_scope"
    assert "evaluate.py" in found["cheat"]["reason"]
    assert found["worse"]["verdict"] == "rejected"
    crash = daemon.call("show", id=found["a bug"]["id"])["experiment"]
    assert crash["verdict"] == "crashed"
    assert any("RuntimeError: boom" in line for line in crash["evidence"]["tail"])
    ends = {end["axis"]: end for end in daemon.call("deadends")}
    assert "worse" in ends
    assert ends["worse"]["evidence"]["experiments"]
    notes = [event["text"] for event in daemon.call("events", limit=500) if event["kind"] == "brain.note"]
    assert any("09-broken.patch" in note for note in notes)


def test_the_same_patch_is_not_run_again_on_another_base(daemon: Daemon, tmp_path: Path) -> None:
    deck = '\n[brain]\nkind = "deck"\ndeck = "deck"\nin_flight = 1\n'
    repo = make_repo(tmp_path / "repo", extra=deck, experiments=20)
    (repo / "deck").mkdir()
    ideas = {
        "1": ("wide", {"train.py": ("WIDTH = 32", "WIDTH = 128")}),
        "2": ("better", {"train.py": ("LR = 0.01", "LR = 0.05")}),
        "3": ("wide once more", {"train.py": ("WIDTH = 32", "WIDTH = 128")}),
    }
    for name, (title, edits) in ideas.items():
        add_card(repo, name, edits, title=title)
    daemon.campaign(repo)
    assert daemon.wait_finished()["state"] == "finished"
    found = {row["title"]: row for row in daemon.experiments()}
    assert found["wide"]["verdict"] == "accepted"
    shown = daemon.call("show", id=found["wide once more"]["id"])
    assert shown["experiment"]["verdict"] == "duplicate"
    assert shown["experiment"]["same_as"] == found["wide"]["id"]
    assert not shown["runs"]


def test_curves_and_results_are_recorded(daemon: Daemon, tmp_path: Path) -> None:
    script = SCRIPT.replace("| loss:", "| dt: 3ms | loss:")
    daemon.campaign(make_repo(tmp_path / "repo", script=script, experiments=2))
    daemon.wait_finished()
    curve = daemon.call("curve", id="e1")
    assert curve["curves"]["loss"] == [[0.0, 1.0], [1.0, 0.5], [2.0, 0.3333]]
    assert curve["metrics"] == ["loss", "dt"], "what people want to see comes first"
    table = daemon.call("export")["text"].splitlines()
    assert table[0] == "commit\tval_loss\tmemory_gb\tstatus\tdescription"
    assert table[1].split("\t")[3:] == ["keep", "baseline"]
    assert all(len(line.split("\t")) == 5 for line in table)


def test_a_timeout_is_a_verdict_of_its_own(daemon: Daemon, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", extra='\n[brain]\nkind = "deck"\ndeck = "deck"\n')
    spec = (repo / "arctl.toml").read_text().replace('timeout = "60s"', 'timeout = "3s"')
    (repo / "arctl.toml").write_text(spec)
    git(repo, "commit", "--quiet", "--all", "--message=short")
    add_card(repo, "slow", {"train.py": ("seed = int", "import time; time.sleep(600)\nseed = int")})
    daemon.campaign(repo)
    daemon.wait_finished()
    row = next(row for row in daemon.experiments() if row["title"] == "slow")
    assert row["verdict"] == "timed_out"
    assert "3 s" in row["reason"]


def test_greedy_keeps_what_is_better_once(daemon: Daemon, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", experiments=6, extra='\n[policy]\nmode = "greedy"\n')
    daemon.campaign(repo)
    assert daemon.wait_finished()["state"] == "finished"
    rows = daemon.call("experiments")["experiments"]
    assert rows[0]["runs"] == 1, "greedy runs its baseline once"
    assert all(row["runs"] <= 1 for row in rows)


def test_a_baseline_that_crashes_holds_the_campaign_until_it_is_mended(
    daemon: Daemon, tmp_path: Path
) -> None:
    repo = make_repo(tmp_path / "repo", script="raise SystemExit(3)\nLR = 0.01\nWIDTH = 32\n", experiments=2)
    daemon.campaign(repo)
    status = daemon.wait_finished()
    assert status["state"] == "held"
    assert "exit status 3" in status["reason"]
    (repo / "train.py").write_text(SCRIPT)
    git(repo, "commit", "--quiet", "--all", "--message=mended")
    assert daemon.campaign(repo)["how"] == "resumed"
    status = daemon.wait_finished()
    assert status["state"] == "finished", status["reason"]


def test_setup_runs_once_before_everything(daemon: Daemon, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", experiments=1)
    spec = (repo / "arctl.toml").read_text()
    spec = spec.replace("[run]\n", '[run]\nsetup = "echo once >> $ARCTL_DATA/setups"\n')
    (repo / "arctl.toml").write_text(spec)
    daemon.campaign(repo)
    assert daemon.wait_finished()["state"] == "finished"
    assert (daemon.home.campaign("toy") / "data" / "setups").read_text() == "once\n"


def test_the_ledger_agrees_with_itself(daemon: Daemon, tmp_path: Path) -> None:
    daemon.campaign(make_repo(tmp_path / "repo", experiments=6))
    daemon.wait_finished()
    daemon.stop()
    ledger = sqlite3.connect(daemon.home.ledger)
    count = ledger.execute("SELECT count(*) FROM results WHERE outcome = 'ok'").fetchone()[0]
    runs = ledger.execute("SELECT count(*) FROM runs WHERE outcome = 'ok'").fetchone()[0]
    assert count == runs > 0
    values = ledger.execute("SELECT value FROM results WHERE outcome = 'ok'").fetchall()
    assert all(math.isfinite(value) for (value,) in values)
    seeds = [seed for (seed,) in ledger.execute("SELECT seed FROM runs")]
    assert len(set(seeds)) == len(seeds), "no seed is used twice"
    ledger.close()


def deck_of(repo: Path, edits: dict[str, tuple[str, str]]) -> None:
    """Write a deck with one patch of train.py for each title."""
    for title, edit in edits.items():
        add_card(repo, title, {"train.py": edit})


DECK = '\n[brain]\nkind = "deck"\ndeck = "deck"\n'


def test_what_a_run_leaves_behind_is_not_trusted(daemon: Daemon, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", extra=DECK)
    spec = (repo / "arctl.toml").read_text().replace('timeout = "60s"', 'timeout = "20s"')
    spec = spec.replace('name = "val_loss"', 'name = "val_loss"\nsource = "json"\nfile = "r.json"')
    (repo / "arctl.toml").write_text(spec)
    report = 'import json\njson.dump({"val_loss": 1 + rng.gauss(0, 0.01)}, open("r.json", "w"))\n'
    (repo / "train.py").write_text(SCRIPT + report)
    git(repo, "commit", "--quiet", "--all", "--message=json")
    last = "import json\n"
    deck_of(
        repo,
        {
            "evaluator": (last, "open('evaluate.py', 'a').write('# cheat')\nimport json\n"),
            "link": (last, "os.remove('evaluate.py')\nos.symlink('train.py', 'evaluate.py')\nimport json\n"),
            "pipe": (report, "os.mkfifo('r.json')\n"),
            "status": (last, "raise SystemExit(165)\n"),
        },
    )
    # In the sandbox none of it would get so far.
    daemon.campaign(repo, sandbox="1", allow_unsandboxed=True)
    status = daemon.wait_finished()
    assert status["state"] == "finished", status["reason"]
    found = {row["title"]: row for row in daemon.experiments()}
    for title in ("evaluator", "link"):
        assert found[title]["verdict"] == "invalid"
        assert "evaluate.py" in found[title]["reason"]
    assert found["pipe"]["verdict"] == "no_metric"
    assert found["status"]["verdict"] == "crashed"


def test_an_edit_that_takes_the_seed_away_is_a_verdict_not_a_halt(daemon: Daemon, tmp_path: Path) -> None:
    script = SCRIPT.replace('int(os.environ.get("SEED", "0"))', "0  # the seed")
    repo = make_repo(tmp_path / "repo", script=script, extra=DECK)
    spec = (repo / "arctl.toml").read_text()
    bound = '[seed]\nfile = "train.py"\npattern = "seed = (\\\\d+)"'
    (repo / "arctl.toml").write_text(spec.replace('[seed]\nenv = "SEED"', bound))
    deck_of(repo, {"no-seed": ("seed = 0  # the seed", "seed = hash('x')")})
    daemon.campaign(repo)
    status = daemon.wait_finished()
    assert status["state"] == "finished", status["reason"]
    row = daemon.experiments()[1]
    assert row["verdict"] == "invalid"
    assert "seed" in row["reason"]
    values = {run["value"] for run in daemon.call("show", id="e1")["runs"]}
    assert len(values) == 5, "each run of the baseline had a seed of its own"


def test_a_shallow_clone_will_do(daemon: Daemon, tmp_path: Path) -> None:
    make_repo(tmp_path / "origin", experiments=1)
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{tmp_path}/origin", "repo")
    daemon.campaign(tmp_path / "repo")
    assert daemon.wait_finished()["state"] == "finished"


def test_a_campaign_goes_on_where_its_folder_was_moved_to(daemon: Daemon, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", experiments=2)
    daemon.campaign(repo)
    daemon.wait_finished()
    before = daemon.status()["experiments"]
    moved = repo.rename(tmp_path / "moved")
    spec = (moved / "arctl.toml").read_text().replace("experiments = 2", "experiments = 3")
    (moved / "arctl.toml").write_text(spec)
    assert daemon.campaign(moved)["root"] == str(moved)
    daemon.wait_finished()
    assert daemon.status()["experiments"] == before + 1


def test_a_branch_that_is_checked_out_is_left_alone_and_told(daemon: Daemon, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", experiments=12)
    git(repo, "checkout", "--quiet", "-b", "arctl/toy")
    head = git(repo, "rev-parse", "HEAD")
    daemon.campaign(repo)
    daemon.wait_finished()
    assert git(repo, "rev-parse", "arctl/toy") == head
    assert "could not be written" in daemon.status()["behind"]
    assert "could not be written" in daemon.call("champion")["behind"]


def test_a_source_that_is_not_utf8_is_refused_before_anything_is_changed(
    daemon: Daemon, tmp_path: Path
) -> None:
    repo = make_repo(tmp_path / "repo")
    (repo / "train.py").write_bytes(b"# -*- coding: latin-1 -*-\nNAME = 'caf\xe9'\n" + SCRIPT.encode())
    git(repo, "commit", "--quiet", "--all", "--message=latin")
    with pytest.raises(RefusedError, match="not UTF-8"):
        daemon.campaign(repo)
