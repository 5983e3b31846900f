from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from arctl.client import Client
from arctl.errors import RefusedError, UsageError
from arctl.tui.keys.actions import Scope
from arctl.tui.launch import Settings, launch
from arctl.tui.source.past import History, reply, without_what_came_later
from arctl.tui.source.replay import ReplaySource, factor, moment
from tests.support.stage import Stage
from tests.tui.conftest import Open
from tests.tui.presses import presses

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def told(done: Stage) -> History:
    history, cursor = History(), None
    with Client(done.home) as client:
        while True:
            page = client.call("history", campaign="bowl", after=cursor)
            history.take(page)
            cursor = page["cursor"]
            # A state is told a moment before its event is in the ledger.
            if not page["more"] and any(row["kind"] == "campaign.finished" for row in history.changes):
                return history


def test_at_its_end_a_history_tells_what_the_daemon_tells(done: Stage, told: History) -> None:
    end, params = told.end + 1, {"campaign": "bowl"}
    status, now = reply(told, end, "status", {})["campaigns"][0], done.status()
    for name in ("campaign", "state", "metric", "goal", "experiments", "verdicts", "champion", "running"):
        assert status[name] == now[name], name
    assert status["champion_mean"] == pytest.approx(now["champion_mean"])
    for sort in ("new", "effect", "mean", "title", "verdict"):
        window = {"sort": sort, "offset": 1, "limit": 4}
        ids = [row["id"] for row in reply(told, end, "experiments", window)["experiments"]]
        assert ids == [row["id"] for row in done.ask("experiments", **params, **window)["experiments"]], sort
    drawn, live = reply(told, end, "progress", {}), done.ask("progress", **params)
    assert [point[:3] for point in drawn["kept"]] == [point[:3] for point in live["kept"]]
    for name in ("kept_total", "crashed_total", "discarded_total", "last", "total"):
        assert drawn[name] == live[name], name
    effects = {row["axis"]: row for row in done.ask("effects", **params)["axes"]}
    for row in reply(told, end, "effects", {})["axes"]:
        assert row["n"] == effects[row["axis"]]["n"]
        assert row["mean"] == pytest.approx(effects[row["axis"]]["mean"])
    threads = done.ask("forum", **params)["threads"]
    assert [row["thread"] for row in reply(told, end, "forum", {})["threads"]] == [
        r["thread"] for r in threads
    ]
    ends = [row["id"] for row in done.ask("deadends", **params)]
    assert [row["id"] for row in reply(told, end, "deadends", {})] == ends


def test_nothing_is_known_before_it_happened(told: History) -> None:
    first = reply(told, told.begin, "status", {})["campaigns"][0]
    assert first["verdicts"] == {}
    assert first["experiments"] == 0
    length = told.end - told.begin
    seen = 0
    for step in range(21):
        at = told.begin + length * step / 20
        rows = reply(told, at, "experiments", {"sort": "new", "offset": 0, "limit": 500})["experiments"]
        assert len(rows) >= seen, "what was there stays there"
        seen = len(rows)
        for row in rows:
            assert row["created"] <= at
            assert (row["closed"] is not None and row["closed"] <= at) == bool(row["verdict"])
            assert row["verdict"] or row["mean"] is None
        for device in reply(told, at, "gpus", {}):
            assert not device["run"] or device["started"] <= at
        assert all((post["created"] or 0) <= at for post in told.until("posts", at))


def test_what_came_later_is_taken_out_of_an_experiment(done: Stage, told: History) -> None:
    champion = done.status()["champion"]
    shown = done.ask("show", id=champion)
    row = told.tables["experiments"][champion]
    before = without_what_came_later(told, row["closed"] - 1e-3, "show", shown)
    assert before["experiment"]["verdict"] == ""
    assert before["experiment"]["evidence"] == {}
    assert not before["champion"]
    assert all(event["at"] < row["closed"] for event in before["events"])
    after = without_what_came_later(told, told.end, "show", shown)
    assert after["experiment"] == shown["experiment"]
    assert after["champion"]
    begun = [run for run in shown["runs"] if run["started"] is not None]
    early = without_what_came_later(told, begun[0]["started"], "show", shown)
    assert [run["outcome"] for run in early["runs"]] == [""]


@pytest.mark.parametrize(
    ("text", "at"),
    [("50%", 1500.0), ("0%", 1000.0), ("+2m", 1320.0), ("-100s", 1100.0), ("+1h", 4800.0)],
)
def test_moments_are_read(text: str, at: float) -> None:
    assert moment(text, 1000.0, 2000.0, 1200.0) == at


def test_a_time_of_day_is_that_of_the_day_that_is_shown() -> None:
    begin = time.mktime((2026, 11, 21, 9, 0, 0, 0, 0, -1))
    assert moment("12:04", begin, begin + 9e4, begin) == begin + 3 * 3600 + 240
    assert moment("2026-11-21T09:30", begin, begin + 9e4, begin) == begin + 1800


@pytest.mark.parametrize("text", ["soon", "x%", "+5", "25:99", "nan%", "+nanh", "0001-01-01T00:00+14:00"])
def test_what_is_no_moment_is_refused_with_examples(text: str) -> None:
    with pytest.raises(RefusedError) as caught:
        moment(text, 0.0, 1.0, 0.5)
    assert "12:04" in caught.value.remedy


@pytest.mark.parametrize("text", ["zz", "nan", "inf", "0", "-5", "xx1"])
def test_what_is_no_speed_is_refused_with_an_example(text: str) -> None:
    assert factor("x60") == factor("60") == 60.0
    with pytest.raises(RefusedError) as caught:
        factor(text)
    assert ":speed 60" in caught.value.remedy


async def test_a_replay_begins_within_its_history(done: Stage, attach: Open) -> None:
    for at, shown in (("-5%", "  0%  Space"), ("2099-01-01", "100%  Space")):
        async with attach(done, (120, 36), replay="bowl", at=at) as screen:
            await screen.see("REPLAY", shown)


async def test_keys_of_a_replay_say_that_there_is_no_history_yet(done: Stage, attach: Open) -> None:
    async with attach(done, replay="nope") as screen:
        await screen.see("there is no campaign 'nope'")
        for key in ("space", "comma", "greater_than_sign"):
            await screen.press(key)
            await screen.see("there is nothing to replay yet")
            screen.app.clear_notifications()
        assert screen.app.source.view.playback is None
        assert "CUT OFF" in screen.text


def test_a_moment_needs_a_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in ("stdin", "stdout"):
        monkeypatch.setattr(f"sys.{stream}.isatty", lambda: True, raising=False)
    with pytest.raises(UsageError, match="--replay"):
        launch(Settings(at="50%"))


def _at(app: Any) -> float:
    source = app.source
    assert isinstance(source, ReplaySource)
    assert source.view.playback is not None
    return source.view.playback.at


@presses(Scope.REPLAY, "app.play", "space")
@presses(Scope.REPLAY, "app.scrub(1)", "full_stop")
@presses(Scope.REPLAY, "app.scrub(-1)", "comma")
@presses(Scope.REPLAY, "app.step(1)", "greater_than_sign")
@presses(Scope.REPLAY, "app.step(-1)", "less_than_sign")
async def test_keys_move_through_the_time_of_a_replay(done: Stage, attach: Open) -> None:
    async with attach(done, replay="bowl") as screen:
        await screen.see("REPLAY", "0%", "Champion")
        begin = _at(screen.app)
        await screen.press("full_stop", "full_stop")
        await screen.see("2%")
        await screen.press("comma")
        await screen.see("1%")
        here = _at(screen.app)
        await screen.press("greater_than_sign")
        await screen.until(lambda: _at(screen.app) > here)
        event = _at(screen.app)
        assert any(row.at == event for row in screen.app.source.view.events) or await _seen(screen, event)
        await screen.press("less_than_sign")
        await screen.until(lambda: begin <= _at(screen.app) < event)
        await screen.press("space")
        await screen.until(lambda: _at(screen.app) > event)
        await screen.press("space")
        await screen.until(lambda: not screen.app.source.view.playback.playing)
        still = _at(screen.app)
        await screen.pilot.pause(0.7)
        assert _at(screen.app) == still


async def _seen(screen: Any, event: float) -> bool:
    await screen.until(lambda: any(row.at == event for row in screen.app.source.view.events))
    return True


async def test_the_palette_goes_to_a_moment_and_sets_the_speed(done: Stage, attach: Open) -> None:
    champion = done.status()["champion"]
    async with attach(done, replay="bowl", at="100%") as screen:
        await screen.see("REPLAY", "100%", f"Champion {champion}")
        await screen.press("colon", *"at", "space", *"0", "percent_sign", "enter")
        await screen.see(" 0%")
        await screen.press("colon", *"speed", "space", *"600", "enter")
        await screen.see("x600")
        await screen.press("colon", *"at", "space", *"soon", "enter")
        await screen.see("is no moment", "12:04")


async def test_nothing_is_changed_in_what_is_past(done: Stage, attach: Open) -> None:
    async with attach(done, replay="bowl", at="50%") as screen:
        await screen.see("REPLAY", "50%")
        await screen.press("p")
        await screen.see("what is past cannot be changed")


async def test_every_screen_of_a_replay_says_what_it_shows(done: Stage, attach: Open) -> None:
    champion = done.status()["champion"]
    async with attach(done, (160, 45), replay="bowl", at="100%") as screen:
        await screen.see("REPLAY", "100%")
        for key, text in {
            "2": "Teams of bowl",
            "3": champion,
            "4": "Threads",
            "5": "Dead ends",
            "6": "Effects",
        }.items():
            await screen.press(key)
            await screen.see(text)
            assert "not connected" not in screen.text
        await screen.press("3")
        await screen.find(champion)
        await screen.press("enter")
        await screen.see("Verdict", "Diff", "+1 -1")


async def test_an_unknown_campaign_is_told_with_those_there_are(done: Stage, attach: Open) -> None:
    async with attach(done, replay="nonsense") as screen:
        await screen.see("there is no campaign 'nonsense'", "bowl")


async def test_a_replay_that_is_not_there_yet_has_no_time_to_move(tmp_path: Path, attach: Open) -> None:
    on = Stage(tmp_path)
    async with attach(on, replay="bowl") as screen:
        await screen.see("CUT OFF", "not connected yet")
        for key in ("space", "comma", "greater_than_sign"):
            await screen.press(key)
            await screen.see("there is nothing to replay yet: no daemon is running")
        await screen.press("colon", *"at 50%", "enter")
        await screen.until(lambda: screen.text.count("there is nothing to replay yet") == 4)
        assert screen.app.source.view.playback is None


async def test_keys_of_a_replay_say_that_there_is_none(done: Stage, attach: Open) -> None:
    async with attach(done) as screen:
        await screen.see("LIVE")
        await screen.press("full_stop")
        await screen.see("this is no replay")
