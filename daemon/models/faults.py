"""Every way in which a call fails, as one typed fault: what it is, whether it was billed, who can mend it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from arctl.daemon.models.limits import CEILING, retry_after
from arctl.daemon.thought import BrainFault
from arctl.text import clean

#: What to do about each kind, where nothing more exact is known.
REMEDIES = {
    "unauthorized": "check the API key that [brain] key_env names",
    "payment": "look after the account's credit and spend limit, then resume",
    "forbidden": "use a key that may use this model, or another model",
    "not_found": "check [brain] model and base_url",
    "too_large": "nothing is repeated; less text in one turn helps",
    "bad_request": "nothing is repeated; the message says what the server did not take",
    "context": "the turn is given up; fewer steps, or a model with a longer context, help",
    "rate_limited": "nothing to do: it goes on by itself; fewer agents, or a higher limit, avoid it",
    "overloaded": "nothing to do: it is tried again later",
    "server": "nothing to do: it is tried again later",
    "unreachable": "look whether the server runs and [brain] base_url is right; it is tried again later",
    "truncated": "nothing of the reply was used; it is asked again later",
    "malformed": "nothing of the reply was used; check that [brain] base_url speaks the Messages API",
    "timeout": "nothing of the reply was used; raise [brain] timeout if the model is slow",
}
#: Only a person can mend these.
HUMAN = frozenset({"unauthorized", "payment", "forbidden", "not_found"})
#: Failures of the server itself, which its breaker counts.
SERVER = frozenset({"overloaded", "server", "unreachable", "timeout", "malformed"})

_STATUS = {
    400: "bad_request",
    401: "unauthorized",
    402: "payment",
    403: "forbidden",
    404: "not_found",
    413: "too_large",
    422: "bad_request",
    429: "rate_limited",
    529: "overloaded",
}
#: What an error says of itself, in the stream or beside a status that says less.
_TYPES = {
    "invalid_request_error": "bad_request",
    "authentication_error": "unauthorized",
    "billing_error": "payment",
    "permission_error": "forbidden",
    "not_found_error": "not_found",
    "request_too_large": "too_large",
    "rate_limit_error": "rate_limited",
    "overloaded_error": "overloaded",
    "timeout_error": "server",
    "api_error": "server",
}
_CONTEXT = re.compile(
    r"prompt is too long|context[ _-]?(window|length|limit|size)|maximum context|exceeds? .{0,40}context",
    re.I,
)
#: Spend limits come as 400 and 429 too: waiting does not help.
_SPENT = re.compile(
    r"credit balance|spend(ing)? limit|usage limits?|billing|quota.{0,20}exceeded", re.IGNORECASE
)
#: Errors of the HTTP library from before anything was sent.
_UNSENT = frozenset(
    {
        "ConnectError",
        "ConnectTimeout",
        "PoolTimeout",
        "UnsupportedProtocol",
        "InvalidURL",
        "LocalProtocolError",
    }
)


class Failure(Exception):  # the gateway's own; what others see is a BrainFault
    """One failed call, before its callers are told."""

    def __init__(
        self,
        kind: str,
        message: str,
        remedy: str = "",
        *,
        unbilled: bool = False,
        repeat: bool = False,
        after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.remedy = remedy or REMEDIES.get(kind, "")
        #: Whether it certainly cost nothing.
        self.unbilled = unbilled
        #: Whether the gateway may try again by itself: nothing of an answer had come.
        self.repeat = repeat
        #: The seconds that the server asks to wait, as it said them.
        self.after = after

    def fault(self, secret: str) -> BrainFault:
        """Return it as its callers see it: cleaned, cut, and without the key."""
        after = None if self.after is None else min(CEILING, self.after)
        message = clean(self.message.replace(secret, "[key]"), 300)
        return BrainFault(self.kind, message, self.remedy, human=self.kind in HUMAN, retry_after=after)


def understood(error: Exception, *, begun: bool, url: str, now: float) -> Failure:
    """Return what an exception of the SDK, or of what lies under it, means; `begun`: a stream had begun."""
    from anthropic import APIStatusError

    if isinstance(error, Failure):
        return error
    if isinstance(error, APIStatusError):
        return _refused(error.status_code, error.body, dict(error.response.headers), begun=begun, now=now)
    if begun:
        if isinstance(error, ValueError):
            return Failure("malformed", "an event of the reply is no JSON")
        if _is_transport(error):
            return Failure("truncated", "the connection broke in mid-reply")
        return Failure("malformed", f"the reply could not be read ({type(error).__name__})")
    if isinstance(error, UnicodeError):
        return Failure("bad_request", "the request holds text that cannot be sent", unbilled=True)
    if _is_transport(error):
        unsent = any(type(cause).__name__ in _UNSENT for cause in _chain(error))
        said = "cannot be reached" if unsent else "hung up without an answer"
        return Failure("unreachable", f"{url} {said} ({_deepest(error)})", unbilled=unsent, repeat=unsent)
    return Failure("malformed", f"the answer could not be read ({type(error).__name__})")


def _refused(status: int, body: Any, headers: dict[str, str], *, begun: bool, now: float) -> Failure:
    """Return what an error answer means, or, with `begun`, an error event inside the stream."""
    told = body.get("error") if isinstance(body, dict) else None
    told = told if isinstance(told, dict) else {}
    said = str(told.get("message") or "")
    typed = _TYPES.get(str(told.get("type")), "server")
    if begun:
        kind = typed
    elif status < 400:
        kind, said = "not_found", said or f"the server sends elsewhere (HTTP {status})"
    else:
        kind = _STATUS.get(status, "server" if status >= 500 or status == 408 else typed)
        kind = "bad_request" if kind == "server" and status < 500 and status != 408 else kind
    if kind in ("bad_request", "rate_limited", "forbidden") and _SPENT.search(said):
        kind = "payment"
    elif kind in ("bad_request", "too_large") and _CONTEXT.search(said):
        kind = "context"
    where = "inside the reply" if begun else f"HTTP {status}"
    values = {name.lower(): value for name, value in headers.items()}
    return Failure(
        kind,
        f"{said or kind.replace('_', ' ')} ({where})",
        unbilled=not begun and (status < 500 or status == 529) and status != 408,
        repeat=not begun and kind in ("rate_limited", "overloaded", "server"),
        after=None if begun else retry_after(values, now),
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__


def _deepest(error: BaseException) -> str:
    """Return what the system said, without the words that libraries put around it."""
    *_, last = _chain(error)
    return clean(str(last) or type(last).__name__, 120)


def _is_transport(error: BaseException) -> bool:
    """Tell whether an error is one of the connection, whichever HTTP library the SDK rests on."""
    from anthropic import APIConnectionError

    roots = ("httpx", "httpcore")
    return isinstance(error, APIConnectionError | OSError) or any(
        type(cause).__module__.startswith(roots) for cause in _chain(error)
    )
