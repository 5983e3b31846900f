"""Fixtures for all tests: a real daemon in a temporary state folder. Which tests share one, if any."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import Daemon

# Runs say `python3`: they get the interpreter itself, not the script that a version manager puts before it.
os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).resolve().parent), os.environ["PATH"]))

# Hundreds of daemons and commands are started: they need not compile the same modules each time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# How full the disk of this machine is decides nothing here.
os.environ.setdefault("ARCTL_DISK_FLOOR", "0")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell has what it starts in the background ignore Ctrl-C, and so would the commands under test.
    signal.signal(signal.SIGINT, signal.default_int_handler)
if "PYTEST_XDIST_WORKER" in os.environ:
    # Each of several processes would start as many threads as there are cores, to wait for each other.
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

# Hundreds of daemons are started: each by a fork.
Daemon.warm = True

#: Files and folders whose tests share something that takes long to set up.
TOGETHER = (
    "tests/cheats/test_future.py",
    "tests/cheats/test_reported.py",
    "tests/cheats/test_scored.py",
    "tests/cheats/test_traps.py",
    "tests/integration/test_cli_look.py",
    "tests/integration/test_cli_teams.py",
    "tests/integration/test_coding_clis.py",
    "tests/unit/test_examples_torch.py",
)
#: Files of the interface whose tests look at the same company at work, or at the same campaign that is over.
COMPANY = (
    "tests/tui/test_experiment_pages.py",
    "tests/tui/test_found.py",
    "tests/tui/test_logs.py",
    "tests/tui/test_tui_aclient.py",
    "tests/tui/test_tui_held.py",
    "tests/tui/test_tui_overview.py",
    "tests/tui/test_tui_palette.py",
    "tests/tui/test_tui_queue.py",
    "tests/tui/test_tui_remote.py",
    "tests/tui/test_tui_replay.py",
    "tests/tui/test_tui_steering.py",
    "tests/tui/test_tui_teams.py",
    "tests/tui/test_tui_tmux.py",
)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Deal the tests out to processes one by one, but together those that share something."""
    from xdist.scheduler import LoadScopeScheduling

    class Sharing(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            if nodeid.startswith(COMPANY):
                return "company"
            return next((place for place in TOGETHER if nodeid.startswith(place)), nodeid)

    return Sharing(config, log)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon with two processor slots, started; stopped at the end with all its runs."""
    running = Daemon(tmp_path / "home")
    running.start()
    yield running
    running.stop()
