"""One call over the wire: the official SDK, always streaming, with a deadline of our own."""

from __future__ import annotations

import asyncio
import importlib
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from arctl.daemon.models.faults import Failure, understood
from arctl.daemon.models.limits import Clock
from arctl.daemon.models.prices import is_local
from arctl.daemon.models.reading import Reading
from arctl.daemon.rows import Json
from arctl.daemon.thought import ModelReply, ModelRequest

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

#: Where calls go without a base_url; said here, so that no variable of the environment says otherwise.
OFFICIAL = "https://api.anthropic.com"
CONNECT = 10.0
_SCHEMES = ("http://", "https://", "all://")
_LOGGERS = ("anthropic", "httpx", "httpx2", "httpcore", "httpcore2")


@dataclass(frozen=True, slots=True)
class Exchange:
    """How one call went: a reply or a failure, and what it used where that is certain."""

    reply: ModelReply | None
    failure: Failure | None
    usage: Json | None
    seconds: float


def compose(request: ModelRequest) -> Json:
    """Return a request in the words of the Messages API; a block's `cache` becomes its cache_control."""
    body: Json = {
        "model": request.settings.model,
        "max_tokens": request.max_tokens or request.settings.max_tokens,
        "messages": [_message(message) for message in request.messages],
    }
    if request.system:
        body["system"] = [_marked(block) for block in request.system]
    if request.tools:
        body["tools"] = [_marked(tool) for tool in request.tools]
        if request.tool_choice is not None:
            body["tool_choice"] = request.tool_choice
    return body


def _message(message: Json) -> Json:
    content = message.get("content")
    return (
        {**message, "content": [_marked(block) for block in content]}
        if isinstance(content, list)
        else message
    )


def _marked(block: Json) -> Json:
    """Turn `"cache": "5m"` or `"1h"` into a breakpoint; one that a brain set itself stays as it is."""
    if "cache" not in block:
        return block
    marked = {key: value for key, value in block.items() if key != "cache"}
    if block["cache"]:
        hour = {"ttl": "1h"} if block["cache"] == "1h" else {}
        marked.setdefault("cache_control", {"type": "ephemeral", **hour})
    return marked


class Wire:
    """Keeps one client of the SDK for each server and key."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._clients: dict[tuple[str, str], AsyncAnthropic] = {}

    async def send(self, body: Json, url: str, key: str, deadline: float) -> Exchange:
        """Make one call; never raises for what the other side does. Cancelled, it hangs up."""
        reading, begun, start = Reading(), False, self._clock.monotonic()
        reply: ModelReply | None = None
        failure: Failure | None = None
        try:
            async with asyncio.timeout(deadline):
                client = await self._made(url, key)
                stream = await client.messages.create(**body, stream=True, timeout=deadline + CONNECT)
                begun = True
                async with stream:
                    _check_kind(stream.response.headers.get("content-type", ""))
                    async for event in stream:
                        reading.take(event.to_dict())
                reply = reading.reply()
        except TimeoutError:
            failure = Failure("timeout", f"the model did not finish its reply within {deadline:g} s")
        except Exception as error:  # noqa: BLE001  # the SDK lets through whatever lies under it; each is typed
            failure = understood(error, begun=begun, url=url, now=self._clock.wall())
        return Exchange(reply, failure, reading.usage, self._clock.monotonic() - start)

    async def close(self) -> None:
        """Close all connections."""
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.close()

    async def _made(self, url: str, key: str) -> AsyncAnthropic:
        if not self._clients:
            # Seconds of CPU: only where a model is called at all, and not in the loop's thread.
            await asyncio.to_thread(importlib.import_module, "anthropic.resources.messages")
        return self._client(url, key)

    def _client(self, url: str, key: str) -> AsyncAnthropic:
        found = self._clients.get((url, key))
        if found is None:
            from anthropic import AsyncAnthropic, DefaultAsyncHttpxClient, Timeout

            for name in _LOGGERS:
                # At finer levels they write whole requests.
                logging.getLogger(name).setLevel(logging.WARNING)
            # No proxy lies on the way to this machine itself, and an API sends nobody elsewhere.
            # (The SDK reads the proxies of the environment by itself; `trust_env` does not reach it.)
            direct: Any = {"mounts": dict.fromkeys(_SCHEMES)} if is_local(url) else {}
            http = DefaultAsyncHttpxClient(follow_redirects=False, **direct)
            found = AsyncAnthropic(
                api_key=key,
                base_url=url,
                max_retries=0,
                timeout=Timeout(600.0, connect=CONNECT),
                http_client=http,
            )
            self._clients[url, key] = found
        return found


def _check_kind(kind: Any) -> None:
    if not str(kind).startswith("text/event-stream"):
        raise Failure("malformed", f"the answer is no stream but {kind or 'of no known type'}")
