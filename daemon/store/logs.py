"""Logs as files: windows of whole lines and matches, read in pieces, however long the file is."""

from __future__ import annotations

import codecs
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from arctl.errors import RefusedError, UsageError

#: The largest piece of a log in one answer; JSON may triple it.
PIECE = 128 << 10
#: Bytes that one search looks through before it says how far it came, and those it reads at once.
REACH = 16 << 20
BLOCK = 1 << 20
#: Seconds that a regular expression may take.
PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Piece:
    """What of a log lies from `start` to `offset`; it has `size` bytes in all."""

    data: bytes
    start: int
    offset: int
    size: int

    @property
    def text(self) -> str:
        """The same as text; bytes that are none become a mark."""
        return self.data.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Match:
    """Where a search ended: the line's offset where it found one, and how far it looked."""

    offset: int | None
    at: int
    size: int


def forward(path: Path, offset: int) -> Piece:
    """Read on from an offset; a negative one counts from the end."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            start = max(0, size + offset) if offset < 0 else min(offset, size)
            file.seek(start)
            data = file.read(PIECE)
    except FileNotFoundError:
        return Piece(b"", max(0, offset), max(0, offset), 0)
    # A character that the piece cuts in two is left for the next one.
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    decoder.decode(data)
    data = data[: len(data) - len(decoder.getstate()[0])]
    return Piece(data, start, start + len(data), size)


def before(path: Path, offset: int, lines: int) -> Piece:
    """Read the whole lines that end before an offset, at most so many; a negative one counts from the end.

    A line that an offset cuts in two counts up to there. One that is longer than a piece comes in parts.
    """
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            end = max(0, size + offset + 1) if offset < 0 else min(offset, size)
            low = max(0, end - PIECE)
            file.seek(low)
            data = file.read(end - low)
    except FileNotFoundError:
        return Piece(b"", 0, 0, 0)
    begin = len(data)
    for _ in range(max(1, lines)):
        if begin <= 0:
            break
        # The line's own end does not count: the one before it does.
        begin = data.rfind(b"\n", 0, begin - 1) + 1
        if not begin:
            break
    if low and not begin:
        # Its first line began before the piece; where it has another one, that is a whole one.
        begin = data.find(b"\n", 0, len(data) - 1) + 1
    while begin < len(data) and low + begin and _inside(data, begin):
        begin += 1
    return Piece(data[begin:], low + begin, end, size)


def _inside(data: bytes, place: int) -> bool:
    """Tell whether a byte goes on with a character that began before it."""
    return data[place] & 0xC0 == 0x80


def find(path: Path, text: str, offset: int, *, backward: bool = False) -> Match:
    """Look for the next line with a text, upper or lower case, that begins at or behind an offset.

    Backward it is the last one that begins before it. It looks through `REACH` bytes at most; `at` is where
    to go on.
    """
    wanted = text.encode("utf-8", "replace").lower()

    def look(data: bytes) -> int:
        return data.lower().rfind(wanted) if backward else data.lower().find(wanted)

    return _found(path, look, offset, backward=backward)


def match(path: Path, pattern: str, offset: int, *, backward: bool = False) -> Match:
    """Look for a regular expression in the same way; raises `RefusedError` for one that takes too long.

    It is tried in a process of its own: one that backtracks for ever would hold the whole daemon up.
    """
    try:
        re.compile(pattern.encode("utf-8", "replace"))
    except re.error as error:
        msg = f"{pattern!r} is no regular expression: {error}"
        raise UsageError(msg, "look for it as plain text") from error
    words = [sys.executable, "-m", __name__, str(path), pattern, str(offset), "1" if backward else ""]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=True)
    except subprocess.TimeoutExpired as error:
        msg = f"{pattern!r} takes too long to look for"
        raise RefusedError(msg, "use a simpler expression, or plain text") from error
    place, at, size = json.loads(done.stdout)
    return Match(place, at, size)


def _matched(path: Path, pattern: str, offset: int, *, backward: bool) -> Match:
    known = re.compile(pattern.encode("utf-8", "replace"), re.IGNORECASE | re.MULTILINE)

    def look(data: bytes) -> int:
        if not backward:
            return found.start() if (found := known.search(data)) is not None else -1
        last = -1
        for found in known.finditer(data):
            last = found.start()
        return last

    return _found(path, look, offset, backward=backward)


def _found(path: Path, look: Callable[[bytes], int], offset: int, *, backward: bool) -> Match:
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            offset = size if offset < 0 else min(offset, size)
            if backward:
                return _upwards(file.fileno(), look, offset, size)
            return _downwards(file.fileno(), look, offset, size)
    except FileNotFoundError:
        return Match(None, 0, 0)


def _downwards(file: int, look: Callable[[bytes], int], offset: int, size: int) -> Match:
    # Only lines that begin here: the rest of one that began before is passed over.
    cut = bool(offset) and os.pread(file, 1, offset - 1) != b"\n"
    end = min(size, offset + REACH)
    while offset < end:
        data = os.pread(file, BLOCK, offset)
        last = data.rfind(b"\n") + 1
        if cut:
            skip = data.find(b"\n") + 1
            cut = not skip
            offset, data, last = offset + (skip or len(data)), data[skip:] if skip else b"", last - skip
        if (place := look(data[: last or len(data)])) >= 0:
            line = offset + _line(data, place)
            return Match(line, line, size)
        if offset + len(data) >= size:
            # What has no end yet may still grow: it is looked at, and looked at again.
            if last < len(data) and (place := look(data[last:])) >= 0:
                return Match(offset + last, offset + last, size)
            return Match(None, offset + last, size)
        offset += last or len(data)
    return Match(None, offset, size)


def _upwards(file: int, look: Callable[[bytes], int], offset: int, size: int) -> Match:
    least, met = max(0, offset - REACH), False
    while offset > least:
        low = max(0, offset - BLOCK)
        data = os.pread(file, offset - low, low)
        # What stands before the first line end belongs to a line that began before the block.
        first = data.find(b"\n", 0, len(data) - 1) + 1 if low else 0
        if low and not first:
            # All of it is inside one line: where that begins is still to be found.
            met = met or look(data) >= 0
            offset = low
            continue
        if met:
            line = low + data.rfind(b"\n") + 1
            return Match(line, line, size)
        low, data = low + first, data[first:]
        if (place := look(data)) >= 0:
            line = low + _line(data, place)
            return Match(line, line, size)
        offset = low
    return Match(offset if met else None, offset, size)


def _line(data: bytes, place: int) -> int:
    """Return where the line of a place begins."""
    return data.rfind(b"\n", 0, place) + 1


if __name__ == "__main__":
    _path, _pattern, _offset, _backward = sys.argv[1:]
    _found_it = _matched(Path(_path), _pattern, int(_offset), backward=bool(_backward))
    sys.stdout.write(json.dumps([_found_it.offset, _found_it.at, _found_it.size]))
