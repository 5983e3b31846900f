"""Nobody there, waiting, control, logs, and the end: commands against a real daemon."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.campaigns import make_repo
from tests.support.cli import Arctl
from tests.support.daemon import wait_for
from tests.support.patient import go, patient, refused, running


@pytest.mark.parametrize(
    "words",
    [
        "status",
        "stop",
        "wait",
        "logs",
        "experiments",
        "show e1",
        "diff e1",
        "curve e1",
        "champion",
        "deadends",
        "gpus",
        "pause",
        "kill e1",
        "export",
        "stdio",
    ],
)
def test_without_a_daemon_every_command_says_so_with_3(arctl: Arctl, words: str) -> None:
    refused(arctl(*words.split()), 3, f"no daemon is running for {arctl.home.root}", "arctl start")


def test_a_stale_socket_is_named_and_taken_over(arctl: Arctl, tmp_path: Path) -> None:
    arctl.home.socket.parent.mkdir(parents=True, mode=0o700)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(arctl.home.socket))
    refused(arctl("status"), 3, "a daemon left its socket behind", "takes over the stale socket")
    arctl.ok("start", make_repo(tmp_path / "repo"))
    assert arctl.json("status")["campaigns"]


@pytest.fixture
def stranger(arctl: Arctl) -> Iterator[None]:
    """Something that listens at the socket and speaks protocol 9.0."""
    arctl.home.socket.parent.mkdir(parents=True, mode=0o700)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(arctl.home.socket))
    listener.listen()
    answer = {"jsonrpc": "2.0", "id": 1, "result": {"protocol": [9, 0], "version": "9.9", "pid": 1}}

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(4096)
                connection.sendall(json.dumps(answer).encode() + b"\n")

    thread = threading.Thread(target=serve)
    thread.start()
    yield
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


@pytest.mark.usefixtures("stranger")
def test_another_protocol_ends_with_4_for_every_command(arctl: Arctl, tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo")
    for words in (["status"], ["stop"], ["experiments"], ["start", str(repo)]):
        refused(arctl(*words), 4, "the daemon (arctl 9.9) speaks protocol 9.0, this side 1.0", "arctl stop")


def test_wait_ends_with_1_when_the_time_is_over(arctl: Arctl, tmp_path: Path) -> None:
    patient(arctl, tmp_path / "repo")
    done = arctl("wait", "--timeout", "0.3")
    assert done.returncode == 1
    assert done.stdout == "toy is running\n"
    assert "not finished after 0.3s" in done.stderr


def connected(pid: int) -> bool:
    """Tell whether a process has a socket."""
    with contextlib.suppress(OSError):
        return any("socket:" in str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir())
    return False


def test_wait_follows_until_it_is_finished(arctl: Arctl, tmp_path: Path) -> None:
    patient(arctl, tmp_path / "repo")
    waiting = arctl.begin("wait", "--follow", "--json")
    wait_for("its connection", lambda: connected(waiting.pid))
    go(arctl)
    out, err = waiting.communicate(timeout=180)
    assert waiting.returncode == 0, err
    events = [json.loads(line) for line in out.splitlines()]
    assert events[-1]["kind"] == "campaign.finished"
    numbers = [event["seq"] for event in events]
    assert numbers == sorted(set(numbers))


def test_wait_ends_with_3_when_the_daemon_leaves(arctl: Arctl, tmp_path: Path) -> None:
    patient(arctl, tmp_path / "repo")
    waiting = arctl.begin("wait")
    arctl.ok("stop", "--now")
    _, err = waiting.communicate(timeout=180)
    assert waiting.returncode == 3
    # It may have been connected already, or have come just then.
    assert err.startswith(("arctl: the daemon hung up", "arctl: no daemon is running"))
    assert "arctl start" in err


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"command": "no-such-program train.py"}, "command not found (exit status 127)"),
        ({"script": "LR = 0.01\nWIDTH = 32\nprint('nothing to see')\n"}, "val_loss"),
    ],
)
def test_a_baseline_that_cannot_be_measured_holds_the_campaign(
    arctl: Arctl, tmp_path: Path, changes: dict[str, str], why: str
) -> None:
    arctl.ok("start", make_repo(tmp_path / "repo", **changes))  # type: ignore[arg-type]
    done = arctl("wait", "--timeout", 280)
    assert done.returncode == 1
    assert done.stdout.startswith("toy is held: ")
    assert why in done.stdout
    assert f"mend it and commit what you change, then `arctl start {tmp_path / 'repo'}`" in done.stderr
    status = arctl.ok("status")
    assert "toy  held" in status
    assert "next      mend it" in status
    run = next(run["id"] for run in arctl.json("show", "e1")["runs"] if run["outcome"])
    text = arctl.ok("show", run)
    assert why.split()[0] in text
    assert "the end of r" in text


def test_pause_resume_and_kill(arctl: Arctl, tmp_path: Path) -> None:
    first, second = patient(arctl, tmp_path / "repo")
    waiting = next(
        run["id"]
        for run in arctl.json("show", "e1")["runs"]
        if run["state"] in ("queued", "ready", "preparing")
    )
    paused = arctl("pause", waiting, "--reason", "later")
    assert f"{waiting} paused: later" in paused.stderr
    stale = arctl("resume", waiting, "--if-rev", "0")
    refused(stale, 5, "has changed since you looked", "look again")
    assert arctl.json("resume", waiting)["verb"] == "resume"
    refused(arctl("pause", first), 5, "is under way", f"arctl kill {first}")
    assert "is being stopped" in arctl("kill", second).stderr
    wait_for("the end of the killed run", lambda: second not in running(arctl))
    assert arctl.json("pause")["target"] == "toy"
    assert "paused" in arctl.ok("status")
    assert "campaign toy resumed" in arctl("resume").stderr


def test_logs_follow_a_run_to_its_end(arctl: Arctl, tmp_path: Path) -> None:
    first, _ = patient(arctl, tmp_path / "repo")
    following = arctl.begin("logs", "-f", first)
    assert following.stdout is not None
    assert following.stdout.readline() == "step 1 | loss: 0.5\n"
    go(arctl)
    out, err = following.communicate(timeout=180)
    assert following.returncode == 0, err
    assert out == "---\nval_loss: 1.0\n"


def test_stop_waits_for_the_runs_under_way(arctl: Arctl, tmp_path: Path) -> None:
    runs = patient(arctl, tmp_path / "repo")
    stopping = arctl.begin("stop")
    wait_for("the draining", lambda: arctl.ask("status")["stopping"] == "drain")
    assert stopping.poll() is None
    go(arctl)
    _, err = stopping.communicate(timeout=180)
    assert stopping.returncode == 0, err
    assert f"the daemon waits for {', '.join(runs)}" in err
    assert err.endswith("the daemon has stopped\n")
    assert arctl("status").returncode == 3
    assert not arctl.home.socket.exists()


def test_ctrl_c_ends_the_waiting_and_not_the_draining(arctl: Arctl, tmp_path: Path) -> None:
    patient(arctl, tmp_path / "repo")
    stopping = arctl.begin("stop", start_new_session=True)
    assert stopping.stderr is not None
    while "Ctrl-C stops this waiting" not in stopping.stderr.readline():
        pass
    stopping.send_signal(signal.SIGINT)
    assert stopping.wait(180) == 130
    assert "Traceback" not in stopping.communicate()[1]
    assert arctl.json("status")["stopping"] == "drain"
    assert "stopping  drain" in arctl.ok("status")
    # Somebody changes their mind while another one waits.
    waiting = arctl.begin("stop")
    assert waiting.stderr is not None
    assert "waits for" in waiting.stderr.readline()
    arctl.ok("start", tmp_path / "repo")
    assert "the daemon stays" in waiting.communicate(timeout=180)[1]
    assert waiting.returncode == 1


def test_stop_now_does_not_wait_for_runs(arctl: Arctl, tmp_path: Path) -> None:
    patient(arctl, tmp_path / "repo")
    pid = arctl.json("status")["pid"]
    done = arctl("stop", "--now")
    assert done.returncode == 0, done.stderr
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert arctl("stop").returncode == 3


def test_a_daemon_of_another_protocol_is_stopped_by_a_signal(arctl: Arctl, tmp_path: Path) -> None:
    patient(arctl, tmp_path / "repo")
    pid = arctl.json("status")["pid"]
    code = "import arctl.protocol as p; p.PROTOCOL = (7, 0); from arctl.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "stop"],
        env=arctl.env,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert f"asking process {pid} to leave by SIGTERM" in done.stderr
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    arctl.ok("start", tmp_path / "repo")
    assert len(running(arctl)) == 2, "adopted"
