from __future__ import annotations

from typing import Any

import pytest

from arctl.tui.data.route import Route, Screen, Trail
from arctl.tui.keys.actions import Scope
from arctl.tui.panes.logbook import KEPT, Book, labels, tidied
from arctl.tui.panes.loglines import LogPane
from arctl.tui.panes.sources import SourcesPane, size, sources_query
from tests.support.stage import Stage
from tests.tui.conftest import Open
from tests.tui.presses import presses
from tests.tui.scenes import EVIL, NOW, RAW, WIDTHS, assert_harmless, hostile, scene, texts


def _source(ident: str, **more: Any) -> dict[str, Any]:
    known = {
        "id": ident, "label": f"e1 {ident}", "kind": "run", "campaign": "bowl", "team": "t1",
        "team_name": "alpha", "agent": "", "experiment": "e1", "device": "gpu0", "state": "running",
        "bytes": 4096, "updated": NOW - 5,
    }  # fmt: skip
    return {**known, **more}


DAEMON = _source("daemon", kind="daemon", label="the daemon", team="", team_name="", experiment="")
SOURCES = [DAEMON, _source("r1"), _source("r2"), _source("r3", state="ok", experiment="e3")]
REPLIES = {sources_query("bowl"): SOURCES}


def _tail(book: Book, lines: list[tuple[str, str]], offsets: dict[str, int], **more: Any) -> None:
    asked = book.tail()
    assert asked is not None
    told = [{"source": source, "at": None, "text": text} for source, text in lines]
    book.take_tail(asked, {"lines": told, "offsets": offsets, "done": [], "more": False, "now": NOW, **more})


def _said(book: Book) -> list[str]:
    return [entry.text for entry in book.entries]


def test_one_log_begins_at_its_end_and_is_gone_back_through() -> None:
    book = Book(["r1"], merged=False)
    _tail(book, [("r1", "nine")], {"r1": 100})
    back = book.back()
    assert back is not None
    assert back.given == {"id": "r1", "before": 100, "lines": 500}
    book.take_back(back, {"text": "eight\nnine\n", "start": 80, "offset": 100, "size": 100})
    _tail(book, [("r1", "ten")], {"r1": 104})
    assert _said(book) == ["eight", "nine", "ten"]
    again = book.back()
    assert again is not None
    book.take_back(again, {"text": "seven\n", "start": 0, "offset": 80, "size": 104})
    assert _said(book)[0] == "seven"
    assert book.back() is None


def test_an_answer_to_another_question_is_not_taken() -> None:
    book = Book(["r1"], merged=False)
    first = book.tail()
    _tail(book, [], {"r1": 100})
    assert first is not None
    assert not book.take_tail(first, {"lines": [{"source": "r1", "text": "x"}], "offsets": {"r1": 7}})
    assert _said(book) == []


def test_no_more_lines_are_kept_than_fit_and_the_rest_is_asked_for_again() -> None:
    book = Book(["r1"], merged=False)
    book.go(0)
    for at in range(20):
        lines = [("r1", f"{at}-{n}") for n in range(500)]
        _tail(book, lines, {"r1": (at + 1) * 1000})
    assert book.total == KEPT
    assert book.start == 10_000
    back = book.back()
    assert back is not None
    book.take_back(back, {"text": "before\n" * 500, "start": 9_000, "offset": 10_000, "size": 20_000})
    assert book.total == KEPT
    assert book.end == 19_000


def test_another_attempt_of_a_run_begins_a_new_log() -> None:
    book = Book(["r1"], merged=False)
    book.go(0)
    _tail(book, [("r1", "old")], {"r1": 900})
    _tail(book, [("r1", "new")], {"r1": 4})
    assert _said(book) == ["new"]


def test_lines_of_logs_that_are_not_picked_any_more_go_and_those_that_ended_stay() -> None:
    book = Book(["r1", "r2"], merged=True)
    _tail(book, [("r1", "a"), ("r2", "b")], {"r1": 2, "r2": 2})
    book.follow(["r2"], picked=False)
    assert _said(book) == ["a", "b"]
    book.follow(["r2"], picked=True)
    assert _said(book) == ["b"]


def test_warnings_and_errors_are_known_by_their_words_and_the_daemons_lines_by_their_time() -> None:
    book = Book(["daemon"], merged=False)
    book.go(0)
    lines = ["2026-11-21T17:02:50Z INFO up", "a WARNING here", "Traceback (most recent call last):", "ok"]
    _tail(book, [("daemon", line) for line in lines], {"daemon": 90})
    assert [entry.loud for entry in book.entries] == [0, 1, 2, 0]
    first = next(book.entries)
    assert first.text == "INFO up"
    assert first.at == 1_795_280_570.0


def test_only_a_line_that_came_while_one_looked_has_the_time_of_its_coming() -> None:
    book = Book(["r1"], merged=False)
    book.go(0)
    _tail(book, [("r1", "old")], {"r1": 4}, more=True)
    _tail(book, [("r1", "old too")], {"r1": 12})
    _tail(book, [("r1", "new")], {"r1": 16})
    assert [entry.at for entry in book.entries] == [None, None, NOW]


def test_of_a_progress_bar_the_last_state_is_kept_and_indentation_stays() -> None:
    assert tidied(" 10%\r 55%\r100%\r") == "100%"
    assert tidied("    raise ValueError\x1b[0m") == "    raise ValueError"
    assert len(tidied("x" * 2_000_000)) == 4000


def test_runs_of_one_experiment_are_told_apart() -> None:
    named = labels(SOURCES, ["r1", "r2"])
    assert named["r1"] == "alpha/e1 r1"
    assert labels(SOURCES, ["r1", "r3"])["r1"] == "alpha/e1"
    assert [size(n) for n in (0, 812, 4096, 37_000_000)] == ["0", "812", "4.1k", "37M"]


def test_all_that_grows_is_followed_until_something_is_opened_or_picked() -> None:
    sources = SourcesPane("sources")
    assert sources.shown(scene(REPLIES, Screen.LOGS)) == ("daemon", "r1", "r2")
    assert sources.shown(scene(REPLIES, Screen.LOGS, "r3")) == ("r3",)
    assert sources.single(scene(REPLIES, Screen.LOGS, "r3"))
    sources.picked = {"r1": None, "r3": None}
    assert sources.shown(scene(REPLIES, Screen.LOGS, "r3")) == ("r1", "r3")
    assert not sources.single(scene(REPLIES, Screen.LOGS, "r3"))


@pytest.mark.parametrize("glyphs", ["braille", "ascii"])
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_of_a_log_reaches_the_screen_raw(width: int, glyphs: str) -> None:
    sources = SourcesPane("sources")
    lines = LogPane("lines", sources)
    bad = {sources_query("bowl"): hostile(SOURCES, ("id", "state"))}
    told = scene(bad, Screen.LOGS, "", glyphs)
    assert_harmless(sources.rows(told, width), width)
    for merged in (True, False):
        book = lines._book = Book(["r1"], merged=merged)
        if not merged:
            book.go(0)
        _tail(book, [("r1", EVIL), ("r1", "a\tb"), ("r1", "\x1b]0;x")], {"r1": 90})
        for lines.wrapped in (False, True):
            assert_harmless(list(lines.rows(told, width)), width)
            assert not RAW.search("".join(texts(list(lines.rows(told, width)))))


# -- on a real daemon, whose own log gets lines from the test


def _wrote(on: Stage, first: int, count: int) -> None:
    with on.home.log.open("a") as file:
        file.writelines(f"line {n:06d} of the log\n" for n in range(first, first + count))


@pytest.mark.anyio
@presses(Scope.LOG, "follow", "f")
@presses(Scope.LOG, "level", "exclamation_mark")
@presses(Scope.LOG, "times", "t")
async def test_a_log_is_followed_stood_still_in_and_filtered_by_level(empty: Stage, attach: Open) -> None:
    _wrote(empty, 0, 200)
    async with attach(empty) as screen:
        await screen.app.follow(Trail(Route(Screen.LOGS, "daemon")))
        await screen.see("line 000199", "following")
        _wrote(empty, 200, 1)
        await screen.see("line 000200")
        await screen.press("f")
        await screen.see("standing still")
        await screen.press("f", "t")
        with empty.home.log.open("a") as file:
            file.write("WARNING: it is hot\n")
        await screen.see("WARNING: it is hot")
        await screen.press("exclamation_mark")
        await screen.see("only warnings and errors", "WARNING: it is hot")
        assert "line 000200" not in screen.text
        await screen.press("exclamation_mark")
        await screen.see("line 000200")


@pytest.mark.anyio
async def test_a_long_log_is_searched_by_the_daemon_and_gone_through_both_ways(
    empty: Stage, attach: Open
) -> None:
    _wrote(empty, 0, 50_000)
    async with attach(empty) as screen:
        await screen.app.follow(Trail(Route(Screen.LOGS, "daemon")))
        await screen.see("line 049999")
        await screen.press("slash", *"line 012345", "enter", "N")
        await screen.see("line 012345", "line 012344", "line 012346")
        lines = screen.pane
        assert isinstance(lines, LogPane)
        await screen.until(lambda: lines.copied() == "line 012345 of the log")
        await screen.press("g")
        await screen.see("line 000001 of", "at 0 %")
        await screen.press(*["pagedown"] * 6)
        await screen.see("line 000070")
        await screen.press("G")
        await screen.see("line 049999", "following")
        # As of lines that have just come, before their scrollbar.
        lines.show_vertical_scrollbar = False
        lines.action_half_up()
        lines.action_first()
        assert lines.scroll_offset.y == 0
        assert len(list(lines._book.entries)) <= KEPT


@pytest.mark.anyio
@presses(Scope.SOURCES, "pick", "space")
@presses(Scope.LOG, "sources", "S")
async def test_logs_are_chosen_one_by_one_and_a_small_terminal_shows_one_pane(
    done: Stage, attach: Open
) -> None:
    async with attach(done, (80, 24)) as screen:
        await screen.app.follow(Trail(Route(Screen.LOGS)))
        await screen.see("All that grow")
        await screen.press("S")
        await screen.see("[Sources", "daemon")
        await screen.find("r1")
        await screen.press("space")
        await screen.until(lambda: "r1" in screen.pane.picked)  # type: ignore[attr-defined]
        await screen.find("r2")
        await screen.press("space", "S")
        await screen.see("2 chosen", "val_loss")
        await screen.press("S")
        await screen.find("r1")
        await screen.press("enter")
        await screen.see("Log r1", "val_loss")
