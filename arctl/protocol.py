"""The wire: JSON-RPC 2.0, one message a line, over a Unix socket.

A connection begins with `hello`; after it come requests (with an id), their replies, and
notifications from the daemon (`event`, `sample`, `resync`) where the client subscribed.
"""

from __future__ import annotations

import json
from typing import Any

from arctl.errors import ArctlError, Exit, ProtocolError, RefusedError, UsageError

#: Major and minor; another major is refused, a newer minor only adds.
PROTOCOL = (1, 0)

#: The longest message in bytes; asyncio's default of 64 KiB is too short for diffs.
MAX_LINE = 1 << 20

Message = dict[str, Any]

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
PROTOCOL_MISMATCH = -32001
REFUSED = -32002
FAILED = -32004

_CODES: dict[int, type[ArctlError]] = {
    PROTOCOL_MISMATCH: ProtocolError,
    REFUSED: RefusedError,
    INVALID_PARAMS: UsageError,
    METHOD_NOT_FOUND: ProtocolError,
}
_EXITS = {
    Exit.PROTOCOL: PROTOCOL_MISMATCH,
    Exit.REFUSED: REFUSED,
    Exit.USAGE: INVALID_PARAMS,
    Exit.NOT_RUNNING: FAILED,
    Exit.FAILED: FAILED,
}


def encode(message: Message) -> bytes:
    """Return one line; NaN and infinity become null, which JSON can say."""
    try:
        text = json.dumps(message, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:
        text = json.dumps(finite(message), ensure_ascii=False, separators=(",", ":"))
    # A lone surrogate (a file name that is not UTF-8) must not take the connection down.
    return text.encode("utf-8", "replace") + b"\n"


def finite(value: Any) -> Any:
    """Replace each float that JSON cannot carry by None."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def decode(line: bytes) -> Message:
    """Read one line; raises `ProtocolError` where it is no JSON object."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError) as error:
        msg = f"a message that is not JSON: {error}"
        raise ProtocolError(msg) from error
    if not isinstance(message, dict):
        msg = "a message that is not a JSON object"
        raise ProtocolError(msg)
    return message


def request(ident: int, method: str, params: Message) -> Message:
    """Build a request."""
    return {"jsonrpc": "2.0", "id": ident, "method": method, "params": params}


def notification(method: str, params: Message) -> Message:
    """Build a notification."""
    return {"jsonrpc": "2.0", "method": method, "params": params}


def reply(ident: int | str | None, result: Any) -> Message:
    """Build the reply to a request."""
    return {"jsonrpc": "2.0", "id": ident, "result": result}


def failure(ident: int | str | None, error: ArctlError, code: int | None = None) -> Message:
    """Build the error reply that carries `error` with its remedy."""
    number = _EXITS.get(error.code, FAILED) if code is None else code
    body = {"code": number, "message": error.message, "data": {"remedy": error.remedy}}
    return {"jsonrpc": "2.0", "id": ident, "error": body}


def raised(body: object) -> ArctlError:
    """Return the typed error that an error reply stands for; one of no daemon of ours is an error, too."""
    if not isinstance(body, dict):
        return ProtocolError(f"an error that is no error reply: {body!r:.60}", "see what answers there")
    code, data = body.get("code"), body.get("data")
    kind = _CODES.get(code, ArctlError) if isinstance(code, int) else ArctlError
    remedy = data.get("remedy", "") if isinstance(data, dict) else ""
    return kind(str(body.get("message", "the daemon gave no reason")), str(remedy))


def check_version(theirs: object, *, them: str, version: str) -> None:
    """Refuse another major; `them` is "daemon" or "client"."""
    if isinstance(theirs, list | tuple) and theirs and theirs[0] == PROTOCOL[0]:
        return
    spoken = ".".join(map(str, theirs)) if isinstance(theirs, list | tuple) else str(theirs)
    msg = f"the {them} (arctl {version}) speaks protocol {spoken}, this side {PROTOCOL[0]}.{PROTOCOL[1]}"
    remedy = "use the arctl that belongs to the daemon, or restart it: `arctl stop`, then `arctl start`"
    raise ProtocolError(msg, remedy)
