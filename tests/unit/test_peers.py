"""Who may command the daemon: told by what /proc says of a process and of those that it came from."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from arctl.daemon import peers
from arctl.daemon.jobs import launcher

SHIM = os.fsencode("\0".join(launcher.command()))
#: Numbers that no process has; the signal 0 finds nobody there.
GONE = 2**22 + 1
#: The first process of all: it is always there.
FIRST = 1


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A /proc in which this test's process stands alone; whoever is in it is alive."""
    monkeypatch.setattr(peers, "_alive", lambda pid: pid == FIRST or (tmp_path / str(pid)).exists())
    put(tmp_path, os.getpid(), FIRST)
    return tmp_path


def put(proc: Path, pid: int, parent: int, words: bytes = b"sh\0") -> None:
    (proc / str(pid)).mkdir()
    (proc / str(pid) / "stat").write_bytes(f"{pid} (a ) name) S {parent} 1 1".encode())
    (proc / str(pid) / "cmdline").write_bytes(words)


def test_what_came_from_a_shim_is_a_run_s_however_far_below(proc: Path) -> None:
    put(proc, 100, FIRST, b"python\0-m\0arctl.daemon\0")
    put(proc, 200, 100, SHIM)
    put(proc, 300, 200, SHIM)
    put(proc, 400, 300)
    put(proc, 500, 400)
    put(proc, 600, 200)
    assert peers.shim_above(500, proc) == 300
    assert peers.shim_above(600, proc) == 200, "what outlived its shim"
    assert peers.shim_above(100, proc) is None


def test_of_whom_nothing_can_be_seen_is_no_run_s(proc: Path) -> None:
    # With hidepid nobody sees the processes of others, such as sshd or the first of all.
    put(proc, 100, FIRST)
    assert peers.shim_above(100, proc) is None
    assert peers.shim_above(0, proc) is None


def test_whoever_runs_away_is_taken_for_a_run(proc: Path) -> None:
    put(proc, 100, GONE)
    assert peers.shim_above(GONE, proc) == 0
    assert peers.shim_above(100, proc) == 0


def test_a_daemon_within_a_run_serves_those_beside_it_and_not_its_own_runs(proc: Path) -> None:
    put(proc, 100, FIRST, SHIM)
    (proc / str(os.getpid()) / "stat").write_bytes(f"{os.getpid()} (arctl) S 100 1 1".encode())
    put(proc, 200, 100)
    put(proc, 300, os.getpid(), SHIM)
    put(proc, 400, 300)
    assert peers.shim_above(200, proc) is None
    assert peers.shim_above(400, proc) == 300


def test_this_process_and_a_child_of_it_are_known_by_the_real_one() -> None:
    assert peers.shim_above(os.getpid()) is None
    with subprocess.Popen(["sleep", "60"]) as child:
        assert peers.shim_above(child.pid) is None
        child.kill()
    assert peers.shim_above(child.pid) == 0
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert peers.peer(ours)
