"""Connections: the socket, the handshake, requests and their replies, subscriptions from a cursor."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import Any, cast

from arctl import protocol
from arctl.daemon.commands import METHODS, Caller, Context
from arctl.daemon.commands.base import Method, Params
from arctl.daemon.commands.devices import listing
from arctl.daemon.peers import StrangerError, peer
from arctl.errors import ArctlError, ProtocolError, RefusedError, UsageError
from arctl.paths import private_folder
from arctl.protocol import Message

log = logging.getLogger(__name__)

#: Events sent in one go, and how far a subscriber may fall behind before it is told to look anew.
PAGE = 200
MAX_LAG = 20_000
#: Requests of one connection that are answered at the same time.
MAX_REQUESTS = 32
#: Connections at the same time; a further one takes the place of the one that has been silent for longest.
MAX_CONNECTIONS = 256


class UnknownMethodError(ProtocolError):
    """The daemon has no such method."""


class Server:
    """Listens on the daemon's socket."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._path = context.home.socket
        self._server: asyncio.Server | None = None
        #: Those who are served, and those of whom leave was taken and who are still here.
        self._connections: dict[asyncio.Task[None], Connection] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._inode = 0
        self._strangers: set[str] = set()

    async def open(self) -> None:
        """Bind the socket; the lock is held, so a socket that lies there is nobody's."""
        private_folder(self._path.parent)
        self._path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._accepted, str(self._path), limit=protocol.MAX_LINE)
        self._path.chmod(0o600)
        self._inode = self._path.stat().st_ino
        self._server = server

    async def guard(self) -> None:
        """Bind again whenever somebody deleted the socket."""
        while True:
            await asyncio.sleep(2.0)
            if not _is(self._path, self._inode):
                log.warning("the socket %s was removed; bound again", self._path)
                if self._server is not None:
                    self._server.close()
                await self.open()

    async def close(self) -> None:
        """Hang up on everybody and remove the socket."""
        if self._server is not None:
            self._server.close()
        tasks = [*self._connections, *self._leaving]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if _is(self._path, self._inode):
            self._path.unlink(missing_ok=True)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A coroutine that is under way always has one.
        task = cast("asyncio.Task[None]", asyncio.current_task())
        try:
            actor = peer(writer.get_extra_info("socket"))
        except StrangerError as error:
            if str(error) not in self._strangers:
                # Once: whoever tries without end must not fill the log.
                self._strangers.add(str(error))
                log.warning("hung up: %s", error)
            writer.close()
            return
        connection = Connection(self._context, actor, reader, writer)
        self._make_room()
        self._connections[task] = connection
        try:
            await connection.serve()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._connections.pop(task, None)
            self._leaving.discard(task)
            connection.hang_up()

    def _make_room(self) -> None:
        """Hang up on whoever has said nothing for longest where there are too many: the others are served."""
        while len(self._connections) >= MAX_CONNECTIONS:
            silent = min(self._connections, key=lambda task: self._connections[task].heard)
            connection = self._connections.pop(silent)
            log.warning("more than %d connections: hung up on the most silent one", MAX_CONNECTIONS)
            self._leaving.add(silent)
            connection.abort()
            silent.cancel()


def _is(path: Path, inode: int) -> bool:
    try:
        return path.stat().st_ino == inode
    except OSError:
        return False


class Connection:
    """One client: its requests are answered side by side, its subscription runs beside them."""

    def __init__(
        self, context: Context, actor: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._context = context
        self._caller = Caller(actor)
        self._reader, self._writer = reader, writer
        self._turns = asyncio.Semaphore(MAX_REQUESTS)
        self._tasks: set[asyncio.Task[None]] = set()
        self._subscription: asyncio.Task[None] | None = None
        self._sending = asyncio.Lock()
        #: When it said something last.
        self.heard = asyncio.get_running_loop().time()

    def hang_up(self) -> None:
        """Close the connection once what was answered has been read."""
        self._writer.close()

    def abort(self) -> None:
        """Close the connection at once."""
        self._writer.transport.abort()

    async def serve(self) -> None:
        """Read requests until the client hangs up."""
        try:
            while line := await self._line():
                self.heard = asyncio.get_running_loop().time()
                await self._turns.acquire()
                task = asyncio.create_task(self._answer(line))
                self._tasks.add(task)
                task.add_done_callback(self._answered)
                if not self._caller.greeted:
                    await task
            # A client that only stopped talking, as a pipe does, still gets its answers.
            await asyncio.gather(*self._tasks, return_exceptions=True)
        finally:
            for task in [*self._tasks, *([self._subscription] if self._subscription else [])]:
                task.cancel()

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._turns.release()

    async def _line(self) -> bytes:
        try:
            return await self._reader.readline()
        except ValueError:
            error = ProtocolError(f"a message of more than {protocol.MAX_LINE} bytes", "ask for less at once")
            await self._send(protocol.failure(None, error, protocol.INVALID_REQUEST))
            return b""

    async def _send(self, message: Message) -> None:
        with contextlib.suppress(ConnectionError):
            data = protocol.encode(message)
            if len(data) > protocol.MAX_LINE:
                error = ArctlError("the answer is too long for one message", "ask for less at once")
                data = protocol.encode(protocol.failure(message.get("id"), error))
            async with self._sending:
                self._writer.write(data)
                await self._writer.drain()

    async def _answer(self, line: bytes) -> None:
        ident: Any = None
        try:
            message = protocol.decode(line)
            ident = message.get("id")
            result = await self._call(message)
        except ArctlError as error:
            code = None
            if isinstance(error, UnknownMethodError):
                code = protocol.METHOD_NOT_FOUND
            elif ident is None and isinstance(error, ProtocolError):
                code = protocol.PARSE_ERROR
            await self._send(protocol.failure(ident, error, code))
        except Exception as error:  # the boundary: a broken method must not take the connection down
            log.exception("a request failed")
            failed = ArctlError(f"the daemon failed: {type(error).__name__}: {error}", "see `arctl logs`")
            await self._send(protocol.failure(ident, failed, protocol.INTERNAL_ERROR))
        else:
            await self._send(protocol.reply(ident, result))

    async def _call(self, message: Message) -> Any:
        name, params = message.get("method"), message.get("params", {})
        if not isinstance(name, str) or not isinstance(params, dict):
            msg = "a request needs a method and an object of params"
            raise UsageError(msg)
        if not self._caller.greeted and name != "hello":
            msg = "the first request must be hello"
            raise ProtocolError(msg, "use a client of this version of arctl")
        if name == "subscribe":
            return await self._subscribe(Params(params))
        known = METHODS.get(name)
        if known is None:
            msg = f"there is no method {name!r}"
            raise UnknownMethodError(msg, "the daemon may be older than this client: restart it")
        if known.changes:
            if self._caller.readonly:
                msg = f"this connection is read-only and cannot {name}"
                raise RefusedError(msg, "connect without --readonly")
            if isinstance(key := params.get("key"), str):
                return await self._once(f"{name}:{key}", known.call, params)
        return await known.call(self._context, self._caller, Params(params))

    async def _once(self, key: str, call: Method, params: Message) -> Any:
        """Carry a command out unless it was before; its answer is the same each time it is asked."""
        turns = self._context.turns
        async with turns.setdefault(key, asyncio.Lock()):
            before = await self._context.reader.answered(key)
            if before is not None:
                return before
            return await call(self._context, self._caller, Params({**params, "key": key}))

    # -- subscriptions -----------------------------------------------------------------------------------

    async def _subscribe(self, params: Params) -> Any:
        """Stream events behind a cursor; an unknown epoch, or a pruned cursor, begins at now, and says so."""
        context = self._context
        last, pruned = await context.reader.last_event(), await context.reader.pruned()
        after, epoch = params.get("after", int, -1), params.get("epoch", str, context.epoch)
        topics = params.get("topics", list, ["events"])
        known = epoch == context.epoch and pruned <= after <= last
        cursor = after if known else last
        if self._subscription is not None:
            self._subscription.cancel()
        self._subscription = asyncio.create_task(self._stream(cursor, {str(topic) for topic in topics}))
        return {"epoch": context.epoch, "seq": cursor, "resumed": known}

    async def _stream(self, cursor: int, topics: set[str]) -> None:
        feeds = []
        if "events" in topics:
            feeds.append(self._events(cursor))
        if "devices" in topics:
            feeds.append(self._samples())
        await asyncio.gather(*feeds)

    async def _events(self, cursor: int) -> None:
        """Send every event exactly once, in order, however slow the client reads: the ledger is the queue."""
        context = self._context
        while True:
            news = asyncio.create_task(context.engine.news())
            try:
                last = await context.reader.last_event()
                if last - cursor > MAX_LAG or cursor < await context.reader.pruned():
                    await self._send(protocol.notification("resync", {"epoch": context.epoch, "seq": last}))
                    cursor = last
                while found := await context.reader.events(cursor, PAGE):
                    for event in found:
                        await self._send(protocol.notification("event", event))
                    cursor = found[-1]["seq"]
                await news
            finally:
                news.cancel()

    async def _samples(self) -> None:
        while True:
            await self._send(protocol.notification("sample", {"devices": listing(self._context)}))
            await asyncio.sleep(1.0)
