"""A model server for tests: speaks the Messages API over real HTTP, streaming, to the real SDK.

    with MessagesServer(script=lambda request: call("finish", {"done": True})) as server:
        ...  # base_url = server.url

`script` is given each request's JSON and returns a `Plan` (see `messages_plan`); without one the server says
a few words. `server.requests` holds what was asked, newest last. By hand:
`python -m tests.support.messages_server --port 8400`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count as counter
from typing import Any, ClassVar

from tests.support.messages_plan import (
    ERRORS,
    FAULTS,
    Cache,
    Json,
    Plan,
    call,
    calls,
    count,
    error,
    events,
    fault,
    message,
    overflow,
    refusal,
    text,
)

__all__ = [
    "FAULTS",
    "MessagesServer",
    "Plan",
    "Seen",
    "call",
    "calls",
    "error",
    "fault",
    "overflow",
    "refusal",
    "text",
]

Script = Callable[[Json], Plan]


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it came: path, headers in lower case, body, and when (monotonic)."""

    path: str
    headers: dict[str, str]
    body: Json
    at: float


class MessagesServer:
    """The server; a context manager that listens on a free port of the loopback."""

    def __init__(self, script: Script | None = None, *, port: int = 0, delay: float = 0.0) -> None:
        self.script = script or (lambda request: text("I have nothing to add."))
        #: Every call of the model (not of `count_tokens`), oldest first.
        self.seen: list[Seen] = []
        #: Says, while an outage lasts, that every call is answered with 529.
        self.overloaded: Callable[[], bool] = lambda: False
        #: Seconds before each answer, for a model that takes its time.
        self.delay = delay
        self.cache = Cache()
        self.closing = threading.Event()
        self.lock = threading.Lock()
        self.numbers = counter(1)
        self.sockets: set[socket.socket] = set()
        self._port = port
        self._http: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The address for `base_url`."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def requests(self) -> list[Json]:
        """The bodies of all calls, oldest first."""
        with self.lock:
            return [seen.body for seen in self.seen]

    def __enter__(self) -> MessagesServer:
        self.open()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def open(self) -> None:
        """Listen; after `close` on the same port again."""
        self.closing = threading.Event()
        handler = type("Handler", (_Handler,), {"owner": self})
        self._http = _Http(("127.0.0.1", self._port), handler)
        self._port = self._http.server_address[1]
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hang up on everybody; from now on connections are refused."""
        self.closing.set()
        if self._http is not None and self._thread is not None:
            self._http.shutdown()
            self._http.server_close()
            self._thread.join(5)
        with self.lock:
            for other in list(self.sockets):
                with contextlib.suppress(OSError):
                    other.shutdown(socket.SHUT_RDWR)
        self._http = self._thread = None

    @contextlib.contextmanager
    def outage(self, kind: str = "refused") -> Iterator[None]:
        """Be away: connections are `refused`, or every call is answered `overloaded` (529)."""
        if kind == "refused":
            self.close()
            try:
                yield
            finally:
                self.open()
            return
        before, self.overloaded = self.overloaded, lambda: True
        try:
            yield
        finally:
            self.overloaded = before


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: ClassVar[MessagesServer]

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self.owner.lock:
            self.owner.sockets.add(self.connection)

    def finish(self) -> None:
        with self.owner.lock:
            self.owner.sockets.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's name
        """Say nothing."""

    # -- what is asked ---------------------------------------------------------------------------------

    def do_HEAD(self) -> None:  # the base class's names
        self._send(200, b"", "text/plain")

    def do_GET(self) -> None:
        if self.path.partition("?")[0] == "/v1/models":
            model = {
                "type": "model",
                "id": "fake-model",
                "display_name": "Fake",
                "created_at": "2025-01-01T00:00:00Z",
            }
            self._json(
                200, {"data": [model], "has_more": False, "first_id": "fake-model", "last_id": "fake-model"}
            )
        else:
            self._json(200, {})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        path = self.path.partition("?")[0]
        try:
            body: Json = json.loads(raw) if raw else {}
        except ValueError:
            return self._refuse(error(400))
        if path.endswith("/v1/messages/count_tokens"):
            return self._json(200, {"input_tokens": count(body)})
        if not path.endswith("/v1/messages"):
            return self._json(200, {})  # telemetry of coding agents and the like
        return self._answer(path, body)

    def _answer(self, path: str, body: Json) -> None:
        owner = self.owner
        headers = {key.lower(): value for key, value in self.headers.items()}
        with owner.lock:
            owner.seen.append(Seen(path, headers, body, time.monotonic()))
        plan = error(529) if owner.overloaded() else owner.script(body)
        if (wait := plan.wait or owner.delay) and owner.closing.wait(wait):
            self.close_connection = True
            return
        if plan.status != 200:
            self._refuse(plan)
        elif plan.fault == "silent":
            self._linger()
        elif plan.fault == "html":
            self._send(200, b"<!doctype html><title>Sign in</title><p>Welcome to the hotel.", "text/html")
        elif body.get("stream"):
            self._stream(plan, body)
        else:
            self._json(200, self._message(plan, body))

    # -- how it is answered ----------------------------------------------------------------------------

    def _message(self, plan: Plan, body: Json) -> Json:
        with self.owner.lock:
            usage = self.owner.cache.usage(body)
        said = sum(count(block) for block in plan.blocks) or 1
        return message(plan, {**usage, "output_tokens": said, **plan.usage}, body, self.owner.numbers)

    def _refuse(self, plan: Plan) -> None:
        kind, message = ERRORS.get(plan.status, ("api_error", "an error"))
        more = {"retry-after": plan.retry_after} if plan.retry_after else {}
        body = {"type": "error", "error": {"type": kind, "message": plan.message or message}}
        self._send(plan.status, json.dumps(body).encode(), "application/json", more)

    def _json(self, status: int, body: Json) -> None:
        self._send(status, json.dumps(body).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str, more: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.send_header("request-id", f"req_{next(self.owner.numbers)}")
        for key, value in (more or {}).items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def _linger(self) -> None:
        """Say nothing more until the client hangs up or the server closes."""
        self.close_connection = True
        self.connection.settimeout(0.02)
        while not self.owner.closing.is_set():
            try:
                if not self.connection.recv(1):
                    return
            except TimeoutError:
                continue
            except OSError:
                return

    def _chunk(self, raw: bytes) -> None:
        self.wfile.write(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")
        self.wfile.flush()

    def _event(self, kind: str, data: Json | str) -> None:
        shown = data if isinstance(data, str) else json.dumps({"type": kind, **data})
        self._chunk(f"event: {kind}\ndata: {shown}\n\n".encode())

    def _stream(self, plan: Plan, body: Json) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream; charset=utf-8")
        self.send_header("transfer-encoding", "chunked")
        self.send_header("request-id", f"req_{next(self.owner.numbers)}")
        self.end_headers()
        for kind, data in events(plan, self._message(plan, body)):
            if kind == "!":
                return self._break(str(data))
            self._event(kind, data)
        self.wfile.write(b"0\r\n\r\n")
        return None

    def _break(self, how: str) -> None:
        self.close_connection = True
        if how == "cut":
            self.wfile.write(b"0\r\n\r\n")
        elif how == "stall":
            self._linger()
        elif how == "pings":
            with contextlib.suppress(OSError):
                while not self.owner.closing.wait(0.02):
                    self._event("ping", {})
        elif how == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="A model server that speaks the Messages API, for tests.")
    parser.add_argument("--port", type=int, default=8400)
    parser.add_argument("--say", default="I have nothing to add.", help="what it answers")
    parser.add_argument("--fault", choices=sorted(FAULTS), help="answer every call with this fault")
    parser.add_argument("--status", type=int, help="answer every call with this HTTP status")
    parser.add_argument("--outage", nargs=2, type=float, metavar=("FROM", "TO"), help="seconds from now: 529")
    given = parser.parse_args()

    def script(request: Json) -> Plan:
        del request
        if given.status:
            return error(given.status)
        return fault(given.fault) if given.fault else text(given.say)

    with MessagesServer(script, port=given.port) as server:
        if given.outage:
            begun, (start, end) = time.monotonic(), given.outage
            server.overloaded = lambda: start <= time.monotonic() - begun < end
        print(server.url, flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
