from __future__ import annotations

from typing import Any

import pytest

from arctl.tui.keys import ACTIONS
from arctl.tui.widgets.pane import Pane
from tests.tui.conftest import Open
from tests.tui.tui_stage import Stage

pytestmark = pytest.mark.anyio
SIZES = [(80, 24), (120, 36), (200, 60)]


@pytest.mark.parametrize("size", SIZES)
async def test_the_overview_answers_at_a_glance(done: Stage, attach: Open, size: tuple[int, int]) -> None:
    champion = done.status()["champion"]
    async with attach(done, size) as screen:
        await screen.see("LIVE", "ws-01", "0/4 busy", "bowl", "finished", f"Champion {champion}", "accepted")
        await screen.see("idle: bowl is finished", "the champion", "●", "? help")
        assert not screen.app.screen.show_vertical_scrollbar
        assert max(map(len, screen.text.splitlines())) == size[0]


async def test_a_missing_reading_is_never_zero(done: Stage, attach: Open) -> None:
    from arctl.tui.lines import plain
    from arctl.tui.rows import device
    from arctl.tui.state import View
    from arctl.tui.widgets.devices import device_line

    row = device({"id": "G", "index": 0, "name": "g", "sample": None, "run": None})
    line = plain(device_line(row, View(), 0.0, 80))
    assert "0%" not in line
    assert "0W" not in line
    assert line.count("-") >= 4


async def test_enter_shows_the_verdict_and_its_evidence(done: Stage, attach: Open) -> None:
    champion = done.status()["champion"]
    async with attach(done) as screen:
        await screen.see("LIVE", f"★{champion}")
        pane = screen.app.query_one("#experiments", Pane)
        while pane.key != champion:
            await screen.press("j")
        await screen.press("enter")
        await screen.see("accepted · the champion", "reaches", "Evidence", "interval", "seed", "val_loss")
        await screen.press("escape")
        await screen.until(lambda: len(screen.app.screen_stack) == 1)


async def test_help_names_every_action(done: Stage, attach: Open) -> None:
    async with attach(done, (120, 60)) as screen:
        await screen.see("LIVE")
        await screen.press("question_mark")
        await screen.see("everywhere", "in a question")
        for action in ACTIONS:
            assert action.help.split(",")[0][:40] in screen.text


async def test_tab_and_letters_go_round_the_panes(done: Stage, attach: Open) -> None:
    async with attach(done) as screen:
        await screen.see("LIVE")
        found = []
        for key in ("tab", "l", "tab", "right"):
            await screen.press(key)
            found.append(screen.app.focused.id)
        assert found == ["events", "devices", "campaigns", "experiments"]
        await screen.press("h")
        assert screen.app.focused.id == "campaigns"


async def test_an_empty_daemon_names_the_next_command(empty: Stage, attach: Open) -> None:
    async with attach(empty) as screen:
        await screen.see("LIVE", "none yet: `arctl start PATH` or `arctl demo`", "no experiment yet")
        await screen.press("shift+tab", "p")
        await screen.see("there is no campaign yet")


async def test_a_key_that_cannot_act_says_why(done: Stage, attach: Open) -> None:
    async with attach(done) as screen:
        await screen.see("LIVE", "★")
        await screen.press("x")
        await screen.see("has ended")
        await screen.press("tab", "x")
        await screen.see("an event is past")
        await screen.press("tab", "x")
        await screen.see("nothing runs on sim0")


async def test_a_read_only_session_changes_nothing(slow: Stage, attach: Open) -> None:
    async with attach(slow, readonly=True) as screen:
        await screen.see("LIVE", "read-only", "slow")
        await screen.press("shift+tab", "p")
        await screen.see("this session is read-only")
        assert slow.status()["state"] == "running"


async def test_p_pauses_and_resumes_a_campaign(slow: Stage, attach: Open) -> None:
    async with attach(slow) as screen:
        await screen.see("LIVE", "slow", "4/4 busy")
        await screen.press("shift+tab", "p")
        await screen.see("campaign slow paused", "paused")
        assert slow.status()["state"] == "paused"
        await screen.until(lambda: screen.app.feed.view.campaign.state == "paused")
        await screen.press("p")
        await screen.see("campaign slow resumed")
        assert slow.status()["state"] == "running"


async def test_a_kill_is_asked_about_and_cancel_has_the_focus(slow: Stage, attach: Open) -> None:
    async with attach(slow) as screen:
        await screen.see("LIVE", "slow", "4/4 busy")
        await screen.press("shift+tab", "x")
        await screen.see("Kill campaign slow?", "What was measured stays")
        assert screen.app.focused.id == "cancel"
        await screen.press("enter")
        await screen.until(lambda: len(screen.app.screen_stack) == 1)
        assert slow.status()["state"] == "running"
        await screen.press("x")
        await screen.see("Kill campaign slow?")
        await screen.press("l", "enter")
        await screen.see("campaign slow killed", "finished")
        assert slow.status()["state"] == "finished"


async def test_a_run_is_killed_where_it_runs(slow: Stage, attach: Open) -> None:
    async with attach(slow) as screen:
        await screen.see("LIVE", "4/4 busy", "e1 r1")
        await screen.press("tab", "tab")
        run = slow.ask("gpus")[0]["run"]
        await screen.press("x")
        await screen.see(f"Kill run {run} of e1 on sim0?")
        await screen.press("tab", "enter")
        await screen.until(lambda: _stopping(slow, run))


def _stopping(on: Stage, run: str) -> Any:
    found = next(item for item in on.ask("show", id=run)["runs"] if item["id"] == run)
    return found["stopping"] or found["outcome"]
