"""The place of one turn: the work tree and the private home of a command, and what it left there.

What comes back is untrusted: nothing is followed out of the folder, and no file is read beyond its size.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from arctl.daemon.folders import delete
from arctl.daemon.thought import BrainFault

#: The folder within the work tree in which task and answer lie; it is no part of the change.
DESK = ".arctl"
TASK, QUESTION, ANSWER, NOTES = "task.md", "task.json", "answer.json", "notes.md"
#: The most bytes of an answer and of notes, and the most files and bytes that may lie in the tree.
MAX_ANSWER = 2_000_000
MAX_NOTES = 200_000
MAX_FILES = 50_000
MAX_BYTES = 2_000_000_000
#: Logs of turns that are kept for people to read.
LOGS = 100


@dataclass(frozen=True, slots=True)
class Place:
    """`tree` is the work tree, `at` the campaign's folder in it, `home` the private home."""

    folder: Path
    prefix: str
    log: Path

    @classmethod
    def of(cls, scratch: Path, turn: str, prefix: str) -> Place:
        """Return an empty place for a turn; logs of turns long past make room."""
        place = cls(scratch / turn, prefix, scratch / "logs" / f"{turn}.log")
        place.remove()
        place.folder.mkdir(parents=True, mode=0o700)
        place.home.mkdir(mode=0o700)
        place.log.parent.mkdir(mode=0o700, exist_ok=True)
        old = sorted(place.log.parent.glob("*.log"), key=lambda path: path.stat().st_mtime)
        for path in old[: max(0, len(old) - LOGS + 1)]:
            path.unlink(missing_ok=True)
        return place

    @property
    def tree(self) -> Path:
        """The files of the commit, as a plain folder."""
        return self.folder / "tree"

    @property
    def at(self) -> Path:
        """Where the command works."""
        return self.tree / self.prefix

    @property
    def home(self) -> Path:
        """An empty home."""
        return self.folder / "home"

    @property
    def desk(self) -> Path:
        """Where task and answer lie."""
        return self.at / DESK

    def lay(self, task: str, question: str) -> Path:
        """Write the task files, in place of what the commit has there; return the path of the task."""
        delete(self.desk)
        self.desk.mkdir(parents=True)
        (self.desk / TASK).write_text(task, encoding="utf-8")
        (self.desk / QUESTION).write_text(question, encoding="utf-8")
        return self.desk / TASK

    def left(self, name: str, limit: int) -> bytes | None:
        """Return a file that the command left on the desk, None where there is none; raises `BrainFault`.

        Only a regular file in a real folder counts: a link might lead anywhere.
        """
        if not self._whole():
            return None
        try:
            desk = os.open(self.desk, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            # Without waiting: a pipe of that name would wait for ever for somebody to write.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            descriptor = os.open(name, flags, dir_fd=desk)
        except FileNotFoundError:
            return None
        except OSError as error:
            msg = f"{DESK}/{name} cannot be read: {error.strerror}"
            raise BrainFault("malformed", msg, "the command must write it as a plain file") from error
        finally:
            os.close(desk)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                msg = f"{DESK}/{name} is no plain file"
                raise BrainFault("malformed", msg, "the command must write it as a plain file")
            data = file.read(limit + 1)
        if len(data) > limit:
            msg = f"{DESK}/{name} has more than {limit / 1e6:g} MB"
            raise BrainFault("oversize", msg, "the command must write less")
        return data

    def tidy(self, known: frozenset[str]) -> None:
        """Take out of the tree what is no change of it; raises `BrainFault` where there is too much of it.

        That are the desk, repositories (whose configuration git would obey), caches of Python, and what is
        neither file, folder nor link. `known` are the paths of the commit, which stay.
        """
        if not stat.S_ISDIR(self.tree.lstat().st_mode):
            msg = "the command took its folder away"
            raise BrainFault("malformed", msg, "it must leave it where it is")
        if self._whole():
            delete(self.desk)
        files = size = 0
        pending = [self.tree]
        while pending:
            folder = pending.pop()
            folder.chmod(0o700)
            with os.scandir(folder) as entries:
                for entry in list(entries):
                    mode = entry.stat(follow_symlinks=False)
                    path = Path(entry.path)
                    if not _ordinary(mode.st_mode) or self._foreign(path, known):
                        delete(path)
                    elif stat.S_ISDIR(mode.st_mode):
                        pending.append(path)
                    else:
                        files, size = files + 1, size + mode.st_size
                    if files > MAX_FILES or size > MAX_BYTES:
                        msg = f"the command left {files} files with {size / 1e6:.0f} MB in its folder"
                        raise BrainFault("oversize", msg, "have it write data and checkpoints to /tmp")

    def _whole(self) -> bool:
        """Tell whether the way to the desk is one of real folders; a link on it might lead anywhere."""
        way = [self.tree, *(self.tree / part for part in reversed(Path(self.prefix).parents)), self.at]
        return all(path.is_dir() and not path.is_symlink() for path in way)

    def _foreign(self, path: Path, known: frozenset[str]) -> bool:
        if path.name.lower() == ".git":
            return True
        if path.name != "__pycache__":
            return False
        inside = f"{path.relative_to(self.tree).as_posix()}/"
        return not any(name.startswith(inside) for name in known)

    def remove(self) -> None:
        """Delete the place, whatever was done to its permissions; the log stays."""
        delete(self.folder)


def _ordinary(mode: int) -> bool:
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)
