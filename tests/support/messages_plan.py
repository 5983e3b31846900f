"""What the fake model server answers: one plan for each call, ordinary or with a fault of the field."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

#: Faults within an answer that begins with status 200, and what the server does for each.
FAULTS = {
    "cut": "the stream ends cleanly before message_stop",
    "drop": "the connection breaks in mid-stream",
    "reset": "the connection is reset in mid-stream",
    "stall": "the stream goes silent after its first words",
    "silent": "the request is read and never answered",
    "pings": "nothing but pings, for ever",
    "overloaded": "an error event `overloaded_error` inside the stream",
    "error_event": "an error event `api_error` inside the stream",
    "malformed": "an event whose data is no JSON",
    "html": "a page of HTML with status 200",
    "no_usage": "no usage anywhere",
    "no_stop_reason": "a message_delta without stop_reason",
    "no_start": "no message_start",
    "no_content": "a block that begins without its type, a delta without its text",
    "truncated_tool": "max_tokens is met inside a tool call",
}

ERRORS = {
    400: ("invalid_request_error", "messages: the request is not valid"),
    401: ("authentication_error", "invalid x-api-key"),
    402: ("billing_error", "the organisation's credit is used up"),
    403: ("permission_error", "this key may not use the model"),
    404: ("not_found_error", "model: no such model"),
    413: ("request_too_large", "the request exceeds the maximum size"),
    429: ("rate_limit_error", "the rate limit was met"),
    500: ("api_error", "internal server error"),
    503: ("api_error", "service unavailable"),
    504: ("timeout_error", "the request timed out"),
    529: ("overloaded_error", "overloaded"),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """One answer; `blocks` are content blocks of the Messages API, ids of tool calls are added.

    `usage` overrides the figures that the server counts itself. `fault` is a key of `FAULTS`. A `status`
    other than 200 is an error answer; `retry_after` its header. `wait` are seconds before the answer begins.
    """

    blocks: tuple[Json, ...] = ()
    stop_reason: str = ""
    usage: Json = field(default_factory=dict)
    fault: str = ""
    status: int = 200
    message: str = ""
    retry_after: str = ""
    wait: float = 0.0

    @property
    def stop(self) -> str:
        """Why the model stopped: as said, else by whether it calls a tool."""
        if self.stop_reason:
            return self.stop_reason
        return "tool_use" if any(block["type"] == "tool_use" for block in self.blocks) else "end_turn"


def text(words: str, **more: Any) -> Plan:
    """Return a plan that says something."""
    return Plan(blocks=({"type": "text", "text": words},), **more)


def call(name: str, given: Json, *, words: str = "", **more: Any) -> Plan:
    """Return a plan that calls one tool, after some words."""
    return calls((name, given), words=words, **more)


def calls(*tools: tuple[str, Json], words: str = "", **more: Any) -> Plan:
    """Return a plan that calls tools, in this order, after some words."""
    said: tuple[Json, ...] = ({"type": "text", "text": words},) if words else ()
    used = tuple({"type": "tool_use", "name": name, "input": given} for name, given in tools)
    return Plan(blocks=said + used, **more)


def fault(name: str, plan: Plan | None = None) -> Plan:
    """Return a plan with one of `FAULTS`."""
    if name not in FAULTS:
        msg = f"no such fault: {name}"
        raise ValueError(msg)
    body = plan or text("These words are cut before they are over.")
    if name == "truncated_tool" and plan is None:
        body = call("finish", {"change": "x" * 400})
    more = {"stop_reason": "max_tokens"} if name == "truncated_tool" else {}
    return Plan(blocks=body.blocks, usage=body.usage, fault=name, **more)  # type: ignore[arg-type]


def error(status: int, *, retry_after: str | float = "", message: str = "") -> Plan:
    """Return a plan that refuses with an HTTP status."""
    return Plan(status=status, retry_after=str(retry_after), message=message)


def overflow() -> Plan:
    """Return the 400 of a prompt that is longer than the model's context."""
    return error(400, message="prompt is too long: 214311 tokens > 200000 maximum")


def refusal() -> Plan:
    """Return a refusal of the model."""
    return Plan(blocks=({"type": "text", "text": "I cannot help with that."},), stop_reason="refusal")


# -- counting ----------------------------------------------------------------------------------------------


def count(value: Any) -> int:
    """Count tokens roughly: four bytes each."""
    return max(1, len(json.dumps(value, ensure_ascii=False).encode()) // 4)


class Cache:
    """A prompt cache: remembers the prefixes that were marked, and counts as the real one bills."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def usage(self, request: Json) -> Json:
        """Return the input side of a call's usage, and remember its marked prefixes."""
        digest, total, read, marked, hour = hashlib.sha256(), 0, 0, 0, False
        marks: list[str] = []
        for block in _blocks(request):
            bare = {key: value for key, value in block.items() if key != "cache_control"}
            digest.update(json.dumps(bare, sort_keys=True).encode())
            total += count(bare)
            if control := block.get("cache_control"):
                marks.append(digest.hexdigest())
                marked = total
                hour = hour or control.get("ttl") == "1h"
                if marks[-1] in self._known:
                    read = total
        self._known.update(marks)
        written = marked - read if marks else 0
        return {
            "input_tokens": total - marked,
            "cache_read_input_tokens": read,
            "cache_creation_input_tokens": written,
            "cache_creation": {
                "ephemeral_5m_input_tokens": 0 if hour else written,
                "ephemeral_1h_input_tokens": written if hour else 0,
            },
        }


def _blocks(request: Json) -> list[Json]:
    """Return the parts of a request in the order in which they are cached."""
    system = request.get("system") or []
    found: list[Json] = list(request.get("tools") or [])
    found += [{"type": "text", "text": system}] if isinstance(system, str) else list(system)
    for message in request.get("messages") or []:
        content = message.get("content") or []
        for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            found.append({"role": message.get("role"), **block})
    return found


# -- on the wire -------------------------------------------------------------------------------------------


def message(plan: Plan, usage: Json, body: Json, numbers: Iterator[int]) -> Json:
    """Return the whole message that a plan stands for."""
    blocks = []
    for block in plan.blocks:
        named = block["type"] == "tool_use" and "id" not in block
        blocks.append({**block, "id": f"toolu_{next(numbers)}"} if named else block)
    return {
        "id": f"msg_{next(numbers)}",
        "type": "message",
        "role": "assistant",
        "model": body.get("model", "fake-model"),
        "content": blocks,
        "stop_reason": plan.stop,
        "stop_sequence": None,
        "usage": usage,
    }


def events(plan: Plan, message: Json) -> Iterator[tuple[str, Json | str]]:
    """Yield the events of an answer; `!` breaks it off in the way that follows."""
    usage, how = message["usage"], plan.fault
    opening = {**message, "content": [], "stop_reason": None, "usage": {**usage, "output_tokens": 1}}
    if how == "no_usage":
        opening.pop("usage")
    if how != "no_start":
        yield "message_start", {"message": opening}
    yield "ping", {}
    if how == "pings":
        yield "!", how
    if how == "malformed":
        yield "content_block_start", '{"type": "content_block_start", "index": 0, "content'
    for index, block in enumerate(message["content"]):
        last = index == len(message["content"]) - 1
        yield from _block(index, block, how, last=last)
        if last and how in ("cut", "drop", "reset", "stall"):
            yield "!", how
        if last and how in ("overloaded", "error_event"):
            kind = "overloaded_error" if how == "overloaded" else "api_error"
            yield "error", {"error": {"type": kind, "message": "Overloaded"}}
            return
        yield "content_block_stop", {"index": index}
    delta: Json = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    if how == "no_stop_reason":
        delta = {}
    closing: Json = {"delta": delta, "usage": {"output_tokens": usage["output_tokens"]}}
    if how == "no_usage":
        closing.pop("usage")
    yield "message_delta", closing
    yield "message_stop", {}


def _block(index: int, block: Json, how: str, *, last: bool) -> Iterator[tuple[str, Json | str]]:
    """Yield one block: its start, then its content in three parts."""
    if block["type"] == "tool_use":
        start, body, delta, key = (
            {**block, "input": {}},
            json.dumps(block["input"]),
            "input_json_delta",
            "partial_json",
        )
    elif block["type"] == "thinking":
        start, body, delta, key = {**block, "thinking": ""}, block["thinking"], "thinking_delta", "thinking"
    else:
        start, body, delta, key = {"type": "text", "text": ""}, block["text"], "text_delta", "text"
    if how == "no_content":
        start, key = {}, "nothing"
    yield "content_block_start", {"index": index, "content_block": start}
    third = max(1, -(-len(body) // 3))
    parts = [body[at : at + third] for at in range(0, len(body), third)]
    if last and how in ("cut", "drop", "reset", "stall", "truncated_tool"):
        parts = parts[:1]
    for part in parts:
        yield "content_block_delta", {"index": index, "delta": {"type": delta, key: part}}
