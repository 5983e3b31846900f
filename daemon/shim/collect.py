"""Taking over what a command left: regular files only, no link followed, no more bytes than allowed.

What one stage wrote, the next one reads as data. A link that the first left would be followed by the second,
which may see more than the first did.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from typing import Any

CHUNK = 1 << 20
#: Files that are taken of one folder at most.
MAX_FILES = 10_000


class Refused(Exception):
    """What was left cannot be taken; says why."""


def collect(order: dict[str, Any]) -> None:
    """Copy `names` below `source` (all of it where there are none) into the new folder `target`.

    `cap` bounds the bytes in all. Raises `Refused` for what is missing, no regular file, or too large.
    """
    os.makedirs(order["target"], exist_ok=True)
    taking = _Taking(int(order["cap"]), str(order["target"]))
    root = _folder(str(order["source"]), None)
    try:
        if order.get("names"):
            for name in order["names"]:
                taking.named(root, str(name))
        else:
            taking.all(root, "")
    finally:
        os.close(root)


class _Taking:
    """One copy, and how much of it may still come."""

    def __init__(self, cap: int, target: str) -> None:
        self.room, self.cap, self.target = cap, cap, target
        self.files = 0

    def named(self, root: int, name: str) -> None:
        """Take one file by its path, or a folder with all that is in it."""
        *folders, last = name.split("/")
        at = os.dup(root)
        try:
            for part in folders:
                deeper = _folder(part, at)
                os.close(at)
                at = deeper
            try:
                mode = os.stat(last, dir_fd=at, follow_symlinks=False).st_mode
            except FileNotFoundError:
                raise Refused(f"{name} is not there") from None
            if stat.S_ISDIR(mode):
                inside = _folder(last, at)
                try:
                    self.all(inside, name)
                finally:
                    os.close(inside)
            else:
                self._file(at, last, name)
        finally:
            os.close(at)

    def all(self, folder: int, below: str) -> None:
        """Take every regular file of a folder; anything else in it is refused."""
        for name in sorted(os.listdir(folder)):
            inside = f"{below}/{name}" if below else name
            mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                deeper = _folder(name, folder)
                try:
                    self.all(deeper, inside)
                finally:
                    os.close(deeper)
            else:
                self._file(folder, name, inside)

    def _file(self, folder: int, name: str, inside: str) -> None:
        self.files += 1
        if self.files > MAX_FILES:
            raise Refused(f"there are more than {MAX_FILES} files")
        source = _open(name, folder, inside)
        target = os.path.join(self.target, inside)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        try:
            if not stat.S_ISREG(os.fstat(source).st_mode):
                raise Refused(f"{inside} is no regular file")
            with open(target, "wb") as copy:
                while data := os.read(source, CHUNK):
                    self.room -= len(data)
                    if self.room < 0:
                        raise Refused(f"{inside} makes it more than {self.cap} bytes")
                    copy.write(data)
        finally:
            os.close(source)


def _open(name: str, folder: int, inside: str) -> int:
    try:
        # A pipe under this name would be waited for without end.
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Refused(f"{inside} is a link") from None
        raise Refused(f"{inside} cannot be read: {error.strerror}") from None


def _folder(name: str, at: int | None) -> int:
    try:
        return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
    except OSError as error:
        why = "is a link" if _link(name, at) else f"cannot be read: {error.strerror}"
        raise Refused(f"{name} {why}") from None


def _link(name: str, at: int | None) -> bool:
    with contextlib.suppress(OSError):
        return stat.S_ISLNK(os.stat(name, dir_fd=at, follow_symlinks=False).st_mode)
    return False
