"""The process from which shims are forked, so that the start of one costs a fork and not an interpreter.

Each line on its standard input is the path of a run's folder; it answers with the same line once the command
runs (`+`) or cannot (`-`). It ends with its input, that is with the daemon; the shims belong to nobody then,
and go on. What outlives a shim that was killed belongs to it, so that nobody gets out of sight in that way.
"""

from __future__ import annotations

import os
import select
import signal
import sys

from arctl.daemon.shim.run import TAKEN, run
from arctl.daemon.shim.system import adopt


def main(words: list[str] | None = None) -> None:
    """Fork a shim for each folder named on the standard input, or on the command line, until it ends."""
    given = sys.argv[1:] if words is None else words
    if given:
        pipe = fork(given[0], [])
        os._exit(0 if os.read(pipe, 1) else TAKEN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Nobody waits for a shim, or for what one left: the kernel takes leave of them.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    adopt()
    Zygote().serve()


class Zygote:
    """Listens on its standard input, and to every shim that has not begun yet."""

    def __init__(self) -> None:
        self.waiting: dict[int, bytes] = {}
        self.rest = b""

    def serve(self) -> None:
        """Go on until the input ends."""
        while True:
            ready = select.select([0, *self.waiting], [], [])[0]
            for pipe in ready:
                if pipe:
                    begun = bool(os.read(pipe, 1))
                    os.close(pipe)
                    self._answer(b"+" if begun else b"-", self.waiting.pop(pipe))
            if 0 in ready and not self._read():
                return

    def _read(self) -> bool:
        data = os.read(0, 1 << 16)
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self.waiting[fork(os.fsdecode(line), list(self.waiting))] = line
        return bool(data)

    def _answer(self, how: bytes, line: bytes) -> None:
        try:
            os.write(1, how + line + b"\n")
        except BrokenPipeError:
            # The daemon has gone; its successor looks into the folders.
            return


def fork(folder: str, others: list[int]) -> int:
    """Fork a shim that belongs to nobody; return the pipe on which it says that its command runs."""
    ready, ready_in = os.pipe()
    child = os.fork()
    if child:
        os.close(ready_in)
        return ready
    try:
        os.setsid()
        for pipe in (ready, *others):
            os.close(pipe)
        os._exit(_shim(folder, ready_in))
    finally:
        # Whatever happened: only the first process may go on as the zygote.
        os._exit(1)


def _shim(folder: str, ready: int) -> int:
    os.chdir(folder)
    null = os.open(os.devnull, os.O_RDWR)
    errors = os.open("shim.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number, target in ((0, null), (1, errors), (2, errors)):
        os.dup2(target, number)
    os.set_inheritable(ready, False)

    open_pipe = [ready]

    def tell() -> None:
        while open_pipe:
            os.write(open_pipe[0], b"1")
            os.close(open_pipe.pop())

    try:
        return run(tell)
    except BaseException:  # noqa: BLE001  # nothing may get past the fork
        # The log of the shim is where somebody looks for it.
        sys.excepthook(*sys.exc_info())
        return 1
