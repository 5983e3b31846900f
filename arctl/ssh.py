"""One ssh process as a wire: started, ended, and its end told in words a person can act on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from arctl import protocol
from arctl.errors import ArctlError, Exit, NotRunningError
from arctl.text import clean, clean_block

#: Bytes of its stderr that are kept: the end of it, where the reason is.
KEPT = 8192
#: Characters of what it said that are told.
TOLD = 200
#: Seconds that it may take to leave by itself, and to leave when told to.
GRACE = 0.5
#: Seconds that it may take to say why, once the wire broke.
LAST_WORDS = 3.0


@dataclass(frozen=True, slots=True)
class Goodbye:
    """How a wire ended, as its reader saw it.

    `error` is what reading raised, `greeted` whether the daemon had answered before, `heard` the last line
    that was no message.
    """

    error: OSError | None = None
    greeted: bool = False
    heard: str = ""


class _Tail(asyncio.Protocol):
    """Keeps the end of what comes, however much it is; `done` is set when no more can come."""

    def __init__(self) -> None:
        self.data = b""
        self.done = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        """Take in some."""
        self.data = (self.data + data)[-KEPT:]

    def connection_lost(self, exc: Exception | None) -> None:
        """No more comes."""
        self.done.set()


class Ssh:
    """A running ssh; its stdin and stdout are `writer` and `reader`, its stderr is kept.

    It has no terminal (a session of its own): it can ask nothing, and paint nothing over what is shown. One
    socket is both its stdin and its stdout, so it ends with this process, however that ends.
    """

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        wire: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        stderr: tuple[asyncio.ReadTransport, _Tail],
    ) -> None:
        self.process = process
        self.reader, self.writer = wire
        self._transport, self._tail = stderr

    @classmethod
    async def start(cls, words: Sequence[str]) -> Self:
        """Start it; raises `NotRunningError` where there is no ssh."""
        ours, theirs = socket.socketpair()
        # A pipe of our own: a master that ssh leaves behind may hold it open, and must not hold us up.
        read_end, write_end = os.pipe()
        try:
            loop = asyncio.get_running_loop()
            stderr = await loop.connect_read_pipe(_Tail, os.fdopen(read_end, "rb", 0))
            wire = await asyncio.open_unix_connection(sock=ours, limit=protocol.MAX_LINE)
            try:
                process = await asyncio.create_subprocess_exec(
                    *words,
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    stderr=write_end,
                    start_new_session=True,
                )
            except BaseException:
                stderr[0].close()
                wire[1].close()
                raise
        except OSError as error:
            msg = f"cannot start {words[0]}: {error.strerror or error}"
            raise NotRunningError(msg, "install the OpenSSH client, or name one with ARCTL_SSH") from error
        finally:
            theirs.close()
            os.close(write_end)
        return cls(process, wire, stderr)

    async def end(self) -> tuple[int, str]:
        """Wait until it has ended, and make it end; return its exit status and what it said at last."""
        if not await self._left(LAST_WORDS):
            await self._stop()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._tail.done.wait(), GRACE)
        return self.process.returncode or 0, self._tail.data.decode("utf-8", "replace")

    async def close(self) -> None:
        """Hang up: it leaves when its stdin ends, or is told to."""
        self.writer.close()
        try:
            with contextlib.suppress(OSError):
                await self.writer.wait_closed()
            if not await self._left(GRACE):
                await self._stop()
        finally:
            self._signal("kill")  # also where this is cancelled
            self._transport.close()

    async def _stop(self) -> None:
        self._signal("terminate")
        if not await self._left(GRACE):
            self._signal("kill")
            await self._left(GRACE)

    def _signal(self, how: str) -> None:
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate() if how == "terminate" else self.process.kill()

    async def _left(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.process.wait(), seconds)
            return True
        return False


class Far(Protocol):
    """What an explanation speaks of."""

    @property
    def host(self) -> str:
        """As ssh knows it."""

    @property
    def command(self) -> tuple[str, ...]:
        """What is called `arctl` there."""

    @property
    def start_hint(self) -> str:
        """How its daemon is started."""


_FAILED = 255  # ssh's own failures, and those of the connection
_NOT_FOUND = (126, 127)  # the far shell's: no such command, or it cannot be run

_ASKED = "`ssh {host}` must work without a question: `ssh-add` your key, or keep a ControlMaster open"
_REACHED = "see whether `ssh {host}` works; its name, port and user may stand in ~/.ssh/config"
#: What ssh says (never translated), what that means, what to do; the first that fits.
_KNOWN = (
    (r"HOST IDENTIFICATION HAS CHANGED", "{host} shows another host key than before",
     "another machine may answer: find out why; then `ssh-keygen -R` forgets the old key"),
    (r"Host key verification failed", "the host key of {host} is not known here",
     "say `ssh {host}` once, compare the fingerprint and accept it"),
    (r"Permission denied \(|Too many authentication failures", "{host} accepts no key of yours", _ASKED),
    (r"Could not resolve hostname", "there is no host {host}", _REACHED),
    (r"Connection refused", "{host} refuses connections: no ssh server listens there", _REACHED),
    (r"timed out|No route to host|is unreachable", "{host} does not answer", _REACHED),
)  # fmt: skip


def explain(place: Far, code: int, said: str, goodbye: Goodbye) -> ArctlError:
    """Return the error that the end of an ssh stands for, by its exit status and what was said on stderr."""
    host, arctl = place.host, place.command[0]
    last, ours = _last_words(said)
    if code in _NOT_FOUND:
        msg = f"{arctl} was not found on {host}, or cannot be run{_quote(last)}"
        remedy = "install arctl there, or name it with its path: `--remote-command /path/to/arctl`"
        return NotRunningError(msg, remedy)
    if code == int(Exit.NOT_RUNNING) and ours:
        return NotRunningError(f"{host}: {ours}", place.start_hint)
    if code == _FAILED and not goodbye.greeted:
        for pattern, meaning, remedy in _KNOWN:
            if re.search(pattern, said):
                return NotRunningError(f"{meaning.format(host=host)}{_quote(last)}", remedy.format(host=host))
        msg = f"cannot connect to {host}{_quote(last)}"
        return NotRunningError(msg, _ASKED.format(host=host))
    if code == _FAILED or code < 0:
        msg = f"the connection to {host} was lost{_quote(last)}"
        return NotRunningError(msg, f"see whether `ssh {host}` works")
    if goodbye.greeted:
        return NotRunningError(f"the daemon on {host} hung up", place.start_hint)
    told = ours or last or clean(goodbye.heard, TOLD)
    msg = f"{arctl} on {host} ended with {code} and no answer{_quote(told)}"
    return NotRunningError(msg, f"see what `ssh {host} {arctl} --version` says; both sides need arctl")


def _last_words(said: str) -> tuple[str, str]:
    """Return the last line, and the last of arctl's own errors without its name; "" where there is none."""
    lines = [line for line in clean_block(said).split("\n") if line.strip()]
    errors = [line.removeprefix("arctl: ") for line in lines if line.startswith("arctl: ")]
    return clean(lines[-1], TOLD) if lines else "", clean(errors[-1], TOLD) if errors else ""


def _quote(words: str) -> str:
    return f": {words}" if words else ""
