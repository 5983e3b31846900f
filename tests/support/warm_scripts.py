"""Scripts that are forked from a process which has imported what takes long: a run costs a fork, not seconds.

    with WarmScripts("torch") as scripts:
        done = scripts.run(["train.py"], cwd=folder, env=env)

What runs is the script itself, in a process of its own, or a module as `python -m` runs it; what an
interpreter settles when it begins (the seed of hashes, the number of threads) is the same for all of them.
Campaigns show how one of its own runs it.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn, Self

#: Seconds after which a script is ended by a signal.
PATIENCE = 170


class WarmScripts:
    """A process with some modules imported, which forks one script after the other."""

    def __init__(self, *modules: str) -> None:
        words = [sys.executable, "-m", "tests.support.warm_scripts", *modules]
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(
        self, argv: list[str], cwd: Path, env: dict[str, str], given: bytes = b"", patience: int = PATIENCE
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a script to its end; its name is the first word, or that of a module the second behind `-m`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with TemporaryDirectory() as folder:
            streams = [Path(folder) / name for name in ("in", "out", "err")]
            streams[0].write_bytes(given)
            told = [argv, str(cwd), env, list(map(str, streams)), patience]
            print(json.dumps(told), file=self._process.stdin, flush=True)
            try:
                line = self._process.stdout.readline()
            except BaseException:
                # Whoever is next must not be told how this one ended.
                self._process.kill()
                raise
            assert line, "the process that forks scripts has ended"
            status = int(line)
            return subprocess.CompletedProcess(argv, status, streams[1].read_bytes(), streams[2].read_bytes())


def _serve() -> None:
    for line in sys.stdin:
        told = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(*told)
        else:
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _become(argv: list[str], cwd: str, env: dict[str, str], streams: list[str], patience: int) -> NoReturn:
    """Be the script, from its first line to its exit status."""
    signal.alarm(patience)
    for number, path in enumerate(streams):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), number)
    # What a process begins with: its own buffers, words, folder and environment.
    sys.stdin, sys.stdout = open(0), open(1, "w")  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace")  # noqa: SIM115
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.dont_write_bytecode = True
    sys.path[0] = cwd
    if argv[0] == "-m":
        sys.argv = argv[1:]
        runpy.run_module(argv[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = argv
        runpy.run_path(argv[0], run_name="__main__")
    # The loop that is waited in here must not go on in the child.
    raise SystemExit


if __name__ == "__main__":
    for module in sys.argv[1:]:
        importlib.import_module(module)
    gc.freeze()
    _serve()
