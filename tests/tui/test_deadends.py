from __future__ import annotations

from typing import Any

import pytest

from arctl.tui.data.route import Route, Screen
from arctl.tui.keys.actions import Scope
from arctl.tui.panes.champion import progress_query
from arctl.tui.panes.deadends import DeadEndPane, DeadEndsPane, known, page_query
from tests.tui.conftest import Open
from tests.tui.presses import presses
from tests.tui.recorded import Recording, load, named
from tests.tui.scenes import NOW, WIDTHS, assert_harmless, hostile, scene, texts


def _end(ident: str, axis: str, **more: Any) -> dict[str, Any]:
    effects = {"e3": -0.03, "e6": 0.22}
    found = {
        "id": ident, "campaign": "bowl", "axis": axis, "created": NOW - 600, "reason": "it diverges",
        "reopen": "2 more champions, or a person", "closed_by": "gate", "direction": "", "low": None,
        "high": None, "revived": "", "rev": 0, "title": "",
        "evidence": {"experiments": list(effects), "effects": effects},
    }  # fmt: skip
    return {**found, **more}


ENDS = [
    _end("d1", "LR", low=0.9, created=NOW - 900, closed_by="root"),
    _end("d2", "WIDTH", revived="e9 became champion since", created=NOW - 100),
    _end("d3", "", direction="h4", title="a longer warm-up", created=NOW - 60),
]
FIRST, SECOND = page_query("bowl", ""), page_query("bowl", "d3")
REPLIES: dict[Any, Any] = {
    FIRST: ENDS,
    SECOND: [],
    progress_query("bowl"): {"kept": [[1, 1.5, "e1", "baseline", 1.0], [12, 1.4, "e12", "WIDTH", NOW - 5]]},
}


def _panes() -> tuple[DeadEndsPane, DeadEndPane]:
    ends = DeadEndsPane("ends")
    return ends, DeadEndPane("end", ends)


def test_the_newest_is_on_top_and_what_was_opened_again_below_all() -> None:
    ends, _ = _panes()
    told = scene(REPLIES, Screen.DEAD_ENDS)
    assert [row.key for row in ends.rows(told, 118)] == ["d3", "d1", "d2"]
    assert "(2)  1 open again" in ends.heading(told)
    assert "LR from 0.9" in texts(ends.rows(told, 118))[1]


def test_pages_are_asked_for_until_one_is_empty() -> None:
    told = scene({FIRST: ENDS[:2]}, Screen.DEAD_ENDS)
    assert known(told)[1] == [FIRST, page_query("bowl", "d2")]
    told = scene({FIRST: ENDS[:2], page_query("bowl", "d2"): ENDS[2:]}, Screen.DEAD_ENDS)
    assert [row["id"] for row in known(told)[0]] == ["d1", "d2", "d3"]
    assert len(known(scene(REPLIES, Screen.DEAD_ENDS))[1]) == 2


def test_a_page_that_repeats_itself_ends_the_asking() -> None:
    told = scene({FIRST: ENDS, SECOND: ENDS}, Screen.DEAD_ENDS)
    assert len(known(told)[1]) == 2


def test_the_detail_says_why_by_whom_and_how_far_the_reopen_condition_is() -> None:
    _, end = _panes()
    told = scene(REPLIES, Screen.DEAD_ENDS, "d1")
    rows = end.rows(told, 78)
    text = "\n".join(texts(rows))
    assert "closed by root" in text
    assert "why: it diverges" in text
    assert "1 of 2 since: e12" in text
    assert {"e3", "e6", "axis:LR"} <= {row.key for row in rows}


def test_a_direction_is_a_link_and_what_was_opened_again_waits_for_nothing() -> None:
    _, end = _panes()
    assert "h4" in {row.key for row in end.rows(scene(REPLIES, Screen.DEAD_ENDS, "d3"), 78)}
    text = "\n".join(texts(end.rows(scene(REPLIES, Screen.DEAD_ENDS, "d2"), 78)))
    assert "e9 became champion since" in text
    assert "opens again with" not in text


@pytest.mark.parametrize("glyphs", ["braille", "ascii"])
@pytest.mark.parametrize("width", WIDTHS)
def test_no_text_of_a_dead_end_reaches_the_screen_raw(width: int, glyphs: str) -> None:
    ends, end = _panes()
    bad = {asked: hostile(reply, ("id", "campaign")) for asked, reply in REPLIES.items()}
    told = scene(bad, Screen.DEAD_ENDS, "d1", glyphs)
    assert_harmless(ends.rows(told, width), width)
    assert_harmless(end.rows(told, width), width)


def _recording() -> Recording:
    found = load("busy")
    for asked, reply in REPLIES.items():
        found.replies[named(asked.method, asked.given)] = {"reply": reply}
    return found


@pytest.mark.anyio
@presses(Scope.QUEUE, "sort", "s")
async def test_s_sorts_and_the_detail_follows_the_cursor(play: Open) -> None:
    async with play(_recording()) as screen:
        await screen.go(Route(Screen.DEAD_ENDS))
        await screen.see("newest first", "Dead end d3", "a longer warm-up")
        await screen.press("j")
        await screen.see("Dead end d1", "LR from 0.9")
        for said in ("best effect first", "most runs first", "by name", "newest first"):
            await screen.press("s")
            await screen.see(said)
        await screen.press("enter")
        await screen.until(lambda: screen.pane.id == "end")
        await screen.see("> d1")
