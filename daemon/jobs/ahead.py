"""Environments made ahead: `run.prepare` in the work tree of a run that waits, while others train.

It runs under a shim of its own, in a sandbox as the run will. What came of it is looked at when the run is
launched: one that failed, or was never finished, is tried again in the slot, where its end is a result like
any other.
"""

from __future__ import annotations

import asyncio
import dataclasses
import shutil
import signal
import time
from pathlib import Path

from arctl.daemon.actions import ArrangeRun, LaunchRun
from arctl.daemon.folders import delete
from arctl.daemon.jobs import launch
from arctl.daemon.jobs.folder import RunFolder
from arctl.daemon.jobs.launcher import Launcher
from arctl.daemon.rows import Run
from arctl.daemon.shim import system
from arctl.daemon.specs import spec_of
from arctl.paths import Home

#: Environments that are made at once; they take the processor from those that train.
AT_ONCE = 2
#: Seconds between two looks at whether one is made, and until one that shall end is killed.
LOOK = 0.1
GRACE = 5.0


class Ahead:
    """Makes environments, a few at a time."""

    def __init__(self, home: Home, launcher: Launcher) -> None:
        self._home = home
        self._launcher = launcher
        self._room = asyncio.Semaphore(AT_ONCE)

    async def arrange(self, action: ArrangeRun) -> None:
        """Make the environment of one run; returns once it is made, or cannot be."""
        async with self._room:
            if not Path(action.run.tree).exists():
                return  # nobody wants it any more
            folder = await asyncio.to_thread(self._lay_out, action)
            await self._launcher.launch(folder.path)
            while folder.exit() is None and folder.held():
                await asyncio.sleep(LOOK)

    def _lay_out(self, action: ArrangeRun) -> RunFolder:
        run = action.run
        folder = ahead_of(self._home, run)
        _end(folder)
        wanted = LaunchRun(action.campaign, run, (), None)
        cage = launch.cage_of(wanted, spec_of(action.campaign), self._home)
        launch.arrange(wanted, dataclasses.replace(cage, folder=folder))
        return folder

    def stop(self, run: str, attempt: int) -> None:
        """End what is made for a run that nobody wants any more."""
        _end(RunFolder(self._home.ahead(run, attempt)))

    def clear(self) -> None:
        """End and forget all that an earlier daemon had begun: work trees are laid out anew."""
        for path in self._home.aheads.glob("*"):
            _end(RunFolder(path))


def ahead_of(home: Home, run: Run) -> RunFolder:
    """Return the folder in which a run's environment is made."""
    return RunFolder(home.ahead(run.id, run.attempt))


def made(folder: RunFolder) -> bool:
    """Tell whether an environment was made in its folder."""
    said = folder.exit() or {}
    return said.get("reason") == "exited" and said.get("code") == 0


def taken(folder: RunFolder, log: Path) -> None:
    """Keep in `log` what was said while an environment was made, and nothing else of it."""
    if folder.log.exists():
        shutil.move(folder.log, log)
    delete(folder.path)


def _end(folder: RunFolder) -> None:
    """Leave no process of a folder, and nothing of the folder itself."""
    if not folder.path.exists():
        return
    folder.stop("not wanted", 0.0)
    late = time.monotonic() + GRACE
    while folder.held():
        if time.monotonic() > late and (pid := folder.shim()) is not None:
            system.send(pid, signal.SIGKILL)
        time.sleep(0.02)
    folder.fence()
    delete(folder.path)
