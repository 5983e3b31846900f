"""The launcher: keeps the process from which shims are forked, and has it start them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from pathlib import Path

import arctl

log = logging.getLogger(__name__)

#: Seconds that a shim may take to start its job; a disk that hangs must not hold the daemon.
LAUNCH = 60.0
#: By these words `daemon/peers` knows shims, those of other versions as well: the import must stay as it is.
#: Without site-packages and the user's settings; the one folder that it needs is put in front.
CODE = "import sys; sys.path.insert(0, sys.argv.pop(1)); from arctl.daemon.shim.zygote import main; main()"


class Launcher:
    """Starts shims, each of which outlives it."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[bytes, asyncio.Future[None]] = {}
        self._starting = asyncio.Lock()

    async def launch(self, folder: Path) -> None:
        """Start the shim of a folder; returns once its command runs, or cannot be, which its exit says.

        One that is still not there after a minute is found missing and fenced by whoever watches the run.
        """
        line = os.fsencode(folder)
        future = self._waiting[line] = asyncio.get_running_loop().create_future()
        try:
            process = await self._zygote()
            if process.stdin is not None:
                with contextlib.suppress(ConnectionError):
                    process.stdin.write(line + b"\n")
                    await process.stdin.drain()
            try:
                await asyncio.wait_for(future, LAUNCH)
            except TimeoutError:
                self._give_up(process)
        finally:
            self._waiting.pop(line, None)

    async def warm(self) -> None:
        """Have the process there before the first run needs it."""
        await self._zygote()

    async def close(self) -> None:
        """End the process; the shims go on."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        if self._reading is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._reading, 5.0)

    async def _zygote(self) -> asyncio.subprocess.Process:
        """Return the process, started anew where it was killed."""
        async with self._starting:
            if self._process is None or self._process.returncode is not None:
                self._process = await asyncio.create_subprocess_exec(
                    *command(),
                    cwd="/",
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.DEVNULL,
                    start_new_session=True,
                )
                self._reading = asyncio.create_task(self._read(self._process), name="launcher")
            return self._process

    def _give_up(self, process: asyncio.subprocess.Process) -> None:
        """End a process that does not answer, as one that stands still: the next launch begins another."""
        log.warning("the process that starts runs has not answered for %g s; it is replaced", LAUNCH)
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        if self._process is process:
            self._process = None

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None:
            return
        while line := await process.stdout.readline():
            self._done(line[1:].rstrip(b"\n"))
        await process.wait()
        # Whoever it was about to start is looked after like any other: by its lock, or the lack of it.
        for waiting in list(self._waiting):
            self._done(waiting)

    def _done(self, line: bytes) -> None:
        future = self._waiting.get(line)
        if future is not None and not future.done():
            future.set_result(None)


def command(*folder: str) -> list[str]:
    """Return the command line of the process; with a folder, of the shim of that one run."""
    root = Path(arctl.__file__).absolute().parent.parent
    return [sys.executable, "-I", "-S", "-c", CODE, str(root), *folder]
