"""A model server for tests that speaks as much of the Responses API as `codex exec` needs, streaming."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

Json = dict[str, Any]
#: What each call is answered with: a request's JSON -> an output item, or a status that refuses it.
Script = Callable[[Json], Json | int]


def shell(command: str, number: int) -> Json:
    """Return a call of the agent's shell."""
    given = json.dumps({"cmd": command})
    return {"type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}", "name": "exec_command", "arguments": given}  # fmt: skip # noqa: E501


def words(text: str) -> Json:
    """Return some last words."""
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}


class ResponsesServer:
    """The server; a context manager that listens on a free port of the loopback."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.requests: list[Json] = []
        handler = type("Handler", (_Handler,), {"owner": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """The address for `base_url`."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> ResponsesServer:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: ClassVar[ResponsesServer]

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class's name
        """Say nothing."""

    def do_GET(self) -> None:
        self._send(200, b'{"object": "list", "data": [], "models": []}', "application/json")

    def do_POST(self) -> None:
        body: Json = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)))
        self.owner.requests.append(body)
        item = self.owner.script(body)
        if isinstance(item, int):
            refusal = {"error": {"message": "Incorrect API key provided", "type": "invalid_request_error"}}
            return self._send(item, json.dumps(refusal).encode(), "application/json")
        name = f"resp_{len(self.owner.requests)}"
        usage = {"input_tokens": 100, "output_tokens": 10, "total_tokens": 110}
        events: list[Json] = [
            {"type": "response.created", "response": {"id": name}},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": {"id": name, "usage": usage}},
        ]
        told = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
        return self._send(200, told.encode(), "text/event-stream")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
