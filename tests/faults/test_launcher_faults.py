"""The process that forks shims is killed, or stands still, while it is asked for one."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import sys
import termios
from pathlib import Path

import pytest

from arctl.daemon.jobs import launcher
from arctl.daemon.jobs.folder import MARK, RunFolder
from arctl.daemon.jobs.launcher import Launcher
from arctl.daemon.shim import system
from tests.faults.storm import children, left, twice_or_missing
from tests.faults.test_daemon_faults import running
from tests.support.campaigns import make_repo
from tests.support.daemon import Daemon, wait_for
from tests.support.patient import HALFWAY, go


def laid_out(path: Path) -> RunFolder:
    """Lay out a run whose job writes a word."""
    folder = RunFolder(path)
    env = {"PATH": os.environ["PATH"], MARK: str(path)}
    stage = {"name": "train", "argv": ["/bin/sh", "-c", "echo done"], "cwd": str(path.parent), "env": env}
    folder.create({"log_cap": 1 << 20, "stages": [stage]})
    return folder


def unread(pid: int) -> int:
    """Return how many bytes lie in the pipe that a process reads, unread."""
    with Path(f"/proc/{pid}/fd/0").open("rb", buffering=0) as pipe:
        return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, b"\0" * 4), sys.byteorder)


@pytest.mark.fault(3, "the process that forks shims is killed in mid launch", "run lost, tried again")
def test_3_a_launch_whose_launcher_is_killed_is_lost_and_tried_again(daemon: Daemon, tmp_path: Path) -> None:
    daemon.campaign(make_repo(tmp_path / "repo", script=HALFWAY, experiments=1))
    wait_for("two runs under way", lambda: len(running(daemon)) == 2)
    # It stands still before these end, so that a launch is surely under way when it is killed.
    (zygote,) = children(daemon)
    os.kill(zygote, signal.SIGSTOP)
    go(daemon)
    wait_for("a launch that waits", lambda: unread(zygote))
    os.kill(zygote, signal.SIGKILL)
    found = daemon.wait_finished()
    assert found["state"] == "finished", found["reason"]
    lost = daemon.call("events", kinds=["run.requeued"])
    assert lost
    assert all("its shim died" in event["text"] for event in lost)
    assert children(daemon) not in ([], [zygote])
    daemon.stop()
    assert [*twice_or_missing(daemon), *left(daemon)] == []


@pytest.mark.fault(3, "the process that forks shims stands still", "replaced, the next launch works")
def test_3_a_launcher_that_stands_still_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "LAUNCH", 1.0)
    asyncio.run(_stands_still(tmp_path))


async def _stands_still(tmp_path: Path) -> None:
    first, second = laid_out(tmp_path / "first"), laid_out(tmp_path / "second")
    ours = Launcher()
    try:
        await ours.warm()
        assert ours._process is not None
        stopped = ours._process
        os.kill(stopped.pid, signal.SIGSTOP)
        await ours.launch(first.path)
        assert await asyncio.wait_for(stopped.wait(), 60) == -signal.SIGKILL
        # Nobody will ever hold it: whoever watches the run fences it, and it is tried again.
        assert not first.held()
        assert first.fence()
        await ours.launch(second.path)
        assert ours._process is not None
        assert ours._process.pid != stopped.pid
        await asyncio.to_thread(wait_for, "the job's end", second.exit)
        assert second.read(0, 100) == b"done\n"
        assert json.loads((second.path / "shim.json").read_text())["boot_id"] == system.boot_id()
    finally:
        await ours.close()
    assert not (first.path / "shim.json").exists()
