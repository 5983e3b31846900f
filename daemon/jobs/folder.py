"""A run's folder on disk: what is in it, who holds its lock, how it is fenced, what its log says."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arctl.daemon.folders import delete
from arctl.daemon.shim import system

#: How much of a log's end is searched for the final metrics.
TAIL = 1 << 16
#: Variable by which every process of a run is known.
MARK = "ARCTL_MARK"
#: What is made for the job in its run's folder; the second line for those whose metric is scored.
FOLDERS = ("files", "home", "nothing")
PASSES = ("inputs", "predictions", "homes")
PASSING = ("home", "homes", "inputs", "predictions", "taken")
SCORED = ("artifacts", "scorer", "inputs", "predictions", "taken")


@dataclass(frozen=True, slots=True)
class RunFolder:
    """`spec.json`, `shim.lock`, `shim.json`, `out.log`, `exit.json`, `fenced` if lost; `FOLDERS` for jobs."""

    path: Path

    def create(self, spec: dict[str, Any], passes: int | None = None) -> None:
        """Lay the folder out anew; `spec` is what the shim has to know, `passes` are those of predictions."""
        delete(self.path)
        each = [f"{name}/{number + 1}" for name in PASSES for number in range(passes or 0)]
        for name in ("", *FOLDERS, *(SCORED if passes is not None else ()), *each):
            (self.path / name).mkdir(parents=True, mode=0o700)
        (self.path / "spec.json").write_text(json.dumps(spec))

    @property
    def files(self) -> Path:
        """Where the job may write whatever is to be kept of it; nothing else in the run's folder is its."""
        return self.path / "files"

    @property
    def house(self) -> Path:
        """The job's home: empty at first, and nobody else's."""
        return self.path / "home"

    @property
    def nothing(self) -> Path:
        """An empty folder, seen in the place of one that is hidden."""
        return self.path / "nothing"

    @property
    def artifacts(self) -> Path:
        """What training left and was taken over."""
        return self.path / "artifacts"

    @property
    def scorer(self) -> Path:
        """Where the trusted commands keep what is their own."""
        return self.path / "scorer"

    @property
    def inputs(self) -> Path:
        """What predictions are made from: `1`, `2` … for each pass."""
        return self.path / "inputs"

    @property
    def predictions(self) -> Path:
        """Where each pass writes; and `taken`, what was taken over of it."""
        return self.path / "predictions"

    @property
    def taken(self) -> Path:
        """Predictions as data: regular files only."""
        return self.path / "taken"

    def shelter(self, number: int) -> Path:
        """Return the home of one pass of predictions."""
        return self.path / "homes" / str(number)

    @property
    def log(self) -> Path:
        """The job's output, up to its cap."""
        return self.path / "out.log"

    def tidy(self) -> None:
        """Remove what nobody needs once a run was read: homes, inputs, predictions. What it left stays."""
        for name in PASSING:
            delete(self.path / name)

    def exit(self) -> dict[str, Any] | None:
        """Return the shim's last word, None while there is none; a broken file counts as none."""
        return _json(self.path / "exit.json")

    def spec(self) -> dict[str, Any]:
        """Return what the run was launched with."""
        return _json(self.path / "spec.json") or {}

    def shim(self) -> int | None:
        """Return the process id of the shim, if that very process is alive."""
        said = _json(self.path / "shim.json")
        if said is None or said.get("boot_id") != system.boot_id():
            return None
        pid = int(said.get("pid", 0))
        # The start time tells the shim from a later process that was given its id.
        return pid if pid and system.start_time(pid) == said.get("start_time") else None

    def held(self) -> bool:
        """Tell whether a shim holds the lock."""
        try:
            descriptor = os.open(self.path / "shim.lock", os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def fence(self) -> bool:
        """Take the lock and forbid any late shim to begin; False when a shim holds it or has finished."""
        self.path.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path / "shim.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self.exit() is not None:
                return False
            (self.path / "fenced").touch()
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
        self._end_leftovers()
        return True

    def _end_leftovers(self) -> None:
        """Kill what a dead shim left behind: every process that still carries this run in its environment."""
        # By the second name those know themselves that an older arctl started.
        marks = {f"{name}={self.path}".encode() for name in (MARK, "ARCTL_RUN_FOLDER")}
        for _ in range(50):
            left = [pid for pid in _processes() if not marks.isdisjoint(_environ(pid))]
            for pid in left:
                system.send(pid, signal.SIGKILL)
            if not left:
                return
            time.sleep(0.02)

    def stop(self, reason: str, grace: float) -> bool:
        """Ask the shim to end its job; False where no shim lives."""
        pid = self.shim()
        if pid is None:
            return False
        with contextlib.suppress(OSError):
            # Without room for it, the shim uses its own grace; the signal is what matters.
            (self.path / "stop.json").write_text(json.dumps({"reason": reason, "grace": grace}))
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            return False
        return True

    def freezable(self) -> bool:
        """Tell whether the shim said that it can freeze its job; an older one would die of the signal."""
        said = _json(self.path / "shim.json") or {}
        return "freeze" in (said.get("can") or ()) and self.shim() is not None

    def freeze(self, *, still: bool) -> bool:
        """Have the job stand still, or go on; twice is as good as once. False where no shim can do so."""
        pid = self.shim()
        if pid is None or not self.freezable():
            return False
        # A file, so that two signals that arrive as one mean what was said last.
        if still:
            (self.path / "freeze").touch()
        else:
            (self.path / "freeze").unlink(missing_ok=True)
        system.send(pid, signal.SIGUSR1)
        return True

    def tail(self, size: int = TAIL, log: str = "out") -> bytes:
        """Return the end of an output, the turning segments behind the cap included."""
        parts = []
        segment = "tail" if log == "out" else f"{log}.tail"
        for name in (f"{segment}.new", f"{segment}.old", f"{log}.log"):
            if size <= 0:
                break
            part = _end(self.path / name, size)
            parts.append(part)
            size -= len(part)
        return b"".join(reversed(parts))

    def read(self, offset: int, size: int) -> bytes:
        """Return part of the log's head."""
        try:
            with self.log.open("rb") as file:
                file.seek(offset)
                return file.read(size)
        except FileNotFoundError:
            return b""


def _processes() -> list[int]:
    try:
        return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    except OSError:
        return []


def _environ(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _end(path: Path, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - size))
            return file.read(size)
    except FileNotFoundError:
        return b""


def _json(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None
