"""What a call costs: the price table, the shipped one and a person's own, and the worst case of a call."""

from __future__ import annotations

import ipaddress
import json
import math
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from arctl.daemon.rows import Json
from arctl.errors import ArctlError
from arctl.experiments.positions import key_lines, line_of

SHIPPED = Path(__file__).with_name("prices.toml")
MILLION = 1_000_000
#: Tokens that a server adds to what is sent: the instructions for tools, and each message's frame.
OVERHEAD, FRAME = 2_048, 16

_DATED = re.compile(r"[-@]\d{8}.*|-latest|\[\w+\]")
_AT = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)")
_RATES = ("input", "output", "cache_write_5m", "cache_write_1h", "cache_read")


class PriceError(ArctlError):
    """A price table that cannot be read; names the file and the line."""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens of each kind; `above` holds for prompts longer than `limit` tokens."""

    input: float
    output: float
    cache_write_5m: float
    cache_write_1h: float
    cache_read: float
    limit: int = 0
    above: Price | None = None

    def worst(self, prompt: int, answer: int) -> float:
        """Return the most that a call can cost: every token of its prompt at the dearest input rate."""
        dearest = max(self.input, self.cache_write_5m, self.cache_write_1h, self.cache_read)
        usd = (prompt * dearest + answer * self.output) / MILLION
        if self.above is not None and prompt > self.limit:
            usd = max(usd, self.above.worst(prompt, answer))
        return usd

    def cost(self, usage: Json) -> float:
        """Return what a call cost by its checked usage; cache writes of unknown length count as an hour's."""
        read, written = usage["cache_read_input_tokens"], usage["cache_creation_input_tokens"]
        if self.above is not None and usage["input_tokens"] + read + written > self.limit:
            return self.above.cost(usage)
        short = min(written, usage.get("cache_5m_tokens", 0))
        total = usage["input_tokens"] * self.input + usage["output_tokens"] * self.output
        total += read * self.cache_read + short * self.cache_write_5m
        total += (written - short) * max(self.cache_write_1h, self.cache_write_5m)
        return float(total / MILLION)


FREE = Price(0.0, 0.0, 0.0, 0.0, 0.0)


class Prices:
    """The shipped table and the person's own, which wins; read again when that file changes."""

    def __init__(self, own: Path) -> None:
        self._own = own
        self._shipped = read(SHIPPED)
        self._mine: dict[str, Price] = {}
        self._seen: tuple[int, int] | None = None

    def find(self, model: str, base_url: str | None) -> Price | None:
        """Return a model's price, None where nobody knows it; raises `PriceError` for a bad file."""
        self._refresh()
        found = match(self._mine, model) or match(self._shipped, model)
        return FREE if found is None and is_local(base_url) else found

    def _refresh(self) -> None:
        try:
            stat = self._own.stat()
        except FileNotFoundError:
            self._mine, self._seen = {}, None
            return
        seen = (stat.st_mtime_ns, stat.st_size)
        if seen != self._seen:
            # Not noted before it was read: a bad file refuses every call until it is mended.
            self._mine = read(self._own)
            self._seen = seen


def match(table: dict[str, Price], model: str) -> Price | None:
    """Return the price of the longest name in a table that stands for a model."""
    fitting = [name for name in table if _stands_for(name, model)]
    return table[max(fitting, key=len)] if fitting else None


def _stands_for(name: str, model: str) -> bool:
    if name.endswith("*"):
        return model.startswith(name[:-1])
    return model.startswith(name) and (len(model) == len(name) or bool(_DATED.fullmatch(model[len(name) :])))


def is_local(base_url: str | None) -> bool:
    """Tell whether an address is this machine's own."""
    host = (urlsplit(base_url).hostname or "") if base_url else ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def bound(request: Json) -> int:
    """Return a number of tokens that a request's prompt cannot exceed.

    Tokenizers of these models work on bytes and never make more tokens than there are bytes, so the bytes of
    the request's JSON bound its prompt from above: about four times too high for English and code.
    """
    said = {key: request[key] for key in ("system", "tools", "messages", "tool_choice") if request.get(key)}
    raw = len(json.dumps(said, ensure_ascii=False).encode("utf-8", "replace"))
    return raw + OVERHEAD + FRAME * len(request.get("messages") or ())


def read(path: Path) -> dict[str, Price]:
    """Read a price table; raises `PriceError` with the line of the first thing wrong."""
    try:
        text = path.read_text("utf-8-sig")
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _AT.search(str(error))
        line = int(found[1]) if found and found[1] else text.count("\n") + 1
        raise _wrong(path, line, f"is not valid TOML: {_AT.sub('', str(error))}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong(path, None, f"cannot be read: {error}") from None
    lines = key_lines(text)

    def wrong(at: tuple[str, ...], message: str) -> PriceError:
        return _wrong(path, line_of(lines, at), f"{'.'.join(at)} {message}")

    for key in data.keys() - {"models"}:
        raise wrong((key,), "is unknown: there is one table for each model, [models.NAME]")
    models = data.get("models", {})
    if not isinstance(models, dict):
        raise wrong(("models",), "must be a table for each model, [models.NAME]")
    table = {}
    for name, values in models.items():
        if not isinstance(values, dict):
            raise wrong(("models", name), "must be a table with input and output")
        table[name] = _price(("models", name), values, wrong)
    return table


def _price(at: tuple[str, ...], values: dict[str, Any], wrong: Any) -> Price:
    """Check one table of rates."""
    inner = at[-1] == "above" and len(at) == 3
    known = {*_RATES, "tokens"} if inner else {*_RATES, "above"}
    for key in values.keys() - known:
        raise wrong((*at, key), f"is unknown; use {', '.join(sorted(known))}")
    for key, value in values.items():
        if key == "above":
            continue
        good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not good or value < 0:
            raise wrong((*at, key), f"must be a number of at least 0, not {value!r}")
    for key in ("input", "output", *(("tokens",) if inner else ())):
        if key not in values:
            raise wrong(at, f"lacks {key}")
    above = None
    if "above" in values:
        if not isinstance(values["above"], dict):
            raise wrong((*at, "above"), "must be a table with tokens, input and output")
        above = _price((*at, "above"), values["above"], wrong)
    paid = float(values["input"])
    return Price(
        input=paid,
        output=float(values["output"]),
        cache_write_5m=float(values.get("cache_write_5m", paid * 1.25)),
        cache_write_1h=float(values.get("cache_write_1h", paid * 2)),
        cache_read=float(values.get("cache_read", paid / 10)),
        limit=int(values["above"]["tokens"]) if above else 0,
        above=above,
    )


def _wrong(path: Path, line: int | None, message: str) -> PriceError:
    where = path if line is None else f"{path}:{line}"
    return PriceError(f"{where}: {message}", "correct that line; it is read again at the next call")
