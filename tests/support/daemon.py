"""A real daemon in a state folder of its own, and patient ways to wait for what it does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from arctl.client import Client
from arctl.errors import NotRunningError
from arctl.paths import Home
from tests.support.warm import Warm

#: How long a condition may take on the slowest machine before a test gives up.
PATIENCE = 180.0


def wait_for(what: str, condition: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """Ask until the condition holds, and return what it returned."""
    end, pause = time.monotonic() + patience, 0.01
    while time.monotonic() < end:
        if found := condition():
            return found
        # Each look takes the time of what is waited for: more of them at first, fewer later.
        time.sleep(pause := min(1.3 * pause, 0.2))
    msg = f"waited {patience:g} s in vain: {what}"
    raise AssertionError(msg)


class Daemon:
    """Starts, kills and asks a daemon."""

    #: Whether it is forked from a process that has imported it; benchmarks have one with its own interpreter.
    warm = False

    def __init__(self, root: Path, devices: str = "cpu:2") -> None:
        self.home = Home(root)
        self.devices = devices
        self.process: subprocess.Popen[bytes] | Warm | None = None

    def start(self, **env: str) -> None:
        """Start it and wait for its handshake."""
        environment = {**os.environ, "ARCTL_HOME": str(self.home.root), "ARCTL_DEVICES": self.devices, **env}
        # What an interpreter or its loader reads when it begins, such as PYTHONPATH, needs one that begins.
        if self.warm and not any(name.startswith(("PYTHON", "LD_")) for name in env):
            self.process = Warm("arctl.daemon", environment)
        else:
            words = [sys.executable, "-m", "arctl.daemon"]
            self.process = subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL)
        wait_for("the daemon's handshake", self._answers)

    def _answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            msg = f"the daemon ended with {self.process.returncode}: {self.home.log.read_text()[-2000:]}"
            raise AssertionError(msg)
        try:
            self.call("status")
        except NotRunningError:
            return False
        return True

    def call(self, method: str, **params: Any) -> Any:
        """Make one request on a connection of its own."""
        with Client(self.home) as client:
            return client.call(method, **params)

    def campaign(self, repo: Path, **params: Any) -> Any:
        """Start a campaign with this process's PATH."""
        return self.call("campaign.start", path=str(repo), env={"PATH": os.environ["PATH"]}, **params)

    def status(self, name: str = "toy") -> dict[str, Any]:
        """Return the status of one campaign."""
        found: dict[str, Any] = next(
            row for row in self.call("status")["campaigns"] if row["campaign"] == name
        )
        return found

    def experiments(self, name: str = "toy") -> list[dict[str, Any]]:
        """Return a campaign's experiments."""
        found: list[dict[str, Any]] = self.call("experiments", campaign=name)["experiments"]
        return found

    def wait_finished(self, name: str = "toy") -> dict[str, Any]:
        """Wait until a campaign has ended, one way or the other."""

        def ended() -> dict[str, Any] | None:
            row = self.status(name)
            return row if row["state"] in ("finished", "held") else None

        found: dict[str, Any] = wait_for(f"the end of campaign {name}", ended)
        return found

    def printed(self, shown: dict[str, Any], log: str = "out.log") -> str:
        """Return all that the runs of an experiment wrote into a log; `shown` is what `show` tells of it."""
        folders = (self.home.run_folder(run["id"], run["attempt"]) for run in shown["runs"])
        return "".join((folder / log).read_bytes().decode("utf-8", "replace") for folder in folders)

    def kill(self) -> None:
        """Kill it as the kernel would: no goodbye."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """Stop it now and wait for its end; what has gone already is fine."""
        if self.process is None or self.process.poll() is not None:
            return
        try:
            self.call("stop", mode="now")
            self.process.wait(60)
        except (NotRunningError, subprocess.TimeoutExpired):
            self.kill()
