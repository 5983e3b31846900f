"""Starting campaigns: what may be wrong before, and the daemon that is brought up."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.campaigns import git, make_repo
from tests.support.cli import Arctl
from tests.support.daemon import wait_for
from tests.support.patient import PATIENT, patient, refused, running


@pytest.fixture
def arctl(tmp_path: Path) -> Iterator[Arctl]:
    """The command line, and no daemon yet."""
    found = Arctl(tmp_path / "home")
    yield found
    found.close()


def test_start_refuses_what_is_no_campaign_before_any_daemon_is_started(arctl: Arctl, tmp_path: Path) -> None:
    refused(arctl("start", tmp_path / "nowhere"), 5, "is not a folder", "give the folder")
    refused(
        arctl("start", cwd=tmp_path), 5, f"there is no arctl.toml in {tmp_path}", "`arctl init` writes one"
    )
    repo = make_repo(tmp_path / "repo")
    spec = (repo / "arctl.toml").read_text()
    (repo / "arctl.toml").write_text(spec + "[limits\n")
    refused(arctl("start", repo), 5, "has 1 problem", "is not valid TOML")
    (repo / "arctl.toml").write_text(spec.replace("timeout", "timeuot"))
    refused(arctl("start", cwd=repo), 5, "has 1 problem", "Did you mean timeout?")
    assert not arctl.home.root.exists()


def test_start_refuses_what_git_does_not_hold(arctl: Arctl, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo")
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("train.py", "evaluate.py", "arctl.toml"):
        (bare / name).write_bytes((repo / name).read_bytes())
    refused(arctl("start", bare), 5, "is not in a git repository", "`git init`")
    git(bare, "init", "--quiet")
    refused(arctl("start", bare), 5, "has no commit yet", "commit your files first")
    (repo / "train.py").write_text("changed\n")
    refused(arctl("start", repo), 5, "has uncommitted changes: train.py", "--allow-dirty")
    assert arctl("status").returncode == 3, "a daemon that was started for nothing is stopped again"
    assert "toy is started" in arctl("start", repo, "--allow-dirty").stderr


def test_check_prints_every_problem_with_its_line(arctl: Arctl, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo")
    assert arctl.ok("check", cwd=repo).startswith(
        "arctl.toml: no problems; campaign toy wants to minimize val_loss"
    )
    spec = (repo / "arctl.toml").read_text()
    (repo / "arctl.toml").write_text(
        spec.replace("low = 8", "low = 64").replace('"env"', '"x"').replace("[seed]", "[sed]")
    )
    done = arctl("check", cwd=repo)
    assert done.returncode == 1
    place, remedy, *_ = done.stdout.splitlines()
    assert place.startswith("arctl.toml:")
    assert remedy.startswith("    ")
    found = json.loads(arctl("check", repo, "--json").stdout)
    assert found["campaign"] is None
    assert all(problem["line"] and problem["remedy"] for problem in found["problems"])


def test_check_looks_into_the_files_and_warns_of_what_git_does_not_see(arctl: Arctl, tmp_path: Path) -> None:
    extra = '[params.X]\nfile = "other.py"\ntype = "bool"\n'
    repo = make_repo(tmp_path / "repo", command="no-such-python train.py", extra=extra)
    spec = repo / "arctl.toml"
    spec.write_text(spec.read_text().replace("editable = [", 'editable = ["other.py", '))
    done = arctl("check", repo)
    assert done.returncode == 1
    assert "params.X.file: there is no file other.py." in done.stdout
    assert "no-such-python, which is not found on your PATH" in done.stderr
    (repo / "other.py").write_text("X = True\n")
    done = arctl("check", repo)
    assert done.returncode == 0, done.stdout
    assert "other.py is not tracked by git" in done.stderr


def test_init_writes_a_file_that_check_accepts_and_never_replaces_one(arctl: Arctl, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo")
    mine = (repo / "arctl.toml").read_text()
    refused(arctl("init", repo), 5, "arctl.toml exists", "--force")
    assert (repo / "arctl.toml").read_text() == mine
    assert "[metric]" in arctl.ok("init", "--stdout", cwd=repo)
    (repo / "arctl.toml").unlink()
    done = arctl("init", cwd=repo)
    assert (done.returncode, done.stdout) == (0, "")
    assert "wrote" in done.stderr
    assert "arctl start" in done.stderr
    assert arctl("check", repo).returncode == 0
    empty = tmp_path / "empty"
    empty.mkdir()
    refused(arctl("init", empty), 5, "is not in a git repository", "git init")


def test_a_daemon_that_cannot_run_says_why_and_start_ends_with_1(arctl: Arctl, tmp_path: Path) -> None:
    done = arctl("start", make_repo(tmp_path / "repo"), ARCTL_DEVICES="teapot")
    refused(done, 1, "the daemon ended at once with exit status", "there is no such kind of device")
    assert str(arctl.home.log) in done.stderr


def test_start_again_says_that_it_runs_and_is_json_on_request(arctl: Arctl, tmp_path: Path) -> None:
    patient(arctl, tmp_path / "repo")
    again = arctl("start", "--json", cwd=tmp_path / "repo")
    assert json.loads(again.stdout)["how"] == "running"
    assert "campaign toy runs already" in again.stderr


def test_two_starts_at_once_share_one_daemon(arctl: Arctl, tmp_path: Path) -> None:
    repos = [make_repo(tmp_path / name, name=name, script=PATIENT) for name in ("one", "two")]
    started = [arctl.begin("start", repo) for repo in repos]
    said = [process.communicate(timeout=180)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0], said
    assert sorted(row["campaign"] for row in arctl.json("status")["campaigns"]) == ["one", "two"]
    both = arctl("champion")
    assert both.returncode == 5
    assert "one|two" in both.stderr
    arctl.ok("pause", "one")
    assert arctl.json("champion")["campaign"] == "two", "the one that runs"


def test_jobs_see_what_is_passed_on_and_no_keys(arctl: Arctl, tmp_path: Path) -> None:
    script = (
        'import os\nLR = 0.01\nWIDTH = 32\nprint(sorted(os.environ))\nprint("---")\nprint("val_loss: 1")\n'
    )
    repo = make_repo(tmp_path / "repo", script=script, experiments=1)
    spec = repo / "arctl.toml"
    spec.write_text(spec.read_text().replace('timeout = "60s"', 'timeout = "60s"\nenv_pass = ["WANTED"]'))
    assert arctl("start", repo, WANTED="1", SECRET_API_KEY="2").returncode == 0
    wait_for(
        "a first result",
        lambda: any(event["kind"] == "run.ended" for event in arctl.ask("events", limit=500)),
    )
    ended = next(event for event in arctl.ask("events", limit=500) if event["kind"] == "run.ended")
    text = arctl.ok("logs", ended["subject"])
    assert "'WANTED'" in text
    assert "SECRET_API_KEY" not in text


def test_foreground_is_the_daemon_itself(arctl: Arctl, tmp_path: Path) -> None:
    process = arctl.begin("start", "--foreground", make_repo(tmp_path / "repo", script=PATIENT))
    wait_for(
        "the campaign",
        lambda: (
            (found := arctl("status", "--json")).returncode == 0 and json.loads(found.stdout)["campaigns"]
        ),
    )
    assert arctl.json("status")["pid"] == process.pid
    wait_for("a run", lambda: running(arctl))
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=180)[1]
    assert process.returncode == 0
    assert "toy is started" in said
    assert "Traceback" not in said
    # Its runs go on; the next daemon adopts them.
    arctl.ok("start", tmp_path / "repo")
    wait_for("the same runs", lambda: len(running(arctl)) == 2)
    second = arctl("start", "--foreground", tmp_path / "repo")
    refused(second, 5, "runs for", "leave --foreground out")


def test_foreground_says_at_once_when_the_daemon_cannot_run(arctl: Arctl, tmp_path: Path) -> None:
    done = arctl("start", "--foreground", make_repo(tmp_path / "repo"), ARCTL_DEVICES="teapot")
    assert done.returncode == 2
    assert "there is no such kind of device" in done.stderr


def test_foreground_ends_when_its_campaign_is_refused(arctl: Arctl, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo")
    (repo / "train.py").write_text("changed\n")
    done = arctl("start", "--foreground", repo)
    assert done.returncode == 5
    assert "has uncommitted changes" in done.stderr
