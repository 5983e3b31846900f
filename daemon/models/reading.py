"""From a stream's events to a whole, checked reply; whatever is not whole is no reply."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from arctl.daemon.models.faults import Failure
from arctl.daemon.rows import Json
from arctl.daemon.thought import ModelReply

STOPS = frozenset(
    {
        "end_turn",
        "tool_use",
        "stop_sequence",
        "max_tokens",
        "pause_turn",
        "refusal",
        "model_context_window_exceeded",
    }
)
_COUNTS = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
#: What a delta adds to, and under which name it carries it.
_DELTAS = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "signature_delta": ("signature", "signature"),
}
_TOOLS = ("tool_use", "server_tool_use")


class Reading:
    """One reply as it comes in; `take` each event, then `reply`."""

    def __init__(self) -> None:
        self.begun = False
        self.over = False
        self.stop: str | None = None
        self._usage: Json = {}
        self._blocks: dict[int, Json] = {}
        self._inputs: dict[int, list[str]] = {}
        self._open: set[int] = set()

    def take(self, event: Any) -> None:
        """Take one event as it was sent; raises `Failure` for one that makes no sense."""
        kind = event.get("type") if isinstance(event, dict) else None
        try:
            match kind:
                case "message_start":
                    self._start(event["message"])
                case "content_block_start":
                    self._block(event["index"], event["content_block"])
                case "content_block_delta":
                    self._delta(event["index"], event["delta"])
                case "content_block_stop":
                    self._open.discard(event["index"])
                case "message_delta":
                    self.stop = event["delta"].get("stop_reason") or self.stop
                    self._count(event.get("usage"))
                case "message_stop":
                    self.over = True
                case None:
                    _malformed("an event has no type")
                case _:
                    pass  # servers may send kinds that are not known yet
        except (KeyError, TypeError, AttributeError) as error:
            _malformed(f"a {kind} event lacks {error}")

    def _start(self, message: Json) -> None:
        if message.get("type") != "message" or message.get("role") != "assistant":
            _malformed("the reply is no message of an assistant")
        self.begun = True
        self._count(message.get("usage"))

    def _count(self, usage: Json | None) -> None:
        self._usage.update({key: value for key, value in (usage or {}).items() if value is not None})

    def _block(self, index: int, block: Json) -> None:
        kind = block.get("type")
        if not isinstance(kind, str) or not isinstance(index, int) or index in self._blocks:
            _malformed("a content block has no type, or comes twice")
        if kind in _TOOLS and not (isinstance(block.get("name"), str) and isinstance(block.get("id"), str)):
            _malformed("a tool call has no name or no id")
        self._blocks[index] = {key: value for key, value in block.items() if value is not None}
        self._inputs[index] = []
        self._open.add(index)

    def _delta(self, index: int, delta: Json) -> None:
        block = self._blocks[index]
        if delta["type"] == "input_json_delta":
            self._inputs[index].append(delta["partial_json"])
        elif (found := _DELTAS.get(delta["type"])) is not None:
            name, key = found
            block[name] = block.get(name, "") + delta[key]
        elif delta["type"] == "citations_delta":
            block.setdefault("citations", []).append(delta["citation"])

    # -- the end -------------------------------------------------------------------------------------------

    @property
    def usage(self) -> Json | None:
        """What the call used, checked; None where that is not known for certain."""
        if not self.over or not all(key in self._usage for key in _COUNTS[:2]):
            return None
        found = {key: self._usage.get(key, 0) for key in _COUNTS}
        if any(
            not isinstance(value, int) or isinstance(value, bool) or value < 0 for value in found.values()
        ):
            return None
        split = self._usage.get("cache_creation")
        short = split.get("ephemeral_5m_input_tokens") if isinstance(split, dict) else None
        return {**found, "cache_5m_tokens": short} if isinstance(short, int) and short > 0 else found

    def reply(self) -> ModelReply:
        """Return the reply; raises `Failure` where it is not whole, or must not be acted on."""
        if not self.begun and not self.over:
            _malformed("what came is no stream of the Messages API")
        if not self.over:
            raise Failure("truncated", "the reply ended before it was complete")
        if not self.begun:
            _malformed("the reply has no beginning")
        if self.stop is None:
            _malformed("the reply does not say why it stopped")
        if self.stop not in STOPS:
            _malformed(f"the reply stopped for an unknown reason, {self.stop!r}")
        usage = self.usage
        if usage is None:
            _malformed("the reply does not say what it used")
        if self.stop == "max_tokens":
            raise Failure(
                "truncated",
                "the reply was cut off at its limit of tokens"
                + (" inside a tool call" if self._in_tool else ""),
                "raise [brain] max_tokens",
            )
        if self.stop == "model_context_window_exceeded":
            raise Failure("context", "the conversation outgrew the model's context")
        content = tuple(self._whole(index) for index in sorted(self._blocks))
        if self._open:
            _malformed("a content block was never closed")
        if self.stop == "tool_use" and not any(block["type"] == "tool_use" for block in content):
            _malformed("the reply calls a tool, but names none")
        return ModelReply(content, self.stop, usage)

    @property
    def _in_tool(self) -> bool:
        return any(block["type"] in _TOOLS for block in self._blocks.values())

    def _whole(self, index: int) -> Json:
        block, parts = self._blocks[index], self._inputs[index]
        if block["type"] not in _TOOLS:
            return block
        try:
            given = json.loads("".join(parts)) if any(parts) else block.get("input", {})
        except (ValueError, TypeError):
            _malformed(f"the input of the tool call {block['name']!r} is no JSON")
        if not isinstance(given, dict):
            _malformed(f"the input of the tool call {block['name']!r} is no object")
        return {**block, "input": given}


def _malformed(message: str) -> NoReturn:
    raise Failure("malformed", message) from None
