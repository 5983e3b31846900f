"""Facts of the host that decide on what works: read, never changed."""

from __future__ import annotations

import ctypes
import getpass
import os
import platform
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from arctl import __version__
from arctl.daemon.doctor.cards import cards, driver
from arctl.daemon.sandbox import guard
from arctl.daemon.sandbox.landlock import abi
from arctl.daemon.sandbox.remedies import in_container, setting
from arctl.daemon.sandbox.scope import lingers
from arctl.paths import Home

GIB = 1 << 30
#: File systems of other machines: SQLite's write-ahead log cannot be kept there.
REMOTE = frozenset(("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "lustre", "beegfs", "ceph", "afs"))
#: What the kernel lets ordinary users do.
SETTINGS = {
    "user namespaces": "user/max_user_namespaces",
    "userns_clone": "kernel/unprivileged_userns_clone",
    "apparmor on userns": "kernel/apparmor_restrict_unprivileged_userns",
    "yama ptrace_scope": "kernel/yama/ptrace_scope",
    "io_uring_disabled": "kernel/io_uring_disabled",
}
#: The kernel says so while no clock of others is followed.
TIME_ERROR = 5


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is so; a remedy where it should be otherwise."""

    name: str
    value: str
    remedy: str = ""


def facts(home: Home) -> tuple[Fact, ...]:
    """Return the facts, in the order in which they are told."""
    return (*_programs(), *_kernel(), *_systemd(), *_cards(), *_storage(home), *_clock())


def _programs() -> Iterator[Fact]:
    yield Fact("arctl", __version__)
    yield Fact("python", f"{platform.python_version()} ({platform.machine()})")
    git = _said("git", "--version")
    yield Fact("git", git or "none", "" if git else "install git")
    bwrap = _said("bwrap", "--version")
    yield Fact("bubblewrap", bwrap or "none", "" if bwrap else "for level 3: `apt-get install bubblewrap`")
    prlimit = _said("prlimit", "--version")
    yield Fact("prlimit", prlimit or "none", "" if prlimit else "install util-linux")
    yield Fact("sqlite", sqlite3.sqlite_version)


def _kernel() -> Iterator[Fact]:
    yield Fact("kernel", f"{platform.system()} {platform.release()}")
    root = os.getuid() == 0
    as_root = "run arctl as an ordinary user: the kernel counts no processes of root"
    yield Fact("user", f"{getpass.getuser()} ({os.getuid()})", as_root if root else "")
    yield Fact("container", "yes" if in_container() else "no")
    version = abi()
    yield Fact(
        "landlock", f"ABI {version}" if version else "none", "" if version else "for level 2: Linux 5.13"
    )
    for name, path in SETTINGS.items():
        yield Fact(name, setting(Path("/proc/sys", path)) or "not there")


def _systemd() -> Iterator[Fact]:
    name = getpass.getuser()
    whose = () if os.getuid() == 0 else ("--user",)
    state = _said("systemctl", *whose, "is-system-running")
    yield Fact("systemd", state or "none")
    linger = lingers(name)
    remedy = "" if linger or not state else f"to go on after the last logout: `loginctl enable-linger {name}`"
    yield Fact("linger", "yes" if linger else "no", remedy)
    yield Fact("memory guard", "systemd scopes" if guard(memory=GIB) else "none from systemd")


def _cards() -> Iterator[Fact]:
    yield Fact("nvidia driver", driver())
    for card in cards():
        yield Fact(f"nvidia{card.minor}", f"{card.name} {card.uuid}")


def _storage(home: Home) -> Iterator[Fact]:
    place = next(path for path in (home.root, *home.root.parents) if path.exists())
    free = shutil.disk_usage(place).free
    yield Fact("state folder", str(home.root))
    yield Fact("disk free", f"{free / GIB:.1f} GiB", "make room" if free < 2 * GIB else "")
    kind = file_system(place)
    remedy = "set ARCTL_HOME to a folder on a disk of this machine" if kind in REMOTE else ""
    yield Fact("file system", kind, remedy)
    shm = Path("/dev/shm")
    size = shutil.disk_usage(shm).total if shm.is_dir() else 0
    small = "loaders of data need it: start the container with `--shm-size 8g`" if size < GIB else ""
    yield Fact("/dev/shm", f"{size / GIB:.1f} GiB", small)


def _clock() -> Iterator[Fact]:
    # A null mode of adjtimex asks and sets nothing; the struct is larger than any kernel's.
    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512)) if os.name == "posix" else -1
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    synced = state != TIME_ERROR
    remedy = (
        "" if synced else "times of events may be wrong: `timedatectl set-ntp true`, in a VM as its host does"
    )
    yield Fact("clock", f"{now}, {'synchronised' if synced else 'not synchronised'}", remedy)


def file_system(path: Path) -> str:
    """Return the kind of file system that a path is on, by the longest mount point above it."""
    best, kind = "", "unknown"
    try:
        lines = Path("/proc/self/mounts").read_text().splitlines()
    except OSError:
        return kind
    real = path.resolve()
    for line in lines:
        where, what = line.split()[1:3]
        point = where.encode().decode("unicode_escape")
        if real.is_relative_to(point) and len(point) >= len(best):
            best, kind = point, what
    return kind


def _said(*words: str) -> str:
    """Return the first line that a program says; empty where there is no such program."""
    if shutil.which(words[0]) is None:
        return ""
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=15, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = (done.stdout or done.stderr).strip().splitlines()
    return lines[0].strip() if lines else ""
