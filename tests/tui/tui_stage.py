"""The stage under the names by which tests of the interface know it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tests.support import daemon
from tests.support.stage import Stage, stage

__all__ = ["Stage", "stage", "wait_for"]

T = TypeVar("T")


def wait_for(what: Callable[[], T], seconds: float = daemon.PATIENCE) -> T:
    """Return what a condition gives once it gives something; fail when it never does."""
    found: T = daemon.wait_for("a condition", what, seconds)
    return found
