"""The breaker, rate limits, keys, caching and what is sent: the gateway's own manners."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from arctl.daemon.models.keys import DUMMY, Keys
from arctl.daemon.models.limits import FAILURES, Breaker
from arctl.daemon.thought import BrainFault
from arctl.experiments.company import Brain
from tests.support.bookkeeping import Book, Time
from tests.support.messages_server import MessagesServer, error, fault, text

pytestmark = pytest.mark.anyio
SECRET = "sk-test-0123456789"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def server() -> Iterator[MessagesServer]:
    with MessagesServer() as running:
        yield running


@pytest.fixture
async def book(server: MessagesServer, tmp_path: Path) -> AsyncIterator[Book]:
    made = Book(tmp_path, url=server.url)
    yield made
    await made.gateway.close()


async def fault_of(book: Book, **more: object) -> BrainFault:
    with pytest.raises(BrainFault) as caught:
        await book.call(**more)
    return caught.value


# -- the breaker -------------------------------------------------------------------------------------------


def test_a_breaker_opens_half_opens_and_closes() -> None:
    time = Time()
    breaker = Breaker(time.clock())
    for _ in range(FAILURES):
        assert not breaker.enter()
        breaker.failed("overloaded", "busy")
    with pytest.raises(BrainFault, match="busy") as caught:
        breaker.enter()
    assert caught.value.kind == "overloaded"
    assert caught.value.retry_after
    time.now = breaker.until
    assert breaker.enter()  # the probe
    with pytest.raises(BrainFault):
        breaker.enter()  # one at a time
    until = breaker.until
    breaker.failed("overloaded", "busy")
    assert breaker.until - time.now > until - 1000 - 1e-9  # longer than before
    time.now = breaker.until
    assert breaker.enter()
    breaker.leave()  # cancelled: the next one may probe
    assert breaker.enter()
    breaker.succeeded()
    assert not breaker.enter()
    assert not breaker.is_open


async def test_an_outage_is_probed_rarely_and_ends_by_itself(book: Book, server: MessagesServer) -> None:
    begun, kinds = book.time.now, set()
    server.overloaded = lambda: book.time.now < begun + 3600
    asked = 0
    while book.time.now < begun + 3600:
        found = await fault_of(book)
        kinds.add(found.kind)
        assert not found.human
        asked += 1
        book.time.now += max(10.0, min(found.retry_after or 0.0, 60.0))
    assert kinds == {"overloaded"}
    # An hour of 9 agents' worth of asking makes a few dozen calls, none of which cost anything.
    assert len(server.requests) < 40 < asked
    assert book.state.spending.campaign("toy").usd == 0
    book.time.now += 600
    assert (await book.call()).stop_reason == "end_turn"


async def test_breakers_are_apart_for_each_model(book: Book, server: MessagesServer) -> None:
    server.script = lambda request: error(529) if request["model"] == "sick" else text("Well.")
    for _ in range(3):
        await fault_of(book, model="sick")
    assert "not asked" in (await fault_of(book, model="sick")).message
    assert await book.call(model="well")


async def test_a_cancelled_probe_lets_the_next_one_probe(book: Book, server: MessagesServer) -> None:
    server.script = lambda request: error(529)
    for _ in range(3):
        await fault_of(book)
    book.time.now += 60
    server.script = lambda request: fault("stall")
    before = len(server.requests)
    task = asyncio.create_task(book.call())
    while len(server.requests) == before:
        await asyncio.sleep(0.01)
    assert "not asked" in (await fault_of(book, agent="bo")).message
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    server.script = lambda request: text("Back.")
    assert await book.call()


# -- keys --------------------------------------------------------------------------------------------------


def brain(url: str | None = None, name: str = "MY_KEY") -> Brain:
    return Brain(kind="anthropic", model="m", base_url=url, key_env=name)


def test_a_key_comes_from_the_environment_then_from_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "MY_KEY"
    path.write_text(f"{SECRET}\n")
    path.chmod(0o600)
    assert Keys(tmp_path, {"MY_KEY": "sk-env"}).find(brain()) == "sk-env"
    assert Keys(tmp_path, {}).find(brain()) == SECRET
    assert Keys(tmp_path / "none", {}).find(brain("http://127.0.0.1:1")) == DUMMY


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "MY_KEY"
    path.write_text(SECRET)
    path.chmod(mode)
    with pytest.raises(BrainFault, match="others could read") as caught:
        Keys(tmp_path, {}).find(brain())
    assert (caught.value.kind, caught.value.human) == ("no_key", True)
    assert "chmod 600" in caught.value.remedy


@pytest.mark.parametrize("name", ["../daemon.log", "MY KEY", "/etc/passwd", ""])
def test_a_variable_that_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BrainFault, match="no name"):
        Keys(tmp_path, {}).find(brain().model_copy(update={"key_env": name}))


def test_without_a_key_a_person_is_told_where_to_put_one(tmp_path: Path) -> None:
    with pytest.raises(BrainFault) as caught:
        Keys(tmp_path, {}).find(brain())
    assert (caught.value.kind, caught.value.human) == ("no_key", True)
    assert str(tmp_path / "MY_KEY") in caught.value.remedy


def test_an_unusable_key_is_refused_without_being_shown(tmp_path: Path) -> None:
    with pytest.raises(BrainFault) as caught:
        Keys(tmp_path, {"MY_KEY": "sk-a b\ncd"}).find(brain())
    assert "sk-" not in caught.value.message + caught.value.remedy


def test_no_key_is_sent_in_clear_to_another_machine(tmp_path: Path) -> None:
    keys = Keys(tmp_path, {"MY_KEY": SECRET})
    assert keys.find(brain("http://models.example:8000")) == DUMMY
    assert keys.find(brain("https://models.example")) == SECRET
    assert keys.find(brain("http://localhost:8000")) == SECRET


async def test_the_key_reaches_the_server_and_nothing_else(
    book: Book, server: MessagesServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MY_KEY", SECRET)
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "another-token")
    caplog.set_level(logging.DEBUG)
    plans = [text("Yes."), error(401, message=f"the key {SECRET} is not known")]
    server.script = lambda request: plans.pop(0)
    assert await book.call(key_env="MY_KEY")
    found = await fault_of(book, key_env="MY_KEY")
    headers = " ".join(server.seen[-1].headers.values())
    assert SECRET in headers
    assert "another-token" not in headers
    assert "[key]" in found.message
    assert SECRET not in found.message + caplog.text + repr(book.rows) + repr(book.events)
    assert found.__cause__ is None


# -- what is sent ------------------------------------------------------------------------------------------


async def test_breakpoints_of_the_cache_are_set_where_asked_and_read_back(
    book: Book, server: MessagesServer, tmp_path: Path
) -> None:
    (tmp_path / "prices.toml").write_text("[models.local]\ninput = 1.0\noutput = 5.0\n")
    system = (
        {"type": "text", "text": "Stable words. " * 50},
        {"type": "text", "text": "End.", "cache": "1h"},
    )
    own = {"type": "ephemeral"}
    tools = ({"name": "finish", "input_schema": {"type": "object"}, "cache_control": own},)
    for words in ("One.", "Two."):
        await book.call(system=system, tools=tools, text=words)
    sent = server.requests[0]
    assert sent["system"][-1]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    assert "cache" not in sent["system"][-1]
    assert "cache_control" not in sent["system"][0]
    assert sent["tools"][0]["cache_control"] == own
    first, second = book.calls
    assert first.cache_write_tokens > 0 == first.cache_read_tokens
    assert second.cache_read_tokens == first.cache_write_tokens
    assert first.usd is not None
    assert second.usd is not None
    # A write for an hour costs twice, a read a tenth.
    assert first.usd == pytest.approx(
        (first.input_tokens + 2 * first.cache_write_tokens + 5 * first.output_tokens) / 1e6
    )
    assert second.usd < first.usd / 4


async def test_calls_always_stream_with_the_brains_limit(book: Book, server: MessagesServer) -> None:
    await book.call()
    await book.call(max_tokens=300)
    assert [sent["max_tokens"] for sent in server.requests] == [8192, 300]
    assert all(sent["stream"] for sent in server.requests)


async def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert await book.call()


async def test_a_brain_without_a_model_waits_for_a_person(book: Book) -> None:
    assert (await fault_of(book, model=None)).human
