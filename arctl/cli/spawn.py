"""Bringing a daemon up: started detached, waited for until it shakes hands; else its last words."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

from arctl.cli import unit
from arctl.client import Client
from arctl.errors import ArctlError, Exit, NotRunningError
from arctl.paths import Home, private_folder
from arctl.text import clean_block

#: Seconds that a daemon has to shake hands, and between two looks at it.
PATIENCE = 30.0
LOOK = 0.05
#: Lines of a daemon's last words that are shown.
TAIL = 12


@dataclass(frozen=True, slots=True)
class Daemon:
    """A daemon that answers; `process` is set where this command started it."""

    pid: int
    process: subprocess.Popen[bytes] | None


def ensure(home: Home, environment: Mapping[str, str] | None = None) -> Daemon:
    """Return the daemon of a state folder, started if none answers; raises `ArctlError` when it will not."""
    try:
        return Daemon(_pid(home), None)
    except NotRunningError:
        pass
    private_folder(home.root)
    if environment is None and unit.started(home) and await_greeting(home):
        return Daemon(_pid(home), None)
    until = time.monotonic() + PATIENCE
    while True:
        with tempfile.TemporaryFile() as said:
            process = _spawn(home, environment, said)
            try:
                found = _greeted(home, process, until)
            except KeyboardInterrupt:
                process.terminate()
                raise
            if found:
                return Daemon(found, process if found == process.pid else None)
            if process.poll() == Exit.REFUSED and time.monotonic() < until:
                # Another one holds the lock: it is about to answer, or about to leave.
                time.sleep(0.2)
                continue
            raise _failure(home, process, said)


def _pid(home: Home) -> int:
    with Client(home, timeout=10.0) as client:
        return int(client.welcome["pid"])


def _spawn(home: Home, environment: Mapping[str, str] | None, said: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a daemon in a session of its own, so that neither this terminal nor Ctrl-C reaches it."""
    return subprocess.Popen(
        [sys.executable, "-m", "arctl.daemon"],
        stdin=subprocess.DEVNULL,
        stdout=said,
        stderr=said,
        start_new_session=True,
        cwd="/",
        env={**(os.environ if environment is None else environment), "ARCTL_HOME": str(home.root)},
    )


def _greeted(home: Home, process: subprocess.Popen[bytes], until: float) -> int:
    """Wait until a daemon shakes hands and return its process id; 0 where it ended or took too long."""
    while True:
        ended = process.poll() is not None
        try:
            return _pid(home)
        except NotRunningError:
            if ended or time.monotonic() > until:
                return 0
        time.sleep(LOOK)


def _failure(home: Home, process: subprocess.Popen[bytes], said: IO[bytes]) -> ArctlError:
    """Build the error of a daemon that did not come up, from what it wrote."""
    said.seek(0)
    words = clean_block(said.read().decode("utf-8", "replace")).strip()
    code = process.poll()
    if code is None:
        what = f"the daemon (process {process.pid}) did not answer within {PATIENCE:g} s"
    else:
        what = f"the daemon ended at once with exit status {code}"
    lines = [*words.splitlines()[-TAIL:], *([] if words else log_tail(home))]
    shown = "".join(f"\n  {line}" for line in lines if line.strip())
    return ArctlError(what + (f":{shown}" if shown else ""), f"its log is {home.log}")


def log_tail(home: Home) -> list[str]:
    """Return the last lines of the daemon's log."""
    try:
        with home.log.open("rb") as file:
            file.seek(max(0, home.log.stat().st_size - 8192))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return []
    return clean_block(text).splitlines()[-TAIL:]


def await_greeting(home: Home, patience: float = PATIENCE) -> bool:
    """Wait until somebody's daemon answers; false where none does."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        try:
            _pid(home)
        except NotRunningError:
            time.sleep(LOOK)
        else:
            return True
    return False


def holder(home: Home) -> int:
    """Return the process that holds the state folder's lock; 0 where nobody does."""
    try:
        with home.lock.open("rb") as file:
            pid = int(file.read(32).decode().strip() or "0")
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return pid
    except (OSError, ValueError):
        pass
    return 0  # the number is of a daemon that is no more


def await_end(home: Home, pid: int, patience: float) -> bool:
    """Wait until a daemon has left: its socket and its process are gone; false where it has not."""
    until = time.monotonic() + patience
    while _alive(pid):
        if time.monotonic() > until:
            return False
        time.sleep(LOOK)
    return True


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True
