"""Which levels of sandbox there are here."""

from __future__ import annotations

from arctl.daemon.sandbox import SandboxError
from arctl.daemon.sandbox import check as _check
from arctl.experiments.confinement import Level


def check(level: Level) -> None:
    """Raise `SandboxError` where this level cannot be had."""
    if level == 3:
        _check()


def best() -> Level:
    """Return the highest level that works here."""
    try:
        _check()
    except SandboxError:
        return 1
    return 3
