"""`costs`: what the ledger holds of calls, summed honestly, on the wire and on paper."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from arctl.cli import common
from arctl.cli.costs import costs as command
from arctl.daemon.commands.base import METHODS, Caller, Params
from arctl.daemon.facts import ReserveCall, SettleCall, TurnFailed
from arctl.daemon.store import Batch, Reader, Writer
from arctl.errors import UsageError
from tests.support.bookkeeping import Book
from tests.support.steering import Stage

USED = {
    "input_tokens": 100,
    "output_tokens": 50,
    "cache_read_input_tokens": 300,
    "cache_creation_input_tokens": 0,
}


async def answer(book: Book, path: Path, **asked: Any) -> Any:
    """Write the book's rows into a real ledger and ask for its costs."""
    writer = Writer(path)
    await writer.open()
    await writer.write(Batch(rows=book.rows))
    await writer.close()
    context: Any = SimpleNamespace(state=book.state, reader=Reader(path))
    try:
        return await METHODS["costs"].call(context, Caller("me"), Params(asked))
    finally:
        await context.reader.close()


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """Four calls: one settled, one free, one unknown, one under way."""
    made = Book(tmp_path, "usd = 10.0\nusd_per_day = 8.0\ntokens_per_call = 900")
    made.time.now = time.time() - 1.7e9

    async def happen() -> None:
        for number, (agent, usd) in enumerate((("ada", 2.0), ("ada", None), ("bo", 1.0), ("bo", 0.5))):
            await made.ask(ReserveCall(f"t{number}", "toy", agent, "", "m", usd or 0.0, 800))
        made.report(SettleCall("k1", True, 0.75, USED))
        made.report(SettleCall("k2", True, 0.0, {}, fault="rate_limited"))
        made.report(SettleCall("k3", known=False, fault="timeout"))

    asyncio.run(happen())
    return made


def test_costs_are_summed_by_agent_with_what_is_held_and_unknown(book: Book, tmp_path: Path) -> None:
    found = asyncio.run(answer(book, tmp_path / "ledger.db"))
    ada, bo = sorted(found["rows"], key=lambda row: row["name"])
    assert (ada["calls"], ada["faults"], ada["usd"], ada["cached"]) == (2, 1, 0.75, 0.75)
    assert (bo["usd"], bo["reserved"], bo["unknown"], bo["open"], bo["cached"]) == (0, 0.5, 1.0, 1, None)
    assert [row["name"] for row in found["rows"]] == ["bo", "ada"]  # the dearest first
    assert found["total"]["calls"] == 4
    caps = {cap["cap"]: cap for cap in found["caps"]}
    assert caps["usd"]["spent"] == caps["usd_per_day"]["spent"] == pytest.approx(2.25)
    assert caps["tokens_per_call"] == {"cap": "tokens_per_call", "limit": 900, "spent": None}


@pytest.mark.parametrize("key", ["team", "experiment", "model"])
def test_costs_can_be_summed_by_other_keys(book: Book, tmp_path: Path, key: str) -> None:
    (row,) = asyncio.run(answer(book, tmp_path / "ledger.db", by=key))["rows"]
    assert row["calls"] == 4


def test_costs_by_anything_else_are_refused(book: Book, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        asyncio.run(answer(book, tmp_path / "ledger.db", by="usd; DROP TABLE calls"))
    assert "agent, team" in caught.value.remedy


def test_the_table_says_what_is_spent_and_how_near_the_caps_are(
    book: Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = asyncio.run(answer(book, tmp_path / "ledger.db"))
    monkeypatch.setattr(common, "ask", lambda name, **given: found)
    shown = CliRunner().invoke(command, [])
    assert shown.exit_code == 0
    lines = shown.output.splitlines()
    assert lines[0].split() == ["CALLS", "FAULTS", "IN", "OUT", "CACHED", "USD", "HELD", "UNKNOWN", "AGENT"]
    assert lines[2].split() == ["2", "1", "400", "50", "75%", "0.7500", "-", "-", "ada"]
    assert lines[3].split()[-1] == "all"
    assert "cap in all: 10.00 USD, used 2.25 (22%)" in lines
    assert "cap per call: 900 tokens" in lines


def test_a_campaign_without_calls_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = asyncio.run(answer(Book(tmp_path), tmp_path / "ledger.db"))
    assert found["total"]["calls"] == 0
    monkeypatch.setattr(common, "ask", lambda name, **given: found)
    assert "no model was called" in CliRunner().invoke(command, []).output


def test_a_turn_that_failed_is_charged_and_counts_against_the_limit() -> None:
    stage = Stage()
    campaign = stage.state.campaigns["toy"]
    stage.set(dataclasses.replace(campaign, spec=campaign.spec + "[budget]\nusd_per_agent = 1.0\n"))
    stage.fact(TurnFailed("q1", "failed", "it gave up", extra={"usd": 0.75, "tokens": 900}))
    assert (stage.state.spending.agent("toy", "bob").usd, stage.state.company.agents["a2"].usd) == (
        0.75,
        0.75,
    )
    assert stage.state.company.agents["a2"].tokens == 900
    assert not stage.state.company.agents["a2"].trouble
    stage.fact(TurnFailed("q2", "failed", "it gave up", extra={"usd": 1.25}))
    assert stage.state.company.agents["a1"].trouble.startswith("budget.usd_per_agent is used up: 1.25 of 1")
    assert stage.texts("budget.over")


def test_a_turn_that_failed_for_nothing_costs_nothing() -> None:
    stage = Stage()
    stage.fact(TurnFailed("q1", "timeout", "no answer", extra={"usd": "much"}))
    assert stage.state.spending.agent("toy", "bob").usd == 0.0
