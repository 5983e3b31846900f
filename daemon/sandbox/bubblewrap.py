"""Level 3: bubblewrap, without root; namespaces of its own, no capabilities, the system read-only."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import time
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from arctl.daemon.sandbox import seccomp
from arctl.daemon.sandbox.base import (
    OUTSIDE,
    SECRET,
    SECRET_FOLDERS,
    SYSTEM,
    Bind,
    Mode,
    SandboxError,
    is_folder,
)
from arctl.daemon.sandbox.entering import enter
from arctl.daemon.sandbox.remedies import namespaces_remedy

_FLAGS: dict[Mode, str] = {"read": "--ro-bind", "write": "--bind", "device": "--dev-bind"}
#: Bytes that the private /tmp may hold; they are memory.
SCRATCH = 1 << 30
#: Seconds for which it is known what the system holds.
KNOWN = 60.0
#: Seconds that the trial may take.
TRIAL = 20.0


def wrap(
    words: Sequence[str], cwd: Path, binds: Iterable[Bind], *, network: bool, shm: int | None
) -> list[str]:
    """Return the command line that runs `words` inside; raises `SandboxError` without bubblewrap."""
    period = int(time.monotonic() / KNOWN)
    flags = [program(), *_namespaces(program(), network=network), *_system(shm, period), *_outside()]
    # Shallow ones first: what lies deeper is laid over what it lies in; of two at one place reading wins.
    for bind in sorted(binds, key=lambda bind: (len(bind.place.parts), bind.mode != "write")):
        flags += [_FLAGS[bind.mode], str(bind.source), str(bind.place)]
    # Files made in them would be memory that nobody counts.
    flags += ["--remount-ro", "/dev", "--remount-ro", "/"]
    found = [*_filtered(flags), "--chdir", str(cwd), "--", *words]
    # A network that is shared brings the host's abstract sockets along, such as those of X11 and D-Bus.
    return enter(found, {"scope": ["abstract"]}) if network else found


def check() -> None:
    """Try a sandbox for real; raises `SandboxError` with what is missing. Success is tried but once."""
    _try(program())


def program() -> str:
    """Return the full path of bubblewrap; raises `SandboxError` where it is not installed."""
    found = shutil.which("bwrap")
    if found is None:
        msg = "bubblewrap is not installed: there is no sandbox to run the command in"
        remedy = "install it: `apt-get install bubblewrap` (Debian, Ubuntu), `dnf install bubblewrap` (RHEL)"
        raise SandboxError(msg, remedy)
    return found


def _filtered(flags: list[str]) -> list[str]:
    """Have bubblewrap install the filter of system calls, last of all; it reads it from a file that is open.

    Where there is no network is for the namespace to say, and not for the filter.
    """
    path = seccomp.file()
    if path is None:
        return flags
    # A shell costs a tenth of what an interpreter does; one that is bash leaves variables of its own.
    unset = [word for name in ("SHLVL", "OLDPWD", "_") for word in ("--unsetenv", name)]
    return ["/bin/sh", "-c", 'exec "$@" 9<"$0"', str(path), flags[0], "--seccomp", "9", *unset, *flags[1:]]


@lru_cache(maxsize=8)
def _try(program: str) -> None:
    """Run nothing in a sandbox; an exception is not kept, so that a repaired system is seen."""
    del program  # what was found is what is wrapped; it stands here for the cache
    words = wrap(["true"], Path("/"), (), network=False, shm=None)
    try:
        done = subprocess.run(
            words, capture_output=True, stdin=subprocess.DEVNULL, timeout=TRIAL, check=False
        )
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        trouble = (said[-1] if said else f"exit status {done.returncode}") if done.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as error:
        trouble = str(error)
    if trouble:
        msg = f"bubblewrap does not work here: {trouble}"
        raise SandboxError(msg, namespaces_remedy(trouble))


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


@lru_cache(maxsize=8)
def _system(shm: int | None, period: int) -> tuple[str, ...]:
    """Return the flags that every sandbox has; found out anew in every period, for systems change."""
    del period
    flags: list[str] = []
    for name in SYSTEM:
        path = Path(name)
        if path.is_symlink():
            flags += ["--symlink", str(path.readlink()), name]
        elif path.exists():
            flags += ["--ro-bind", name, name]
    flags += ["--proc", "/proc", *_kernel(), "--dev", "/dev"]
    flags += [*([] if shm is None else ["--size", str(shm)]), "--tmpfs", "/dev/shm"]  # noqa: S108  # its own
    flags += ["--size", str(SCRATCH), "--tmpfs", "/tmp"]  # noqa: S108  # the sandbox's own
    for name in SECRET:
        if os.access(name, os.R_OK):
            flags += ["--ro-bind", "/dev/null", name]
    for name in SECRET_FOLDERS:
        if is_folder(name):
            flags += ["--tmpfs", name, "--remount-ro", name]
    return tuple(flags)


def _outside() -> list[str]:
    """Show what resolves names: a network that changes puts the links elsewhere."""
    flags: list[str] = []
    for name in OUTSIDE:
        real = os.path.realpath(name)
        if Path(name).is_symlink() and Path(real).is_file() and not real.startswith(("/etc/", "/usr/")):
            flags += ["--ro-bind", real, real]
    return flags


def _kernel(root: Path = Path("/proc")) -> list[str]:
    """Close what root may change by /proc without any capability, such as kernel.core_pattern.

    Whoever is not root cannot; bubblewrap itself looks only at folders, which nobody may write in.
    """
    if os.getuid() != 0:
        return []
    flags: list[str] = []
    for path in sorted(root.iterdir()):
        if path.name.isdigit() or path.is_symlink():
            continue
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode) or mode & stat.S_IWUSR:
            flags += ["--ro-bind", str(path), str(path)]
    return flags
