"""Clocks and boots: the machine boots, sleeps, or has its clock set while runs go on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from arctl.daemon.shim import system
from tests.faults import sleeping
from tests.faults.test_daemon_faults import results, running, shim_of
from tests.support.campaigns import make_repo
from tests.support.cli import Arctl
from tests.support.daemon import Daemon, wait_for
from tests.support.patient import HALFWAY, go

ROOT = Path(__file__).parents[2]
DAY = 86_400
#: Seconds for which the machine sleeps: a run's limit of a minute leaves room for them.
SLEPT = 30


@pytest.mark.fault(6, "the boot id of shim.json is another, its process id somebody's", "lost, tried again")
def test_6_a_run_from_before_a_boot_is_lost_and_tried_again(daemon: Daemon, tmp_path: Path) -> None:
    daemon.campaign(make_repo(tmp_path / "repo", script=HALFWAY, experiments=1))
    before = wait_for("two runs under way", lambda: len(running(daemon)) == 2 and running(daemon))
    shims = [shim_of(daemon, run) for run in before]
    daemon.kill()
    for pid in shims:
        os.kill(pid, signal.SIGKILL)
    # After a boot the same number, and even the same ticks, may be those of anybody.
    stranger = subprocess.Popen(["sleep", "600"])
    ticks = system.start_time(stranger.pid)
    for run in before:
        path = daemon.home.run_folder(run["id"], 1) / "shim.json"
        said = json.loads(path.read_text())
        assert said["boot_id"] == system.boot_id()
        said |= {"boot_id": "00000000-of-another-boot", "pid": stranger.pid, "start_time": ticks}
        path.write_text(json.dumps(said))
    daemon.start()
    try:
        again = wait_for(
            "the second attempts",
            lambda: len(found := [row for row in running(daemon) if row["attempt"] == 2]) == 2 and found,
        )
        assert {run["id"] for run in again} == {run["id"] for run in before}
        assert stranger.poll() is None, "whoever has the shim's number now must live"
        go(daemon)
        assert daemon.wait_finished()["state"] == "finished"
        found = results(daemon)
        assert set(found.values()) == {1}
        assert {(run["id"], attempt) for run in before for attempt in (1, 2)} <= set(found)
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


class Clock:
    """The time of day that a daemon and all its shims are told; it can be set while they run."""

    def __init__(self, folder: Path) -> None:
        self.path, library = folder / "clock", folder / "wallclock.so"
        self.path.write_bytes(struct.pack("q", 0))
        source = ROOT / "tests" / "support" / "wallclock.c"
        compiler = shutil.which("cc")
        if compiler is None or not system.LINUX:
            pytest.skip("setting a clock for a few processes only needs Linux and a C compiler")
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
        self.environ = {"LD_PRELOAD": str(library), "WALLCLOCK": str(self.path)}

    def set_by(self, seconds: int) -> None:
        """Set the clock by so many seconds."""
        with self.path.open("r+b") as file:
            file.write(struct.pack("q", seconds))


@pytest.mark.fault(18, "the clock is set by a day while two runs go on", "durations right, goes on")
@pytest.mark.parametrize("days", [1, -1])
def test_18_durations_are_right_when_the_clock_is_set_by_a_day(tmp_path: Path, days: int) -> None:
    clock = Clock(tmp_path)
    daemon = Daemon(tmp_path / "home")
    daemon.start(**clock.environ)
    try:
        repo = make_repo(tmp_path / "repo", script=HALFWAY, experiments=3)
        spec = (repo / "arctl.toml").read_text()
        spec = spec.replace('timeout = "60s"', 'timeout = "60s"\nstall = "50s"\nstagger = "1s"')
        (repo / "arctl.toml").write_text(spec.replace("[limits]", "[limits]\nhours = 12"))
        began = time.monotonic()
        daemon.campaign(repo)
        before = wait_for("two runs under way", lambda: len(running(daemon)) == 2 and running(daemon))
        clock.set_by(days * DAY)
        said = wait_for("the daemon to say so", lambda: daemon.call("status")["trouble"])
        assert f"clock was set {'forward' if days > 0 else 'back'} by 24.0 h" in said
        assert "`arctl restart`" in said
        # No longer than this test, and not a negative number of seconds.
        assert 0 < daemon.call("status")["uptime"] < time.monotonic() - began + 60
        go(daemon)
        found = daemon.wait_finished()
        took = time.monotonic() - began
        assert (found["state"], found["reason"]) == ("finished", "3 of 3 proposals made")
        rows = [run for row in daemon.experiments() for run in daemon.call("show", id=row["id"])["runs"]]
        assert {run["id"] for run in before} < {run["id"] for run in rows}
        for run in rows:
            assert run["outcome"] == "ok"
            assert 0 < run["seconds"] < took
            assert not run["evidence"].get("suspended_seconds")
        assert not daemon.call("events", kinds=["turn.lost", "run.requeued"])
        clock.set_by(0)
        assert daemon.call("status")["trouble"] == ""
    finally:
        daemon.stop()


@pytest.fixture
def slept() -> Iterator[Path]:
    """A time namespace in which the machine slept for a while."""
    if os.geteuid() != 0 or not shutil.which("unshare") or not Path("/proc/self/ns/time").exists():
        pytest.skip("what a shim reads after a suspend needs root and time namespaces")
    words = ["unshare", "--time", "--boottime", str(SLEPT), "sleep", "600"]
    holder = subprocess.Popen(words, stderr=subprocess.DEVNULL)
    place, ours = Path(f"/proc/{holder.pid}/ns/time_for_children"), Path("/proc/self/ns/time").readlink()
    try:
        wait_for("the namespace", lambda: holder.poll() is not None or place.readlink() != ours)
        if holder.poll() is not None:
            pytest.skip("this machine gives no time namespace")
        yield place
    finally:
        holder.kill()
        holder.wait()


class Sleepy(Daemon):
    """A daemon whose shims are told that the machine slept."""

    def begin(self, slept: Path) -> None:
        told = {"ARCTL_HOME": str(self.home.root), "ARCTL_DEVICES": self.devices}
        words = [sys.executable, "-m", "tests.faults.sleeping"]
        env = {**os.environ, **told, sleeping.VARIABLE: str(slept)}
        self.process = subprocess.Popen(words, cwd=ROOT, env=env, stdin=subprocess.DEVNULL)
        wait_for("the daemon's handshake", self._answers)


@pytest.mark.fault(
    19, "CLOCK_BOOTTIME of a shim goes ahead of CLOCK_MONOTONIC", "flagged, in `arctl show` too"
)
def test_19_a_run_under_which_the_machine_slept_says_so(slept: Path, tmp_path: Path) -> None:
    daemon = Sleepy(tmp_path / "home")
    daemon.begin(slept)
    try:
        daemon.campaign(make_repo(tmp_path / "repo", script=HALFWAY, experiments=1))
        first, second = wait_for("two runs", lambda: len(running(daemon)) == 2 and running(daemon))
        os.kill(shim_of(daemon, first), signal.SIGUSR2)
        there = slept.readlink()
        wait_for("its sleep", lambda: Path(f"/proc/{shim_of(daemon, first)}/ns/time").readlink() == there)
        go(daemon)
        assert daemon.wait_finished()["state"] == "finished"
        rows: dict[str, Any] = {run["id"]: run for run in daemon.call("show", id=first["id"])["runs"]}
        assert rows[first["id"]]["outcome"] == "ok"
        assert rows[first["id"]]["evidence"]["suspended_seconds"] == pytest.approx(SLEPT, abs=0.5)
        assert rows[first["id"]]["seconds"] > SLEPT
        assert "suspended_seconds" not in rows[second["id"]]["evidence"]
        shown = Arctl(daemon.home.root).ok("show", first["id"])
        assert f"the machine was suspended for {SLEPT} s of it ({first['id']})" in " ".join(shown.split())
        assert f"of it ({second['id']})" not in shown
    finally:
        daemon.stop()


@pytest.mark.fault(19, "it sleeps for longer than the run may take", "timed out, with the reason")
def test_19_a_run_that_was_slept_to_its_limit_says_why(slept: Path, tmp_path: Path) -> None:
    daemon = Sleepy(tmp_path / "home", devices="cpu:1")
    daemon.begin(slept)
    try:
        repo = make_repo(tmp_path / "repo", script=HALFWAY, experiments=1)
        spec = (repo / "arctl.toml").read_text().replace('timeout = "60s"', 'timeout = "25s"')
        (repo / "arctl.toml").write_text(spec)
        daemon.campaign(repo)
        run = wait_for("a run", lambda: running(daemon))[0]
        os.kill(shim_of(daemon, run), signal.SIGUSR2)
        reason = wait_for("its end", lambda: daemon.call("show", id=run["id"])["runs"][0]["reason"])
        assert reason == f"still running after 25 s, {SLEPT} s of which the machine was suspended"
    finally:
        daemon.stop()
