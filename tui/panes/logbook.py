"""The lines of logs that are in memory: a window into one file, or what several files added; no I/O.

Lines come in chunks that know where in the file they lie, so that the window can be moved on either way.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from arctl.text import clean_block
from arctl.tui.data.query import Pace, Query, query
from arctl.tui.data.reading import listed, real, whole, word, words, yes

#: Lines that are kept in memory, and those that are fetched at once when one goes back.
KEPT = 5000
BACK = 500
#: What of a line is kept; nobody reads on.
LONGEST = 4000

_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) +")
_LOUD = re.compile(r"\b(ERROR|CRITICAL|FATAL|WARN(ING)?)\b|Traceback|exception|Error:", re.IGNORECASE)
_BAD = re.compile(r"\b(ERROR|CRITICAL|FATAL)\b|Traceback|exception|Error:", re.IGNORECASE)


class Offsets(dict[str, int]):
    """Where to go on in each log, as a value that a query can hold; never changed once made."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: its number in memory, whose it is, when it came (None where nobody knows), how loud it is."""

    number: int
    source: str
    at: float | None
    text: str
    #: 0 as usual, 1 a warning, 2 an error.
    loud: int = 0


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines that lie from `start` to `end` in one file; offsets are 0 where several files are merged."""

    start: int
    end: int
    entries: tuple[Entry, ...]


def tidied(text: str) -> str:
    """Return a line of a log harmless, with its indentation; of a progress bar what it said last."""
    pieces = [piece for piece in clean_block(text[: 4 * LONGEST]).split("\n") if piece.strip()]
    return pieces[-1][:LONGEST].rstrip() if pieces else ""


class Book:
    """The lines of one log, or of several merged, from which `tail` and `back` say what to ask next."""

    def __init__(self, sources: Sequence[str], *, merged: bool) -> None:
        self.sources, self.merged = tuple(sources), merged
        self.chunks: list[Chunk] = []
        #: Raised with every change.
        self.version = 0
        self.total = 0
        self.size = 0
        self.done = False
        self.more = False
        self._offsets = Offsets()
        self._anchored = self._picked = False
        #: Whether what comes next is new: lines that were there before came nobody knows when.
        self._caught_up = False
        self._next, self._before = 0, 0
        self._taken: dict[Query, Any] = {}

    # -- what is known -----------------------------------------------------------------------------------

    @property
    def entries(self) -> Iterator[Entry]:
        """The lines, oldest first."""
        return (entry for chunk in self.chunks for entry in chunk.entries)

    @property
    def start(self) -> int:
        """Where in its file the first line begins."""
        return self.chunks[0].start if self.chunks else self._offsets.get(self.sources[0], 0)

    @property
    def end(self) -> int:
        """Where in its file the last line ends."""
        return self._offsets.get(self.sources[0], 0) if self.sources else 0

    def first_at(self, offset: int) -> int | None:
        """Return the number of the line that begins at an offset; None where it is no chunk's first."""
        return next(
            (each.entries[0].number for each in self.chunks if each.start == offset and each.entries), None
        )

    # -- what to ask -------------------------------------------------------------------------------------

    def tail(self) -> Query | None:
        """Return the query of what comes behind the last line."""
        if not self.sources:
            return None
        known = Offsets({name: at for name, at in self._offsets.items() if name in self.sources})
        return query("logs.tail", Pace.SECOND, sources=list(self.sources), after=known)

    def back(self) -> Query | None:
        """Return the query of what comes before the first line; None where there is nothing."""
        if self.merged or not self._anchored or self.start <= 0:
            return None
        return query("logs", Pace.ONCE, id=self.sources[0], before=self.start, lines=BACK)

    def find(self, text: str, at: int, *, backward: bool) -> Query:
        """Return the query of the next line with a text, from an offset on."""
        params = {"id": self.sources[0], "text": text, "from": at, "backward": backward}
        return query("logs.find", Pace.ONCE, **params)

    # -- taking answers ----------------------------------------------------------------------------------

    def follow(self, sources: Sequence[str], *, picked: bool) -> None:
        """Follow other logs from now on; of those that were picked by hand only their lines stay."""
        if (tuple(sources), picked) == (self.sources, self._picked):
            return
        self.sources, self._picked = tuple(sources), picked
        if picked:
            entries = tuple(entry for entry in self.entries if entry.source in sources)
            self.chunks = [Chunk(0, 0, entries)] if entries else []
            self.total = len(entries)
        self.version += 1

    def go(self, offset: int | None) -> None:
        """Begin anew at an offset, None for the end."""
        self.chunks, self.total = [], 0
        self._taken.clear()
        self._anchored, self._caught_up = offset is not None, False
        self._offsets = Offsets() if offset is None else Offsets({self.sources[0]: offset})
        self.version += 1

    def take_tail(self, asked: Query, reply: Any) -> bool:
        """Take what came behind the last line; tell whether there was something."""
        if asked != self.tail() or self._taken.get(asked) is reply or not isinstance(reply, dict):
            return False
        self._taken = {asked: reply}
        self.more, fresh = yes(reply, "more"), self._caught_up
        self._caught_up = not self.more
        now, known = real(reply, "now"), dict(self._offsets)
        told = reply.get("offsets")
        new = {name: at for name, at in told.items() if isinstance(at, int)} if isinstance(told, dict) else {}
        self.done = len(words(reply, "done")) == len(self.sources)
        moved = any(known.get(name) != at for name, at in new.items())
        if not moved:
            return False
        self._offsets = Offsets({**known, **new})
        if self.merged:
            entries = [
                self._entry(
                    word(row, "source"), row.get("text"), now if word(row, "source") in known else None
                )
                for row in listed(reply, "lines")
                if isinstance(row, dict)
            ]
            self._append(Chunk(0, 0, tuple(entries)))
        elif self._anchored:
            begin, end = known.get(self.sources[0], 0), self.end
            if end < begin:  # another attempt writes a file of its own
                self.chunks, self.total, begin = [], 0, 0
            entries = [
                self._entry(self.sources[0], row.get("text"), now if fresh else None)
                for row in listed(reply, "lines")
                if isinstance(row, dict)
            ]
            self._append(Chunk(begin, end, tuple(entries)))
        # The first answer only tells where the end is; what lies before it is asked for as a window.
        self._anchored = True
        self.version += 1
        return True

    def take_back(self, asked: Query, reply: Any) -> bool:
        """Take what came before the first line; tell whether there was something."""
        if asked != self.back() or not isinstance(reply, dict):
            return False
        text = reply.get("text")
        start, end = whole(reply, "start"), self.start
        if not isinstance(text, str) or start >= end:
            return False
        lines = text.removesuffix("\n").split("\n")
        self._before -= len(lines)
        entries = tuple(
            self._made(self._before + at, self.sources[0], line, None) for at, line in enumerate(lines)
        )
        self.chunks.insert(0, Chunk(start, end, entries))
        self.total += len(entries)
        while self.total > KEPT and len(self.chunks) > 1:
            gone = self.chunks.pop()
            self.total -= len(gone.entries)
            self._offsets = Offsets({self.sources[0]: gone.start})
        self.size = whole(reply, "size")
        self.version += 1
        return True

    def _append(self, chunk: Chunk) -> None:
        self.chunks.append(chunk)
        self.total += len(chunk.entries)
        while self.total > KEPT and len(self.chunks) > 1:
            self.total -= len(self.chunks.pop(0).entries)

    def _entry(self, source: str, text: Any, at: float | None) -> Entry:
        self._next += 1
        return self._made(self._next, source, text if isinstance(text, str) else "", at)

    def _made(self, number: int, source: str, text: str, at: float | None) -> Entry:
        said = tidied(text)
        loud = 0 if not _LOUD.search(said) else 2 if _BAD.search(said) else 1
        if found := _STAMP.match(said):
            at, said = _stamped(found[1]), said[found.end() :]
        return Entry(number, source, at, said, loud)


def _stamped(text: str) -> float | None:
    try:
        return dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=dt.UTC).timestamp()
    except ValueError:
        return None


def labels(rows: Sequence[Any], shown: Sequence[str]) -> Mapping[str, str]:
    """Return what each log is called in front of its lines: team and experiment, or who prints."""
    found: dict[str, str] = {}
    for row in rows:
        who = word(row, "team_name") or word(row, "team")
        what = word(row, "experiment") or word(row, "agent") or word(row, "id")
        found[word(row, "id")] = f"{who}/{what}" if who and who != what else what
    used = [found[ident] for ident in shown if ident in found]
    return {ident: f"{name} {ident}" if used.count(name) > 1 else name for ident, name in found.items()}
