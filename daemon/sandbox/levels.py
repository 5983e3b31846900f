"""Which levels can be had here: tried for real, never taken down silently."""

from __future__ import annotations

from arctl.daemon.sandbox import bubblewrap, landlock, limits
from arctl.daemon.sandbox.base import LEVELS, SandboxError
from arctl.experiments.confinement import Level


def check(level: Level = 3) -> None:
    """Try a level for real; raises `SandboxError` with what is missing. Success is tried but once."""
    # First what is easily missed: a trial would only say that it found no program.
    if level == 3:
        bubblewrap.program()
    limits.check()
    if level == 3:
        bubblewrap.check()
    elif level == 2:
        landlock.check()


def best() -> Level:
    """Return the highest level that works here; raises `SandboxError` where not even limits can be set."""
    for level in LEVELS[:-1]:
        try:
            check(level)
        except SandboxError:
            continue
        return level
    check(1)
    return 1
