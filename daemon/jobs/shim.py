"""The shim: one tiny process per run, which outlives the daemon and leaves `exit.json`.

Standard library only and self-contained: it is copied into the run's folder at launch, so that an
upgrade of arctl cannot change it under a running job. Started as `python -I -S shim.py FOLDER`.

It holds a lock on `shim.lock` for its whole life, writes `shim.json`, starts the command of `spec.json`,
pumps and caps its output, enforces the time limits on CLOCK_BOOTTIME, ends every process that the
command leaves behind, and writes `exit.json`. SIGTERM ends the command; `stop.json` may say why. After
SIGUSR1 all of the command's processes stand still while there is a file `freeze`; `shim.json` says who can.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from io import FileIO
from typing import Any

LINUX = sys.platform.startswith("linux")
#: Seconds between SIGTERM and SIGKILL for a run that ran into a limit.
GRACE = 5.0
#: Segments that hold the end of an output beyond its cap, each of this many bytes.
TAIL_BYTES = 1 << 20
CHUNK = 1 << 16
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
#: What a process that stands still, or is over, is marked with in /proc.
AT_REST = frozenset("TtZX")


def clock() -> float:
    """Return seconds on a clock that goes on while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if LINUX else time.monotonic()


def boot_id() -> str:
    """Return what changes at every boot; process ids mean nothing across it."""
    with contextlib.suppress(OSError), open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()
    return ""


def start_time(pid: int) -> int:
    """Return when a process started, in ticks since boot; tells it from a later one with its id."""
    with contextlib.suppress(OSError, IndexError, ValueError), open(f"/proc/{pid}/stat", "rb") as file:
        return int(file.read().rpartition(b")")[2].split()[19])
    return 0


def write_json(path: str, value: dict[str, Any]) -> None:
    """Write a file so that it is there whole or not at all; wait for room on a full disk."""
    while True:
        try:
            temporary = path + ".tmp"
            with open(temporary, "w") as file:
                json.dump(value, file)
                file.flush()
                os.fsync(file.fileno())
            os.rename(temporary, path)
            folder = os.open(".", os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
            return
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            time.sleep(1.0)


class Log:
    """The job's output: its head in `out.log` up to the cap, its end in two turning segments."""

    def __init__(self, cap: int) -> None:
        self.cap = cap
        self.head = open("out.log", "ab", buffering=0)
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
                os.replace("tail.new", "tail.old")
            self.tail = open("tail.new", "wb", buffering=0)
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


def children() -> dict[int, str]:
    """Return the ids of all processes below this one, with the letter of their state, by walking /proc."""
    parents, states = {}, {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError), open(f"/proc/{name}/stat", "rb") as file:
                state, parent = file.read().rpartition(b")")[2].split()[:2]
                parents[int(name)], states[int(name)] = int(parent), state.decode()
    found: dict[int, str] = {}
    frontier = {os.getpid()}
    while frontier:
        frontier = {pid for pid, parent in parents.items() if parent in frontier}
        found.update({pid: states[pid] for pid in frontier})
    return found


def send(pid: int, number: int) -> None:
    """Signal a process that may be gone already."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def end_all(group: int) -> int:
    """Kill everything below this process until nothing is left; return how many outlived the command."""
    orphans: set[int] = set()
    if not LINUX:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
        return 0
    while True:
        left = children()
        orphans.update(left)
        for pid in left:
            send(pid, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return len(orphans)
        time.sleep(0.005)


def child_setup(spec: dict[str, Any]) -> Callable[[], None]:
    """Return what the job does between fork and exec: its cores, its limits, first to go if memory ends."""
    libc = ctypes.CDLL(None) if LINUX else None

    def setup() -> None:
        # The job ends with its shim: a retry must not run beside it. (The shim has a single thread.)
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if spec.get("cores") and hasattr(os, "sched_setaffinity"):
            with contextlib.suppress(OSError):
                os.sched_setaffinity(0, spec["cores"])
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
            file.write("500")

    return setup


class Job:
    """The command: started once, watched until it and all it started have ended."""

    def __init__(self, spec: dict[str, Any], wake: int) -> None:
        self.spec, self.wake = spec, wake
        self.log = Log(int(spec.get("log_cap", 64 << 20)))
        self.reason = "exited"
        self.kill_at: float | None = None
        self.code: int | None = None
        self.pid, self.pipe = 0, -1
        self.begun = self.spoke = clock()
        self.asleep = clock() - time.monotonic()
        #: Since when it is frozen, for how long it was before that, and who has just been told to stop.
        self.still_since: float | None = None
        self.still, self.restless = 0.0, False
        self.moving: set[int] = set()

    def start(self) -> None:
        """Start the command; raises OSError when that is impossible."""
        process = subprocess.Popen(
            self.spec["argv"],
            cwd=self.spec["cwd"],
            env=self.spec["env"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=child_setup(self.spec),
        )
        if process.stdout is None:
            raise OSError("no pipe to the command")
        self.pid = process.pid
        # Kept apart from Popen, which would close the pipe and wait for the child in its own way.
        self.pipe = os.dup(process.stdout.fileno())
        os.set_blocking(self.pipe, False)
        process.stdout.close()
        process.returncode = 0

    def watch(self) -> dict[str, Any]:
        """Pump output and mind the limits until the command has ended."""
        pipe, open_pipe = self.pipe, True
        while self.code is None or self._grants_grace():
            ready = select.select([self.wake] + ([pipe] if open_pipe else []), [], [], self._patience())[0]
            if pipe in ready:
                open_pipe = self._pump(pipe)
            if self.wake in ready:
                for number in os.read(self.wake, 512):
                    self._told(number)
            self._limits()
            self._hold()
            # Not Popen.poll: as a subreaper this process has other people's children to bury, too.
            self._bury()
        return self._finish(pipe, open_pipe)

    def _told(self, number: int) -> None:
        if number == signal.SIGTERM:
            self._stop("stopped", self._grace())
        elif number == signal.SIGUSR1 and not os.path.exists("freeze"):
            self._thaw()
        elif number == signal.SIGUSR1 and LINUX and self.kill_at is None and self.still_since is None:
            self.still_since = clock()

    def _hold(self) -> None:
        """Stop whatever of a frozen job still moves: what was started meanwhile is found at the next look."""
        moving = set()
        if self.still_since is not None:
            moving = {pid for pid, state in children().items() if state not in AT_REST}
        for pid in moving:
            send(pid, signal.SIGSTOP)
        # Who waits for a disk, or in vfork for a child that stands still, obeys later, but does nothing else.
        self.restless, self.moving = bool(moving - self.moving), moving

    def _thaw(self) -> None:
        if self.still_since is None:
            return
        now = clock()
        self.still += now - self.still_since
        # It could not speak meanwhile.
        self.spoke = min(now, self.spoke + now - self.still_since)
        self.still_since = None
        for pid in children():
            send(pid, signal.SIGCONT)

    def _grants_grace(self) -> bool:
        """Tell whether what a stopped command started may still end by itself; its shell is gone first."""
        return self.kill_at is not None and clock() < self.kill_at and bool(LINUX and children())

    def _patience(self) -> float:
        return 0.05 if self.kill_at is not None or self.restless else 1.0

    def _pump(self, pipe: int) -> bool:
        try:
            data = os.read(pipe, CHUNK)
        except BlockingIOError:
            return True
        if data:
            self.spoke = clock()
            self.log.write(data)
        return bool(data)

    def _bury(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                if found[0] == self.pid:
                    self.code = os.waitstatus_to_exitcode(found[1])

    def _grace(self) -> float:
        with contextlib.suppress(OSError, ValueError), open("stop.json") as file:
            return float(json.load(file).get("grace", GRACE))
        return GRACE

    def _limits(self) -> None:
        now = clock()
        if self.kill_at is not None:
            if now >= self.kill_at:
                for pid in children() if LINUX else [self.pid]:
                    send(pid, signal.SIGKILL)
                self.kill_at = now + 0.2
            return
        limit, stall = self.spec.get("timeout"), self.spec.get("stall")
        if self.still_since is not None:
            return
        if limit and now - self.begun - self.still > limit:
            self._stop("timeout", GRACE)
        elif stall and now - self.spoke > stall:
            self._stop("stall", GRACE)

    def _stop(self, reason: str, grace: float) -> None:
        at = clock() + grace
        if self.kill_at is not None:
            # Asked for again, by somebody who will not wait so long.
            self.kill_at = min(self.kill_at, at)
            return
        self.reason, self.kill_at = reason, at
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGTERM)
        self._thaw()

    def _finish(self, pipe: int, open_pipe: bool) -> dict[str, Any]:
        ended = clock()
        still = self.still + (ended - self.still_since if self.still_since is not None else 0.0)
        usage, orphans = resource.getrusage(resource.RUSAGE_CHILDREN), end_all(self.pid)
        code = self.code or 0
        while open_pipe and select.select([pipe], [], [], 0)[0]:
            open_pipe = self._pump(pipe)
        return {
            "reason": self.reason,
            "code": code if code >= 0 else None,
            "signal": -code if code < 0 else None,
            "seconds": max(0.0, ended - self.begun - still),
            "frozen_seconds": still,
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "max_rss_kb": usage.ru_maxrss,
            "orphans": orphans,
            "log_bytes": self.log.total,
            "log_capped": self.log.total > self.log.cap,
            "log_lost": self.log.lost,
            "suspended_seconds": max(0.0, clock() - time.monotonic() - self.asleep),
        }


def run(ready: int) -> int:
    """Be the shim of the run in the working folder; `ready` tells the launcher that it may go."""
    lock = os.open("shim.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return 75
    if os.path.exists("fenced") or os.path.exists("exit.json"):
        return 75
    if LINUX:
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    wake, wake_in = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(wake_in, False)
    signal.set_wakeup_fd(wake_in, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGUSR1):
        signal.signal(number, lambda *_: None)
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    with open("spec.json") as file:
        spec = json.load(file)
    said = {"pid": (pid := os.getpid()), "start_time": start_time(pid), "boot_id": boot_id()}
    write_json("shim.json", {**said, "can": ["freeze"] if LINUX else []})
    job, begun_at = Job(spec, wake), time.time()
    try:
        job.start()
    except (OSError, subprocess.SubprocessError) as error:
        outcome: dict[str, Any] = {"reason": "not_started", "error": str(error), "seconds": 0.0}
    else:
        os.write(ready, b"1")
        outcome = job.watch()
    outcome.update(started_at=begun_at, ended_at=time.time(), boot_id=boot_id())
    write_json("exit.json", outcome)
    return 0


def main() -> None:
    """Fork, so that nobody has to wait for this process; the launcher leaves once the job runs."""
    os.chdir(sys.argv[1])
    ready, ready_in = os.pipe()
    if os.fork():
        os.close(ready_in)
        os._exit(0 if os.read(ready, 1) else 75)
    os.setsid()
    os.close(ready)
    null = os.open(os.devnull, os.O_RDWR)
    errors = os.open("shim.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number, target in ((0, null), (1, errors), (2, errors)):
        os.dup2(target, number)
    sys.exit(run(ready_in))


if __name__ == "__main__":
    main()
