"""The keys of a queue, on a real daemon: what they change is asked of the daemon, not only seen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from arctl.tui.keys.actions import Scope
from tests.support.company import NAME, Busy
from tests.tui.conftest import Open, Screen
from tests.tui.presses import presses

pytestmark = pytest.mark.anyio
Q = Scope.QUEUE


@pytest.fixture
def queued(busy: Busy) -> Iterator[list[str]]:
    """Three proposals of a person that nothing takes from the queue while the campaign is paused."""
    busy.ask("pause", target=NAME)
    rates = (0.313, 0.323, 0.333)
    made = [
        busy.ask("propose", campaign=NAME, values={"LR": rate}, title=f"a rate of {rate}")["proposal"]
        for rate in rates
    ]
    yield made
    busy.ask("reject", proposals=made)
    busy.ask("resume", target=NAME)


def order(busy: Busy, made: list[str]) -> list[str]:
    listing = busy.ask("teams", campaign=NAME)
    rows = [row for team in listing["teams"] for row in team["queue"]] + listing["others"]
    ranked = sorted((row for row in rows if row["rank"] is not None), key=lambda row: row["rank"])
    return [row["id"] for row in ranked if row["id"] in made]


def proposal(busy: Busy, ident: str) -> Any:
    return busy.ask("proposal", id=ident)


async def in_queue(screen: Screen, made: list[str]) -> None:
    await screen.see("LIVE")
    await screen.press("2")
    await screen.focus("queue")
    await screen.until(lambda: set(made) <= set(screen.pane.keys_shown))


@presses(Q, "app.move('down')", "J")
@presses(Q, "app.move('up')", "K")
async def test_j_and_k_change_what_runs_first(busy: Busy, queued: list[str], attach: Open) -> None:
    async with attach(busy.stage, (160, 45)) as screen:
        await in_queue(screen, queued)
        before = order(busy, queued)
        await screen.find(before[0])
        await screen.press("J")
        await screen.until(lambda: order(busy, queued) == [before[1], before[0], before[2]])
        await screen.until(lambda: screen.pane.key == before[0])
        await screen.press("K")
        await screen.until(lambda: order(busy, queued) == before)


@presses(Q, "app.stash", "S")
async def test_s_sets_aside_and_takes_back(busy: Busy, queued: list[str], attach: Open) -> None:
    async with attach(busy.stage, (160, 45)) as screen:
        await in_queue(screen, queued)
        await screen.find(queued[1])
        await screen.press("S")
        await screen.until(lambda: proposal(busy, queued[1])["state"] in ("stashed", "parked"))
        await screen.until(lambda: queued[1] not in order(busy, queued))
        await screen.until(lambda: screen.app.source.view.thing(queued[1]).state in ("stashed", "parked"))
        await screen.press("S")
        await screen.until(lambda: queued[1] in order(busy, queued))


@presses(Q, "mark", "space")
async def test_marked_rows_are_acted_on_together(busy: Busy, queued: list[str], attach: Open) -> None:
    async with attach(busy.stage, (160, 45)) as screen:
        await in_queue(screen, queued)
        for ident in queued[:2]:
            await screen.find(ident)
            await screen.press("space")
        await screen.see("2 marked")
        await screen.press("/", *"nothinghasthis", "enter")
        await screen.see("2 marked, 2 hidden")
        await screen.press("escape")
        await screen.until(lambda: "hidden" not in screen.text)
        await screen.press("S")
        await screen.until(lambda: order(busy, queued) == queued[2:])
        await screen.until(lambda: "2 marked" not in screen.text)


@presses(Q, "app.approve", "A")
async def test_a_agrees_to_what_an_agent_proposed(busy: Busy, queued: list[str], attach: Open) -> None:
    def waiting() -> list[str]:
        listing = busy.ask("teams", campaign=NAME)
        rows = [row for team in listing["teams"] for row in team["queue"]]
        return [row["id"] for row in rows if not row["approved"] and row["state"] == "ready"]

    async with attach(busy.stage, (160, 45)) as screen:
        await in_queue(screen, queued)
        await screen.until(waiting)
        ident = waiting()[0]
        await screen.find(ident)
        await screen.press("A")
        await screen.until(lambda: proposal(busy, ident)["approved"])


@presses(Q, "app.edit", "e")
async def test_e_changes_a_proposal_before_it_runs(busy: Busy, queued: list[str], attach: Open) -> None:
    async with attach(busy.stage, (160, 45)) as screen:
        await in_queue(screen, queued)
        await screen.find(queued[0])
        await screen.press("e")
        await screen.see("Edit proposal", "LR=", "Parameters:")
        await screen.press("tab", "tab", "end", *" again", "enter")
        await screen.until(lambda: proposal(busy, queued[0])["title"].endswith("again"))


async def test_a_form_that_is_refused_keeps_what_was_typed(
    busy: Busy, queued: list[str], attach: Open
) -> None:
    def values() -> Any:
        return proposal(busy, queued[0])["change"]["values"]

    async with attach(busy.stage, (160, 45)) as screen:
        await in_queue(screen, queued)
        await screen.find(queued[0])
        await screen.press("e")
        await screen.see("Edit proposal", "LR=0.313")
        field = screen.app.screen.query_one("#field-values")
        refused = {"LR": "'LR' names no value", "SPEED=1": "there is no parameter SPEED", "": "withdraws it"}
        for wrong, why in refused.items():
            field.value = wrong
            await screen.press("enter")
            await screen.see(why, "Edit proposal")
            assert field.value == wrong
            assert values() == {"LR": 0.313}
        field.value = "WIDTH=0.81"
        await screen.press("enter")
        await screen.until(lambda: "Edit proposal" not in screen.text)
        assert values() == {"WIDTH": 0.81}


async def test_what_another_changed_meanwhile_is_not_replaced_unseen(
    busy: Busy, queued: list[str], attach: Open
) -> None:
    async with attach(busy.stage, (160, 45)) as screen:
        await in_queue(screen, queued)
        await screen.find(queued[0])
        await screen.press("e")
        await screen.see("Edit proposal", "LR=0.313")
        busy.ask("edit", target=queued[0], hypothesis="theirs", title="their title")
        screen.app.screen.query_one("#field-hypothesis").value = "mine"
        await screen.press("enter")
        await screen.see("was changed meanwhile: Hypothesis 'theirs'", "Edit proposal")
        assert proposal(busy, queued[0])["hypothesis"] == "theirs"
        await screen.press("enter")
        await screen.until(lambda: proposal(busy, queued[0])["hypothesis"] == "mine")
        assert proposal(busy, queued[0])["title"] == "their title"


@presses(Q, "app.dead_end", "d")
@presses(Q, "app.revive", "D")
async def test_d_closes_an_axis_with_a_reason_and_shift_d_opens_it(busy: Busy, attach: Open) -> None:
    def ends() -> list[Any]:
        return [row for row in busy.ask("deadends", campaign=NAME) if row["reason"] == "too slow"]

    async with attach(busy.stage, (160, 45)) as screen:
        await screen.see("LIVE")
        await screen.press("5")
        await screen.find(busy.dead_end)
        await screen.press("d")
        await screen.see("Mark a dead end")
        await screen.press(*"LR", "tab", *"soon", "enter")
        await screen.see("'soon' is no number", "Mark a dead end")
        field = screen.app.screen.query_one("#field-axis")
        field.value = "WIDTH"
        screen.app.screen.query_one("#field-low").value = "0.97"
        screen.app.screen.query_one("#field-reason").value = "too slow"
        await screen.press("enter")
        await screen.until(ends)
        await screen.find(ends()[0]["id"])
        await screen.press("D")
        await screen.until(lambda: not ends())


@presses(Q, "app.rerun", "R")
async def test_r_tries_again_what_failed_and_says_why_not_where_it_was_judged(
    busy: Busy, attach: Open
) -> None:
    def deeds() -> list[Any]:
        return list(busy.ask("deeds", campaign=NAME))

    async with attach(busy.stage, (160, 45)) as screen:
        await screen.see("LIVE")
        await screen.press("3")
        rows = busy.ask("experiments", campaign=NAME, verdict="accepted")["experiments"]
        await screen.find(rows[0]["id"])
        await screen.press("R")
        await screen.see("sells luck")
        # What crashed may be tried again, but not where a person closed the range that it lies in.
        await screen.find(busy.crashed)
        await screen.press("R")
        await screen.see(busy.dead_end, "arctl revive")
        busy.ask("revive", target=busy.dead_end)
        await screen.press("R")
        await screen.until(lambda: [row for row in deeds() if row["verb"] == "rerun"])
        await screen.press("z")
        await screen.until(lambda: all(row["undone"] for row in deeds() if row["verb"] == "rerun"))
        await screen.press("z")
        await screen.until(
            lambda: busy.dead_end in [row["id"] for row in busy.ask("deadends", campaign=NAME)]
        )
