"""One command of a run: started once, its output pumped, its limits minded, until all of it has ended."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

from arctl.daemon.shim.log import Log
from arctl.daemon.shim.system import (
    LIBC,
    LINUX,
    PR_SET_PDEATHSIG,
    children,
    clock,
    end_all,
    is_sandbox,
    is_shell,
    memory_of,
    oom_kills,
    send,
)

#: Seconds between SIGTERM and SIGKILL for a run that ran into a limit.
GRACE = 5.0
CHUNK = 1 << 16
#: Seconds between two looks at what a job holds in memory.
WATCH = 1.0
#: What a process that stands still, or is over, is marked with in /proc.
AT_REST = frozenset("TtZX")


def child_setup(cores: list[int]) -> Callable[[], None]:
    """Return what the job does between fork and exec: its cores, its limits, first to go if memory ends."""

    def setup() -> None:
        # The job ends with its shim: a retry must not run beside it. (The shim has a single thread.)
        if LIBC is not None:
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if cores and hasattr(os, "sched_setaffinity"):
            with contextlib.suppress(OSError):
                os.sched_setaffinity(0, cores)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
            file.write("500")

    return setup


class Job:
    """The command of one stage; `stage` is its part of `spec.json`, `wake` the pipe that signals come by."""

    def __init__(self, stage: dict[str, Any], cores: list[int], logs: list[Log], wake: int) -> None:
        self.stage, self.cores, self.logs, self.wake = stage, cores, logs, wake
        self.reason = "exited"
        self.kill_at: float | None = None
        self.code: int | None = None
        self.pid, self.pipe = 0, -1
        self.begun = self.spoke = self.weighed = clock()
        self.asleep = clock() - time.monotonic()
        self.used = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.memory, self.short = 0, oom_kills()
        #: Since when it is frozen, for how long it was before that, and who has just been told to stop.
        self.still_since: float | None = None
        self.still, self.restless = 0.0, False
        self.moving: set[int] = set()
        #: Shells that wait for programs which were asked to end.
        self.shells: set[int] = set()

    def start(self) -> None:
        """Start the command; raises OSError when that is impossible."""
        process = subprocess.Popen(
            self.stage["argv"],
            cwd=self.stage["cwd"],
            env=self.stage["env"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=child_setup(self.cores),
        )
        if process.stdout is None:
            raise OSError("no pipe to the command")
        self.pid = process.pid
        # Kept apart from Popen, which would close the pipe and wait for the child in its own way.
        self.pipe = os.dup(process.stdout.fileno())
        os.set_blocking(self.pipe, False)
        process.stdout.close()
        process.returncode = 0
        if os.path.exists("freeze"):
            # It was asked to stand still between two commands.
            self._told(signal.SIGUSR1)

    def watch(self) -> dict[str, Any]:
        """Pump output and mind the limits until the command has ended; return how it did."""
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
        for pid in set(children()) - self.shells:
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
            for log in self.logs:
                log.write(data)
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
            self._end_shells()
            if now >= self.kill_at:
                for pid in children() if LINUX else [self.pid]:
                    send(pid, signal.SIGKILL)
                self.kill_at = now + 0.2
            return
        if self.still_since is not None:
            return
        limit, stall = self.stage.get("timeout"), self.stage.get("stall")
        if limit and now - self.begun - self.still > limit:
            self._stop("timeout", GRACE)
        elif stall and now - self.spoke > stall:
            self._stop("stall", GRACE)
        elif LINUX and now - self.weighed >= WATCH:
            self.weighed = now
            self._weigh()

    def _weigh(self) -> None:
        """End a job that holds more memory than it may, before the machine has none left for others."""
        most = self.stage.get("memory")
        if not most:
            return
        self.memory = max(self.memory, held := memory_of(children()))
        if held > most:
            self._stop("memory", 0.0)

    def _stop(self, reason: str, grace: float) -> None:
        at = clock() + grace
        if self.kill_at is not None:
            # Asked for again, by somebody who will not wait so long.
            self.kill_at = min(self.kill_at, at)
            return
        self.reason, self.kill_at = reason, at
        self._tell_to_end()
        self._thaw()

    def _tell_to_end(self) -> None:
        """Ask the command to end: those that hold a sandbox up would take it with them if they were asked.

        So would a shell that waits for a program in it: it stands still until that program has ended.
        """
        below = set(children()) if LINUX else set()
        inside = {pid for pid in below if not is_sandbox(pid)}
        if inside == below:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGTERM)
            return
        self.shells = {pid for pid in inside if is_shell(pid)}
        for pid in self.shells:
            send(pid, signal.SIGSTOP)
        for pid in inside - self.shells:
            send(pid, signal.SIGTERM)
        self._end_shells()

    def _end_shells(self) -> None:
        """Have the shell of a sandbox end once nothing is left that it could wait for."""
        if self.shells and not any(
            state not in "ZX" and pid not in self.shells and not is_sandbox(pid)
            for pid, state in children().items()
        ):
            for pid in self.shells:
                send(pid, signal.SIGTERM)
                send(pid, signal.SIGCONT)
            self.shells = set()

    def _finish(self, pipe: int, open_pipe: bool) -> dict[str, Any]:
        ended = clock()
        still = self.still + (ended - self.still_since if self.still_since is not None else 0.0)
        orphans = end_all(self.pid)
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        code = self.code or 0
        while open_pipe and select.select([pipe], [], [], 0)[0]:
            open_pipe = self._pump(pipe)
        os.close(pipe)
        return {
            "stage": self.stage["name"],
            "reason": self.reason,
            "code": code if code >= 0 else None,
            "signal": -code if code < 0 else None,
            "seconds": max(0.0, ended - self.begun - still),
            "frozen_seconds": still,
            "cpu_seconds": usage.ru_utime + usage.ru_stime - self.used.ru_utime - self.used.ru_stime,
            "max_rss_kb": usage.ru_maxrss,
            "memory": self.memory,
            "oom_kills": oom_kills() - self.short,
            "orphans": orphans,
            "suspended_seconds": max(0.0, clock() - time.monotonic() - self.asleep),
        }
