"""A stage for the terminal interface: a toy repository, a real daemon, and what can be read on a screen."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from arctl.client import Client
from arctl.errors import ArctlError
from arctl.paths import Home

T = TypeVar("T")

TRAIN = '''"""A bowl with noise: stands in for a training run."""
import os
import random
import time

LR = 0.02
WIDTH = 0.2
DEPTH = 0.9

rng = random.Random(int(os.environ.get("SEED", "0")))
loss = 1 + (LR - 0.6) ** 2 + 0.5 * (WIDTH - 0.7) ** 2 + 0.3 * (DEPTH - 0.4) ** 2
time.sleep(float(os.environ["PACE"]))
print("---")
print(f"val_loss: {loss + rng.gauss(0, 0.004):.6f}")
'''
SPEC = """name = "{name}"
[run]
command = "{python} train.py"
timeout = "5m"
env = {{ PACE = "{pace}" }}
[metric]
name = "val_loss"
[seed]
env = "SEED"
[files]
editable = ["train.py"]
[params.LR]
file = "train.py"
type = "float"
low = 0.0
high = 1.0
[params.WIDTH]
file = "train.py"
type = "float"
low = 0.0
high = 1.0
[params.DEPTH]
file = "train.py"
type = "float"
low = 0.0
high = 1.0
[brain]
kind = "search"
in_flight = {in_flight}
[limits]
experiments = {experiments}
"""


def repository(
    folder: Path, name: str = "bowl", *, pace: float = 0.0, experiments: int = 12, in_flight: int = 2
) -> Path:
    """Make a repository with a training script of ten lines and its arctl.toml."""
    folder.mkdir(parents=True)
    (folder / "train.py").write_text(TRAIN)
    spec = SPEC.format(
        name=name, python=sys.executable, pace=pace, experiments=experiments, in_flight=in_flight
    )
    (folder / "arctl.toml").write_text(spec)
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    for command in (["init", "-q", "-b", "main"], ["add", "."], [*who, "commit", "-q", "-m", "begin"]):
        subprocess.run(["git", "-C", str(folder), *command], check=True, capture_output=True)
    return folder


def wait_for(what: Callable[[], T], seconds: float = 120.0) -> T:
    """Return what a condition gives once it gives something; fail when it never does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.05)
    msg = f"waited {seconds} s in vain"
    raise TimeoutError(msg)


class Stage:
    """A daemon of its own in a folder of its own."""

    def __init__(self, root: Path, devices: str = "sim:4") -> None:
        self.root = root
        self.home = Home(root / "home")
        self.environ = {**os.environ, "ARCTL_HOME": str(self.home.root), "ARCTL_DEVICES": devices}
        self._daemon: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the daemon and wait until it answers."""
        self._daemon = subprocess.Popen(
            [sys.executable, "-m", "arctl.daemon"], env=self.environ, start_new_session=True
        )
        wait_for(self._answers)

    def _answers(self) -> bool:
        with contextlib.suppress(ArctlError):
            self.ask("status")
            return True
        return False

    def ask(self, method: str, **params: Any) -> Any:
        """Ask the daemon one thing."""
        with Client(self.home) as client:
            return client.call(method, **params)

    def campaign(self, name: str = "bowl", **settings: Any) -> None:
        """Begin a campaign."""
        path = repository(self.root / name, name, **settings)
        self.ask("campaign.start", path=str(path), env={"PATH": os.environ["PATH"]})

    def status(self) -> Any:
        """Return the status of the only campaign."""
        return self.ask("status")["campaigns"][0]

    def finish(self) -> None:
        """Wait until the campaign has ended by itself."""
        wait_for(lambda: self.status()["state"] == "finished", 240)

    def kill(self) -> None:
        """End the daemon as a crash would."""
        assert self._daemon is not None
        self._daemon.kill()
        self._daemon.wait()

    def close(self) -> None:
        """End the daemon and what it runs."""
        if self._daemon is None:
            return
        with contextlib.suppress(ArctlError):
            self.ask("stop", mode="now")
        try:
            self._daemon.wait(60)
        except subprocess.TimeoutExpired:
            self._daemon.kill()
            self._daemon.wait()


@contextlib.contextmanager
def stage(root: Path, devices: str = "sim:4") -> Iterator[Stage]:
    """Run a daemon for a while."""
    found = Stage(root, devices)
    try:
        found.start()
        yield found
    finally:
        found.close()
