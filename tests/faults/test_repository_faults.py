"""What may happen to a campaign's repositories and its arctl.toml."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest

from arctl.daemon.workspace import locks
from tests.faults.test_daemon_faults import running
from tests.support.campaigns import make_repo
from tests.support.daemon import Daemon, wait_for
from tests.support.patient import HALFWAY, go


@pytest.mark.fault(25, "locks of refs and packed-refs lie in the bare clone", "removed, the campaign goes on")
def test_25_locks_that_a_dead_git_left_are_removed(daemon: Daemon, tmp_path: Path) -> None:
    daemon.campaign(make_repo(tmp_path / "repo", script=HALFWAY, experiments=2))
    wait_for("two runs under way", lambda: len(running(daemon)) == 2)
    bare = daemon.home.campaign("toy") / "repo.git"
    left = [bare / "refs" / "arctl" / "toy" / "exp" / f"e{number}.lock" for number in (2, 3, 4)]
    left.append(bare / "packed-refs.lock")
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    go(daemon)
    found = daemon.wait_finished()
    assert found["state"] == "finished", found["reason"]
    assert not any(path.exists() for path in left)


def test_a_lock_of_a_git_that_lives_is_left_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "PATIENCE", 0.3)
    lock = tmp_path / "refs" / "heads" / "main.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    living = subprocess.Popen(
        ["sh", "-c", "echo alive; read end"],
        env={**os.environ, "GIT_DIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        # A process that has just been made shows no environment for a moment.
        assert living.stdout is not None
        assert living.stdout.readline() == b"alive\n"
        assert not locks.release(tmp_path)
        assert lock.exists()
    finally:
        living.kill()
        living.communicate()
    assert locks.release(tmp_path)
    assert not lock.exists()


@pytest.mark.fault(28, "the repository is deleted", "the campaign goes on in its own clone")
def test_28_a_deleted_repository_matters_to_nobody_until_it_is_needed(daemon: Daemon, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", script=HALFWAY, experiments=3)
    daemon.campaign(repo)
    wait_for("two runs under way", lambda: len(running(daemon)) == 2)
    shutil.rmtree(repo)
    go(daemon)
    found = daemon.wait_finished()
    assert found["state"] == "finished", found["reason"]
    if found["champion"] != "e1":
        assert "is kept in" in found["behind"]


@pytest.mark.fault(28, "the repository with a linked folder is moved", "held, and goes on when it is back")
def test_28_a_moved_repository_that_runs_need_holds_the_campaign(daemon: Daemon, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", script=HALFWAY, experiments=1, files={".gitignore": "data\n"})
    (repo / "data").mkdir()
    text = (repo / "arctl.toml").read_text().replace("[metric]", 'link = ["data"]\n[metric]')
    (repo / "arctl.toml").write_text(text)
    daemon.campaign(repo)

    def halfway(run: dict[str, Any]) -> bool:
        return b"step 9" in (daemon.home.run_folder(run["id"], 1) / "out.log").read_bytes()

    # Their sandboxes hold the folder only once they are there.
    wait_for("two runs halfway", lambda: len(runs := running(daemon)) == 2 and all(map(halfway, runs)))
    repo.rename(tmp_path / "moved")
    go(daemon)
    found = daemon.wait_finished()
    assert found["state"] == "held"
    assert "run.link names" in found["reason"]
    assert "which is not there" in found["reason"]
    (tmp_path / "moved").rename(repo)
    daemon.call("resume", target="toy")
    assert daemon.wait_finished()["state"] == "finished"


@pytest.mark.fault(28, "the daemon's own clone is deleted", "held with the error, others go on")
def test_28_a_campaign_without_its_clone_is_held_and_others_go_on(daemon: Daemon, tmp_path: Path) -> None:
    daemon.campaign(make_repo(tmp_path / "repo", script=HALFWAY, experiments=2))
    wait_for("two runs under way", lambda: len(running(daemon)) == 2)
    shutil.rmtree(daemon.home.campaign("toy") / "repo.git")
    go(daemon)
    found = daemon.wait_finished()
    assert found["state"] == "held"
    assert "failed" in found["reason"]
    daemon.campaign(make_repo(tmp_path / "other", name="other", experiments=1))
    assert daemon.wait_finished("other")["state"] == "finished"


@pytest.mark.fault(
    29, "arctl.toml is edited to nonsense while it runs", "refused with its line, the old stays"
)
def test_29_a_malformed_edit_is_refused_with_its_line(daemon: Daemon, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", script=HALFWAY, experiments=1)
    daemon.campaign(repo)
    wait_for("two runs under way", lambda: len(running(daemon)) == 2)
    good = (repo / "arctl.toml").read_text()
    (repo / "arctl.toml").write_text(good.replace('timeout = "60s"', 'timeout = "soon"'))
    line = good.splitlines().index('timeout = "60s"') + 1
    told = wait_for("the refusal", lambda: daemon.call("events", kinds=["edit.refused"]))
    assert f"arctl.toml:{line}" in told[0]["text"]
    assert "what was there before stays" in told[0]["text"]
    go(daemon)
    assert daemon.wait_finished()["state"] == "finished"


@pytest.mark.fault(29, "a stored arctl.toml is not taken any more", "held with its line, others go on")
def test_29_a_stored_spec_that_is_not_taken_any_more_holds_its_campaign_alone(
    daemon: Daemon, tmp_path: Path
) -> None:
    repo = make_repo(tmp_path / "repo", script=HALFWAY, experiments=1)
    daemon.campaign(repo)
    wait_for("two runs under way", lambda: len(running(daemon)) == 2)
    daemon.kill()
    book = sqlite3.connect(daemon.home.ledger)
    # As an arctl of before would have stored it: a key that this one does not know.
    text = book.execute("SELECT spec FROM campaigns").fetchone()[0]
    older = text.replace('timeout = "60s"', 'timeout = "60s"\nniceness = 3')
    book.execute("UPDATE campaigns SET spec = ?", (older,))
    book.commit()
    book.close()
    (repo / "arctl.toml").write_text(older)
    line = older.splitlines().index("niceness = 3") + 1
    daemon.start()
    daemon.campaign(make_repo(tmp_path / "other", name="other", experiments=1))
    found = wait_for("it to be held", lambda: daemon.status()["state"] == "held" and daemon.status())
    assert f"arctl.toml:{line}: run.niceness" in found["reason"]
    go(daemon)
    assert daemon.wait_finished("other")["state"] == "finished"
    wait_for("its own runs to be taken in", lambda: not running(daemon))
    daemon.call("resume", target="toy")
    wait_for("it to be held again", lambda: daemon.status()["state"] == "held")
    (repo / "arctl.toml").write_text(text)
    wait_for("the edit to be taken", lambda: daemon.call("events", kinds=["spec.edited"]))
    daemon.call("resume", target="toy")
    assert daemon.wait_finished()["state"] == "finished"
