"""The levels of the sandbox: what Landlock and limits keep out, and how it is told that one cannot be had."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from arctl.daemon import sandbox
from arctl.daemon.sandbox import Bind, Level, Limits, Sandbox, SandboxError, landlock, levels, remedies
from arctl.daemon.sandbox.enter import spread
from tests.support.boxes import CLEAN, need, run

PYTHON = "/usr/bin/python3"


@pytest.fixture
def box(tmp_path: Path) -> Sandbox:
    """A tree with a protected file and a folder that is free, and something outside of it."""
    for name in ("tree/out", "tree/.git", "other"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("tree/evaluate.py", "tree/train.py", "tree/.git/config", "other/secret"):
        (tmp_path / name).write_text("as it was\n")
    tree = tmp_path / "tree"
    return Sandbox(tree, (Bind(tree, "write"), Bind(tree / "evaluate.py"), Bind(tree / ".git")))


def inside(box: Sandbox, code: str, level: Level, **env: str) -> str:
    """Run Python in a sandbox and return what it said."""
    if not Path(PYTHON).exists():
        pytest.skip("no python3 of the system")
    done = subprocess.run(
        box.wrap([PYTHON, "-I", "-S", "-c", code], level),
        env={**CLEAN, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return (done.stdout + done.stderr).strip()


# -- level 2 -------------------------------------------------------------------------------------------


def test_landlock_keeps_to_the_binds(box: Sandbox, tmp_path: Path) -> None:
    need(2)
    done = run(
        box,
        "pwd; cat evaluate.py; echo mine > out/new; echo mine > train.py; "
        f"cat {tmp_path}/other/secret; echo x > {tmp_path}/other/new; ls {tmp_path} /root; echo x > /etc/x",
        level=2,
    )
    assert done.stdout.splitlines() == [str(tmp_path / "tree"), "as it was"]
    assert (tmp_path / "tree/out/new").read_text() == (tmp_path / "tree/train.py").read_text() == "mine\n"
    assert not (tmp_path / "other/new").exists()
    assert done.stderr.count("ermission denied") == 5


def test_landlock_leaves_no_way_to_a_protected_file(box: Sandbox, tmp_path: Path) -> None:
    need(2)
    run(
        box,
        "echo x >> evaluate.py; truncate -s 0 evaluate.py; rm -f evaluate.py; mv evaluate.py out/; "
        "echo x > out/e; mv out/e evaluate.py; ln evaluate.py out/twin; echo x >> out/twin; "
        "mv ../tree ../gone; ln -s ../evaluate.py out/link; echo x >> out/link; "
        "echo x >> .git/config; mkdir .git/hooks; rm -rf .git; mv .git out/git",
        level=2,
    )
    assert (tmp_path / "tree/evaluate.py").read_text() == "as it was\n"
    assert (tmp_path / "tree/.git/config").read_text() == "as it was\n"
    assert [path.name for path in (tmp_path / "tree/.git").iterdir()] == ["config"]


def test_without_a_protected_file_in_it_a_folder_takes_new_files(box: Sandbox) -> None:
    need(2)
    free = Sandbox(box.cwd, (Bind(box.cwd, "write"),))
    assert (
        run(free, "echo x > new && mv new newer && rm newer && mkdir a && echo done", level=2).stdout
        == "done\n"
    )


def test_folders_around_a_hole_are_open_for_what_lies_between_only(tmp_path: Path) -> None:
    for name in ("a/b", "c", "a/d"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "a/b/hole").touch()
    (tmp_path / "a/b/file").touch()
    (tmp_path / "link").symlink_to("a")
    rules = dict(spread(str(tmp_path), 7, [str(tmp_path / "a/b/hole")], 1))
    names = {str(Path(path).relative_to(tmp_path)): access for path, access in rules.items()}
    assert names == {".": 1, "a": 1, "a/b": 1, "a/b/file": 7, "a/d": 7, "c": 7}


@pytest.mark.parametrize("network", [True, False])
def test_landlock_closes_tcp_and_with_it_loopback(box: Sandbox, network: bool) -> None:
    need(2)
    if landlock.abi() < 4:
        pytest.skip("Landlock knows TCP from version 4 on")
    code = "import socket; socket.create_connection(('127.0.0.1', {})).close(); print('through')"
    with socket.create_server(("127.0.0.1", 0)) as server:
        open_box = Sandbox(box.cwd, box.binds, network=network)
        said = inside(open_box, code.format(server.getsockname()[1]), 2)
    assert ("through" in said) is network
    assert ("Permission" in said) is not network


@pytest.mark.parametrize("network", [True, False])
def test_udp_and_streams_that_are_no_tcp_go_with_the_network(box: Sandbox, network: bool) -> None:
    need(2)
    code = (
        "import socket\n"
        "for kind in ((2, 2, 0), (10, 2, 0), (2, 1, 262), (2, 1, 0), (1, 1, 0), (40, 1, 0)):\n"
        "    try: socket.socket(*kind).close(); print('made')\n"
        "    except OSError as error: print(error.errno)\n"
    )
    said = inside(Sandbox(box.cwd, box.binds, network=network), code, 2).split()
    if network:
        assert said == ["made", "made", said[2], "made", "made", "97"]
    else:
        assert said == ["13", "13", "13", "made", "made", "97"]


def test_signals_sockets_and_environments_of_others_are_out_of_reach(box: Sandbox) -> None:
    need(2)
    if landlock.abi() < 6:
        pytest.skip("Landlock knows signals from version 6 on")
    name = f"arctl-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind("\0" + name)
        server.listen()
        code = (
            "import os, socket\n"
            f"other, name = {os.getpid()}, '\\0{name}'\n"
            "for act in (lambda: os.kill(other, 0), lambda: open(f'/proc/{other}/environ').read(),\n"
            "    lambda: socket.socket(socket.AF_UNIX).connect(name), lambda: os.kill(os.getpid(), 0)):\n"
            "    try: act(); print('open')\n"
            "    except PermissionError: print('refused')\n"
        )
        assert inside(box, code, 2).split() == ["refused", "refused", "refused", "open"]


def test_a_command_keeps_its_environment_signals_and_exit_status(box: Sandbox) -> None:
    need(2)
    done = run(box, "env; yes | head -1; exit 7", {**CLEAN, "KEY": "x=y"}, level=2)
    assert sorted(done.stdout.split()) == sorted([f"PATH={CLEAN['PATH']}", f"PWD={box.cwd}", "KEY=x=y", "y"])
    assert done.returncode == 7
    assert "Broken pipe" not in done.stderr


def test_no_privileges_are_left(box: Sandbox) -> None:
    need(2)
    said = run(box, "grep -E 'CapEff|CapBnd|NoNewPrivs|Seccomp:' /proc/self/status; unshare -U true", level=2)
    found = dict(line.split(":\t") for line in said.stdout.splitlines())
    assert (found["NoNewPrivs"], found["Seccomp"]) == ("1", "2")
    assert int(found["CapEff"], 16) == 0
    assert "unshare failed" in said.stderr


def test_secrets_of_the_system_are_hidden_from_root_too(box: Sandbox) -> None:
    need(2)
    assert "root" not in run(box, "cat /etc/shadow; ls /etc/ssl/private/x", level=2).stdout
    assert run(box, "head -c 4 /etc/passwd", level=2).stdout == "root"


def test_a_missing_bind_is_told_and_nothing_runs(box: Sandbox, tmp_path: Path) -> None:
    need(2)
    broken = Sandbox(box.cwd, (*box.binds, Bind(tmp_path / "nowhere")))
    done = run(broken, "echo ran", level=2)
    assert (done.returncode, done.stdout) == (125, "")
    assert "nowhere" in done.stderr
    missing = subprocess.run(
        box.wrap(["no-such-program"], 2), env=CLEAN, capture_output=True, text=True, check=False
    )
    assert missing.returncode == 127


@pytest.mark.parametrize("level", [2, 1])
def test_nothing_can_be_shown_elsewhere_without_namespaces(box: Sandbox, level: Level) -> None:
    elsewhere = Sandbox(box.cwd, (Bind(box.cwd, "read", Path("/data")),))
    with pytest.raises(SandboxError, match="cannot be shown as /data") as caught:
        elsewhere.wrap(["true"], level)
    assert "level 3" in caught.value.remedy
    elsewhere.wrap(["true"], 3)


# -- level 1, and all of them --------------------------------------------------------------------------


def test_limits_alone_keep_nothing_out_but_hold(box: Sandbox, tmp_path: Path) -> None:
    small = Sandbox(box.cwd, box.binds, limits=Limits(files=64, file_bytes=4096, processes=1))
    done = run(
        small, f"pwd; ulimit -n; cat {tmp_path}/other/secret; head -c 9000 /dev/zero > big; echo on", level=1
    )
    assert done.stdout.split() == [str(box.cwd), "64", "as", "it", "was", "on"]
    assert (box.cwd / "big").stat().st_size == 4096


@pytest.mark.parametrize("level", [3, 2, 1])
def test_memory_is_limited_at_every_level(box: Sandbox, level: Level) -> None:
    need(level)
    small = Sandbox(box.cwd, box.binds, limits=Limits(data=256 << 20))
    code = "import mmap; mmap.mmap(-1, {} << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS); print('had')"
    assert inside(small, code.format(64), level) == "had"
    assert "Cannot allocate memory" in inside(small, code.format(512), level)


@pytest.mark.parametrize("level", [3, 2])
def test_what_no_namespace_closes_is_filtered(box: Sandbox, level: Level) -> None:
    need(level)
    code = (
        "import ctypes, os, socket\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "key = {'x86_64': 248, 'aarch64': 217}[os.uname().machine]\n"
        "print(libc.syscall(key, b'user', b'x', b'x', ctypes.c_size_t(1), -2), ctypes.get_errno())\n"
        "print(libc.syscall(425, 1, ctypes.create_string_buffer(120)), ctypes.get_errno())\n"
        "print(libc.unshare(0x10000000), ctypes.get_errno())\n"
        "print(libc.ioctl(0, 0x5412, b'x'), ctypes.get_errno())\n"
        "import threading; thread = threading.Thread(target=lambda: print('thread'))\n"
        "thread.start(); thread.join()\n"
        "try: socket.socket(40, 1)\n"
        "except OSError as error: print(error.errno)\n"
    )
    assert inside(box, code, level).splitlines() == ["-1 1", "-1 38", "-1 1", "-1 1", "thread", "97"]


def test_a_shared_network_does_not_share_abstract_sockets(box: Sandbox) -> None:
    need(3)
    if landlock.abi() < 6:
        pytest.skip("Landlock knows abstract sockets from version 6 on")
    name = f"arctl-test-{os.getpid()}"
    code = (
        "import socket\n"
        "own = socket.socket(socket.AF_UNIX); own.bind('\\0own'); own.listen()\n"
        f"for name in ('own', '{name}'):\n"
        "    try: socket.socket(socket.AF_UNIX).connect('\\0' + name); print('open')\n"
        "    except PermissionError: print('refused')\n"
    )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind("\0" + name)
        server.listen()
        assert inside(Sandbox(box.cwd, box.binds, network=True), code, 3).split() == ["open", "refused"]


def test_memory_of_dev_and_settings_of_the_kernel_are_closed(box: Sandbox) -> None:
    need(3)
    done = run(
        box, "echo x > /dev/x; true >> /proc/sys/kernel/core_pattern; echo h > /dev/shm/x && cat /dev/shm/x"
    )
    assert done.stdout == "h\n"
    assert done.stderr.count("Read-only file system") + done.stderr.count("Permission denied") == 2


def test_each_level_is_tried_and_the_best_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    need(3)
    need(2)
    assert levels.best() == 3
    (tmp_path / "prlimit").symlink_to(shutil.which("prlimit") or "")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match="bubblewrap is not installed"):
        levels.check(3)
    assert levels.best() == 2
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    with pytest.raises(SandboxError, match="no Landlock") as caught:
        levels.check(2)
    assert "5.13" in caught.value.remedy
    assert levels.best() == 1
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SandboxError, match="prlimit"):
        levels.best()


@pytest.mark.parametrize(
    ("files", "remedy"),
    [
        ({"proc/sys/user/max_user_namespaces": "0"}, "user.max_user_namespaces=65536"),
        ({"proc/sys/kernel/unprivileged_userns_clone": "0"}, "kernel.unprivileged_userns_clone=1"),
        ({"proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1"}, "apparmor_parser -r"),
        ({".dockerenv": ""}, "--security-opt seccomp=unconfined"),
        ({}, "use level 2"),
    ],
)
def test_the_remedy_is_that_of_the_cause(tmp_path: Path, files: dict[str, str], remedy: str) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    said = remedies.namespaces_remedy("bwrap: setting up uid map: Permission denied", tmp_path)
    assert remedy in said
    assert "user namespaces" in said


def test_the_last_step_imports_nothing_of_ours(box: Sandbox, tmp_path: Path) -> None:
    script = Path(sandbox.__file__).with_name("enter.py")
    copy = shutil.copyfile(script, tmp_path / "enter.py")
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(copy), "{}", "--", "echo", "a b"],
        env=CLEAN,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "a b\n"
    assert "arctl" not in [
        line.split()[1].split(".")[0]
        for line in script.read_text().splitlines()
        if line.startswith(("import ", "from "))
    ]
