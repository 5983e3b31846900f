"""What must not get lost or hit something else: marks, forms, filters, keys behind a slow line."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from arctl.errors import NotRunningError
from arctl.tui.data.route import Route, Trail
from arctl.tui.data.route import Screen as Place
from arctl.tui.data.things import harvest
from arctl.tui.keys.actions import Scope
from arctl.tui.keys.registry import key_line
from arctl.tui.source.replay import ReplaySource
from tests.support.stage import Stage
from tests.tui.conftest import Open, Screen

pytestmark = pytest.mark.anyio


async def command(screen: Screen, text: str) -> None:
    await screen.press(":")
    await screen.see("a command, an id")
    await screen.press(*(" " if letter == " " else letter for letter in text), "enter")


async def marked(screen: Screen, many: int = 2) -> list[str]:
    """Mark some experiments of the list."""
    await screen.press("3")
    await screen.until(lambda: len(screen.pane.keys_shown) > many)
    for _ in range(many):
        await screen.press("space")
    assert len(screen.pane.marks) == many
    return list(screen.pane.marks)


class Wire:
    """Stands between an app and its source: what is asked for is kept, and may be let wait or fail."""

    def __init__(self, screen: Screen) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.free = asyncio.Event()
        self.broken = False
        screen.app.source.call = self.call  # type: ignore[method-assign]

    async def call(self, method: str, **params: Any) -> Any:
        self.asked.append((method, params))
        await self.free.wait()
        if self.broken:
            raise NotRunningError("cut off from the daemon", "run `arctl start`")
        return {"text": f"{method} is done"}


async def test_an_id_in_full_opens_itself(play: Open) -> None:
    async with play() as screen:
        await command(screen, "e1")
        await screen.until(lambda: screen.app.trail.here.id == "e1")


async def test_another_campaign_can_be_chosen_while_something_of_this_one_is_open(
    slow: Stage, attach: Open
) -> None:
    slow.campaign("other", pace=100.0)
    async with attach(slow) as screen:
        await screen.see("LIVE", "slow", "other")
        mine = screen.app.source.view.chosen
        theirs = next(row.id for row in screen.app.source.view.campaigns if row.id != mine)
        first = next(
            row["id"]
            for row in slow.ask("experiments", campaign=mine)["experiments"]
            if row["campaign"] == mine
        )
        await command(screen, first)
        await screen.until(lambda: screen.app.trail.here.id == first)
        await command(screen, f"campaign {theirs}")
        await screen.until(lambda: screen.app.source.view.chosen == theirs)
        assert screen.app.trail.here.id == ""
        screen.app.flush()
        assert screen.app.source.view.chosen == theirs


async def test_marks_go_with_their_campaign_and_stay_where_nothing_was_done(play: Open) -> None:
    async with play(readonly=True) as screen:
        keys = await marked(screen)
        for key in "RSpx":
            await screen.press(key)
            assert list(screen.pane.marks) == keys
        screen.app.source.choose("another")
        screen.app.flush()
        assert not screen.pane.marks


async def test_on_another_ledger_all_pages_begin_anew(play: Open) -> None:
    async with play() as screen:
        await marked(screen)
        await command(screen, "e1")
        await screen.until(lambda: screen.app.trail.here.id == "e1")
        source = screen.app.source
        link = replace(source.view.link, epoch="another")
        source.view = replace(source.view, link=link)
        screen.app.flush()
        await screen.until(lambda: [page.id for page in screen.app.query("#pages > *")] == ["page-overview"])
        await screen.settled()
        assert screen.app.trail.here == Route()
        await screen.press("3")
        await screen.until(lambda: screen.pane.keys_shown)
        assert not screen.pane.marks


async def test_marks_of_the_pane_in_which_they_were_made_go_when_all_is_done(play: Open) -> None:
    async with play() as screen:
        await marked(screen)
        wire, pane = Wire(screen), screen.pane
        await screen.press("p", "2")
        assert [method for method, _ in wire.asked] == ["pause"]
        wire.free.set()
        await screen.until(lambda: not pane.marks)
        assert len(wire.asked) == 2


async def test_keys_do_not_wait_for_the_wire_and_deeds_keep_their_order(play: Open) -> None:
    async with play() as screen:
        await screen.press("3")
        await screen.until(lambda: len(screen.pane.keys_shown) > 3)
        wire = Wire(screen)
        await screen.press("j", "p", "z", "j")
        assert screen.pane.key == screen.pane.keys_shown[2]
        assert [method for method, _ in wire.asked] == ["pause"]
        wire.free.set()
        await screen.until(lambda: [method for method, _ in wire.asked] == ["pause", "undo"])


async def test_words_that_are_handed_in_again_are_the_same_deed(play: Open) -> None:
    async with play() as screen:
        await screen.press("4")
        await screen.press("a")
        await screen.see("Say in the forum")
        wire = Wire(screen)
        wire.free.set()
        wire.broken = True
        await screen.press(*"hello", "enter")
        await screen.see("cut off from the daemon", "hello")
        wire.broken = False
        await screen.press("enter")
        await screen.until(lambda: "Say in the forum" not in screen.text)
        first, second = (params["key"] for _, params in wire.asked)
        assert first == second


async def test_the_line_for_a_filter_goes_when_a_pane_has_the_focus(play: Open) -> None:
    async with play() as screen:
        await screen.press("/", "z", "z")
        line = screen.app.query_one("#filter")
        assert line.display
        await screen.press("tab")
        await screen.until(lambda: not line.display)


async def test_the_last_of_two_pages_that_were_asked_for_at_once_is_shown(play: Open) -> None:
    async with play() as screen:
        app = screen.app
        forum, overview = Trail(Route(Place.FORUM)), Trail(Route(Place.OVERVIEW))
        await asyncio.gather(app.follow(forum), app.follow(overview))
        assert app.trail.here.screen is Place.OVERVIEW
        shown = [page.id for page in app.query("#pages > *") if page.display]
        assert shown == ["page-overview"]


async def test_a_finished_experiment_of_a_finished_campaign_offers_no_empty_choice(
    done: Stage, attach: Open
) -> None:
    async with attach(done) as screen:
        await screen.press("3")
        await screen.find("e1")
        await screen.press("p")
        await screen.see("e1 has ended")
        assert len(screen.app.screen_stack) == 1


async def test_a_replay_survives_an_id_that_does_not_exist(done: Stage, attach: Open) -> None:
    async with attach(done, replay="bowl", at="100%") as screen:
        await screen.see("REPLAY", "Champion")
        for ident in ("e999", "p999"):
            await command(screen, ident)
            await screen.see(f"there is no experiment '{ident}'" if ident[0] == "e" else ident)
        await screen.press("1")
        await screen.see("REPLAY", "Champion")


async def test_a_replay_knows_no_time_before_its_history(tmp_path: Path) -> None:
    from arctl.paths import Home

    source = ReplaySource(Home(tmp_path), "bowl", "50%", changed=lambda: None, wants=list)
    source.play()
    source.scrub(0.1)
    source.speed(2.0)
    await source.step(1)
    assert source.view.playback is None


async def test_a_replay_begins_to_run_where_it_stood(done: Stage, attach: Open) -> None:
    async with attach(done, replay="bowl") as screen:
        await screen.see("REPLAY")
        source, loop = screen.app.source, asyncio.get_running_loop()
        assert isinstance(source, ReplaySource)
        stood = loop.time() + 1.5
        await screen.until(lambda: loop.time() > stood)
        source.speed(1.0)
        assert source.view.playback is not None
        before, begun = source.view.playback.at, loop.time()
        source.play()
        await screen.until(lambda: source.view.playback.at > before)
        assert source.view.playback.at - before <= loop.time() - begun


def test_what_a_reply_names_as_nothing_is_gone_and_what_it_does_not_name_stays() -> None:
    known = harvest({}, {"id": "t1", "team": "t1", "direction": "h1", "name": "asha"})
    assert harvest(known, {"id": "t1", "state": "active"})["t1"].direction == "h1"
    assert harvest(known, {"id": "t1", "direction": None})["t1"].direction == ""


def test_the_key_line_says_what_a_key_does_here() -> None:
    said = [
        action.label for action in key_line(200, [Scope.LIST, Scope.FORUM, Scope.CONTROL, Scope.EVERYWHERE])
    ]
    assert "say" in said
    assert "add" not in said
