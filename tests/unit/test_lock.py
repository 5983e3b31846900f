"""One daemon a state folder, and none is kept out by a dead one."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from arctl.daemon import lock
from arctl.daemon.lock import only_one
from arctl.errors import RefusedError
from arctl.paths import Home
from tests.support.daemon import wait_for


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def held_for(home: Home, pid: int) -> int:
    """Hold the lock in the name of a process; return its descriptor."""
    descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.write(descriptor, f"{pid}\n".encode())
    return descriptor


def dead() -> int:
    """Return the number of a process that has just ended."""
    gone = subprocess.Popen([sys.executable, "-S", "-c", ""])
    gone.wait()
    return gone.pid


@pytest.mark.parametrize("holder", ["", "teapot", "-1", "0", "9" * 30, "1"])
def test_a_lock_in_no_name_of_a_dead_process_is_somebodys(home: Home, holder: str) -> None:
    home.lock.write_text(holder)
    with home.lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(RefusedError, match="runs for"), only_one(home):
            pytest.fail("two hold it")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks /proc")
def test_a_process_that_nobody_has_taken_leave_of_is_dead(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "PATIENCE", 0.05)
    ended = subprocess.Popen([sys.executable, "-S", "-c", ""])
    wait_for("its end", lambda: "Z" in Path(f"/proc/{ended.pid}/stat").read_text().rpartition(")")[2])
    descriptor = held_for(home, ended.pid)
    with pytest.raises(RefusedError, match="is dead"), only_one(home):
        pytest.fail("two hold it")
    os.close(descriptor)
    ended.wait()


def test_a_second_one_is_refused_and_told_who_holds_it(home: Home) -> None:
    with only_one(home), pytest.raises(RefusedError, match=f"process {os.getpid()}"), only_one(home):
        pytest.fail("two hold it")
    with only_one(home):
        assert home.lock.read_text() == f"{os.getpid()}\n"


def test_what_a_killed_daemon_was_starting_is_waited_for(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    descriptor, looked = held_for(home, dead()), threading.Event()
    monkeypatch.setattr(lock.time, "sleep", lambda seconds: looked.set())
    let_go = threading.Thread(target=lambda: (looked.wait(60), os.close(descriptor)))
    let_go.start()
    with only_one(home):
        assert looked.is_set()
        assert home.lock.read_text() == f"{os.getpid()}\n"
    let_go.join()


def test_what_never_lets_go_is_told_of(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "PATIENCE", 0.05)
    descriptor = held_for(home, dead())
    with pytest.raises(RefusedError, match="is dead") as refusal, only_one(home):
        pytest.fail("two hold it")
    assert "fuser" in (refusal.value.remedy or "")
    os.close(descriptor)
