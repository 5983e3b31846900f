"""Budgets: every cap is checked against the worst case before a call is made, and nothing is spent twice."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from arctl.daemon import facts
from arctl.daemon.models.prices import bound
from arctl.daemon.reduce import calls
from arctl.daemon.rows import CallState
from arctl.daemon.thought import BrainFault
from tests.support.bookkeeping import Book
from tests.support.messages_server import MessagesServer, fault, text

pytestmark = pytest.mark.anyio

#: A price at which a small call of 1000 tokens of answer may cost a little over five dollars.
DEAR = "[models.dear]\ninput = 100.0\noutput = 5000.0\n"
CAPS = ("", "_per_call", "_per_agent", "_per_day")
Make = Callable[..., Book]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def server() -> Iterator[MessagesServer]:
    with MessagesServer(
        lambda request: text("Yes.", usage={"input_tokens": 10, "output_tokens": 100})
    ) as found:
        yield found


@pytest.fixture
async def make(server: MessagesServer, tmp_path: Path) -> AsyncIterator[Make]:
    made: list[Book] = []

    def book(budget: str, model: str = "dear") -> Book:
        (tmp_path / "prices.toml").write_text(DEAR)
        made.append(Book(tmp_path, budget, url=server.url, model=model))
        return made[-1]

    yield book
    for one in made:
        await one.gateway.close()


async def refused(book: Book, **more: object) -> BrainFault:
    before = len(book.calls)
    with pytest.raises(BrainFault) as caught:
        await book.call(max_tokens=1000, **more)
    assert caught.value.kind == "budget"
    assert len(book.calls) == before
    return caught.value


@pytest.mark.parametrize(
    "budget",
    [f"usd{which} = 5.0" for which in CAPS] + [f"tokens{which} = 1500" for which in CAPS],
)
async def test_a_call_that_could_exceed_any_cap_is_not_made(
    make: Make, server: MessagesServer, budget: str
) -> None:
    book = make(budget)
    found = await refused(book)
    assert found.human
    assert budget.split()[0] in found.message
    assert "arctl.toml" in found.remedy
    assert not server.requests
    assert [event.kind for event in book.events] == ["call.refused"]


async def test_what_is_settled_leaves_room_for_the_next_call(make: Make) -> None:
    book = make("usd = 7.0")
    for _ in range(3):  # each may cost 5.5 and does cost half a dollar
        await book.call(max_tokens=1000)
    assert book.state.spending.campaign("toy").usd == pytest.approx(3 * 0.501)
    book.edited("usd = 2.0")
    assert (await refused(book)).human


async def test_a_cap_for_each_agent_is_each_agents_own(make: Make) -> None:
    book = make("usd_per_agent = 6.0")
    for _ in range(2):
        await book.call(max_tokens=1000)
    book.edited("usd_per_agent = 5.6")
    assert (await refused(book)).human
    assert await book.call(max_tokens=1000, agent="bo")


async def test_the_cap_of_a_day_says_when_it_goes_on(make: Make) -> None:
    book = make("usd_per_day = 6.0")
    await book.call(max_tokens=1000)
    book.time.now += 3600
    book.edited("usd_per_day = 5.6")
    found = await refused(book)
    assert not found.human
    assert found.retry_after == pytest.approx(23 * 3600)
    book.time.now += 23 * 3600 + 1
    assert await book.call(max_tokens=1000)


async def test_reservations_of_others_are_waited_for_not_laid_before_a_person(
    make: Make, server: MessagesServer
) -> None:
    book = make("usd = 7.0")
    server.script = lambda request: fault("stall")
    task = asyncio.create_task(book.call(max_tokens=1000))
    while not server.requests:
        await asyncio.sleep(0.01)
    found = await refused(book, agent="bo")
    assert not found.human
    assert found.retry_after
    assert not book.events
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    # What nobody knows the cost of stays spent, and now only a person can help.
    assert (await refused(book, agent="bo")).human


async def test_many_at_once_never_reserve_more_than_the_cap(make: Make) -> None:
    book = make("usd = 17.0")
    found = await asyncio.gather(
        *(book.call(max_tokens=1000, agent="bo") for _ in range(12)), return_exceptions=True
    )
    assert sum(not isinstance(one, BrainFault) for one in found) == 3
    assert book.state.spending.campaign("toy").usd == pytest.approx(3 * 0.501)


async def test_a_call_is_settled_once(make: Make) -> None:
    book = make("usd = 7.0")
    await book.call(max_tokens=1000)
    usd = book.state.spending.campaign("toy").usd
    for known in (True, False):
        book.report(facts.SettleCall("k1", known, 3.0))
    assert book.state.spending.campaign("toy").usd == usd
    assert len([row for row in book.rows if getattr(row, "id", "") == "k1"]) == 2


async def test_a_daemon_killed_in_mid_call_leaves_it_spent(make: Make, server: MessagesServer) -> None:
    book = make("usd = 7.0")
    server.script = lambda request: fault("stall")
    task = asyncio.create_task(book.call(max_tokens=1000))
    while not server.requests:
        await asyncio.sleep(0.01)
    book.gateway._report = lambda fact: None  # kill -9: nothing more is written
    (row,) = book.calls
    state = book.again()
    assert state.spending.campaign("toy").usd == row.reserved > 5
    step = calls.forget(state)
    for changed in step.rows:
        state.apply(changed)
    assert state.spending.campaign("toy").usd == row.reserved
    assert state.spending.agent("toy", "ada").usd == row.reserved
    assert not state.spending.open
    (found,) = [changed for changed in step.rows if changed.id == "k1"]
    assert found.state is CallState.UNKNOWN
    assert "stays spent" in step.events[0].text
    assert not calls.forget(state)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_an_unknown_price_is_refused_under_a_cap_in_dollars_only(
    make: Make, server: MessagesServer, tmp_path: Path
) -> None:
    book = make("usd_per_day = 100.0", model="nobody-knows-me")
    url = book.settings.base_url
    (tmp_path / "prices.toml").write_text("")
    fact = facts.ReserveCall("t", "toy", "ada", "q1", "nobody-knows-me", None, 5000)
    with pytest.raises(BrainFault) as caught:
        await book.ask(fact)
    assert (caught.value.kind, caught.value.human) == ("price_unknown", True)
    book.edited("tokens = 1000000")
    assert (await book.ask(dataclasses.replace(fact, ticket="u")))["call"] == "k1"
    usage = {"input_tokens": 10, "output_tokens": 5}
    book.report(facts.SettleCall("k1", True, None, usage))
    (row,) = book.calls
    assert (row.usd, row.input_tokens) == (None, 10)
    assert book.state.spending.campaign("toy").tokens == 15
    assert url


async def test_a_call_belongs_to_its_agents_team(make: Make) -> None:
    book = make("")
    await book.call()
    assert book.calls[0].team == "t1"


async def test_a_campaign_that_is_gone_is_refused(make: Make) -> None:
    book = make("")
    step = calls.reserve(book.state, facts.ReserveCall("t", "gone", "ada", "q1", "m", 0.0, 1), 0.0)
    assert step.answers[0].error is not None
    assert not step.rows


def test_the_bound_is_never_below_what_a_byte_tokenizer_makes() -> None:
    for words in ("plain words", "ünïcödé ✓ 漢字 " * 40, '"\\\n' * 100):
        request = {"messages": [{"role": "user", "content": words}], "tools": [{"name": "x"}]}
        assert bound(request) >= len(words.encode()) + 2000
