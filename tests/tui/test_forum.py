from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from arctl.tui.data.route import Route, Screen
from arctl.tui.keys.actions import Scope
from arctl.tui.panes.thread import ThreadPane
from arctl.tui.panes.threads import ThreadsPane, directives_query, forum_query, thread_query
from tests.tui.conftest import Open
from tests.tui.presses import presses
from tests.tui.recorded import Recording, load, named
from tests.tui.scenes import NOW, WIDTHS, assert_harmless, hostile, scene, texts


def _thread(ident: str, text: str, latest: float, **more: Any) -> dict[str, Any]:
    known = {
        "thread": ident, "author": "ada", "kind": "note", "text": text, "team": "", "links": [],
        "posts": 1, "authors": ["ada"], "open": False, "created": NOW - 600, "latest": latest,
    }  # fmt: skip
    return {**known, **more}


def _post(ident: str, text: str, parent: str = "", **more: Any) -> dict[str, Any]:
    known = {
        "id": ident, "campaign": "bowl", "created": NOW - 120, "author": "ada", "kind": "note", "text": text,
        "thread": "m6", "parent": parent, "team": "", "links": [], "open": False, "rev": 0,
    }  # fmt: skip
    return {**known, **more}


THREADS = {
    "campaign": "bowl",
    "total": 3,
    "threads": [
        _thread("m1", "which seed?", NOW - 300, kind="question", open=True, author="grace"),
        _thread("m6", "look at the width first", NOW - 120, kind="directive", author="you", posts=4),
        _thread("m9", "warm-up sweep plan", NOW - 60, posts=2),
    ],
}
POSTS = {
    "campaign": "bowl",
    "thread": "m6",
    "posts": [
        _post("m6", "look at the width first", kind="directive", author="you", links=["i1"]),
        _post("m7", "I shall", "m6", kind="answer"),
        _post("m8", "so shall I", "m6", author="emmy"),
        _post("m10", "after me", "m7", author="grace", links=["e3"]),
    ],
}
DIRECTIVES = {
    "campaign": "bowl",
    "directives": [
        {
            "id": "i1", "campaign": "bowl", "created": NOW - 120, "target": "t1", "author": "you",
            "text": "look at the width first", "state": "acknowledged", "by": "ada",
            "acknowledged": NOW - 90, "plan": "width in three steps", "report": "", "ended": None,
            "thread": "m6", "rev": 1, "parked": ["p4", "p5"],
        }
    ],
}  # fmt: skip
REPLIES = {forum_query("bowl"): THREADS, thread_query("m6"): POSTS, directives_query("bowl"): DIRECTIVES}
NAMES = ("thread", "id", "parent", "campaign", "kind", "state")


def _panes() -> tuple[ThreadsPane, ThreadPane]:
    threads = ThreadsPane("threads")
    return threads, ThreadPane("thread", threads)


def test_the_thread_with_the_newest_post_is_on_top_and_a_waiting_question_is_marked() -> None:
    threads, _ = _panes()
    told = scene(REPLIES, Screen.FORUM)
    found = texts(threads.rows(told, 78))
    assert [line.split()[0].strip("!") or line.split()[1] for line in found] == ["m9", "m6", "m1"]
    assert found[2].startswith(" !")
    assert "1 waits for you" in threads.heading(told)


def test_what_came_after_the_forum_was_opened_is_new_until_it_is_read() -> None:
    threads, _ = _panes()
    threads.rows(scene(REPLIES, Screen.FORUM), 78)
    later = {**THREADS, "threads": [*THREADS["threads"], _thread("m11", "listen", NOW - 1)]}  # type: ignore[misc]
    threads.scene = scene({**REPLIES, forum_query("bowl"): later}, Screen.FORUM)
    assert texts(threads.rows(threads.scene, 78))[0].startswith(" *")
    assert "1 new" in threads.heading(threads.scene)
    threads.read("m11")
    assert "new" not in threads.heading(threads.scene)


def test_a_search_shows_posts_inside_other_threads_too() -> None:
    threads, _ = _panes()
    threads.filter = "after me"
    told = scene(REPLIES, Screen.FORUM)
    (search,) = [each for each in threads.wants(told) if "search" in each.given]
    told = scene({**REPLIES, search: {"posts": [_post("m10", "after me")]}}, Screen.FORUM)
    assert [row.key for row in threads.rows(told, 78)] == ["m10"]


def test_replies_stand_below_what_they_answer_and_links_are_rows() -> None:
    _, thread = _panes()
    told = scene(REPLIES, Screen.FORUM, "m6")
    rows = thread.rows(told, 78)
    assert [row.key for row in rows if row.key[:1] == "m"] == ["m6", "m7", "m10", "m8"]
    lines = {row.key: text for row, text in zip(rows, texts(rows), strict=True) if row.key}
    indents = [len(lines[key]) - len(lines[key].lstrip()) for key in ("m6", "m7", "m10", "m8")]
    assert indents == [1, 3, 5, 3]
    assert "e3" in lines


def test_a_directive_tells_how_it_stands_and_what_it_set_aside() -> None:
    threads, thread = _panes()
    told = scene(REPLIES, Screen.FORUM, "i1")
    assert threads.home(told) == "m6"
    text = "\n".join(texts(thread.rows(told, 78)))
    assert "acknowledged ada" in text
    assert "plan: width in three steps" in text
    assert "2 queued" in text
    assert {"i1", "p4", "p5"} <= {row.key for row in thread.rows(told, 78)}


def test_replies_in_a_circle_are_shown_once() -> None:
    _, thread = _panes()
    posts = [_post("m6", "a", "m7"), _post("m7", "b", "m6"), _post("m8", "c", "m8")]
    told = scene({thread_query("m6"): {"thread": "m6", "posts": posts}}, Screen.FORUM, "m6")
    keys = [row.key for row in thread.rows(told, 78) if row.key]
    assert sorted(keys) == ["m6", "m7", "m8"]


@pytest.mark.parametrize("glyphs", ["braille", "ascii"])
@pytest.mark.parametrize("width", WIDTHS)
def test_no_text_of_the_forum_reaches_the_screen_raw(width: int, glyphs: str) -> None:
    threads, thread = _panes()
    bad = {asked: hostile(reply, NAMES) for asked, reply in REPLIES.items()}
    told = scene(bad, Screen.FORUM, "m6", glyphs)
    assert_harmless(threads.rows(told, width), width)
    assert_harmless(thread.rows(told, width), width)
    thread.wrapped = False
    assert_harmless(thread.rows(told, width), width)


def _recording() -> Recording:
    found = load("busy")
    for asked, reply in REPLIES.items():
        found.replies[named(asked.method, asked.given)] = {"reply": reply}
    for ident in ("m1", "m9"):
        asked, posts = thread_query(ident), [_post(ident, f"this is {ident}", thread=ident)]
        found.replies[named(asked.method, asked.given)] = {"reply": {"thread": ident, "posts": posts}}
    return found


@pytest.mark.anyio
@presses(Scope.FORUM, "questions", "exclamation_mark")
async def test_questions_alone_can_be_shown_and_enter_goes_into_a_thread_and_back(play: Open) -> None:
    async with play(_recording()) as screen:
        await screen.go(Route(Screen.FORUM))
        await screen.see("warm-up sweep plan", "this is m9")
        await screen.press("exclamation_mark")
        await screen.see("only questions", "this is m1")
        assert "warm-up sweep plan" not in screen.text
        await screen.press("exclamation_mark", "j", "enter")
        await screen.see("after me", "width in three steps")
        assert screen.pane.id == "thread"
        await screen.press("escape")
        await screen.until(lambda: screen.pane.id == "threads")
        assert screen.pane.key == "m6"


@pytest.mark.anyio
@presses(Scope.FORUM, "unread", "u")
async def test_u_goes_to_the_thread_with_something_new_and_then_there_is_none(play: Open) -> None:
    recording = _recording()
    async with play(recording) as screen:
        await screen.go(Route(Screen.FORUM))
        await screen.see("this is m9")
        newer = {**THREADS, "threads": [dict(row) for row in THREADS["threads"]]}  # type: ignore[attr-defined]
        newer["threads"][0]["latest"] = NOW
        asked = forum_query("bowl")
        recording.replies[named(asked.method, asked.given)] = {"reply": newer}
        answers = dict(screen.app.source.view.answers)
        del answers[asked]
        screen.app.source.view = replace(screen.app.source.view, answers=answers)
        await screen.see("1 new")
        await screen.press("u")
        await screen.until(lambda: screen.pane.key == "m1")
        await screen.press("u")
        await screen.see("nothing new")


@pytest.mark.anyio
@presses(Scope.FORUM, "app.say", "a")
@presses(Scope.TEXT, "section(1)", "right_curly_bracket")
@presses(Scope.TEXT, "section(-1)", "left_curly_bracket")
@presses(Scope.TEXT, "wrap", "w")
async def test_braces_go_from_post_to_post_w_cuts_lines_and_a_begins_a_thread(play: Open) -> None:
    recording = _recording()
    posts = [*POSTS["posts"], _post("m12", "a long word " * 12 + "finally", "m6")]
    recording.replies[named("forum", {"thread": "m6"})] = {"reply": {**POSTS, "posts": posts}}
    async with play(recording) as screen:
        await screen.go(Route(Screen.FORUM, "m6"))
        await screen.see("after me", "finally")
        assert screen.pane.id == "thread"
        await screen.press("right_curly_bracket")
        first = screen.pane.key
        await screen.press("right_curly_bracket")
        assert screen.pane.key[:1] == first[:1] == "m"
        assert screen.pane.key != first
        await screen.press("left_curly_bracket")
        assert screen.pane.key == first
        await screen.press("w")
        await screen.until(lambda: "finally" not in screen.text)
        await screen.press("w", "a")
        await screen.see("Say in the forum")
