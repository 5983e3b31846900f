"""Daemons that are forked from a process which has imported all of it: a start costs a fork, not a second.

What runs is the daemon itself, in a process of its own. How it is started by its users, with an interpreter
of its own, the tests of the command line show.
"""

from __future__ import annotations

import functools
import multiprocessing
import os
import runpy
import subprocess
import sys
from multiprocessing.context import ForkServerContext

#: What a daemon imports once it judges, and once it asks a model.
LATER = ("scipy.special", "anthropic")


class Warm:
    """A process that ran a module, as `subprocess.Popen` shows one."""

    def __init__(self, module: str, env: dict[str, str]) -> None:
        self._process = _context(module).Process(target=_run, args=(module, env), daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    @property
    def returncode(self) -> int | None:
        """How it ended, None as far as anybody looked; the negative number of a signal."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Return how it ended, None while it lives."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raises `subprocess.TimeoutExpired`."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Signal it while it lives."""
        if self.poll() is None:
            os.kill(self.pid, number)


@functools.cache
def _context(module: str) -> ForkServerContext:
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload([f"{module}.main", *LATER, "tests.support.warm"])
    return found


def _run(module: str, env: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(env)
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__")
