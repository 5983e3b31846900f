"""What may happen to a daemon and its runs, and what must come of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from arctl.daemon.jobs.folder import MARK
from arctl.daemon.jobs.launcher import command
from arctl.daemon.shim import system
from arctl.errors import RefusedError
from tests.support.campaigns import SCRIPT, make_repo
from tests.support.daemon import Daemon, wait_for
from tests.support.patient import HALFWAY, go


def running(daemon: Daemon) -> list[dict[str, Any]]:
    """Return the runs under way."""
    shown = [daemon.call("show", id=row["id"]) for row in daemon.experiments() if row["running"]]
    return [run for item in shown for run in item["runs"] if run["state"] == "running"]


def shim_of(daemon: Daemon, run: dict[str, Any]) -> int:
    """Return the process id of a run's shim."""
    folder = daemon.home.run_folder(run["id"], run["attempt"])
    return int(json.loads((folder / "shim.json").read_text())["pid"])


def results(daemon: Daemon) -> Counter[tuple[str, int]]:
    """Count the ledger's results by run and attempt."""
    ledger = sqlite3.connect(daemon.home.ledger)
    found = Counter(ledger.execute("SELECT run, attempt FROM results").fetchall())
    ledger.close()
    return found


def carriers(mark: bytes) -> list[Path]:
    """Return the processes that carry a mark in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if mark in path.read_bytes():
                found.append(path)
    return found


@pytest.mark.fault(1, "SIGKILL to the daemon while runs go on", "runs adopted, one result each")
def test_1_a_daemon_killed_in_the_middle_adopts_its_runs(daemon: Daemon, tmp_path: Path) -> None:
    daemon.campaign(make_repo(tmp_path / "repo", script=HALFWAY, experiments=2))
    before = wait_for("two runs under way", lambda: len(running(daemon)) == 2 and running(daemon))
    shims = {run["id"]: shim_of(daemon, run) for run in before}
    daemon.kill()
    for pid in shims.values():
        assert system.start_time(pid), "a shim outlives the daemon"
    daemon.start()

    def adopted() -> set[str]:
        events = daemon.call("events", limit=500)
        return {event["subject"] for event in events if event["kind"] == "run.adopted"}

    wait_for("both runs to be adopted", lambda: adopted() == set(shims))
    go(daemon)
    assert daemon.wait_finished()["state"] == "finished"
    for run in before:
        shown = daemon.call("show", id=run["id"])
        row = next(item for item in shown["runs"] if item["id"] == run["id"])
        assert (row["outcome"], row["attempt"]) == ("ok", 1)
        curve = daemon.call("curve", id=run["id"])["curves"]["loss"]
        assert len(curve) == 20, "an adopted run's curve is whole, and no point is there twice"
    assert set(results(daemon).values()) == {1}


@pytest.mark.fault(1, "SIGKILL to the daemon while runs go on", "runs adopted, one result each")
def test_1_results_that_came_while_no_daemon_lived_are_taken_in(daemon: Daemon, tmp_path: Path) -> None:
    daemon.campaign(make_repo(tmp_path / "repo", script=HALFWAY, experiments=1))
    before = wait_for("a run under way", lambda: running(daemon))
    daemon.kill()
    go(daemon)
    for run in before:
        folder = daemon.home.run_folder(run["id"], 1)
        wait_for("the shim's last word", (folder / "exit.json").exists)
    daemon.start()
    status = daemon.wait_finished()
    assert status["state"] == "finished", status["reason"]
    assert set(results(daemon).values()) == {1}


@pytest.mark.fault(2, "SIGKILL to the daemon six times", "one result each")
def test_2_killed_again_and_again_nothing_is_lost_or_counted_twice(daemon: Daemon, tmp_path: Path) -> None:
    daemon.campaign(make_repo(tmp_path / "repo", experiments=6))
    for _ in range(6):
        seen = daemon.call("events", limit=1)[-1]["seq"]
        wait_for(
            "something to happen",
            lambda seen=seen: daemon.call("events", after=seen + 3) or daemon.status()["state"] == "finished",
        )
        daemon.kill()
        daemon.start()
    assert daemon.wait_finished()["state"] == "finished"
    assert set(results(daemon).values()) == {1}
    ledger = sqlite3.connect(daemon.home.ledger)
    ok = ledger.execute("SELECT count(*) FROM runs WHERE outcome = 'ok'").fetchone()[0]
    values = ledger.execute("SELECT \"values\", bank FROM experiments WHERE same_as = ''").fetchall()
    ledger.close()
    assert sum(len(json.loads(text)) for row in values for text in row) == ok


@pytest.mark.fault(3, "SIGKILL to the shim", "lost, tried again")
def test_3_a_killed_shim_loses_the_run_which_is_tried_again(daemon: Daemon, tmp_path: Path) -> None:
    daemon.campaign(make_repo(tmp_path / "repo", script=HALFWAY, experiments=1))
    run = wait_for("a run under way", lambda: running(daemon))[0]
    os.kill(shim_of(daemon, run), signal.SIGKILL)
    mark = f"{MARK}={daemon.home.run_folder(run['id'], 1)}".encode()
    wait_for("the end of its job", lambda: not carriers(mark))
    again = wait_for("the second attempt", lambda: [r for r in running(daemon) if r["attempt"] == 2])
    assert again[0]["id"] == run["id"]
    go(daemon)
    assert daemon.wait_finished()["state"] == "finished"
    assert (daemon.home.run_folder(run["id"], 1) / "fenced").exists()


@pytest.mark.fault(5, "SIGKILL to both", "lost, tried again")
def test_5_shim_and_daemon_killed_the_run_is_tried_again(daemon: Daemon, tmp_path: Path) -> None:
    daemon.campaign(make_repo(tmp_path / "repo", script=HALFWAY, experiments=1))
    run = wait_for("a run under way", lambda: running(daemon))[0]
    pid = shim_of(daemon, run)
    daemon.kill()
    os.kill(pid, signal.SIGKILL)
    daemon.start()
    wait_for("the second attempt", lambda: [r for r in running(daemon) if r["attempt"] == 2])
    go(daemon)
    assert daemon.wait_finished()["state"] == "finished"
    assert set(results(daemon).values()) == {1}


@pytest.mark.fault(4, "the job kills itself", "the signal is named")
def test_4_a_job_killed_by_a_signal_says_so(daemon: Daemon, tmp_path: Path) -> None:
    script = "import os, signal\nLR = 0.01\nWIDTH = 32\nos.kill(os.getpid(), signal.SIGSEGV)\n"
    daemon.campaign(make_repo(tmp_path / "repo", script=script))
    assert "SIGSEGV" in daemon.wait_finished()["reason"]


@pytest.mark.fault(8, "a second daemon is started", "it leaves and names the first")
def test_8_a_second_daemon_names_the_first_and_leaves(daemon: Daemon) -> None:
    assert daemon.process is not None
    done = subprocess.run(
        [sys.executable, "-m", "arctl.daemon"],
        env={**os.environ, "ARCTL_HOME": str(daemon.home.root)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 5
    assert str(daemon.process.pid) in done.stderr
    assert "arctl stop" in done.stderr


@pytest.mark.fault(9, "shim.json names another process", "tried again, the other process lives")
def test_9_a_process_id_used_again_is_not_taken_for_the_shim(daemon: Daemon, tmp_path: Path) -> None:
    daemon.campaign(make_repo(tmp_path / "repo", script=HALFWAY, experiments=1))
    run = wait_for("a run under way", lambda: running(daemon))[0]
    folder = daemon.home.run_folder(run["id"], 1)
    pid = shim_of(daemon, run)
    daemon.kill()
    os.kill(pid, signal.SIGKILL)
    bystander = subprocess.Popen(["sleep", "600"])
    said = json.loads((folder / "shim.json").read_text()) | {"pid": bystander.pid}
    (folder / "shim.json").write_text(json.dumps(said))
    daemon.start()
    wait_for("the second attempt", lambda: [r for r in running(daemon) if r["attempt"] == 2])
    go(daemon)
    assert bystander.poll() is None, "a bystander with the shim's id must live"
    bystander.kill()
    bystander.wait()


@pytest.mark.fault(10, "a shim is started in a fenced folder", "it leaves")
def test_10_a_late_shim_finds_itself_fenced(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "fenced").touch()
    stage = {"name": "train", "argv": ["touch", "ran"], "cwd": str(folder), "env": {}}
    (folder / "spec.json").write_text(json.dumps({"log_cap": 1 << 20, "stages": [stage]}))
    done = subprocess.run(command(str(folder)), check=False, timeout=180)
    assert done.returncode == 75
    assert not (folder / "ran").exists()
    assert not (folder / "exit.json").exists()


@pytest.mark.fault(13, "exit.json is cut off", "lost, file kept")
def test_13_a_truncated_exit_file_counts_as_lost_and_is_kept(daemon: Daemon, tmp_path: Path) -> None:
    daemon.campaign(make_repo(tmp_path / "repo", script=HALFWAY, experiments=1))
    run = wait_for("two runs under way", lambda: len(running(daemon)) == 2 and running(daemon))[0]
    pid = shim_of(daemon, run)
    daemon.kill()
    os.kill(pid, signal.SIGKILL)
    broken = daemon.home.run_folder(run["id"], 1) / "exit.json"
    broken.write_text('{"reason": "exi')
    go(daemon)
    daemon.start()
    assert daemon.wait_finished()["state"] == "finished"
    assert broken.read_text() == '{"reason": "exi'
    lost = [event["text"] for event in daemon.call("events", kinds=["run.requeued"])]
    assert len(lost) == 1
    assert lost[0].startswith(f"{run['id']} is queued again, attempt 2")
    assert {(run["id"], 1), (run["id"], 2)} <= set(results(daemon))


@pytest.mark.fault(15, "garbage in the ledger's place", "refused, kept")
def test_15_a_damaged_ledger_is_refused_and_kept(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "ledger.db").write_bytes(b"SQLite format 3\0" + b"\x00\x01garbage" * 4096)
    before = (home / "ledger.db").read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "arctl.daemon"],
        env={**os.environ, "ARCTL_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 1
    assert "damaged" in done.stderr
    assert "backup" in done.stderr
    assert (home / "ledger.db").read_bytes() == before


@pytest.mark.fault(17, "100 MB of output, cap 1 MB", "capped, metric found")
def test_17_a_log_flood_is_capped_and_the_metric_at_its_end_is_found(daemon: Daemon, tmp_path: Path) -> None:
    script = SCRIPT.replace("seed = int", "print('x' * 100_000_000)\nseed = int")
    repo = make_repo(tmp_path / "repo", script=script, experiments=1)
    spec = (repo / "arctl.toml").read_text().replace('timeout = "60s"', 'timeout = "60s"\nlog_cap_mb = 1')
    (repo / "arctl.toml").write_text(spec)
    daemon.campaign(repo)
    assert daemon.wait_finished()["state"] == "finished"
    folder = daemon.home.run_folder("r1", 1)
    assert sum(path.stat().st_size for path in folder.iterdir()) < 6 << 20
    assert daemon.call("show", id="e1")["runs"][0]["evidence"]["log_capped"]


@pytest.mark.fault(22, "fork and setsid", "none is left")
@pytest.mark.parametrize("level", ["3", "1"])
def test_22_a_job_that_detaches_a_child_leaves_none(daemon: Daemon, tmp_path: Path, level: str) -> None:
    token = f"mark{os.urandom(6).hex()}"
    script = SCRIPT + (
        "import subprocess, sys\n"
        f"code = 'import os, time  # {token}\\nif os.fork() == 0:\\n    os.setsid()\\n    time.sleep(987)'\n"
        "subprocess.Popen([sys.executable, '-c', code]).wait()\n"
    )
    repo = make_repo(tmp_path / "repo", script=script, experiments=1)
    daemon.campaign(repo, sandbox=level, allow_unsandboxed=True)
    assert daemon.wait_finished()["state"] == "finished"
    if level == "1":
        # In a sandbox the kernel ends them with it, before anybody could count.
        assert daemon.call("show", id="e1")["runs"][0]["evidence"]["orphans"] >= 1
    left = subprocess.run(["pgrep", "-f", token], capture_output=True, check=False)
    assert left.stdout == b""


@pytest.mark.fault(26, "the row goes back to before git was asked", "taken over")
def test_26_a_ref_whose_row_was_never_written_is_taken_over(daemon: Daemon, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", experiments=2)
    daemon.campaign(repo)
    wait_for("the first proposal", lambda: len(daemon.experiments()) > 1)
    daemon.kill()
    ledger = sqlite3.connect(daemon.home.ledger)
    # As if the daemon had died between git and the ledger: the ref is there, the row still says building.
    ledger.execute(
        "UPDATE experiments SET state = 'building', \"commit\" = '', tree = '', verdict = '' WHERE id = 'e2'"
    )
    ledger.execute("DELETE FROM runs WHERE experiment = 'e2'")
    ledger.execute("DELETE FROM results WHERE run NOT IN (SELECT id FROM runs)")
    ledger.execute("UPDATE experiments SET \"values\" = '[]' WHERE id = 'e2'")
    ledger.commit()
    ledger.close()
    daemon.start()
    assert daemon.wait_finished()["state"] == "finished"
    assert next(row for row in daemon.experiments() if row["id"] == "e2")["verdict"]


@pytest.mark.fault(27, "the socket is unlinked", "bound again")
def test_27_a_deleted_socket_is_bound_again(daemon: Daemon) -> None:
    daemon.home.socket.unlink()
    wait_for("a new socket", daemon.home.socket.exists)
    assert daemon.call("status")["pid"]


@pytest.mark.fault(33, "two changes with one revision", "one wins, other told")
def test_33_of_two_clients_with_one_revision_one_wins(daemon: Daemon, tmp_path: Path) -> None:
    daemon.campaign(make_repo(tmp_path / "repo", script=HALFWAY))
    wait_for("two runs under way", lambda: len(running(daemon)) == 2)
    rev, ready = daemon.status()["rev"], threading.Barrier(2)

    def pause(reason: str) -> str:
        ready.wait(60)
        try:
            daemon.call("pause", target="toy", reason=reason, if_rev=rev)
        except RefusedError as error:
            return error.message
        return ""

    with ThreadPoolExecutor(2) as people:
        said = sorted(people.map(pause, ["Ada's", "Bob's"]))
    assert said[0] == "", "one wins"
    assert "changed since you looked" in said[1]
    assert daemon.status()["state"] == "paused"
    assert len(daemon.call("events", kinds=["campaign.paused"])) == 1
