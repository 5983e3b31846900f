"""A real terminal for tests: the interface in a window of a tmux server of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pytest

from tests.tui.tui_stage import Stage, wait_for


class Terminal:
    """One window; keys go in by `press` and `type`, what stands on it comes out by `text`."""

    def __init__(self, on: Stage, width: int, height: int, options: Sequence[str], environ: dict[str, str]):
        self._base = ["tmux", "-f", "/dev/null", "-S", str(on.root / f"{id(self)}.sock")]
        command = [sys.executable, "-m", "arctl.tui", "--host-label", "ws-01", *options]
        given = [part for name, value in environ.items() for part in ("-e", f"{name}={value}")]
        self._run(
            *("new-session", "-d", "-x", str(width), "-y", str(height), *given),
            f"{' '.join(command)}; echo left with $?; exec cat",
            env=on.environ,
        )

    def _run(self, *arguments: str, env: dict[str, str] | None = None) -> str:
        done = subprocess.run([*self._base, *arguments], check=True, capture_output=True, env=env)
        return done.stdout.decode()

    def press(self, *keys: str) -> None:
        """Press keys by their names."""
        self._run("send-keys", *keys)

    def type(self, text: str, end: str = "Enter") -> None:
        """Type a text, and a key at its end."""
        self._run("send-keys", "-l", text)
        if end:
            self.press(end)

    def command(self, text: str) -> None:
        """Carry out a line of the palette."""
        self.press(":")
        self.see("a command, an id, or part of one")
        self.type(text)

    def resize(self, width: int, height: int) -> None:
        """Give the window another size."""
        self._run("resize-window", "-x", str(width), "-y", str(height))

    def told(self, what: str) -> str:
        """Return what tmux knows of the window, as `#{pane_title}`."""
        return self._run("display-message", "-p", what).rstrip("\n")

    @property
    def text(self) -> str:
        """What stands in the window."""
        return self._run("capture-pane", "-p")

    @property
    def lines(self) -> list[str]:
        """The lines of the window, with their blanks."""
        return self._run("capture-pane", "-p", "-N").removesuffix("\n").split("\n")

    @property
    def raw(self) -> str:
        """What stands in the window, with its colours."""
        return self._run("capture-pane", "-p", "-e")

    def see(self, *texts: str, gone: Sequence[str] = ()) -> str:
        """Wait until these texts stand in the window, and those have gone; return all of it."""

        def there() -> str:
            text = self.text
            return (
                text if all(each in text for each in texts) and not any(map(text.__contains__, gone)) else ""
            )

        try:
            return wait_for(there, 60)
        except AssertionError:
            pytest.fail(f"waited for {texts}, not {gone}, in vain; on the terminal:\n{self.text}")

    def close(self) -> None:
        """End the server with all that is in it."""
        subprocess.run([*self._base, "kill-server"], check=False, capture_output=True)
