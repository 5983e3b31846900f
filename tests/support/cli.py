"""The real `arctl` as a child process, with a state folder of its own.

A command is forked from a process that has imported its modules: what it does is the same, and hundreds of
them take seconds less. One with an environment of its own has an interpreter of its own as well.
"""

from __future__ import annotations

import functools
import json
import os
import pkgutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import arctl.cli
from arctl.client import Client
from arctl.errors import NotRunningError
from arctl.paths import Home
from tests.support.daemon import Daemon, wait_for
from tests.support.warm_scripts import WarmScripts

#: Seconds after which a command is ended.
PATIENCE = 300


@functools.cache
def _warm() -> WarmScripts:
    families = (found.name for found in pkgutil.iter_modules(arctl.cli.__path__))
    return WarmScripts("arctl.experiments.spec", *(f"arctl.cli.{name}" for name in families))


class Arctl:
    """Runs commands; whatever daemon they start is stopped by `close`.

    Where `daemon_runs`, one is there before the first `arctl start`, which takes as long as all else.
    """

    #: Held while a command is forked from the process that has imported it: one at a time.
    _forking = threading.Lock()

    def __init__(self, root: Path, devices: str = "cpu:2", *, daemon_runs: bool = False) -> None:
        self.home = Home(root)
        self._before = Daemon(root, devices) if daemon_runs else None
        # No terminal: what a script sees.
        self.env = {**os.environ, "ARCTL_HOME": str(root), "ARCTL_DEVICES": devices, "COLUMNS": "80"}

    def command(self, *words: object) -> list[str]:
        """Return the command line of an arctl command."""
        return [sys.executable, "-m", "arctl", *map(str, words)]

    def __call__(
        self, *words: object, cwd: Path | None = None, stdin: str = "", **env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        if self._before is not None and words[0] == "start" and not self.home.socket.exists():
            self._before.start()
            self._before = None
        # What an interpreter reads when it begins, such as PYTHONUTF8, needs one that begins.
        if not env and self._forking.acquire(blocking=False):
            try:
                argv = ["-m", "arctl", *map(str, words)]
                done = _warm().run(argv, cwd or Path.cwd(), self.env, stdin.encode(), PATIENCE)
            except BaseException:
                _warm.cache_clear()  # it has ended its process: the next command has another
                raise
            finally:
                self._forking.release()
            return subprocess.CompletedProcess(
                done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
            )
        return subprocess.run(
            self.command(*words),
            cwd=cwd,
            env={**self.env, **env},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def ok(self, *words: object, cwd: Path | None = None, stdin: str = "") -> str:
        """Run a command that must succeed, and return what it printed."""
        done = self(*words, cwd=cwd, stdin=stdin)
        assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
        return done.stdout

    def json(self, *words: object) -> Any:
        """Run a command with --json and return the document."""
        return json.loads(self.ok(*words, "--json"))

    def ask(self, method: str, **params: Any) -> Any:
        """Ask the daemon itself: a command for each look would take the time of what is waited for."""
        with Client(self.home) as client:
            return client.call(method, **params)

    def begin(self, *words: object, **options: Any) -> subprocess.Popen[str]:
        """Start a command and leave it running."""
        return subprocess.Popen(
            self.command(*words),
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )

    def close(self) -> None:
        """Stop the daemon, if one runs, and wait for its end."""
        try:
            with Client(self.home) as client:
                pid = client.call("status")["pid"]
                client.call("stop", mode="now")
        except NotRunningError:
            return
        # A process that nobody has taken leave of yet has no program any more.
        wait_for("the end of the daemon", lambda: not Path(f"/proc/{pid}/exe").exists())

    def in_terminal(self, *words: object, **env: str) -> str:
        """Run a command on a pseudo-terminal and return all that it wrote there."""
        import pty

        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            self.command(*words), env={**self.env, "TERM": "xterm", **env},
            stdin=theirs, stdout=theirs, stderr=theirs,
        )  # fmt: skip
        os.close(theirs)
        written = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # Linux says so when the other end is closed
                break
            if not piece:
                break
            written += piece
        os.close(ours)
        process.wait(60)
        return written.decode()
