"""Windows over a page: at every width all of their text is there, and what has the focus is in sight."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tui.conftest import Open, Screen

pytestmark = pytest.mark.anyio


async def _on_a_team(screen: Screen) -> None:
    await screen.find(next(key for key in screen.pane.keys_shown if key[0] == "t"))


async def test_a_question_is_laid_out_anew_when_the_terminal_changes(play: Open) -> None:
    async with play(size=(120, 36)) as screen:
        await _on_a_team(screen)
        await screen.press("x")
        await screen.see("or what it belongs to?", "Cancel")
        await screen.pilot.resize_terminal(40, 24)
        await screen.see("belongs to?", "Cancel")
        await screen.press("end", "tab", "tab", "tab")
        await screen.pilot.resize_terminal(40, 10)
        await screen.see("campaign bowl")
        await screen.press("escape", "X")
        await screen.see("Its processes get no time to", "write anything.")
        await screen.pilot.resize_terminal(30, 24)
        await screen.see("alpha by ", "Esc to leave it.")


async def test_a_field_stays_in_sight_when_the_terminal_shrinks(play: Open) -> None:
    async with play(size=(120, 36)) as screen:
        await screen.press("5")
        await screen.settled()
        await screen.press("d", "tab", "tab", "tab", *"because")
        await screen.see("Mark a dead end", "because")
        await screen.pilot.resize_terminal(40, 9)
        await screen.see("because")
        await screen.pilot.resize_terminal(120, 36)
        await screen.see("because", "D on the dead end opens it again")


async def test_a_prompt_is_broken_at_the_width_that_there_is(
    play: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def call(method: str, **params: Any) -> Any:
        assert (method, params["move"]) == ("prompt", "critique")
        return {"agent": "ada", "version": "1", "system": "word " * 30 + "end", "messages": []}

    async with play(size=(80, 24)) as screen:
        monkeypatch.setattr(screen.app.source, "call", call)
        await screen.app.command("prompt critique")
        await screen.see("What it would be told", "word end")
        assert screen.text.count("word") == 30
        await screen.pilot.resize_terminal(40, 24)
        await screen.until(lambda: screen.text.count("word") == 30 and " end " in screen.text)


async def test_a_form_without_a_word_in_it_says_so(play: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    async def call(method: str, **params: Any) -> Any:
        assert (method, params) == ("board", {"campaign": "bowl"})
        return {}

    async with play() as screen:
        monkeypatch.setattr(screen.app.source, "call", call)
        await screen.press("a")
        await screen.see("Propose an experiment")
        await screen.press("enter")
        await screen.see("nothing was filled in", "Propose an experiment")


async def test_nothing_is_not_copied(play: Open) -> None:
    async with play() as screen:
        await screen.press("3")
        await screen.settled()
        await screen.press("slash", *"no such", "enter", "y")
        await screen.see("there is nothing under the cursor to copy")


@pytest.mark.parametrize(
    ("line", "asks"), [("kill", "or what it belongs to?"), ("kill --force", "by force?")]
)
async def test_a_kill_that_names_nothing_asks_first(play: Open, line: str, asks: str) -> None:
    async with play() as screen:
        await _on_a_team(screen)
        await screen.app.command(line)
        await screen.see("Kill team t", asks)
