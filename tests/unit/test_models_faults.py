"""Every fault of a model server, met by the real SDK: one typed fault each, and honest books."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from arctl.daemon.rows import CallState
from arctl.daemon.thought import BrainFault
from tests.support.bookkeeping import Book
from tests.support.messages_server import (
    FAULTS,
    MessagesServer,
    Plan,
    call,
    error,
    fault,
    overflow,
    refusal,
    text,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def server() -> Iterator[MessagesServer]:
    with MessagesServer() as running:
        yield running


@pytest.fixture
async def book(server: MessagesServer, tmp_path: Path) -> AsyncIterator[Book]:
    (tmp_path / "prices.toml").write_text("[models.local]\ninput = 1.0\noutput = 5.0\n")
    made = Book(tmp_path, url=server.url)
    yield made
    await made.gateway.close()


def says(server: MessagesServer, *plans: Plan) -> None:
    """Have the server follow plans in turn; the last one stays."""
    left = list(plans)
    server.script = lambda request: left.pop(0) if len(left) > 1 else left[0]


async def fails(book: Book, **more: Any) -> BrainFault:
    with pytest.raises(BrainFault) as caught:
        await book.call(**more)
    assert caught.value.message
    assert caught.value.remedy
    return caught.value


async def test_a_whole_reply_comes_back_with_its_usage_and_is_settled(
    book: Book, server: MessagesServer
) -> None:
    says(server, call("finish", {"done": [1, "ü"]}, words="I am done.", usage={"output_tokens": 40}))
    reply = await book.call()
    assert reply.stop_reason == "tool_use"
    assert [block["type"] for block in reply.content] == ["text", "tool_use"]
    assert reply.content[0]["text"] == "I am done."
    assert reply.content[1]["input"] == {"done": [1, "ü"]}
    (row,) = book.calls
    assert row.state is CallState.SETTLED
    assert row.output_tokens == 40
    assert row.usd == pytest.approx((row.input_tokens + 5 * 40) / 1e6)
    assert row.usd < row.reserved
    agent = book.state.company.named("toy", "ada")
    assert agent is not None
    assert agent.usd == pytest.approx(row.usd)
    assert not book.events


#: What each fault within a stream becomes, and whether what it cost is known.
STREAM = {
    "cut": ("truncated", False),
    "drop": ("truncated", False),
    "reset": ("truncated", False),
    "stall": ("timeout", False),
    "silent": ("timeout", False),
    "pings": ("timeout", False),
    "overloaded": ("overloaded", False),
    "error_event": ("server", False),
    "malformed": ("malformed", False),
    "html": ("malformed", False),
    "no_usage": ("malformed", False),
    "no_stop_reason": ("malformed", True),
    "no_start": ("malformed", False),
    "no_content": ("malformed", False),
    "truncated_tool": ("truncated", True),
}


@pytest.mark.parametrize("name", sorted(FAULTS))
async def test_a_fault_inside_a_reply_is_typed_never_repeated_and_stays_spent(
    book: Book, server: MessagesServer, name: str
) -> None:
    kind, known = STREAM[name]
    says(server, fault(name))
    found = await fails(book, timeout=0.25 if kind == "timeout" else 60)
    assert found.kind == kind
    assert not found.human
    (row,) = book.calls
    assert row.state is (CallState.SETTLED if known else CallState.UNKNOWN)
    assert row.fault == kind
    if not known:
        assert row.usd == row.reserved > 0
    assert [event.kind for event in book.events] == ["call.fault"]


#: What each HTTP status becomes, whether a person is needed, and how many calls are made of it.
STATUSES = {
    400: ("bad_request", False, 1),
    401: ("unauthorized", True, 1),
    402: ("payment", True, 1),
    403: ("forbidden", True, 1),
    404: ("not_found", True, 1),
    413: ("too_large", False, 1),
    422: ("bad_request", False, 1),
    429: ("rate_limited", False, 3),
    529: ("overloaded", False, 3),
}


@pytest.mark.parametrize("status", sorted(STATUSES))
async def test_a_refusing_status_is_typed_and_costs_nothing(
    book: Book, server: MessagesServer, status: int
) -> None:
    kind, human, made = STATUSES[status]
    says(server, error(status))
    found = await fails(book)
    assert (found.kind, found.human) == (kind, human)
    assert len(server.requests) == made
    assert book.states == [CallState.SETTLED] * made
    assert book.state.spending.campaign("toy").usd == 0


@pytest.mark.parametrize("status", [500, 503, 504])
async def test_a_server_error_stays_spent_for_each_try_that_was_made(
    book: Book, server: MessagesServer, status: int
) -> None:
    says(server, error(status), text("Here I am."))
    reply = await book.call()
    assert reply.content[0]["text"] == "Here I am."
    assert book.states == [CallState.UNKNOWN, CallState.SETTLED]
    first, second = book.calls
    assert second.usd is not None
    assert book.state.spending.campaign("toy").usd == pytest.approx(first.reserved + second.usd)


@pytest.mark.parametrize("plan", [overflow(), Plan(stop_reason="model_context_window_exceeded")])
async def test_an_outgrown_context_is_its_own_fault(book: Book, server: MessagesServer, plan: Plan) -> None:
    says(server, plan)
    assert (await fails(book)).kind == "context"
    assert book.states == [CallState.SETTLED]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "Your credit balance is too low to access the API."),
        (400, "You have reached your specified API usage limits. You will regain access on 2027-01-01."),
        (429, "This request would exceed the monthly spend limit of your organisation."),
    ],
)
async def test_a_spend_limit_waits_for_a_person_whatever_its_status(
    book: Book, server: MessagesServer, status: int, message: str
) -> None:
    says(server, error(status, message=message))
    found = await fails(book)
    assert (found.kind, found.human) == ("payment", True)
    assert len(server.requests) == 1


async def test_a_refusal_of_the_model_is_a_reply(book: Book, server: MessagesServer) -> None:
    says(server, refusal())
    assert (await book.call()).stop_reason == "refusal"
    assert book.states == [CallState.SETTLED]
    assert not book.events


async def test_words_cut_off_at_the_limit_of_tokens_are_no_reply(book: Book, server: MessagesServer) -> None:
    says(server, text("Only half of", stop_reason="max_tokens"))
    assert (await fails(book)).kind == "truncated"
    assert book.states == [CallState.SETTLED]


async def test_a_tool_call_without_its_tool_and_an_unknown_stop_reason_are_malformed(
    book: Book, server: MessagesServer
) -> None:
    says(server, text("I call a tool.", stop_reason="tool_use"), text("?", stop_reason="daydream"))
    assert (await fails(book)).kind == "malformed"
    assert "daydream" in (await fails(book)).message


async def test_usage_that_is_no_number_is_malformed(book: Book, server: MessagesServer) -> None:
    says(server, text("Cheap.", usage={"output_tokens": -5}))
    assert (await fails(book)).kind == "malformed"
    assert book.states == [CallState.UNKNOWN]


async def test_thinking_is_kept_whole_for_the_next_call(book: Book, server: MessagesServer) -> None:
    thought = {"type": "thinking", "thinking": "First this, then that.", "signature": "c2ln"}
    says(server, Plan(blocks=(thought, {"type": "text", "text": "So."})))
    assert (await book.call()).content[0] == thought


async def test_a_short_rate_limit_is_waited_for(book: Book, server: MessagesServer) -> None:
    says(server, error(429, retry_after=3), text("Again."))
    assert (await book.call()).content[0]["text"] == "Again."
    assert 3 <= sum(book.time.slept) < 10
    assert book.states == [CallState.SETTLED, CallState.SETTLED]


async def test_an_absurd_rate_limit_is_told_not_slept_and_holds_everybody_back(
    book: Book, server: MessagesServer
) -> None:
    says(server, error(429, retry_after=7200), text("Again."))
    found = await fails(book)
    assert found.kind == "rate_limited"
    assert found.retry_after == pytest.approx(900)
    assert not book.time.slept
    other = await fails(book, agent="bo")
    assert other.kind == "rate_limited"
    assert len(server.requests) == 1
    assert len(book.calls) == 1
    book.time.now += 901
    assert await book.call(agent="bo")


@pytest.mark.parametrize("after", ["-5", "nan", "inf", "soon", "Wed, 21 Oct 2015 07:28:00 GMT", ""])
async def test_nonsense_in_retry_after_is_survived(book: Book, server: MessagesServer, after: str) -> None:
    says(server, error(429, retry_after=after), text("Again."))
    assert await book.call()
    assert sum(book.time.slept) < 30


async def test_a_refused_connection_is_unreachable_and_costs_nothing(
    book: Book, server: MessagesServer
) -> None:
    with server.outage():
        found = await fails(book)
    assert found.kind == "unreachable"
    assert server.url in found.message
    assert book.states == [CallState.SETTLED] * 3
    assert book.state.spending.campaign("toy").usd == 0
    assert await book.call()


async def test_a_server_that_hangs_up_at_once_leaves_the_cost_unknown(tmp_path: Path) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    listening = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    book = Book(tmp_path, url=f"http://127.0.0.1:{port}")
    assert (await fails(book)).kind == "unreachable"
    assert book.states == [CallState.UNKNOWN]
    await book.gateway.close()
    listening.close()
    await listening.wait_closed()


async def test_text_that_cannot_be_sent_is_a_bad_request(book: Book, server: MessagesServer) -> None:
    found = await fails(book, text="a lone surrogate: \ud800")
    assert found.kind == "bad_request"
    assert not server.requests
    assert book.state.spending.campaign("toy").usd == 0


async def test_a_cancelled_call_stays_spent(book: Book, server: MessagesServer) -> None:
    says(server, fault("stall"))
    task = asyncio.create_task(book.call())
    while not server.requests:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (row,) = book.calls
    assert (row.state, row.fault) == (CallState.UNKNOWN, "cancelled")
    assert book.state.spending.campaign("toy").usd == row.reserved
    assert not book.state.spending.open


async def test_one_cancelled_while_it_is_reserved_gives_the_reservation_back(
    server: MessagesServer, tmp_path: Path
) -> None:
    book, gate = Book(tmp_path, url=server.url), asyncio.Event()
    reserve = book.ask

    async def slowly(fact: Any) -> Any:
        await gate.wait()
        return await reserve(fact)

    book.gateway._ask = slowly
    task = asyncio.create_task(book.call())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    gate.set()
    while not book.calls or book.states != [CallState.SETTLED]:
        await asyncio.sleep(0.01)
    assert not server.requests
    assert book.state.spending.campaign("toy").usd == 0
