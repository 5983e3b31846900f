"""Fixtures for all tests: a real daemon in a temporary state folder. Which tests share one, if any."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Daemon

# Runs say `python3`: they get the interpreter itself, not the script that a version manager puts before it.
os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).resolve().parent), os.environ["PATH"]))

# Hundreds of daemons and commands are started: they need not compile the same modules each time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell has what it starts in the background ignore Ctrl-C, and so would the commands under test.
    signal.signal(signal.SIGINT, signal.default_int_handler)
if "PYTEST_XDIST_WORKER" in os.environ:
    # Each of several processes would start as many threads as there are cores, to wait for each other.
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

#: Fixtures that serve many tests, and how far: all tests with one of them run in one process of `pytest -n`.
SHARED = {"world": "module", "modules": "module", "done": "session"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what shares something that takes long to set up."""
    for item in items:
        for name in SHARED.keys() & set(getattr(item, "fixturenames", ())):
            place = item.path.stem if SHARED[name] == "module" else "all"
            item.add_marker(pytest.mark.xdist_group(f"{name}-{place}"))


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon with two processor slots, started; stopped at the end with all its runs."""
    running = Daemon(tmp_path / "home")
    running.start()
    yield running
    running.stop()
