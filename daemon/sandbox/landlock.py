"""Level 2: Landlock, the filter of system calls and limits; no namespace is needed, and none is made.

It keeps to the binds: what is bound nowhere cannot be opened, what is bound for reading cannot be changed,
although a folder around it can. So nothing new can be made directly in a folder that holds such a thing;
folders in it are free. Landlock knows no TCP of this host's own: without a network loopback is closed,
too. There is no private /tmp either: bind a folder, and set TMPDIR.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from arctl.daemon.sandbox import seccomp
from arctl.daemon.sandbox.base import OUTSIDE, SECRET, SECRET_FOLDERS, SYSTEM, Bind, SandboxError
from arctl.daemon.sandbox.enter import abi
from arctl.daemon.sandbox.entering import enter

#: What every program may use of /dev, and the folders there; /dev/shm is that of the host.
DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "ptmx")
FOLDERS = ("/dev/pts", "/dev/shm")  # noqa: S108
#: Seconds that the trial may take.
TRIAL = 20.0

__all__ = ["abi", "check", "wrap"]


def wrap(words: Sequence[str], cwd: Path, binds: Iterable[Bind], *, network: bool) -> list[str]:
    """Return the command line that runs `words` under Landlock."""
    bound = tuple(binds)
    readable = [*SYSTEM, "/proc", *(os.path.realpath(name) for name in OUTSIDE)]
    devices = [f"/dev/{name}" for name in DEVICES]
    rules = {
        "files": True,
        "cwd": str(cwd),
        "read": _there(readable) + [str(bind.source) for bind in bound if bind.mode == "read"],
        "write": _there(FOLDERS) + [str(bind.source) for bind in bound if bind.mode == "write"],
        "device": _there(devices) + [str(bind.source) for bind in bound if bind.mode == "device"],
        "hidden": [*SECRET, *SECRET_FOLDERS],
        "tcp": not network,
        "scope": ["abstract", "signal"],
        "drop": True,
    }
    return enter(words, rules, seccomp.program(network=network))


def check() -> None:
    """Try it for real; raises `SandboxError` with what is missing. Success is tried but once."""
    if not abi():
        msg = "this kernel has no Landlock: there is no sandbox of level 2"
        remedy = (
            "use Linux 5.13 or newer, and have it enabled: /sys/kernel/security/lsm must name landlock, "
            "else add it to lsm= on the kernel's command line; in a container its seccomp profile must allow "
            "landlock_create_ruleset"
        )
        raise SandboxError(msg, remedy)
    _try()


@lru_cache(maxsize=1)
def _try() -> None:
    """Run nothing under Landlock; an exception is not kept, so that a repaired system is seen."""
    words = wrap(["true"], Path("/"), (), network=False)
    done = subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL, timeout=TRIAL, check=False)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        trouble = said[-1] if said else f"exit status {done.returncode}"
        remedy = "allow landlock_restrict_self, prctl and seccomp in the container's profile, or use level 3"
        msg = f"Landlock does not work here: {trouble}"
        raise SandboxError(msg, remedy)


def _there(names: Iterable[str]) -> list[str]:
    return [name for name in names if os.path.exists(name)]  # noqa: PTH110  # words, not paths
