"""What a job says: the head of its output up to a cap, and its end in two turning segments."""

from __future__ import annotations

import errno
import os
from io import FileIO

#: Segments that hold the end of an output beyond its cap, each of this many bytes.
TAIL_BYTES = 1 << 20


class Log:
    """An output in `NAME.log` up to the cap; what is beyond it in `tail.old` and `tail.new`, so named."""

    def __init__(self, name: str, cap: int) -> None:
        self.cap = cap
        #: The main output's segments are called as they were before there were others.
        self.segment = "tail" if name == "out" else f"{name}.tail"
        self.head = open(f"{name}.log", "ab", buffering=0)
        self.size = self.head.tell()
        self.total = self.size
        self.tail: FileIO | None = None
        self.tail_size = 0
        self.lost = 0

    def write(self, data: bytes) -> None:
        """Take a piece of output."""
        self.total += len(data)
        room = self.cap - self.size
        if room > 0:
            self._put(self.head, data[:room])
            self.size += min(room, len(data))
            data = data[room:]
        if data:
            self._rest(data)

    def _rest(self, data: bytes) -> None:
        if self.tail is None or self.tail_size > TAIL_BYTES:
            if self.tail is not None:
                self.tail.close()
                os.replace(f"{self.segment}.new", f"{self.segment}.old")
            self.tail = open(f"{self.segment}.new", "wb", buffering=0)
            self.tail_size = 0
        self._put(self.tail, data)
        self.tail_size += len(data)

    def _put(self, file: FileIO, data: bytes) -> None:
        try:
            file.write(data)
        except OSError as error:
            # A full disk must not stop the job: its output is lost from here on, and that is noted.
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            self.lost += len(data)
