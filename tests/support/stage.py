"""A stage for the interface: a daemon of its own with the bowl campaign, alone or with a company at work."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from arctl.errors import ArctlError
from tests.support.campaigns import make_bowl
from tests.support.daemon import Daemon


class Stage:
    """A daemon in a folder of its own, with four simulated devices unless told otherwise."""

    def __init__(self, root: Path, devices: str = "sim:4") -> None:
        self.root = root
        self.daemon = Daemon(root / "home", devices)
        self.home = self.daemon.home
        self.environ = {**os.environ, "ARCTL_HOME": str(self.home.root), "ARCTL_DEVICES": devices}

    def start(self) -> None:
        """Start the daemon and wait until it answers."""
        self.daemon.start()

    def ask(self, method: str, **params: Any) -> Any:
        """Ask the daemon one thing."""
        return self.daemon.call(method, **params)

    def campaign(self, name: str = "bowl", **settings: Any) -> Path:
        """Begin a campaign; `settings` are those of `make_bowl`."""
        repo = make_bowl(self.root / name, name, **settings)
        self.daemon.campaign(repo)
        return repo

    def status(self) -> Any:
        """Return the status of the only campaign."""
        return self.ask("status")["campaigns"][0]

    def finish(self) -> None:
        """Wait until the campaign has ended by itself."""
        self.daemon.wait_finished(self.status()["campaign"])

    def kill(self) -> None:
        """End the daemon as a crash would."""
        self.daemon.kill()

    def close(self) -> None:
        """End the daemon and what it runs; one that was killed is started once more to do so."""
        if self.daemon.process is None:
            return
        if self.daemon.process.returncode == -signal.SIGKILL:
            self.start()
        with contextlib.suppress(ArctlError):
            self.daemon.stop()


@contextlib.contextmanager
def stage(root: Path, devices: str = "sim:4") -> Iterator[Stage]:
    """Run a daemon for a while."""
    found = Stage(root, devices)
    try:
        found.start()
        yield found
    finally:
        found.close()
