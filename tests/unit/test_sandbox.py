"""The sandbox: what a command inside sees, may change and cannot reach, tried for real."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from arctl.daemon import sandbox
from arctl.daemon.sandbox import Bind, Limits, Sandbox, SandboxError
from tests.support.boxes import CLEAN, run
from tests.support.daemon import wait_for


@pytest.fixture
def box(tmp_path: Path) -> Sandbox:
    """A sandbox with one folder to write in."""
    (tmp_path / "work").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "secret").write_text("PRIVATE KEY")
    return Sandbox(tmp_path / "work", (Bind(tmp_path / "work", "write"),))


def test_there_is_a_sandbox_here() -> None:
    sandbox.check()


def test_only_its_folder_can_be_written(box: Sandbox, tmp_path: Path) -> None:
    done = run(
        box, f"echo x > here; echo x > {tmp_path}/other/new; echo x > /usr/x; echo x > /etc/x; echo x > /x"
    )
    assert (tmp_path / "work" / "here").read_text() == "x\n"
    assert not (tmp_path / "other" / "new").exists()
    assert done.stderr.count("Read-only file system") == 3


def test_what_is_not_shown_is_not_there(box: Sandbox, tmp_path: Path) -> None:
    done = run(
        box, f"cat {tmp_path}/other/secret; ls {tmp_path} / ; ls /home /root /run /sys /var; cat /etc/shadow"
    )
    assert "PRIVATE KEY" not in done.stdout
    assert done.stdout.split() == [
        *(
            "/:",
            "bin",
            "dev",
            "etc",
            *(name for name in ("lib", "lib32", "lib64", "libx32") if Path("/", name).exists()),
        ),
        *("proc", "sbin", "tmp", "usr", f"{tmp_path}:", "work"),
    ]
    assert not done.stderr.count("root:")


def test_paths_can_be_shown_elsewhere_and_parts_of_a_folder_closed(box: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "work" / "sealed").mkdir()
    (tmp_path / "work" / "file").write_text("kept")
    shown = Bind(tmp_path / "other", "read", Path("/tmp/shown"))
    closed = (Bind(tmp_path / "work" / "sealed"), Bind(tmp_path / "work" / "file"))
    inner = Sandbox(box.cwd, (*closed, shown, *box.binds))
    done = run(
        inner, "cat /tmp/shown/secret; touch /tmp/shown/x sealed/x; echo lost > file; rm -f file; touch free"
    )
    assert done.stdout == "PRIVATE KEY"
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == ["file", "free", "sealed"]
    assert not list((tmp_path / "work" / "sealed").iterdir())
    assert (tmp_path / "work" / "file").read_text() == "kept"


def test_the_environment_is_the_callers_and_nothing_else(box: Sandbox) -> None:
    done = run(box, "env", {**CLEAN, "KEY": "sk-1"})
    assert sorted(done.stdout.split()) == sorted([f"PATH={CLEAN['PATH']}", f"PWD={box.cwd}", "KEY=sk-1"])
    assert "sk-1" not in " ".join(box.wrap(["env"])), "a command line is for everybody to read"


def test_processes_outside_are_neither_seen_nor_signalled(box: Sandbox) -> None:
    done = run(box, f"kill -0 {os.getpid()}; ls /proc | grep -c '^[0-9]'")
    assert "No such process" in done.stderr
    assert int(done.stdout) < 8


@pytest.mark.parametrize("network", [True, False])
def test_the_network_is_there_only_where_it_is_wanted(box: Sandbox, network: bool) -> None:
    probe = (
        "import socket,sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5); print('through')"
    )
    python = shutil.which("python3", path=CLEAN["PATH"])
    if python is None:
        pytest.skip("no python3 of the system")
    with socket.create_server(("127.0.0.1", 0)) as server:
        inner = Sandbox(box.cwd, box.binds, network=network)
        done = run(inner, f'exec {python} -c "{probe}" {server.getsockname()[1]}')
    assert ("through" in done.stdout) is network


def test_no_further_namespaces_and_no_capabilities(box: Sandbox) -> None:
    done = run(
        box,
        "unshare --user true && echo made; grep CapEff /proc/self/status; mount -t tmpfs none /tmp && echo m",
    )
    assert "made" not in done.stdout
    assert done.stdout.split() == ["CapEff:", "0" * 16]


def test_limits_hold_inside(tmp_path: Path, box: Sandbox) -> None:
    limits = Limits(files=64, file_bytes=4096)
    inner = Sandbox(box.cwd, box.binds, limits=limits, shm=1 << 20)
    done = run(
        inner,
        "ulimit -n; ulimit -c; head -c 9000 /dev/zero > big; head -c 3000000 /dev/zero > /dev/shm/x",
    )
    assert done.stdout.split()[:2] == ["64", "0"]
    assert (tmp_path / "work" / "big").stat().st_size == 4096


def test_processes_are_counted_inside_for_anybody_but_root() -> None:
    inner = Sandbox(Path("/tmp"), limits=Limits(processes=20))
    words = inner.wrap(["sh", "-c", "for i in $(seq 40); do sleep 5 & done; echo all; id -u"])
    # The kernel does not count the processes of root.
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
    done = subprocess.run([*drop, *words], env=CLEAN, capture_output=True, text=True, check=False, timeout=60)
    assert "all" not in done.stdout, "forty processes are more than twenty"
    assert "fork" in done.stderr, "and it did run"


def test_it_dies_with_whoever_started_it(box: Sandbox, tmp_path: Path) -> None:
    length = 4000 + os.getpid()
    words = box.wrap(["sh", "-c", f"echo up > up; sleep {length}"])
    starter = subprocess.Popen(
        [sys.executable, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:])", *words], env=CLEAN
    )
    wait_for("the command", (tmp_path / "work" / "up").exists)
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    wait_for("its end", lambda: not _sleeping(length))


def _sleeping(seconds: int) -> list[str]:
    found = []
    for path in Path("/proc").iterdir():
        try:
            words = (path / "cmdline").read_bytes().split(b"\0") if path.name.isdigit() else []
        except OSError:
            continue
        if words[:2] == [b"sleep", str(seconds).encode()]:
            found.append(path.name)
    return found


def test_without_bubblewrap_there_is_a_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError) as caught:
        sandbox.check()
    assert "apt-get install bubblewrap" in caught.value.remedy
    with pytest.raises(SandboxError):
        Sandbox(tmp_path).wrap(["true"])


def test_one_that_does_not_work_is_told_with_its_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(SandboxError, match="uid map: Permission denied") as caught:
        sandbox.check()
    assert "user namespaces" in caught.value.remedy
    broken.unlink()
    sandbox.check()
