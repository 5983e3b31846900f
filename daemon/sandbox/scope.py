"""A guard of memory and processes by systemd: the control groups that a user, too, may be given."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

#: Seconds that the trial may take.
TRIAL = 20.0
MEBI = 1 << 20
#: What the trial asks for, and finds again in its own control group.
_TRIED = {"memory.max": 512 * MEBI, "pids.max": 64}
_LOOK = (
    "import pathlib\n"
    "path = pathlib.Path('/proc/self/cgroup').read_text().strip().rpartition('::')[2]\n"
    "group = pathlib.Path('/sys/fs/cgroup' + path)\n"
    "print(*((group / name).read_text().strip() for name in ('memory.max', 'pids.max')))\n"
)


def guard(*, memory: int | None = None, tasks: int | None = None) -> list[str] | None:
    """Return the words that go before a command to bound its memory (bytes) and processes, all together.

    None where systemd does not run, does not answer this user, or was not given these controllers; it is
    tried for real, once. The command keeps its process id; its environment stays as it is given.
    """
    bus = f"/run/user/{os.getuid()}"
    return _words(bus, memory, tasks) if _works(bus) else None


def _words(bus: str, memory: int | None, tasks: int | None) -> list[str]:
    bounds = []
    if memory is not None:
        bounds += ["-p", f"MemoryMax={memory}", "-p", "MemorySwapMax=0"]
    if tasks is not None:
        bounds += ["-p", f"TasksMax={tasks}"]
    if os.getuid() == 0:
        return ["systemd-run", "--scope", "--quiet", "--collect", *bounds, "--"]
    # The user's manager is found by a variable that a job's environment does not have.
    begin = ["env", f"XDG_RUNTIME_DIR={bus}", "systemd-run", "--user", "--scope", "--quiet", "--collect"]
    return [*begin, *bounds, "--", "env", "-u", "XDG_RUNTIME_DIR"]


@lru_cache(maxsize=1)
def _works(bus: str) -> bool:
    words = _words(bus, _TRIED["memory.max"], _TRIED["pids.max"])
    try:
        done = subprocess.run(
            [*words, sys.executable, "-I", "-S", "-c", _LOOK],
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TRIAL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0 and done.stdout.split() == [str(value).encode() for value in _TRIED.values()]


def lingers(user: str) -> bool:
    """Tell whether a user's services go on after the last logout."""
    return bool(re.fullmatch(r"[\w.-]+", user)) and Path("/var/lib/systemd/linger", user).exists()
