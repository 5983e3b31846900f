"""Locks that git left in a repository of the daemon's own when it was killed: removed, under a lock.

No git of anybody else works there. One that a living git holds is waited for; what is left then is stale.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import time
from pathlib import Path

log = logging.getLogger(__name__)

#: Seconds for which a git that lives may hold a lock; and the age from which on one counts as stale where
#: nobody can say who lives.
PATIENCE = 10.0
OLD = 600.0
LOOK = 0.05

_NAMED = re.compile(r"\.lock'?: File exists|Unable to create '[^']*\.lock'")
#: One look at a time: what one thread found stale may be another one's a moment later.
_releasing = threading.Lock()


def named(stderr: str) -> bool:
    """Tell whether git failed because of a lock."""
    return _NAMED.search(stderr) is not None


def release(repository: Path) -> bool:
    """Remove the stale locks of a repository; False where those that there are belong to somebody.

    True as well where there is none any more: whoever held it has let go.
    """
    with _releasing:
        until = time.monotonic() + PATIENCE
        while found := _locks(repository):
            if not _at_work(repository, found):
                for path in found:
                    log.warning("removed %s, which a git that died has left", path)
                    path.unlink(missing_ok=True)
                return True
            if time.monotonic() > until:
                return False
            time.sleep(LOOK)
        return True


def _locks(repository: Path) -> list[Path]:
    return [*repository.glob("*.lock"), *(repository / "refs").rglob("*.lock")]


def _at_work(repository: Path, found: list[Path]) -> bool:
    """Tell whether a git works in the repository now."""
    if not sys.platform.startswith("linux"):
        return any(time.time() - _age(path) < OLD for path in found)
    mark = f"GIT_DIR={repository}".encode()
    return any(mark in _environment(path) for path in Path("/proc").glob("[0-9]*"))


def _environment(process: Path) -> list[bytes]:
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
