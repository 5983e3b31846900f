"""What stands at commits, kept: what has a hash for its name never changes, and need not be read twice.

So a repository that loses an object is not found out before something else is asked of it.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from typing import NamedTuple

#: Bytes of contents that are kept at most; of one that is larger than a share of it, nothing is.
ROOM = 8_000_000
SHARE = ROOM // 8
#: Entries that are kept at most.
ENTRIES = 2_000

_HASH = re.compile(r"[0-9a-f]{40}")


class Entry(NamedTuple):
    """What a commit has at a path: git's mode and type, and the hash of the content."""

    mode: str
    kind: str
    content: str


class Objects:
    """Entries and contents that were read lately, by their hashes; for any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: OrderedDict[tuple[str, str], Entry | None] = OrderedDict()
        self._contents: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0

    def entry(self, commit: str, path: str) -> tuple[bool, Entry | None]:
        """Return whether it is known what stands at a path, and what does; None where nothing does."""
        with self._lock:
            known = (commit, path) in self._entries
            if known:
                self._entries.move_to_end((commit, path))
            return known, self._entries.get((commit, path))

    def keep_entry(self, commit: str, path: str, entry: Entry | None) -> None:
        """Keep what stands at a path; of what is no hash, such as a branch, nothing is kept."""
        if not _HASH.fullmatch(commit):
            return
        with self._lock:
            self._entries[commit, path] = entry
            while len(self._entries) > ENTRIES:
                self._entries.popitem(last=False)

    def content(self, name: str) -> bytes | None:
        """Return a content; None where it is not kept."""
        with self._lock:
            if name in self._contents:
                self._contents.move_to_end(name)
            return self._contents.get(name)

    def keep_content(self, name: str, content: bytes) -> None:
        """Keep a content, and let go of the oldest where there is no room."""
        if len(content) > SHARE:
            return
        with self._lock:
            self._bytes += len(content) - len(self._contents.pop(name, b""))
            self._contents[name] = content
            while self._bytes > ROOM:
                self._bytes -= len(self._contents.popitem(last=False)[1])
