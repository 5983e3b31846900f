"""The sandbox: what stands before a command line so that it sees and changes only what it is given.

Bubblewrap, without root: namespaces of its own, no capabilities, the system read-only, nobody's home.
Whoever starts the words gives the process the whole environment that it shall have: variables named on the
command line could be read by everybody on the machine. Start it from the main thread, as `--die-with-parent`
is bound to the thread that forks. It is never left out silently: `check` raises where it cannot be had.
"""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal

from arctl.errors import ArctlError

Mode = Literal["read", "write", "device"]
_FLAGS: dict[Mode, str] = {"read": "--ro-bind", "write": "--bind", "device": "--dev-bind"}

#: What programs need to run at all; links among them (`/lib` to `usr/lib`) are made anew.
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/nix/store")
#: Files of /etc that are nobody's business; they are readable where the daemon runs as root.
SECRET = ("/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/etc/sudoers")
SECRET_FOLDERS = ("/etc/ssh", "/etc/ssl/private", "/etc/sudoers.d", "/etc/wireguard", "/etc/NetworkManager")
#: Links that lead out of /etc, to what resolves names.
OUTSIDE = ("/etc/resolv.conf", "/etc/hosts", "/etc/localtime")
#: Bytes that the private /tmp may hold; they are memory.
SCRATCH = 1 << 30
#: Seconds that the trial may take.
TRIAL = 20.0


class SandboxError(ArctlError):
    """No sandbox can be made here."""


@dataclass(frozen=True, slots=True)
class Bind:
    """A path that is seen inside, at `target` where that is another place; what is below it comes along."""

    source: Path
    mode: Mode = "read"
    target: Path | None = None

    @property
    def place(self) -> Path:
        """Where it is seen."""
        return self.target or self.source


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the processes; None is no limit of ours.

    `processes` counts within a sandbox only: outside, it would count all of the user's.
    `data` are bytes of RLIMIT_DATA, for CUDA reserves address ranges far beyond what it uses.
    """

    processes: int | None = None
    files: int | None = None
    file_bytes: int | None = None
    data: int | None = None

    def wrap(self, words: Iterable[str], *, inside: bool) -> list[str]:
        """Return a command line that sets the limits, and runs `words` under them; no core is ever dumped."""
        values = {"nofile": self.files, "fsize": self.file_bytes, "data": self.data}
        if inside:
            values["nproc"] = self.processes
        flags = [f"--{name}={value}:{value}" for name, value in values.items() if value is not None]
        return ["prlimit", "--core=0:0", *flags, "--", *words]


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What a command may see and do; everything else is not there."""

    cwd: Path
    binds: tuple[Bind, ...] = ()
    network: bool = False
    limits: Limits = field(default_factory=Limits)
    #: Bytes of /dev/shm; the kernel's own measure where None.
    shm: int | None = None

    def wrap(self, words: Iterable[str], level: Literal[1, 2, 3] = 3) -> list[str]:
        """Return the command line that runs `words` inside; raises `SandboxError` without bubblewrap."""
        if level < 3:
            return self.limits.wrap(words, inside=False)
        program = _program()
        flags = [program, *_namespaces(program, network=self.network), *_system()]
        if self.shm is not None:
            flags += ["--size", str(self.shm), "--tmpfs", "/dev/shm"]  # noqa: S108  # the sandbox's own
        # Shallow ones first: what lies deeper is laid over what it lies in; of two at one place reading wins.
        for bind in sorted(self.binds, key=lambda bind: (len(bind.place.parts), bind.mode != "write")):
            flags += [_FLAGS[bind.mode], str(bind.source), str(bind.place)]
        return [
            *flags,
            "--remount-ro",
            "/",
            "--chdir",
            str(self.cwd),
            "--",
            *self.limits.wrap(words, inside=True),
        ]


def check() -> None:
    """Try a sandbox for real; raises `SandboxError` with what is missing. Success is tried but once."""
    program = _program()
    if shutil.which("prlimit") is None:
        raise SandboxError("prlimit is not installed", "install util-linux")
    _try(program)


def covers(folder: Path, path: Path) -> bool:
    """Tell whether seeing `folder` means seeing `path`, whichever links lead there."""
    return path.resolve().is_relative_to(folder.resolve())


def _program() -> str:
    program = shutil.which("bwrap")
    if program is None:
        msg = "bubblewrap is not installed: there is no sandbox to run the command in"
        raise SandboxError(msg, "install it, for example `apt-get install bubblewrap`")
    return program


@lru_cache(maxsize=8)
def _try(program: str) -> None:
    """Run nothing in a sandbox; an exception is not kept, so that a repaired system is seen."""
    flags = [program, *_namespaces(program, network=False), *_system()]
    try:
        done = subprocess.run(
            [*flags, "--", "true"], capture_output=True, stdin=subprocess.DEVNULL, timeout=TRIAL, check=False
        )
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        trouble = (said[-1] if said else f"exit status {done.returncode}") if done.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as error:
        trouble = str(error)
    if trouble:
        msg = f"bubblewrap does not work here: {trouble}"
        remedy = (
            "allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, "
            "kernel.apparmor_restrict_unprivileged_userns=0), or run outside of that container"
        )
        raise SandboxError(msg, remedy)


@lru_cache(maxsize=8)
def _can_close(program: str) -> bool:
    """Tell whether this bubblewrap can forbid further user namespaces inside (0.8 and newer)."""
    done = subprocess.run([program, "--help"], capture_output=True, timeout=TRIAL, check=False)
    return b"--disable-userns" in done.stdout + done.stderr


def _namespaces(program: str, *, network: bool) -> list[str]:
    flags = ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    flags += [] if network else ["--unshare-net"]
    flags += ["--disable-userns"] if _can_close(program) else []
    return [*flags, "--cap-drop", "ALL", "--die-with-parent", "--new-session", "--hostname", "arctl"]


def _system() -> list[str]:
    flags: list[str] = []
    for name in SYSTEM:
        path = Path(name)
        if path.is_symlink():
            flags += ["--symlink", str(path.readlink()), name]
        elif path.exists():
            flags += ["--ro-bind", name, name]
    for name in OUTSIDE:
        real = os.path.realpath(name)
        if Path(name).is_symlink() and Path(real).is_file() and not real.startswith(("/etc/", "/usr/")):
            flags += ["--ro-bind", real, real]
    flags += ["--proc", "/proc", "--dev", "/dev"]
    flags += ["--size", str(SCRATCH), "--tmpfs", "/tmp"]  # noqa: S108  # the sandbox's own
    for name in SECRET:
        if os.access(name, os.R_OK):
            flags += ["--ro-bind", "/dev/null", name]
    for name in SECRET_FOLDERS:
        if _folder(name):
            flags += ["--tmpfs", name]
    return flags


def _folder(name: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(name).st_mode)
    except OSError:
        return False
