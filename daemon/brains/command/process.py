"""One run of a command line: its output pumped into a log, its time measured, nothing of it left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: Bytes of an output that are kept for reading; of a longer one its end.
KEPT = 4 << 20
#: Bytes that the log holds.
LOGGED = 2 << 20
#: Bytes of output after which a command is ended.
FLOOD = 64 << 20
#: Variable by which every process of a command is known.
MARK = "ARCTL_MARK"
CHUNK = 1 << 16
#: Seconds after which processes that cannot be killed are let be.
PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: `how` is exited, timeout or flood; `status` is negative for a signal."""

    how: str
    status: int
    output: bytes
    errors: bytes


class Pump:
    """Takes both outputs as they come: the log gets their beginning, `kept` their end."""

    def __init__(self, log: int) -> None:
        self._log = log
        self._open: dict[int, bytearray] = {}
        self._loop = asyncio.get_running_loop()
        self.total = 0
        self.flooded = asyncio.Event()
        self.closed = asyncio.Event()

    def take(self) -> tuple[int, bytearray]:
        """Return the writing end of a new pipe, and what will be kept of what comes out of it."""
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        self._open[reading] = kept = bytearray()
        self._loop.add_reader(reading, self._read, reading)
        return writing, kept

    def _read(self, pipe: int) -> None:
        try:
            data = os.read(pipe, CHUNK)
        except BlockingIOError:
            return
        if not data:
            self._close(pipe)
            return
        with contextlib.suppress(OSError):
            # A full disk costs the log its end, nothing else.
            os.write(self._log, data[: max(0, LOGGED - self.total)])
        self.total += len(data)
        kept = self._open[pipe]
        kept += data
        if len(kept) > 2 * KEPT:
            del kept[:-KEPT]
        if self.total > FLOOD:
            self.flooded.set()

    def _close(self, pipe: int) -> None:
        self._loop.remove_reader(pipe)
        os.close(pipe)
        del self._open[pipe]
        if not self._open:
            self.closed.set()

    def close(self) -> None:
        """Stop reading."""
        for pipe in list(self._open):
            self._close(pipe)


async def run(
    words: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: Path | None, log: Path, timeout: float
) -> Ended:
    """Run a command to its end; whatever happens, cancelling included, no process of it is left.

    Must be awaited on the main thread: the command dies with the thread that forks it. Raises `OSError` where
    it cannot be started.
    """
    mark = f"{MARK}={secrets.token_hex(16)}"
    environment = {**env, MARK: mark.partition("=")[2]}
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    pump = Pump(descriptor)
    try:
        output, kept = pump.take()
        errors, kept_errors = pump.take()
        given = os.open(stdin or os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        try:
            process = await asyncio.create_subprocess_exec(
                *words,
                stdin=given,
                stdout=output,
                stderr=errors,
                cwd=cwd,
                env=environment,
                start_new_session=True,
            )
        finally:
            for number in (given, output, errors):
                os.close(number)
        try:
            how = await _watch(process, pump, timeout)
        finally:
            _kill(process)
            await asyncio.shield(_end(process, mark.encode()))
        # What the pipes still hold; nobody writes any more.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(pump.closed.wait(), PATIENCE)
        return Ended(how, process.returncode or 0, bytes(kept[-KEPT:]), bytes(kept_errors[-KEPT:]))
    finally:
        pump.close()
        os.close(descriptor)


async def _watch(process: asyncio.subprocess.Process, pump: Pump, timeout: float) -> str:
    """Wait for the end of the command, of its time, or of our patience with its output."""
    waiting = {
        "exited": asyncio.ensure_future(process.wait()),
        "flood": asyncio.ensure_future(pump.flooded.wait()),
    }
    try:
        done, _ = await asyncio.wait(waiting.values(), timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        return next((how for how, task in waiting.items() if task in done), "timeout")
    finally:
        for task in waiting.values():
            task.cancel()


def _kill(process: asyncio.subprocess.Process) -> None:
    """Kill the command and its group at once, unless it has gone already: then its number is free."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


async def _end(process: asyncio.subprocess.Process, mark: bytes) -> None:
    """Kill what is left of a command, until there is nothing."""
    await process.wait()
    end = asyncio.get_running_loop().time() + PATIENCE
    while await asyncio.to_thread(_sweep, process.pid, mark) and asyncio.get_running_loop().time() < end:
        await asyncio.sleep(0.01)


def _sweep(session: int, mark: bytes) -> int:
    """Kill every process of a session, and every one that carries the mark; return how many there were."""
    found = 0
    # Its leader has gone; where there is a process with that number again, it is somebody else's session.
    ours = session if not Path(f"/proc/{session}").exists() else -1
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():  # noqa: PTH112, PTH208  # by the thousand
        if name.isdigit() and _belongs(name, ours, mark):
            found += 1
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(int(name), signal.SIGKILL)
    return found


def _belongs(name: str, session: int, mark: bytes) -> bool:
    try:
        with open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123
            fields = file.read().rpartition(b")")[2].split()
        if fields[0] in (b"Z", b"X"):
            return False
        if int(fields[3]) == session:
            return True
        with open(f"/proc/{name}/environ", "rb") as file:  # noqa: PTH123
            return mark in file.read().split(b"\0")
    except (OSError, IndexError, ValueError):
        return False
