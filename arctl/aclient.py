"""An asyncio client of the daemon: calls side by side, and what the daemon sends by itself in a queue."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Any, Self

from arctl import __version__, protocol
from arctl.errors import ArctlError, NotRunningError, ProtocolError
from arctl.paths import Home
from arctl.places import Line, Local, Place
from arctl.protocol import Message
from arctl.ssh import Goodbye

#: Seconds that a broken wire may take to say why.
LAST_WORDS = 5.0


class AsyncClient:
    """One connection, greeted; make it with `connect`, use it as a context manager.

    Once the connection is lost every call, waiting or new, raises the error that says why.
    """

    def __init__(self, place: Place, line: Line) -> None:
        self.place = place
        self.welcome: Message = {}
        self._line = line
        self._ident = 0
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        # Unbounded: a reply must never wait behind notifications that nobody has read yet.
        self._news: asyncio.Queue[Message | None] = asyncio.Queue()
        self._lost: ArctlError | None = None
        self._heard = ""
        self._reading = asyncio.create_task(self._read(), name="arctl-client")

    @classmethod
    async def connect(cls, place: Home | Place, *, readonly: bool = False, timeout: float = 10.0) -> Self:
        """Connect and shake hands; raises `NotRunningError`, or `ProtocolError` for another version.

        A `Home` stands for the daemon of that state folder on this machine.
        """
        if isinstance(place, Home):
            place = Local(place)
        client = cls(place, await place.open(timeout))
        try:
            await client._greet(readonly, timeout + place.patience)
        except ProtocolError as error:
            await client.close()
            if not place.version_hint:
                raise
            msg = f"{place.label}: {error.message}"
            raise ProtocolError(msg, place.version_hint) from error
        except BaseException:
            await client.close()
            raise
        return client

    async def _greet(self, readonly: bool, timeout: float) -> None:
        spoken = list(protocol.PROTOCOL)
        welcome = await self.call("hello", timeout, protocol=spoken, client=__version__, readonly=readonly)
        if not isinstance(welcome, dict):
            raise ProtocolError("what answers is no arctl daemon", "see what answers there")
        self.welcome = welcome
        version = str(self.welcome.get("version"))
        protocol.check_version(self.welcome.get("protocol"), them="daemon", version=version)

    async def __aenter__(self) -> Self:
        """Return the connection itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        await self.close()

    async def close(self) -> None:
        """Hang up; what still waits for an answer is told."""
        self._reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading
        self._give_up(self._closed())
        await self._line.close()

    def _closed(self) -> ArctlError:
        return NotRunningError("the connection was closed", self.place.start_hint)

    async def call(self, method: str, timeout: float | None = 30.0, /, **params: Any) -> Any:
        """Send a request and return its result; raises the typed error that the daemon answers with."""
        if self._lost is not None:
            raise self._lost
        self._ident += 1
        ident = self._ident
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[ident] = future
        given = {name: value for name, value in params.items() if value is not None}
        try:
            self._line.writer.write(protocol.encode(protocol.request(ident, method, given)))
            await self._line.writer.drain()
            return await asyncio.wait_for(future, timeout)
        except TimeoutError as error:
            msg = "the daemon did not answer in time"
            raise NotRunningError(msg, self.place.silence_hint) from error
        except OSError as error:
            # Writing fails first, but why is told to whoever reads.
            await asyncio.wait({self._reading}, timeout=LAST_WORDS)
            raise (self._lost or self._closed()) from error
        finally:
            self._waiting.pop(ident, None)

    async def notification(self) -> Message:
        """Return the next message that the daemon sent by itself; raises once the connection is lost."""
        message = await self._news.get()
        if message is None:
            self._news.put_nowait(None)  # for whoever asks again
            raise self._lost or self._closed()
        return message

    async def _read(self) -> None:
        """Hand out what arrives until the daemon hangs up."""
        broken: OSError | None = None
        try:
            await self._preamble()
            while line := await self._line.reader.readline():
                self._take(protocol.decode(line))
        except ValueError:  # from readline: longer than its limit
            self._give_up(ProtocolError("the daemon sent a message that is too long", "ask for less at once"))
            return
        except ArctlError as error:
            self._give_up(error)
            return
        except OSError as error:
            broken = error
        self._give_up(await self._line.ended(Goodbye(broken, bool(self.welcome), self._heard)))

    async def _preamble(self) -> None:
        """Pass over what a far shell says before the daemon does, and take in the first message."""
        for _ in range(self._line.foreign):
            line = await self._line.reader.readline()
            if line.startswith(b"{") or not line:
                if line:
                    self._take(protocol.decode(line))
                return
            self._heard = line.decode("utf-8", "replace").strip() or self._heard

    def _take(self, message: Message) -> None:
        if "method" in message:
            self._news.put_nowait(message)
            return
        future = self._waiting.get(message.get("id") or 0)
        if future is None or future.done():
            return  # nobody waits for it any more
        if "error" in message:
            future.set_exception(protocol.raised(message["error"]))
        else:
            future.set_result(message.get("result"))

    def _give_up(self, error: ArctlError) -> None:
        if self._lost is not None:
            return
        self._lost = error
        self._news.put_nowait(None)
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(error)
