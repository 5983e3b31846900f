"""What there is to measure of the terminal interface: its start, its keys, and what it costs untouched."""

from __future__ import annotations

import os
import random
import re
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from arctl.paths import Home
from arctl.tui.data.route import Screen
from arctl.tui.screens import PAGES
from tests.benchmarks.support import spread
from tests.benchmarks.terminal import Terminal

ARCTL = [str(Path(sys.executable).with_name("arctl")), "tui", "--host-label", "ws-01"]
SIZE = (120, 36)
#: A first answer that comes later than this is the next tick of the clock: the key changed nothing.
TICK = 0.4
STAGES = ("first byte", "frame painted", "LIVE, with devices", "the campaign, nothing left to ask")


def environ(home: Home | None = None) -> dict[str, str]:
    """Return the environment of a person at a terminal with all colours."""
    left_out = ("NO_COLOR", "SSH_CONNECTION", "SSH_TTY", "TMUX", "TEXTUAL_ANIMATIONS")
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    if home is not None:
        kept["ARCTL_HOME"] = str(home.root)
    return {**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor"}


@contextmanager
def attached(home: Home, *, campaign: bool) -> Iterator[Terminal]:
    """Open the interface and wait until it shows all that it asked for."""
    with Terminal(ARCTL, environ(home), SIZE) as terminal:
        stages(terminal, campaign=campaign)
        terminal.quiet(0.3)
        yield terminal


# -- the first frame -------------------------------------------------------------------------------------


def stages(terminal: Terminal, *, campaign: bool) -> list[float]:
    """Return when each stage of the start was reached, in seconds since the command was given."""
    terminal.read(60)
    found = [terminal.last, terminal.until(lambda text: "1 Overview" in text)]
    found.append(
        terminal.until(lambda text: "LIVE" in text and re.search(r"Devices \(\d+\)", text) is not None)
    )
    done = r"\d+ kept" if campaign else r"no campaign|Champion"
    found.append(terminal.until(lambda text: "asking …" not in text and re.search(done, text) is not None))
    return found


def first_frames(name: str, home: Home, repeats: int, *, campaign: bool) -> list[list[str]]:
    """Measure the start on one ledger."""
    times: list[list[float]] = []
    sizes: list[float] = []
    for _ in range(repeats):
        with Terminal(ARCTL, environ(home), SIZE) as terminal:
            times.append(stages(terminal, campaign=campaign))
            sizes.append(terminal.received / 1000)
    rows = [
        [name, what, *_two(values, 1000, "ms"), "1000 ms" if what == STAGES[-1] else ""]
        for what, values in zip(STAGES, zip(*times, strict=True), strict=True)
    ]
    return [*rows, [name, "bytes until then", *_two(sizes, 1, "kB"), ""]]


def beneath(repeats: int) -> list[list[str]]:
    """Measure what the start cannot be faster than: the interpreter, Textual, and our modules."""
    rows = []
    for code in ("pass", "import textual.app", "import arctl.tui.app"):
        times = []
        for _ in range(repeats):
            begun = time.perf_counter()
            os.waitpid(os.posix_spawn(sys.executable, [sys.executable, "-c", code], os.environ), 0)
            times.append(time.perf_counter() - begun)
        rows.append(["-", f"python -c '{code}'", *_two(times, 1000, "ms"), ""])
    return rows


# -- keys ------------------------------------------------------------------------------------------------


def screens_there() -> list[Screen]:
    """Return the screens that this version has."""
    return [
        screen
        for screen in Screen
        if find_spec("arctl.tui.screens." + PAGES[screen.value].partition(":")[0]) is not None
    ]


def keys(name: str, home: Home, many: int) -> list[list[str]]:
    """Measure from pressing a key to the first and to the last byte of its answer."""
    there = screens_there()
    with attached(home, campaign=True) as terminal:
        opened = [_pressed(terminal, str(screen.number).encode()) for screen in there[1:]]
        again = [
            _pressed(terminal, str(screen.number).encode())
            for _ in range(max(1, many // len(there)))
            for screen in (*there[1:], there[0])
            if len(there) > 1
        ]
        terminal.send(b"1\t\t")  # the events: a list in which there is always somewhere to go
        terminal.quiet(0.3)
        listed = _moves(terminal, many)
        tabs = [_pressed(terminal, b"\t") for _ in range(many)]
        typed = _typed(terminal, b"/", max(1, many // 6))
        palette = _typed(terminal, b":", max(1, many // 6))
        shown, closed = _window(terminal, b"?", max(1, many // 4))
        rows = [
            ("j, k in the events", listed),
            ("Tab", tabs),
            ("1 to 7", again),
            ("1 to 7, the first time", opened),
        ]
        if Screen.EXPERIMENTS in there:
            terminal.send(str(Screen.EXPERIMENTS.number).encode())
            terminal.quiet(0.5)
            rows.append(("j, k in the experiments", _moves(terminal, many)))
            terminal.send(b"g")
            terminal.quiet(0.3)
            entered = _window(terminal, b"\r", max(1, many // 4))
            rows += [("Enter: an experiment", entered[0]), ("Esc: back to the list", entered[1])]
        rows += [
            ("/ and letters", typed),
            (": and letters", palette),
            ("?", shown),
            ("Esc: a window", closed),
        ]
    usual = [each for what, told in rows if not what.startswith(("Esc", "1 to 7, the")) for each in told]
    found = [_key_row(name, what, told) for what, told in rows if any(told)]
    return [*found, _key_row(name, "all but Esc and first times", usual, "50 ms")]


def _key_row(
    name: str, what: str, pressed: Sequence[tuple[float, float] | None], goal: str = ""
) -> list[str]:
    """Write one line; how many of the presses were answered shows what is left out of it."""
    told = [each for each in pressed if each is not None]
    first, last = [each[0] for each in told], [each[1] for each in told]
    return [
        name,
        what,
        f"{len(told)} of {len(pressed)}",
        *_two(first, 1000, "ms"),
        *_two(last, 1000, "ms"),
        goal,
    ]


def _pressed(terminal: Terminal, key: bytes) -> tuple[float, float] | None:
    """Press a key at any moment of the second; None where nothing answers."""
    terminal.quiet(0.06, most=1.0)
    terminal.watch(random.uniform(0.0, 0.25))
    answer = terminal.answer(key)
    return answer if answer is not None and answer[0] < TICK else None


def _moves(terminal: Terminal, many: int) -> list[tuple[float, float] | None]:
    """Go down a list and up again, past the edge of the screen."""
    half = max(1, many // 2)
    return [_pressed(terminal, key) for key in [b"j"] * half + [b"k"] * half]


def _typed(terminal: Terminal, begin: bytes, many: int) -> list[tuple[float, float] | None]:
    """Open a line, type into it, and leave it."""
    found = []
    for _ in range(many):
        found += [_pressed(terminal, key) for key in (begin, b"e", b"x", b"\x7f")]
        terminal.send(b"\x1b")
        terminal.quiet(0.3)
        terminal.send(b"\x1b")  # out of the filter that may have been kept
        terminal.quiet(0.3)
    return found


def _window(
    terminal: Terminal, key: bytes, many: int
) -> tuple[list[tuple[float, float] | None], list[tuple[float, float] | None]]:
    """Open something and leave it again."""
    opened, closed = [], []
    for _ in range(many):
        opened.append(_pressed(terminal, key))
        closed.append(_pressed(terminal, b"\x1b"))
    return opened, closed


# -- bytes, memory, processor ----------------------------------------------------------------------------


def rates(name: str, home: Home, seconds: float, goals: tuple[str, str]) -> list[list[str]]:
    """Measure what each screen costs while nobody touches it."""
    rows = []
    with attached(home, campaign=True) as terminal:
        for screen in screens_there():
            terminal.send(str(screen.number).encode())
            terminal.quiet(0.5)
            terminal.watch(2.0)
            rows.append([name, f"{screen.number} {screen.heading}", *_used(terminal, seconds), *goals])
    return rows


def _used(terminal: Terminal, seconds: float) -> list[str]:
    """Return bytes a second, per cent of a core, RSS and USS in MiB."""
    before, begun, cpu = terminal.received, terminal.now, terminal.process.cpu_times()
    terminal.watch(seconds)
    taken, after = terminal.now - begun, terminal.process.cpu_times()
    share = (after.user + after.system - cpu.user - cpu.system) / taken
    memory = terminal.process.memory_full_info()
    return [
        f"{(terminal.received - before) / taken / 1000:.2f} kB/s",
        f"{100 * share:.1f} %",
        f"{memory.rss / 2**20:.0f} MiB",
        f"{memory.uss / 2**20:.0f} MiB",
    ]


def others(commands: Sequence[str], seconds: float, repeats: int) -> list[list[str]]:
    """Measure programs that one knows, as they are when nobody touches them."""
    rows = []
    for command in commands:
        name, starts, used = command.split()[0].rpartition("/")[2], [], ["-"] * 4
        try:
            for number in range(repeats):
                with Terminal(["sh", "-c", f"exec {command}"], environ(), SIZE) as terminal:
                    starts.append(terminal.until(lambda text: len(text.split()) > 40, 20))
                    terminal.watch(2.0)
                    if number == repeats - 1:
                        used = _used(terminal, seconds)
            rows.append([name, *_two(starts, 1000, "ms"), *used])
        except (RuntimeError, TimeoutError):
            rows.append([name, "does not run here", "-", *used])
    return rows


def _two(values: Sequence[float], factor: float, unit: str) -> list[str]:
    """Write median and 95th percentile."""
    median, p95, _ = spread(values)
    return [f"{factor * each:.0f} {unit}" for each in (median, p95)]
