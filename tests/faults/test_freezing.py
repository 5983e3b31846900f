"""Runs that stand still: real processes under a real shim, limits, kills, a daemon that dies meanwhile."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from arctl.daemon.jobs.folder import MARK, RunFolder
from arctl.daemon.jobs.launcher import command
from arctl.daemon.shim import system
from arctl.errors import RefusedError
from tests.faults.test_daemon_faults import running, shim_of
from tests.support.campaigns import make_repo
from tests.support.daemon import Daemon, wait_for
from tests.support.patient import HALFWAY, go

#: Seconds after which a run of these tests is ended; more than a job needs to begin and to end.
LIMIT = 6.0
WAITS = "while [ ! -e go ]; do sleep 0.02; done; echo done"


def begun(tmp_path: Path, *argv: str, **more: Any) -> RunFolder:
    """Start a job under a shim of its own."""
    folder = RunFolder(tmp_path / "run")
    env = {"PATH": os.environ["PATH"], MARK: str(folder.path)}
    stage = {"name": "train", "argv": list(argv), "cwd": str(tmp_path), "env": env, **more}
    folder.create({"log_cap": 1 << 20, "stages": [stage]})
    subprocess.run(command(str(folder.path)), check=True)
    assert folder.shim()
    return folder


def tree(root: int) -> dict[int, str]:
    """Return the processes below one, with the letter of their state."""
    rows: dict[int, tuple[int, str]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_bytes().rpartition(b")")[2].split()[:2]
        except OSError:
            continue
        rows[int(path.parent.name)] = (int(parent), state.decode())
    found, edge = {}, {root}
    while edge:
        edge = {pid for pid, (parent, _) in rows.items() if parent in edge}
        found.update({pid: rows[pid][1] for pid in edge})
    return found


def at_rest(pid: int) -> bool:
    """Tell whether all that a shim looks after stands still, or waits for a child that does."""
    states = set(tree(pid).values())
    return "T" in states and states <= set("TtZD")


def still(folder: RunFolder) -> int:
    """Freeze a job and wait until nothing of it moves; return its shim."""
    pid = folder.shim()
    assert pid is not None
    assert folder.freeze(still=True)
    wait_for("all processes to stand still", lambda: at_rest(pid))
    return pid


def ended(folder: RunFolder) -> dict[str, Any]:
    """Wait for a shim's last word."""
    wait_for("the shim's last word", lambda: folder.exit() is not None)
    said = folder.exit()
    assert said is not None
    return said


def past_the_limit() -> None:
    """Let more time pass than a run may take."""
    late = system.clock() + LIMIT + 0.5
    wait_for("its limit to pass", lambda: system.clock() > late)


def test_frozen_time_counts_for_no_limit_and_is_told(tmp_path: Path) -> None:
    folder = begun(tmp_path, "/bin/sh", "-c", WAITS, timeout=LIMIT, stall=LIMIT)
    still(folder)
    (tmp_path / "go").touch()
    past_the_limit()
    assert folder.exit() is None
    assert folder.read(0, 100) == b"", "what stands still says nothing"
    assert folder.freeze(still=False)
    said = ended(folder)
    assert (said["reason"], said["code"]) == ("exited", 0)
    assert folder.read(0, 100) == b"done\n"
    assert said["frozen_seconds"] > LIMIT > said["seconds"]


def test_a_run_that_was_frozen_has_its_limits_again(tmp_path: Path) -> None:
    folder = begun(tmp_path, "/bin/sh", "-c", WAITS, timeout=1.0)
    still(folder)
    folder.freeze(still=False)
    assert ended(folder)["reason"] == "timeout"


def test_frozen_twice_it_is_thawed_once(tmp_path: Path) -> None:
    folder = begun(tmp_path, "/bin/sh", "-c", WAITS)
    still(folder)
    pid = still(folder)
    folder.freeze(still=False)
    wait_for("it to move", lambda: not at_rest(pid))
    (tmp_path / "go").touch()
    assert ended(folder)["code"] == 0


def test_what_a_job_starts_in_between_and_what_left_its_session_stand_still_too(tmp_path: Path) -> None:
    breeding = (
        "import os, subprocess, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0:\n"
        "        while True: subprocess.Popen(['sleep', '600']); time.sleep(0.01)\n"
        "    os._exit(0)\n"
        "while True: subprocess.run(['true'])\n"
    )
    folder = begun(tmp_path, sys.executable, "-c", breeding)
    pid = folder.shim()
    assert pid is not None
    wait_for("a crowd", lambda: len(tree(pid)) > 10)
    still(folder)
    before = set(tree(pid))
    late = system.clock() + 1.0
    wait_for("time for the shim to look again", lambda: system.clock() > late)
    assert set(tree(pid)) == before
    assert at_rest(pid)
    folder.stop("enough", 0.0)
    assert ended(folder)["reason"] == "stopped"
    assert not any(Path(f"/proc/{child}").exists() for child in before)


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="needs bubblewrap")
def test_a_sandboxed_job_stands_still_too(tmp_path: Path) -> None:
    inside = f"sh -c '{WAITS}' & wait"
    words = ("bwrap", "--bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--unshare-pid")
    folder = begun(tmp_path, *words, "sh", "-c", inside)
    pid = folder.shim()
    assert pid is not None
    wait_for("the sandbox", lambda: len(tree(pid)) >= 4)
    still(folder)
    folder.freeze(still=False)
    (tmp_path / "go").touch()
    assert ended(folder)["code"] == 0


def test_a_frozen_job_that_is_stopped_may_still_say_goodbye(tmp_path: Path) -> None:
    folder = begun(tmp_path, "/bin/sh", "-c", f"trap 'echo bye; exit 3' TERM; touch here; {WAITS}")
    wait_for("its trap", (tmp_path / "here").exists)
    still(folder)
    folder.stop("enough", 600.0)
    said = ended(folder)
    assert (said["reason"], said["code"]) == ("stopped", 3)
    assert b"bye" in folder.read(0, 100)


def test_no_more_time_is_given_to_a_job_that_was_being_ended(tmp_path: Path) -> None:
    folder = begun(tmp_path, "/bin/sh", "-c", f"trap '' TERM; touch here; {WAITS}")
    wait_for("its deafness", (tmp_path / "here").exists)
    folder.stop("please", 600.0)
    folder.stop("now", 0.0)
    said = ended(folder)
    assert (said["reason"], said["signal"]) == ("stopped", 9)


def test_a_signal_is_never_sent_to_a_shim_that_does_not_know_it(tmp_path: Path) -> None:
    folder = begun(tmp_path, "/bin/sh", "-c", WAITS)
    said = json.loads((folder.path / "shim.json").read_text())
    assert said.pop("can") == ["freeze"]
    (folder.path / "shim.json").write_text(json.dumps(said))
    assert not folder.freezable()
    assert not folder.freeze(still=True)
    (tmp_path / "go").touch()
    assert ended(folder)["frozen_seconds"] == 0


def repo(tmp_path: Path, freezable: str = "freezable = true\n") -> Path:
    """Return a campaign whose runs wait in the middle, and may be frozen."""
    made = make_repo(tmp_path / "repo", script=HALFWAY, experiments=1)
    spec = (made / "arctl.toml").read_text()
    (made / "arctl.toml").write_text(spec.replace("\n[metric]", f"{freezable}\n[metric]", 1))
    return made


def row_of(daemon: Daemon, run: str) -> dict[str, Any]:
    """Return a run's row."""
    found: dict[str, Any] = next(row for row in daemon.call("show", id=run)["runs"] if row["id"] == run)
    return found


def test_a_freeze_outlives_a_killed_daemon_and_a_resume_lets_the_run_end(
    daemon: Daemon, tmp_path: Path
) -> None:
    daemon.campaign(repo(tmp_path))
    before = wait_for("two runs under way", lambda: len(running(daemon)) == 2 and running(daemon))
    shims = {run["id"]: shim_of(daemon, run) for run in before}
    said = daemon.call("pause", target="toy", mode="freeze", reason="lunch")
    assert "frozen: " in said["text"]
    wait_for("both to stand still", lambda: all(map(at_rest, shims.values())))
    daemon.kill()
    daemon.start()

    def kinds(kind: str) -> set[str]:
        return {event["subject"] for event in daemon.call("events", limit=500) if event["kind"] == kind}

    wait_for("both runs to be adopted", lambda: kinds("run.adopted") == set(shims))
    assert all(map(at_rest, shims.values()))
    assert all(row_of(daemon, run)["frozen"] for run in shims)
    go(daemon)
    daemon.call("resume", target="toy")
    assert daemon.wait_finished()["state"] == "finished"
    assert kinds("run.frozen") == kinds("run.thawed") == set(shims)
    for run in shims:
        row = row_of(daemon, run)
        assert (row["outcome"], row["attempt"], row["frozen"]) == ("ok", 1, None)
        assert row["frozen_seconds"] == row["evidence"]["frozen_seconds"] > 0


def test_a_freeze_that_the_shim_never_heard_of_is_made_up_for(daemon: Daemon, tmp_path: Path) -> None:
    daemon.campaign(repo(tmp_path))
    before = wait_for("two runs under way", lambda: len(running(daemon)) == 2 and running(daemon))
    first = before[0]
    pid = shim_of(daemon, first)
    daemon.call("pause", target=first["id"], mode="freeze")
    wait_for("it to stand still", lambda: at_rest(pid))
    daemon.kill()
    # As if the daemon had died between the ledger and the shim: the row says frozen, and the job runs.
    assert RunFolder(daemon.home.run_folder(first["id"], 1)).freeze(still=False)
    wait_for("it to move", lambda: not at_rest(pid))
    daemon.start()
    wait_for("it to stand still again", lambda: at_rest(pid))


def test_a_killed_run_that_was_frozen_ends_and_a_frozen_one_holds_up_no_stop(
    daemon: Daemon, tmp_path: Path
) -> None:
    daemon.campaign(repo(tmp_path))
    before = wait_for("two runs under way", lambda: len(running(daemon)) == 2 and running(daemon))
    daemon.call("pause", target="toy", mode="freeze")
    first, second = (run["id"] for run in before)
    wait_for("both to stand still", lambda: all(at_rest(shim_of(daemon, run)) for run in before))
    daemon.call("kill", target=first, force=True)
    wait_for("its end", lambda: row_of(daemon, first)["state"] == "ended")
    assert row_of(daemon, first)["outcome"] == "cancelled"
    with pytest.raises(RefusedError, match=f"{second} would never end"):
        daemon.call("stop", mode="drain")
    daemon.call("stop", mode="now")
    assert daemon.process is not None
    assert daemon.process.wait(120) == 0
    daemon.start()
    row = row_of(daemon, second)
    assert (row["state"], row["attempt"], row["frozen"]) == ("queued", 2, None)


def test_a_run_of_an_older_arctl_is_refused_and_lives(daemon: Daemon, tmp_path: Path) -> None:
    daemon.campaign(repo(tmp_path))
    run = wait_for("a run under way", lambda: running(daemon))[0]
    path = daemon.home.run_folder(run["id"], 1) / "shim.json"
    daemon.kill()
    said = json.loads(path.read_text())
    del said["can"]
    path.write_text(json.dumps(said))
    daemon.start()
    wait_for("it to be adopted", lambda: not row_of(daemon, run["id"])["can_freeze"])
    with pytest.raises(RefusedError, match="older arctl"):
        daemon.call("pause", target=run["id"], mode="freeze")
    assert daemon.call("pause", target="toy", mode="freeze")["target"] == "toy"
    daemon.call("resume", target="toy")
    go(daemon)
    daemon.wait_finished()
    assert (row_of(daemon, run["id"])["outcome"], row_of(daemon, run["id"])["attempt"]) == ("ok", 1)
