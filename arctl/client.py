"""A blocking client of the daemon, for the command line and for scripts."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from arctl import __version__, protocol
from arctl.errors import NotRunningError, ProtocolError
from arctl.paths import Home
from arctl.protocol import Message

_START = "start it with `arctl start`"


class Client:
    """One connection; use it as a context manager."""

    def __init__(self, home: Home, *, timeout: float | None = 30.0, readonly: bool = False) -> None:
        self.home = home
        self._socket = _connect(home, timeout)
        self._reader = self._socket.makefile("rb")
        self._ident = 0
        self._waiting: list[Message] = []
        try:
            self.welcome: Message = self.call(
                "hello", protocol=list(protocol.PROTOCOL), client=__version__, readonly=readonly
            )
            version = str(self.welcome.get("version"))
            protocol.check_version(self.welcome.get("protocol"), them="daemon", version=version)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        """Return the connection itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._reader.close()
        self._socket.close()

    def call(self, method: str, **params: Any) -> Any:
        """Send a request and return its result; raises the typed error that the daemon answers with."""
        self._ident += 1
        message = protocol.request(self._ident, method, {k: v for k, v in params.items() if v is not None})
        try:
            self._socket.sendall(protocol.encode(message))
        except (BrokenPipeError, ConnectionResetError) as error:
            msg = "the daemon hung up"
            raise NotRunningError(msg, _START) from error
        while True:
            answer = self._read()
            if answer.get("id") == self._ident and "method" not in answer:
                break
            self._waiting.append(answer)
        if "error" in answer:
            raise protocol.raised(answer["error"])
        return answer.get("result")

    def notifications(self) -> Iterator[Message]:
        """Yield what the daemon sends by itself, for ever; call `subscribe` first."""
        while True:
            message = self._waiting.pop(0) if self._waiting else self._read()
            if "method" in message:
                yield message

    def _read(self) -> Message:
        try:
            line = self._reader.readline(protocol.MAX_LINE)
        except TimeoutError as error:
            msg = "the daemon did not answer in time"
            raise NotRunningError(msg, f"look into {self.home.log}") from error
        except OSError as error:
            msg = f"the connection to the daemon broke: {error}"
            raise NotRunningError(msg, _START) from error
        if not line:
            msg = "the daemon hung up"
            raise NotRunningError(msg, f"look into {self.home.log}, or {_START}")
        if not line.endswith(b"\n"):
            msg = "the daemon sent a message that is too long"
            raise ProtocolError(msg, "ask for less at once")
        return protocol.decode(line)


def _connect(home: Home, timeout: float | None) -> socket.socket:
    """Connect to the daemon of a state folder; raises `NotRunningError` where nobody listens."""
    path = home.socket
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout)
    try:
        connection.connect(str(path))
    except FileNotFoundError as error:
        connection.close()
        msg = f"no daemon is running for {home.root}"
        raise NotRunningError(msg, _START) from error
    except (ConnectionRefusedError, ConnectionResetError) as error:
        connection.close()
        msg = f"nobody listens at {path}: a daemon left its socket behind when it died"
        raise NotRunningError(
            msg, f"{_START}; it takes over the stale socket, and nothing is lost"
        ) from error
    except OSError as error:
        connection.close()
        msg = f"cannot connect to {path}: {error}"
        raise NotRunningError(msg, _START) from error
    return connection
