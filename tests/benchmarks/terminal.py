"""A terminal for measuring: runs a program, notes when its bytes come, and knows what its screen shows."""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

import psutil
from rich.cells import cell_len

#: Seconds without a byte after which an answer is over.
GAP = 0.03
_TOKEN = re.compile(
    r"\x1b\[(?P<given>[<-?]?[\d;:]*)[ -/]*(?P<final>[@-~])"
    r"|\x1b\](?:[^\x07\x1b]*)(?:\x07|\x1b\\)"
    r"|\x1b[PX^_].*?\x1b\\"
    r"|\x1b[ -/]+[0-~]|\x1b[0-Z\\^-~]"
    r"|(?P<control>[\x00-\x1a\x1c-\x1f\x7f])"
    r"|(?P<text>[^\x00-\x1f\x7f]+)",
    re.DOTALL,
)


class Screen:
    """What stands on a terminal's screen, without colours: enough of a VT100 for what paints cells."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._cells = [[" "] * width for _ in range(height)]
        self._x = self._y = 0
        self._rest = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    @property
    def text(self) -> str:
        """Return the lines of the screen."""
        return "\n".join("".join(row).rstrip() for row in self._cells)

    def feed(self, data: bytes) -> None:
        """Take in what a program wrote."""
        text, at = self._rest + self._decoder.decode(data), 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                break  # the rest of this sequence is in the next piece
            at = found.end()
            if (piece := found["text"]) is not None:
                self._write(piece)
            elif (control := found["control"]) is not None:
                self._control(control)
            elif found["final"]:
                self._command(found["final"], found["given"])
        self._rest = text[at:]

    def _write(self, text: str) -> None:
        for letter in text:
            wide = cell_len(letter)
            if self._x + wide > self.width:
                self._x, self._y = 0, min(self._y + 1, self.height - 1)
            if wide:
                self._cells[self._y][self._x : self._x + wide] = [letter, *[""] * (wide - 1)]
            self._x += wide

    def _control(self, control: str) -> None:
        match control:
            case "\r":
                self._x = 0
            case "\n":
                self._y = min(self._y + 1, self.height - 1)
            case "\b":
                self._x = max(0, self._x - 1)
            case _:
                pass

    def _command(self, final: str, given: str) -> None:
        if given[:1] in ("?", "<", "=", ">"):
            return
        numbers = [int(each) if each.isdigit() else 0 for each in given.split(";")]
        count = max(1, numbers[0])
        match final:
            case "H" | "f":
                column = numbers[1] if len(numbers) > 1 else 1
                self._move(max(1, column) - 1, count - 1)
            case "A":
                self._move(self._x, self._y - count)
            case "B":
                self._move(self._x, self._y + count)
            case "C":
                self._move(self._x + count, self._y)
            case "D":
                self._move(self._x - count, self._y)
            case "G":
                self._move(count - 1, self._y)
            case "d":
                self._move(self._x, count - 1)
            case "X":
                self._blank(self._y, self._x, self._x + count)
            case "K":
                low, high = ((self._x, self.width), (0, self._x + 1), (0, self.width))[numbers[0]]
                self._blank(self._y, low, high)
            case "J" if numbers[0] >= 2:
                for row in range(self.height):
                    self._blank(row, 0, self.width)
            case _:
                pass

    def _move(self, x: int, y: int) -> None:
        self._x, self._y = min(max(0, x), self.width - 1), min(max(0, y), self.height - 1)

    def _blank(self, row: int, low: int, high: int) -> None:
        high = min(high, self.width)
        self._cells[row][low:high] = [" "] * max(0, high - low)


class Terminal:
    """A program in a pseudo-terminal of its own; times are seconds since it was started.

    The terminal answers no questions, like a plain one: a program that asks what it can do hears nothing.
    """

    def __init__(
        self, command: Sequence[str], environ: Mapping[str, str], size: tuple[int, int] = (120, 36)
    ) -> None:
        width, height = size
        self.screen = Screen(width, height)
        #: How many bytes came so far, and when the last one did.
        self.received = 0
        self.last = 0.0
        self._begun = time.perf_counter()
        self.pid, self._file = pty.fork()
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
                os.execvpe(command[0], list(command), dict(environ))
            finally:
                os._exit(127)
        self.process = psutil.Process(self.pid)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def now(self) -> float:
        """Return the seconds since the program was started."""
        return time.perf_counter() - self._begun

    def send(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self._file, keys)

    def read(self, seconds: float) -> bool:
        """Wait for bytes at most so long, and take them in; False when none came."""
        ready, _, _ = select.select([self._file], [], [], max(0.0, seconds))
        if not ready:
            return False
        try:
            data = os.read(self._file, 1 << 20)
        except OSError as error:
            msg = f"the program has ended; its screen was\n{self.screen.text}"
            raise RuntimeError(msg) from error
        self.last = self.now
        self.received += len(data)
        self.screen.feed(data)
        return True

    def watch(self, seconds: float) -> None:
        """Take in what comes for a while."""
        end = self.now + seconds
        while (left := end - self.now) > 0:
            self.read(left)

    def quiet(self, seconds: float, most: float = 5.0) -> None:
        """Wait until nothing came for a while; go on at last where something always comes."""
        end = self.now + most
        while self.read(seconds) and self.now < end:
            pass

    def until(self, seen: Callable[[str], bool], most: float = 120.0) -> float:
        """Wait until the screen shows something; return when the bytes that brought it had come."""
        end = self.now + most
        while not seen(self.screen.text):
            if self.now > end:
                msg = f"waited {most:.0f} s in vain; the screen is\n{self.screen.text}"
                raise TimeoutError(msg)
            self.read(0.5)
        return self.last

    def answer(self, keys: bytes, most: float = 3.0) -> tuple[float, float] | None:
        """Press keys; return when the first and the last byte of the answer came, None if nothing did."""
        while self.read(0):
            pass
        begun = self.now
        self.send(keys)
        if not self.read(most):
            return None
        first = self.last
        while self.read(GAP) and self.now - begun < most:
            pass
        return first - begun, self.last - begun

    def close(self) -> None:
        """End the program."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        end = time.monotonic() + 5
        while time.monotonic() < end:
            with contextlib.suppress(RuntimeError):
                self.read(0.02)
            if os.waitpid(self.pid, os.WNOHANG)[0]:
                break
        else:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._file)
