"""Keys that change something, on a real daemon with a company at work; each says what it did, or why not."""

from __future__ import annotations

from typing import Any

import pytest

from arctl.tui.keys.actions import Scope
from tests.support.company import Busy
from tests.support.stage import Stage
from tests.tui.conftest import Open, Screen
from tests.tui.presses import presses

pytestmark = pytest.mark.anyio
C = Scope.CONTROL


def held(busy: Busy, team: str) -> bool:
    rows = busy.ask("teams", campaign="bowl")["teams"]
    return bool(next(row["held"] for row in rows if row["id"] == team))


def runs(busy: Busy) -> list[str]:
    return [row["run"] for row in busy.ask("gpus") if row["run"]]


async def windows_closed(screen: Screen) -> None:
    await screen.until(lambda: len(screen.app.screen_stack) == 1)


@presses(C, "app.pause", "p")
@presses(C, "app.undo", "z")
@presses(C, "app.redo", "Z")
async def test_p_pauses_without_a_question_and_z_takes_it_back(busy: Busy, attach: Open) -> None:
    async with attach(busy.stage) as screen:
        await screen.see("LIVE", "alpha")
        await screen.find(busy.team)
        await screen.press("p")
        await screen.see("paused", "(z takes it back)", "PAUSED")
        assert held(busy, busy.team)
        await screen.press("z")
        await screen.until(lambda: not held(busy, busy.team))
        await screen.press("Z")
        await screen.until(lambda: held(busy, busy.team))
        await screen.until(lambda: "PAUSED" in screen.text)
        await screen.press("p")
        await screen.until(lambda: not held(busy, busy.team))


@presses(C, "app.kill", "x")
@presses(Scope.QUESTION, "app.focus_next", "l", "j", "right", "down")
@presses(Scope.QUESTION, "app.focus_previous", "h", "k", "left", "up")
async def test_x_asks_with_its_cost_and_cancel_has_the_focus(busy: Busy, attach: Open) -> None:
    before = runs(busy)
    async with attach(busy.stage) as screen:
        await screen.see("LIVE", "1h00m")
        await screen.focus("devices")
        await screen.find(next(key for key in screen.pane.keys_shown if key.startswith("device:")))
        await screen.press("x")
        await screen.see(f"Kill run {before[0]}", "device time without a result")
        assert screen.app.focused.id == "cancel"
        seen = []
        for key in ("l", "right", "j", "down", "up", "k", "left", "h"):
            await screen.press(key)
            seen.append(screen.app.focused.id)
        assert len(set(seen[:4])) == 4
        assert seen[4:] == [*reversed(seen[:3]), "cancel"]
        await screen.press("escape")
        await windows_closed(screen)
        assert runs(busy) == before
        await screen.press("x")
        await screen.see(f"Kill run {before[0]}")
        await screen.press("l", "enter")
        await windows_closed(screen)
        await screen.until(lambda: before[0] not in runs(busy))


@presses(C, "app.force_kill", "X")
async def test_a_kill_by_force_wants_the_id_typed(busy: Busy, attach: Open) -> None:
    async with attach(busy.stage) as screen:
        await screen.see("LIVE", "1h00m")
        await screen.focus("devices")
        at, run = next((row["id"], row["run"]) for row in busy.ask("gpus") if row["run"])
        await screen.find(f"device:{at}")
        await screen.press("X")
        await screen.see(f"Kill run {run}", "by force?", "no time to write")
        await screen.press("n", "o", "enter")
        await screen.see(f"that is not {run}")
        await screen.press("backspace", "backspace", *run, "enter")
        await windows_closed(screen)
        await screen.until(lambda: run not in runs(busy))


@presses(C, "app.freeze", "P")
async def test_what_cannot_be_frozen_says_why(busy: Busy, attach: Open) -> None:
    async with attach(busy.stage) as screen:
        await screen.see("LIVE", "alpha")
        await screen.find(busy.team)
        await screen.press("P")
        await screen.see("freez")
        assert not held(busy, busy.team)


@presses(C, "app.redirect", "r")
async def test_r_gives_an_instruction_to_a_team(busy: Busy, attach: Open) -> None:
    words = "leave the depth alone"
    async with attach(busy.stage) as screen:
        await screen.see("LIVE", "alpha")
        await screen.find(busy.team)
        await screen.press("r")
        await screen.see(f"Redirect team {busy.team}", "Instruction")
        await screen.press("enter")
        await screen.see("Instruction must not be empty")
        await screen.press(*("space" if letter == " " else letter for letter in words), "enter")
        await windows_closed(screen)
        await screen.until(lambda: words in [row["text"] for row in directives(busy)])
        await screen.press("z")
        await screen.until(lambda: words not in [row["text"] for row in directives(busy)])


def directives(busy: Busy) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = busy.ask("directives", campaign="bowl")["directives"]
    return found


@presses(C, "app.add", "a")
async def test_a_puts_an_idea_into_the_queue(busy: Busy, attach: Open) -> None:
    async with attach(busy.stage) as screen:
        await screen.see("LIVE", "alpha")
        await screen.press("a")
        await screen.see("Propose an experiment for bowl", "WIDTH=", "[0 … 1]")
        await screen.press(*"WIDTH", "equals_sign", *"0.432", "tab", "tab", *"mine", "enter")
        await windows_closed(screen)
        await screen.until(lambda: "mine" in titles(busy))


def titles(busy: Busy) -> list[str]:
    return [row["title"] for row in busy.ask("board", campaign="bowl")["proposals"]]


async def test_a_read_only_session_changes_nothing(busy: Busy, attach: Open) -> None:
    async with attach(busy.stage, readonly=True) as screen:
        await screen.see("LIVE", "read-only", "alpha")
        await screen.find(busy.team)
        for key in ("p", "P", "x", "X", "r", "a", "z", "Z"):
            await screen.press(key)
            await screen.see("this session is read-only")
            screen.app.clear_notifications()
            assert len(screen.app.screen_stack) == 1
    assert not held(busy, busy.team)


async def test_an_empty_daemon_names_the_next_command(empty: Stage, attach: Open) -> None:
    async with attach(empty) as screen:
        await screen.see("LIVE", "no campaign yet: `arctl start PATH` or `arctl demo`")
        await screen.press("p")
        await screen.see("is not a thing to pause")
