"""Where the doctor works: a state folder of its own with everything in it that an attack looks for.

Laid out as for a run: a tree with a protected file and `.git`, a run folder, a ledger and a socket beside
it, somebody's home with an ssh key, and a stand-in for the daemon. The job is started by the real shim.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from arctl.daemon.doctor import attacks, victim
from arctl.daemon.folders import delete
from arctl.daemon.jobs.launcher import command
from arctl.daemon.sandbox import SYSTEM, Bind, Level, Limits, Sandbox

#: Bytes of memory, of a file and of /dev/shm that the job is allowed.
DATA, FILE_BYTES, SHM = 1 << 30, 64 << 20, 16 << 20
#: Seconds that all attempts together may take.
PATIENCE = 400
#: Sockets of the host by which a process can have another one do what it may not.
SOCKETS = (
    "/var/run/docker.sock",
    "/run/dbus/system_bus_socket",
    "/run/user/{uid}/bus",
    "/run/systemd/private",
)
_RESOLVE = "import socket; socket.getaddrinfo('arctl-doctor.invalid', 80)"
#: A resolver that does not answer is waited for once, and not for long.
_QUICKLY = {"RES_OPTIONS": "timeout:2 attempts:1"}


class Stage:
    """Everything that is planted, and the job that goes for it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.marker = f"arctl-doctor-{secrets.token_hex(6)}"
        self.token = f"sk-{secrets.token_hex(16)}"
        self.home, self.state = root / "home", root / "state"
        self.tree, self.run = self.state / "trees" / "r1", self.state / "runs" / "r1"
        self.processes = max(256, 8 * (os.cpu_count() or 1))
        self.address = address()
        self.reached: frozenset[str] = frozenset()

    def lay(self) -> None:
        """Plant what is to be read and changed."""
        for folder in (self.home / ".ssh", self.tree / ".git/hooks", self.tree / "out", self.run):
            folder.mkdir(parents=True)
        (self.state / "run").mkdir()
        key = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{self.token}\n-----END OPENSSH PRIVATE KEY-----\n"
        (self.home / ".ssh" / "id_ed25519").write_text(key)
        (self.tree / ".git" / "config").write_text("[core]\n")
        (self.tree / "evaluate.py").write_text("print('score 0.5')\n")
        shutil.copyfile(attacks.__file__, self.tree / "train.py")
        with contextlib.closing(sqlite3.connect(self.state / "ledger.db")) as ledger, ledger:
            ledger.execute("CREATE TABLE results (run TEXT, value REAL)")
            ledger.execute("INSERT INTO results VALUES ('r1', 0.5)")

    def planted(self) -> dict[str, str]:
        """Return the environment of the stand-in and of the shim: what a job must never see is in it."""
        return {**os.environ, "ANTHROPIC_API_KEY": self.token, "HOME": str(self.home)}

    @contextlib.contextmanager
    def daemon(self) -> Iterator[dict[str, int]]:
        """Have a stand-in for the daemon while an examination goes on; afterwards `reached` says by what."""
        script = self.state / "victim.py"
        shutil.copyfile(victim.__file__, script)
        path = str(self.state / "run" / "arctl.sock")
        words = [sys.executable, "-I", "-S", str(script), path, self.marker, self.address, self.marker]
        process = subprocess.Popen(
            words, env=self.planted(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        try:
            said = process.stdout.readline() if process.stdout is not None else ""
            yield json.loads(said)
            with contextlib.suppress(ValueError, subprocess.TimeoutExpired):
                self.reached = frozenset(json.loads(process.communicate(timeout=10)[0])["reached"])
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None and not pipe.closed:
                    pipe.close()

    def box(self, binds: Iterable[Bind] = (), *, tight: bool = True) -> Sandbox:
        """Return the sandbox of the job, with what its interpreter and its card need."""
        base = Path(sys.base_prefix)
        interpreter = () if _system(base) else (Bind(base),)
        own = (
            *(Bind(self.tree, "write"), Bind(self.tree / ".git"), Bind(self.tree / "evaluate.py")),
            Bind(self.run, "write"),
        )
        limits = Limits(processes=self.processes, file_bytes=FILE_BYTES, data=DATA) if tight else Limits()
        return Sandbox(self.tree, (*own, *interpreter, *binds), limits=limits, shm=SHM if tight else None)

    def job(self, box: Sandbox, level: Level, targets: dict[str, Any]) -> dict[str, Any]:
        """Run attempts in a sandbox under the shim, as a run of a campaign; return the shim's last word."""
        folder = self.state / f"shim-{secrets.token_hex(3)}"
        folder.mkdir()
        (self.tree / "targets.json").write_text(json.dumps({**self.targets(), **targets}))
        python = os.path.realpath(sys.executable)
        words = [python, "-I", "-S", str(self.tree / "train.py"), str(self.tree / "targets.json")]
        path = os.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin")
        env = {
            "PATH": path,
            "HOME": str(self.run),
            "TMPDIR": str(self.run),
            "MARKER": self.marker,
            **_QUICKLY,
        }
        train = {"name": "train", "argv": box.wrap(words, level), "cwd": str(self.tree), "env": env}
        spec = {"run": "r1", "attempt": 1, "log_cap": 1 << 20, "stages": [{**train, "timeout": PATIENCE}]}
        (folder / "spec.json").write_text(json.dumps(spec))
        started = subprocess.run(
            command(str(folder)),
            env=self.planted(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            check=False,
        )
        end = time.monotonic() + PATIENCE + 30
        while not (folder / "exit.json").exists() and time.monotonic() < end:
            time.sleep(0.02)
        if not (folder / "exit.json").exists():
            return {"reason": "lost", "status": started.returncode, "said": _read(folder / "shim.log")}
        ended: dict[str, Any] = json.loads((folder / "exit.json").read_text())
        return {**ended, "said": _read(folder / "out.log")}

    def targets(self) -> dict[str, Any]:
        """Return what the attempts are told."""
        uid = os.getuid()
        return {
            "marker": self.marker,
            "token": self.token,
            "key": str(self.home / ".ssh" / "id_ed25519"),
            "ledger": str(self.state / "ledger.db"),
            "socket": str(self.state / "run" / "arctl.sock"),
            "abstract": self.marker,
            "evaluator": str(self.tree / "evaluate.py"),
            "git": str(self.tree / ".git"),
            "free": str(self.tree / "out"),
            "run": str(self.run),
            "outside": [str(folder) for folder in self.outside()],
            "sockets": [name for name in (said.format(uid=uid) for said in SOCKETS) if _answers(name)],
            "address": self.address,
            "processes": self.processes,
            "data": DATA,
            "file_bytes": FILE_BYTES,
            "shm": SHM,
            "raw": _raw(),
            "cards": [],
            "gpu": False,
            "python": "",
        }

    def outside(self) -> tuple[Path, ...]:
        """Return the folders around the job's own."""
        return self.home, self.state, self.tree.parent

    def found(self) -> dict[str, tuple[str, str]]:
        """Return what the attempts left, by name."""
        lines = _read(self.run / "found.jsonl").splitlines()
        return {row["name"]: (row["got"], row["detail"]) for row in map(json.loads, lines)}

    def changed(self) -> set[str]:
        """Return the attempts that left a mark on what was planted, whatever they say of themselves."""
        marks = {
            "evaluator_write": _read(self.tree / "evaluate.py") != "print('score 0.5')\n",
            "git_write": _read(self.tree / ".git/config") != "[core]\n"
            or any((self.tree / ".git/hooks").iterdir()),
            "ledger_write": (self.state / "ledger.db").read_bytes().endswith(b"inside\n"),
            "write_outside": any((folder / "left").exists() for folder in self.outside()),
        }
        return {name for name, changed in marks.items() if changed} | (self.reached - {"socket"})

    def left(self) -> list[int]:
        """Return the processes that carry the job's mark although it has ended, and end them."""
        found = []
        for path in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                if (
                    path.name.isdigit()
                    and f"MARKER={self.marker}".encode() in (path / "environ").read_bytes()
                ):
                    found.append(int(path.name))
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        return found


@contextlib.contextmanager
def stage() -> Iterator[Stage]:
    """Set a stage up in a temporary folder, and clear it away."""
    # In /tmp itself: the path of a socket must be short.
    root = Path(tempfile.mkdtemp(prefix="arctl-doctor-", dir="/tmp"))  # mode 0700, name by chance
    try:
        found = Stage(root)
        found.lay()
        yield found
    finally:
        delete(root)


def address() -> str:
    """Return an IPv4 address of this host that is not the loopback's; empty where it has none."""
    import psutil

    for rows in psutil.net_if_addrs().values():
        for row in rows:
            if row.family == socket.AF_INET and not row.address.startswith(("127.", "169.254.")):
                return str(row.address)
    return ""


def resolves() -> bool:
    """Tell whether any resolver answers outside of a sandbox: that nobody has such a name will do."""
    words = [sys.executable, "-I", "-S", "-c", _RESOLVE]
    try:
        done = subprocess.run(
            words, env={**os.environ, **_QUICKLY}, capture_output=True, text=True, timeout=15, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return f"[Errno {int(socket.EAI_NONAME)}]" in done.stderr or done.returncode == 0


def _system(path: Path) -> bool:
    return any(path.is_relative_to(name) for name in SYSTEM)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _answers(path: str) -> bool:
    """Tell whether something listens at a socket, and to us."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(2)
        try:
            link.connect(path)
        except OSError:
            return False
    return True


def _raw() -> list[str]:
    """Return disks, and the devices of the kernel's memory and log."""
    disks = []
    for path in Path("/dev").iterdir():
        with contextlib.suppress(OSError):
            if stat.S_ISBLK(path.stat().st_mode):
                disks.append(str(path))
    return [path for path in ("/dev/mem", "/dev/kmsg") if Path(path).exists()] + sorted(disks)[:8]
