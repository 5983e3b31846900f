"""The interface from end to end: keys in a real terminal, a real daemon, a real campaign."""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from tests.support.campaigns import git, make_bowl
from tests.support.company import DIRECTIVE, QUESTION, Busy
from tests.tui.hostile import EVIL, escapes, raw
from tests.tui.terminal import Terminal
from tests.tui.tui_stage import Stage, wait_for

HAVE = shutil.which("tmux") is not None
Opened = Callable[..., Terminal]

#: What each screen of a company at work has on it, by its key.
SCREENS = {
    "1": ("[1 Overview]", "alpha", "Champion"),
    "2": ("2 Teams]", "alpha", "beta"),
    "3": ("3 Experiments]", "accepted"),
    "4": ("4 Forum]", QUESTION[:20]),
    "5": ("5 Dead ends]", "DEPTH"),
    "6": ("6 Effects]", "DEPTH"),
    "7": ("7 Logs]", "step"),
}


def test_tmux_is_there_in_ci() -> None:
    assert HAVE or os.environ.get("CI") != "true", "CI must have tmux: the real terminal is tested in it"


@pytest.fixture
def terminal() -> Iterator[Opened]:
    if not HAVE:
        pytest.skip("tmux is not installed")
    opened: list[Terminal] = []

    def open_one(on: Stage, width: int = 120, height: int = 36, *options: str, **environ: str) -> Terminal:
        opened.append(Terminal(on, width, height, options, environ))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


def cells(line: str) -> int:
    """Return the cells that a terminal gives a line; marks have none of their own."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in line
    )


def whole(screen: Terminal, width: int, height: int) -> None:
    """Wait until the window is filled from edge to edge, and nothing is broken off."""

    def filled() -> bool:
        lines = screen.lines
        return len(lines) == height and {cells(line) for line in lines} == {width}

    try:
        wait_for(filled, 60)
    except AssertionError:
        pytest.fail(f"not {width}x{height}: {[(cells(line), line) for line in screen.lines]}")


def test_a_person_looks_round_in_windows_of_any_size_and_leaves(busy: Busy, terminal: Opened) -> None:
    screen = terminal(busy.stage, 80, 24, LINES="9", COLUMNS="40")
    screen.see("LIVE", "ws-01", "4 busy", "alpha", "? help")
    for width, height in ((80, 24), (200, 60), (80, 24)):
        screen.resize(width, height)
        for key, texts in SCREENS.items():
            screen.press(key)
            screen.see(*texts, "LIVE")
            whole(screen, width, height)
    screen.press("1")
    screen.see("alpha")
    screen.press("?")
    screen.see("Keys and commands", "Go down.")
    for width, height in ((200, 60), (80, 24)):
        screen.resize(width, height)
        screen.see("Keys and commands")
        whole(screen, width, height)
    screen.press("Escape")
    screen.see("alpha", "beta", gone=("Keys and commands",))
    screen.press("/")
    screen.type("alph", end="")
    # Its row among the teams; a device may show it as well.
    screen.see("alpha", gone=("\n beta ",))
    screen.press("Escape")
    screen.see("\n beta ", gone=("text to look for",))
    screen.press("q")
    screen.see("detached; the daemon goes on", "left with 0")


def test_a_team_is_paused_redirected_and_all_of_it_taken_back(busy: Busy, terminal: Opened) -> None:
    def held() -> bool:
        rows = busy.ask("teams", campaign="bowl")["teams"]
        return bool(next(row["held"] for row in rows if row["id"] == busy.team))

    def given() -> Any:
        rows = busy.ask("directives", campaign="bowl", all=True)["directives"]
        return next(row for row in rows if row["text"] == "try a smaller width")

    screen = terminal(busy.stage)
    screen.see("LIVE", "alpha")
    screen.press("p")
    screen.see("paused", "(z takes it back)", "PAUSED")
    assert held()
    screen.press("z")
    wait_for(lambda: not held())
    screen.see(gone=("PAUSED",))
    screen.press("Z")
    screen.see("PAUSED")
    screen.press("p")
    wait_for(lambda: not held())
    screen.see(gone=("PAUSED",))
    screen.command(f"pause {busy.team}")
    wait_for(held)
    screen.command(f"resume {busy.team}")
    wait_for(lambda: not held())
    screen.command(f"go {busy.accepted}")
    screen.see("[3 Experiments]", "near the best rate")
    screen.press("2")
    screen.see(DIRECTIVE)
    screen.press("r")
    screen.see(f"Redirect team {busy.team}", "Instruction")
    screen.type("try a smaller width")
    screen.see("try a smaller width", gone=("Instruction",))
    wait_for(lambda: given()["state"] == "acknowledged")
    screen.see(f"{given()['id']} acknowledged", "so far:")


def test_a_direction_is_killed_after_a_question_and_its_axes_are_closed(busy: Busy, terminal: Opened) -> None:
    found = busy.ask("direction", campaign="bowl", text="another order of the data", axes=["SHUFFLE"])
    ident = found["direction"]
    screen = terminal(busy.stage)
    screen.see("LIVE", "alpha")
    screen.command(f"go {ident}")
    screen.see("[2 Teams]", "another order of the data")
    screen.press("x")
    screen.see(f"Kill direction {ident}", "Cancel")
    screen.press("Enter")
    screen.see("another order of the data", gone=("Cancel",))
    assert "SHUFFLE" not in axes(busy)
    screen.press("x")
    screen.see("Cancel")
    screen.press("Right", "Enter")
    wait_for(lambda: "SHUFFLE" in axes(busy))
    screen.see(gone=("Cancel",))
    screen.press("5")
    screen.see("5 Dead ends]", "SHUFFLE")


def axes(busy: Busy) -> str:
    return str(busy.ask("deadends", campaign="bowl"))


def test_a_log_is_followed_while_it_grows_and_stands_still(busy: Busy, terminal: Opened) -> None:
    def newest(text: str) -> int:
        return max(map(int, re.findall(r"step (\d+) \|", text)), default=-1)

    screen = terminal(busy.stage)
    screen.see("LIVE", "alpha")
    screen.command(f"go {next(row['run'] for row in busy.ask('gpus') if row['run'])}")
    before = newest(screen.see("following", "step"))
    wait_for(lambda: newest(screen.text) > before + 10)
    screen.press("f")
    screen.see("step", gone=("following",))
    stood = newest(screen.text)
    other = terminal(busy.stage)
    other.see("LIVE")
    other.press("7")
    wait_for(lambda: newest(other.text) > stood + 15)
    assert newest(screen.text) == stood
    screen.press("f")
    screen.see("following")
    wait_for(lambda: newest(screen.text) > stood + 15)


def test_a_daemon_that_dies_and_comes_back_costs_a_banner(slow: Stage, terminal: Opened) -> None:
    screen = terminal(slow)
    screen.see("LIVE", "4/4 busy", "00:0")
    runs = {row["run"] for row in slow.ask("gpus")}
    slow.kill()
    screen.see("CUT OFF", "what is shown is old", "4/4 busy", "`arctl start`")
    live = screen.raw
    screen.press("p")
    screen.see("cut off from the daemon:")
    screen.press("3")
    screen.see("3 Experiments]", "CUT OFF")
    screen.press("1")
    slow.start()
    screen.see("LIVE", "4/4 busy", gone=("CUT OFF",))
    assert screen.raw != live
    wait_for(lambda: {row["run"] for row in slow.ask("gpus")} == runs)
    # The experiments page of an hour ago knows what is new.
    screen.press("3")
    screen.see("3 Experiments]", "running")
    screen.press("1", "p")
    screen.see("ada paused", "(z takes it back)")


def test_colours_and_characters_are_those_that_were_asked_for(busy: Busy, terminal: Opened) -> None:
    bare = terminal(busy.stage, 120, 36, NO_COLOR="1")
    ascii_ = terminal(busy.stage, 120, 36, "--glyphs", "ascii", "--readonly")
    light = terminal(busy.stage, 120, 36, "--theme", "light")
    dark = terminal(busy.stage)
    for key, texts in SCREENS.items():
        for screen in (bare, ascii_):
            screen.press(key)
            screen.see(*texts, "LIVE")
        assert not re.search(r"\x1b\[[0-9;]*[34]8;[25]", bare.raw)
        assert ascii_.text.isascii(), ascii_.text
    ascii_.press("1")
    ascii_.see("[1 Overview]", "read-only", "alpha")
    for key in ("p", "x", "r", "z"):
        ascii_.press(key)
        ascii_.see("this session is read-only")
    light.see("LIVE", "alpha", "Champion")
    dark.see("LIVE", "alpha", "Champion")
    assert grounds(light.raw) & grounds(dark.raw) == set()


def grounds(text: str) -> set[str]:
    """Return the colours on which something is written."""
    return set(re.findall(r"48;[25];[0-9;]*?(?=[;m])", text))


def test_hostile_text_reaches_no_terminal(empty: Stage, terminal: Opened) -> None:
    repo = make_bowl(empty.root / "evil", "evil", pace=100.0)
    script = (repo / "train.py").read_text()
    (repo / "train.py").write_text(script.replace("step = 0\n", f"print({EVIL!r}, flush=True)\nstep = 0\n"))
    git(repo, "commit", "--quiet", "--all", "--message=evil")
    empty.daemon.campaign(repo)
    said = empty.ask("say", campaign="evil", text=EVIL + "said")
    empty.ask("direction", campaign="evil", text=EVIL + "way", title=EVIL, axes=["LR"])
    empty.ask("propose", campaign="evil", values={"WIDTH": 0.3}, title=EVIL + "idea")
    screen = terminal(empty)
    screen.see("LIVE", "evil")
    title, drawn = screen.told("#{pane_title}"), screen.told("#{alternate_on} #{mouse_any_flag}")
    for place in ("1", "2", "3", "4", "5", "6", "7", f":go {said['post']}", ":go e1", ":go r1"):
        if len(place) == 1:
            screen.press(place)
            screen.see(f"{place} ", "LIVE")
        else:
            screen.command(place.removeprefix(":"))
            screen.see(f"> {place.split()[1]}", "LIVE")
            if "m" in place:
                screen.see("[red]bold[/red]")
        unharmed(screen)
    screen.see("following", "step")
    screen.press("g")
    screen.see("漢字", "step 0")
    unharmed(screen)
    assert screen.told("#{pane_title}") == title
    assert screen.told("#{alternate_on} #{mouse_any_flag}") == drawn == "1 1"


def unharmed(screen: Terminal, size: Sequence[int] = (120, 36)) -> None:
    """Check what is in the window, and what tmux was told about it."""
    whole(screen, *size)
    assert raw(screen.text) == []
    assert escapes(screen.raw.encode("ascii", "replace")) == []
