"""Another daemon takes over under the runs that go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from arctl.cli.spawn import holder
from tests.faults.test_daemon_faults import results, shim_of
from tests.faults.test_daemon_faults import running as runs_of
from tests.support.campaigns import make_repo
from tests.support.cli import Arctl
from tests.support.daemon import Daemon, wait_for
from tests.support.patient import HALFWAY, go


@pytest.mark.fault(7, "`arctl restart` twice in the middle of two runs", "adopted, one result each")
def test_7_runs_go_on_under_two_restarts(tmp_path: Path) -> None:
    arctl = Arctl(tmp_path / "home")
    arctl.ok("start", make_repo(tmp_path / "repo", script=HALFWAY, experiments=1))
    daemon = Daemon(arctl.home.root)  # to ask it; the command line started it
    try:
        before = wait_for("two runs under way", lambda: len(runs_of(daemon)) == 2 and runs_of(daemon))
        shims = {run["id"]: shim_of(daemon, run) for run in before}
        pids = [daemon.call("status")["pid"]]
        for _ in range(2):
            # The devices come from the daemon that leaves, not from this shell.
            done = arctl("restart", "--json", ARCTL_DEVICES="cpu:7")
            assert done.returncode == 0, done.stderr
            assert f'"{before[0]["id"]}"' in done.stdout
            pids.append(daemon.call("status")["pid"])
            assert daemon.call("status")["devices"] == 2
            assert {run["id"]: shim_of(daemon, run) for run in runs_of(daemon)} == shims
        assert len(set(pids)) == 3
        go(daemon)
        assert daemon.wait_finished()["state"] == "finished"
        assert set(results(daemon).values()) == {1}
        for run in before:
            rows = daemon.call("show", id=run["id"])["runs"]
            assert next(row["attempt"] for row in rows if row["id"] == run["id"]) == 1
    finally:
        arctl.close()


def test_a_restart_of_nothing_is_refused(tmp_path: Path) -> None:
    done = Arctl(tmp_path / "home")("restart")
    assert done.returncode == 3
    assert "no daemon is running" in done.stderr
    assert "arctl start" in done.stderr


@pytest.mark.fault(7, "the daemon that runs speaks another protocol", "it leaves, its runs are adopted")
def test_7_a_daemon_of_another_protocol_is_replaced_under_its_runs(tmp_path: Path) -> None:
    arctl = Arctl(tmp_path / "home")
    arctl.ok("start", make_repo(tmp_path / "repo", script=HALFWAY, experiments=1))
    daemon = Daemon(arctl.home.root)
    before = wait_for("two runs under way", lambda: len(runs_of(daemon)) == 2 and runs_of(daemon))
    shims = {run["id"]: shim_of(daemon, run) for run in before}
    arctl.ok("restart")
    os.kill(daemon.call("status")["pid"], signal.SIGTERM)
    wait_for("its end", lambda: not holder(daemon.home))
    code = "import arctl.protocol as p; p.PROTOCOL = (7, 0); from arctl.daemon.main import main; main()"
    older = subprocess.Popen([sys.executable, "-c", code], env=arctl.env, stdin=subprocess.DEVNULL)
    try:
        wait_for("the other daemon", lambda: holder(daemon.home) == older.pid and daemon.home.socket.exists())
        wait_for("it to be refused", lambda: arctl("status").returncode == 4)
        done = arctl("restart")
        assert done.returncode == 0, done.stderr
        assert "of another version" in done.stderr
        older.wait(60)
        assert {run["id"]: shim_of(daemon, run) for run in runs_of(daemon)} == shims
        go(daemon)
        assert daemon.wait_finished()["state"] == "finished"
        assert set(results(daemon).values()) == {1}
    finally:
        arctl.close()
        older.kill()
        older.wait()
