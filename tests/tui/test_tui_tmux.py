from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.tui.tui_stage import Stage, wait_for

HAVE = shutil.which("tmux") is not None


def test_tmux_is_there_in_ci() -> None:
    assert HAVE or os.environ.get("CI") != "true", "CI must have tmux: the real terminal is tested in it"


class Terminal:
    """A window of a tmux server of its own."""

    def __init__(self, on: Stage, width: int, height: int, environ: dict[str, str]) -> None:
        self._base = ["tmux", "-f", "/dev/null", "-S", str(on.root / "tmux.sock")]
        command = [sys.executable, "-m", "arctl.tui", "--host-label", "ws-01"]
        self._run(
            *("new-session", "-d", "-x", str(width), "-y", str(height), *_environment(environ)),
            f"{' '.join(command)}; echo left with $?; exec cat",
            env=on.environ,
        )

    def _run(self, *arguments: str, env: dict[str, str] | None = None) -> str:
        done = subprocess.run([*self._base, *arguments], check=True, capture_output=True, text=True, env=env)
        return done.stdout

    def press(self, *keys: str) -> None:
        self._run("send-keys", *keys)

    @property
    def text(self) -> str:
        return self._run("capture-pane", "-p")

    @property
    def raw(self) -> str:
        return self._run("capture-pane", "-p", "-e")

    def see(self, *texts: str) -> None:
        try:
            wait_for(lambda: all(text in self.text for text in texts), 120)
        except TimeoutError:
            pytest.fail(f"waited for {texts} in vain; on the terminal:\n{self.text}")

    def close(self) -> None:
        subprocess.run([*self._base, "kill-server"], check=False, capture_output=True)


def _environment(environ: dict[str, str]) -> list[str]:
    return [part for name, value in environ.items() for part in ("-e", f"{name}={value}")]


Opened = Callable[..., Terminal]


@pytest.fixture
def terminal() -> Iterator[Opened]:
    if not HAVE:
        pytest.skip("tmux is not installed")
    opened: list[Terminal] = []

    def open_one(on: Stage, width: int = 80, height: int = 24, **environ: str) -> Terminal:
        opened.append(Terminal(on, width, height, environ))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


def test_a_person_looks_round_pauses_and_leaves(slow: Stage, terminal: Opened) -> None:
    screen = terminal(slow)
    screen.see("LIVE", "ws-01", "4/4 busy", "slow", "? help", "00:0")
    screen.press("?")
    screen.see("Keys", "Leave; the daemon goes on.")
    screen.press("Escape")
    screen.see("Experiments")
    screen.press("BTab", "p")
    screen.see("campaign slow paused")
    assert slow.status()["state"] == "paused"
    screen.press("q")
    screen.see("detached; the daemon goes on", "left with 0")
    assert slow.status()["state"] == "paused"


def test_the_banner_comes_and_goes_in_a_real_terminal(slow: Stage, terminal: Opened) -> None:
    screen = terminal(slow, 120, 36)
    screen.see("LIVE", "4/4 busy")
    slow.kill()
    screen.see("CUT OFF", "what is shown is old")
    slow.start()
    wait_for(lambda: "LIVE" in screen.text and "CUT OFF" not in screen.text)


def test_no_color_leaves_colours_to_the_terminal(done: Stage, terminal: Opened) -> None:
    screen = terminal(done, NO_COLOR="1")
    screen.see("LIVE", "bowl")
    assert "38;2" not in screen.raw
    assert "38;5" not in screen.raw
