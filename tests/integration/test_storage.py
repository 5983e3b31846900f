"""Retention and the disk's floor with a real daemon and real folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from arctl.errors import RefusedError
from tests.support.campaigns import make_repo
from tests.support.cli import Arctl
from tests.support.daemon import Daemon, wait_for


def test_gc_shows_what_may_go_removes_it_and_logs_say_so(daemon: Daemon, tmp_path: Path) -> None:
    arctl = Arctl(daemon.home.root)
    daemon.campaign(make_repo(tmp_path / "repo", experiments=4, extra="\n[keep]\nruns = 1\n"))
    assert daemon.wait_finished()["state"] == "finished"
    rows = daemon.experiments()
    losers = [row for row in rows if row["verdict"] in ("rejected", "inconclusive")]
    assert losers
    orphan = daemon.home.trees / "r999"
    orphan.mkdir(parents=True)
    shown = arctl.ok("gc", "--dry-run")
    assert "beyond the quota (keep.runs)" in shown
    assert "`arctl gc` removes it" in shown
    run = daemon.call("show", id=losers[0]["id"])["runs"][0]["id"]
    assert daemon.home.run_folder(run, 1).exists()
    done = arctl.json("gc")
    assert done["failed"] == []
    assert run in {item["run"] for item in done["removed"]}
    assert not daemon.home.run_folder(run, 1).exists()
    assert daemon.home.run_folder("r1", 1).exists(), "the baseline's stays"
    assert orphan.exists(), "what is young may be in the making"
    told = arctl("logs", run)
    assert told.returncode == 5
    assert "was removed on" in told.stderr
    assert "by retention: beyond the quota" in told.stderr
    with pytest.raises(RefusedError, match="by retention"):
        daemon.call("logs", id=run)
    assert daemon.call("show", id=losers[0]["id"])["runs"][0]["value"] is not None, "its result stays"
    events = daemon.call("events", kinds=["storage.removed"])
    assert any(event["campaign"] == "toy" for event in events)
    assert "nothing may go" in arctl.ok("gc", "--dry-run")
    assert "removed 0 folders" in arctl("gc").stderr


def test_no_run_begins_on_a_disk_below_the_floor_until_there_is_room(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path / "home")
    daemon.start(ARCTL_DISK_FLOOR="99%")
    try:
        wait_for("the disk to be looked at", lambda: daemon.call("events", kinds=["disk.low"]))
        daemon.campaign(make_repo(tmp_path / "repo", experiments=1))
        need = wait_for("the need", lambda: daemon.status()["needs"])[0]
        assert need["kind"] == "disk"
        assert "no run begins below" in need["text"]
        assert daemon.status()["running"] == 0
        assert daemon.call("events", kinds=["run.started"]) == []
        daemon.stop()
        daemon.start(ARCTL_DISK_FLOOR="0")
        row = daemon.wait_finished()
        assert row["state"] == "finished", row["reason"]
    finally:
        daemon.stop()
