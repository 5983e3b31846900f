"""Keys that look: each is pressed, on recorded replies of a real daemon, and something is seen of it."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from textual.events import Key, Paste
from textual.widgets import Input, OptionList

from arctl.tui.data.route import Route, Screen
from arctl.tui.keys.actions import Scope
from arctl.tui.keys.registry import ACTIONS, elsewhere
from arctl.tui.panes.champion import ChampionPane
from tests.tui.conftest import Open
from tests.tui.conftest import Screen as Shown
from tests.tui.places import built
from tests.tui.presses import DECLARED, every_key, presses

pytestmark = pytest.mark.anyio
E = Scope.EVERYWHERE

#: Where keys have no test yet.
AWAITED: frozenset[Scope] = frozenset()


def test_every_key_of_the_registry_is_pressed_by_a_test() -> None:
    for path in Path(__file__).parent.glob("test_*.py"):
        importlib.import_module(f"tests.tui.{path.stem}")
    missing = [key for key in every_key() if key not in DECLARED]
    told = [f"{scope.value}: {key} ({action})" for scope, action, key in missing if scope not in AWAITED]
    assert not told, "keys that no test presses:\n" + "\n".join(told)
    assert {scope for scope, _, _ in missing} == AWAITED, "some of these are not awaited any more"


# -- everywhere ----------------------------------------------------------------------------------------------


def _screens(test: object) -> object:
    for screen in Screen:
        test = presses(E, f"app.show_screen('{screen.value}')", str(screen.number))(test)  # type: ignore[arg-type]
    return test


@_screens
async def test_numbers_show_the_screens(play: Open) -> None:
    async with play() as screen:
        for number in (7, 6, 5, 4, 2, 1, 3):
            shown = list(Screen)[number - 1]
            if not built(shown.value):
                pytest.skip(f"there is no page {shown.value} yet")
            await screen.press(str(number))
            await screen.see(f"[{number} {shown.heading}]")
            assert screen.app.trail.here == Route(shown)


@presses(E, "app.help", "question_mark", "f1")
@presses(Scope.MODAL, "close", "escape", "q")
@presses(Scope.READING, "down", "j", "down")
@presses(Scope.READING, "up", "k", "up")
async def test_help_names_every_key_and_is_closed_again(play: Open) -> None:
    async with play(size=(120, 30)) as screen:
        for opens, closes in (("question_mark", "escape"), ("f1", "q")):
            await screen.press(opens)
            await screen.see("Keys and commands", "(here)")
            await screen.press(closes)
            await screen.until(lambda: len(screen.app.screen_stack) == 1)
        await screen.press("question_mark")
        await screen.see("Keys and commands")
        window = screen.app.screen.query_one("#window")
        for key, up in (("j", False), ("down", False), ("k", True), ("up", True)):
            before = window.scroll_offset.y
            await screen.press(key)
            await screen.until(
                lambda before=before, up=up: window.scroll_offset.y == before + (-1 if up else 1)
            )
        assert screen.app.is_running, "q closed the window and left nothing else"


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
async def test_help_has_every_action_at_every_size(play: Open, size: tuple[int, int]) -> None:
    from arctl.tui.look.lines import plain
    from arctl.tui.windows.help import help_lines

    async with play(size=size) as screen:
        told = "\n".join(map(plain, help_lines(size[0], screen.app.scopes)))
    flat = " ".join(told.split())
    for action in ACTIONS:
        assert " ".join(action.help.split()[:3]) in flat, action.name


@presses(E, "app.palette", "colon", "ctrl+p")
@presses(Scope.PALETTE, "next_choice", "down", "ctrl+n")
@presses(Scope.PALETTE, "previous_choice", "up", "ctrl+p")
@presses(Scope.PALETTE, "complete", "tab")
async def test_the_palette_completes_and_carries_out(play: Open) -> None:
    async with play() as screen:
        for key in ("colon", "ctrl+p"):
            await screen.press(key)
            await screen.until(lambda: len(screen.app.screen_stack) == 2)
            if key == "colon":
                await screen.press("escape")
                await screen.until(lambda: len(screen.app.screen_stack) == 1)
        listed = screen.app.screen.query_one(OptionList)
        for key, at in (("down", 1), ("ctrl+n", 2), ("up", 1), ("ctrl+p", 0)):
            await screen.press(key)
            assert listed.highlighted == at
        await screen.press("g", "o", "space", "f", "o", "tab")
        assert screen.app.screen.query_one(Input).value.strip() == "go forum"
        await screen.press("enter")
        await screen.until(lambda: screen.app.trail.here == Route(Screen.FORUM))


@presses(E, "app.filter", "slash")
@presses(Scope.LIST, "next_match", "n")
@presses(Scope.LIST, "previous_match", "N")
@presses(E, "app.back", "escape")
async def test_a_filter_leaves_rows_out_and_escape_takes_it_away(play: Open) -> None:
    async with play() as screen:
        pane = await screen.focus("events")
        many = len(pane.keys_shown)
        await screen.press("slash", *"ready", "enter")
        await screen.see("Events  /ready")
        few = pane.keys_shown
        assert 1 < len(few) < many
        for key, at in (("n", 1), ("N", 0)):
            await screen.press(key)
            assert pane.key == few[at]
        await screen.press("escape")
        await screen.until(lambda: len(pane.keys_shown) == many)
        await screen.press("slash", "exclamation_mark", *"ready", "enter")
        await screen.until(lambda: len(pane.keys_shown) == many - len(few))


async def test_what_is_typed_in_one_go_keeps_its_order(play: Open) -> None:
    def at_once(screen: Shown, *keys: str) -> None:
        for key in keys:
            screen.app.post_message(Key(key, key if len(key) == 1 else None))

    async with play() as screen:
        await screen.press("slash")
        at_once(screen, *"abc", "backspace", "d", "left", "x")
        screen.app.post_message(Paste("y\nz"))
        at_once(screen, "backspace", "w")
        await screen.until(lambda: screen.app.query_one("#filter", Input).value == "abxy wd")
        filtered = screen.pane
        at_once(screen, "z", "tab")
        await screen.until(lambda: screen.pane is not filtered)
        assert filtered.filter == "abxy wzd"
        await screen.press("slash")
        at_once(screen, "escape", "4")
        await screen.until(lambda: screen.app.trail.here == Route(Screen.FORUM))
        await screen.press("slash")
        at_once(screen, *"why", "enter", "a")
        await screen.see("Say in the forum")
        assert screen.pane.filter == "why"
        await screen.press("escape", "escape", "a")
        await screen.see("Say in the forum")
        at_once(screen, *"hello", "tab", *"t1", "tab", *"e3")
        fields = screen.app.screen.query(Input)
        await screen.until(lambda: [field.value for field in fields] == ["hello", "t1", "e3"])


@presses(E, "app.next_pane", "tab", "l", "right")
@presses(E, "app.previous_pane", "shift+tab", "h", "left")
async def test_tab_and_letters_go_round_the_panes(play: Open) -> None:
    async with play() as screen:
        assert screen.pane.id == "teams"
        found = []
        for key in ("tab", "l", "right", "shift+tab", "h", "left"):
            await screen.press(key)
            found.append(screen.pane.id)
        assert found == ["champion", "events", "devices", "events", "champion", "teams"]


@presses(E, "app.last_view", "minus")
async def test_minus_goes_to_the_last_view_and_back(play: Open) -> None:
    async with play() as screen:
        await screen.press("minus")
        await screen.see("there was no other view yet")
        await screen.press("4", "minus")
        assert screen.app.trail.here == Route()
        await screen.press("minus")
        assert screen.app.trail.here == Route(Screen.FORUM)


@presses(E, "app.sibling(1)", "right_square_bracket")
@presses(E, "app.sibling(-1)", "left_square_bracket")
@presses(Scope.LIST, "enter", "enter")
async def test_brackets_go_through_the_list_that_one_came_from(play: Open) -> None:
    async with play() as screen:
        await screen.press("right_square_bracket")
        await screen.see("open something from a list first")
        teams = [key for key in screen.pane.keys_shown if key[0] == "t"]
        await screen.find(teams[0])
        await screen.press("enter")
        await screen.until(lambda: screen.app.trail.here.id == teams[0])
        await screen.press("right_square_bracket")
        await screen.until(lambda: screen.app.trail.here.id == teams[1])
        await screen.press("right_square_bracket")
        await screen.see("this is the last one of the list")
        await screen.press("left_square_bracket")
        await screen.until(lambda: screen.app.trail.here.id == teams[0])
        await screen.press("escape")
        await screen.until(lambda: screen.app.trail.here == Route())


@presses(E, "app.copy", "y")
async def test_y_copies_the_id_under_the_cursor(play: Open) -> None:
    async with play() as screen:
        team = next(key for key in screen.pane.keys_shown if key[0] == "t")
        await screen.find(team)
        await screen.press("y")
        await screen.see(f"copied '{team}'")
        assert screen.app.clipboard == team


@presses(E, "app.pager", "o")
async def test_o_says_where_it_cannot_open_a_pager(play: Open) -> None:
    async with play() as screen:
        await screen.press("o")
        await screen.see("could not be opened", "set PAGER")


@presses(E, "app.resync", "ctrl+r")
@presses(E, "app.campaign", "C")
@presses(E, "app.needs", "exclamation_mark")
async def test_campaigns_needs_and_resync(play: Open) -> None:
    async with play() as screen:
        await screen.press("ctrl+r")
        await screen.see("asking for everything anew")
        await screen.press("exclamation_mark")
        await screen.see("What needs you", "May a run take 2 GB more than the baseline?")
        await screen.press("escape", "C")
        await screen.see("Campaigns", "bowl   running")
        await screen.press("enter")
        await screen.until(lambda: len(screen.app.screen_stack) == 1)
    async with play("empty") as screen:
        await screen.press("C")
        await screen.see("there is no campaign yet")
        await screen.press("exclamation_mark")
        await screen.see("nothing waits for you")


async def test_a_key_that_does_nothing_here_says_where_it_works(play: Open) -> None:
    async with play() as screen:
        await screen.focus("teams")
        await screen.press("J")
        await screen.see("J works in a queue; ? tells what it does there")
        await screen.press("S")
        await screen.see("S works in a queue, in a log;")
        await screen.focus("champion")
        await screen.press("m")
        assert "m works" not in screen.text
    assert elsewhere("f5") == ""


@presses(E, "app.detach", "q")
async def test_q_leaves(play: Open) -> None:
    async with play() as screen:
        await screen.press("q")
        await screen.until(lambda: not screen.app.is_running)
        assert screen.app.return_code == 0


# -- in a pane -----------------------------------------------------------------------------------------------


@presses(Scope.LIST, "down", "j", "down")
@presses(Scope.LIST, "up", "k", "up")
@presses(Scope.LIST, "first", "g", "home")
@presses(Scope.LIST, "last", "G", "end")
@presses(Scope.LIST, "half_down", "ctrl+d", "pagedown")
@presses(Scope.LIST, "half_up", "ctrl+u", "pageup")
async def test_a_list_is_gone_through_with_one_hand(play: Open) -> None:
    async with play() as screen:
        pane = await screen.focus("events")
        half, last = pane.size.height // 2, len(pane.keys_shown) - 1
        expected = [
            ("j", 1), ("down", 2), ("k", 1), ("up", 0), ("G", last), ("g", 0), ("end", last), ("home", 0),
            ("ctrl+d", half), ("pagedown", 2 * half), ("ctrl+u", half), ("pageup", 0), ("k", 0),
        ]  # fmt: skip
        for key, at in expected:
            await screen.press(key)
            assert pane.key == pane.keys_shown[at], key
            assert pane.keys_shown.index(pane.key) in pane.in_sight


# -- at a curve ----------------------------------------------------------------------------------------------


@presses(Scope.CURVE, "zoom(1)", "plus", "equals_sign")
@presses(Scope.CURVE, "zoom(-1)", "minus")
@presses(Scope.CURVE, "zoom(0)", "0")
@presses(Scope.CURVE, "metric", "m")
@presses(Scope.CURVE, "logarithmic", "L")
@presses(Scope.CURVE, "compare", "c")
async def test_a_curve_is_looked_at_closely(play: Open) -> None:
    async with play() as screen:
        pane = await screen.focus("champion")
        assert isinstance(pane, ChampionPane)
        drawn = [pane.text]
        for key in ("plus", "equals_sign", "minus", "0"):
            await screen.press(key)
            drawn.append(pane.text)
        assert drawn[3] == drawn[1], "one closer and one further off"
        assert drawn[4] == drawn[0]
        assert len({drawn[0], drawn[1], drawn[2]}) == 3
        for key, said in (("m", "other curves"), ("L", "linear scale"), ("c", "compares its curve")):
            await screen.press(key)
            await screen.see(said)
