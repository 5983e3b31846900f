"""Losing the daemon and finding it again: what is said, what stays, and that no event is lost or doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from arctl.daemon.folders import delete
from arctl.tui.data.view import Link, Phase, View
from arctl.tui.look.lines import plain
from arctl.tui.source.connected import MAX_BACKOFF, backoff
from arctl.tui.widgets.frame import banner_text, header_line
from tests.support.stage import Stage
from tests.tui.conftest import Open

pytestmark = pytest.mark.anyio


async def test_cut_off_is_said_and_ends_by_itself(slow: Stage, attach: Open) -> None:
    async with attach(slow) as screen:
        await screen.see("LIVE", "4/4 busy")
        slow.kill()
        await screen.see("CUT OFF", "what is shown is old", "`arctl start`")
        assert "4/4 busy" in screen.text, "what was seen last stays"
        await screen.press("p")
        await screen.see("cut off from the daemon")
        before = screen.app.source.view.events
        slow.start()
        await screen.see("LIVE")
        await screen.until(lambda: "CUT OFF" not in screen.text)
        begun = len(before)
        await screen.until(
            lambda: any(event.kind == "daemon.started" for event in screen.app.source.view.events[begun:])
        )
        events = screen.app.source.view.events
        assert events[:begun] == before
        numbers = [event.seq for event in events]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "no gap and no duplicate"


async def test_clocks_stand_still_while_cut_off(slow: Stage, attach: Open) -> None:
    async with attach(slow) as screen:
        await screen.see("LIVE", "4/4 busy", " / 1h00m")
        slow.kill()
        await screen.see("CUT OFF")
        shown = screen.app.scene.now
        # It looks at the daemon again and again in the meantime.
        tried = screen.app.source.view.link.attempts
        await screen.until(lambda: screen.app.source.view.link.attempts > tried + 1)
        assert screen.app.scene.now == shown


async def test_another_ledger_begins_anew(slow: Stage, attach: Open) -> None:
    async with attach(slow) as screen:
        await screen.see("LIVE", "Teams of slow")
        slow.close()
        await screen.see("CUT OFF")
        # With anything left that a ledger spoke of, none would be begun in its place.
        for path in (*slow.home.root.glob("ledger.db*"), slow.home.runs, slow.home.backups):
            delete(path)
        slow.start()
        await screen.see("LIVE", "no campaign yet: `arctl start PATH`")
        assert "slow" not in screen.text


async def test_it_waits_for_a_daemon_that_is_not_there_yet(tmp_path: Path, attach: Open) -> None:
    on = Stage(tmp_path)
    async with attach(on) as screen:
        await screen.see("CUT OFF", "no daemon is running", "arctl start", "not connected yet")
        assert "no campaign yet" not in screen.text
        await screen.press("y")
        await screen.see("nothing under the cursor to copy")
        await screen.press("C")
        await screen.see("cut off from the daemon: no daemon is running")
        await screen.press("exclamation_mark")
        await screen.see("What needs you")
        assert "nothing waits for you" not in screen.text
        assert "no campaign yet" not in screen.text
        await screen.press("escape")
        try:
            on.start()
            await screen.press("ctrl+r")
            await screen.see("LIVE")
        finally:
            on.close()


async def test_q_leaves_and_the_daemon_goes_on(slow: Stage, attach: Open) -> None:
    async with attach(slow) as screen:
        await screen.see("LIVE")
        await screen.press("q")
        await screen.until(lambda: not screen.app.is_running)
    assert slow.status()["state"] == "running"


def test_the_backoff_grows_to_its_bound() -> None:
    waits = [backoff(attempts) for attempts in range(1, 30)]
    assert waits == sorted(waits)
    assert waits[0] < 1
    assert waits[-1] == MAX_BACKOFF


def test_the_banner_has_no_gap_where_there_is_no_remedy() -> None:
    cut = View(link=Link(Phase.CUT, "a message that is not JSON"))
    assert banner_text(cut) == "a message that is not JSON · trying again, ^r now"


def test_phases_are_told_in_words_not_only_in_colours() -> None:
    said = {plain(header_line(View(Link(phase)), "h", 0, 80)) for phase in Phase}
    assert len(said) == len(Phase)
