"""One run, from its lock to its last word.

It holds a lock on `shim.lock` for its whole life, writes `shim.json`, runs the stages of `spec.json` one
after the other, and writes `exit.json`. Each stage is a command; what its `take` names of what it left is
taken over into folders that later stages read. The first stage that fails ends the run. SIGTERM ends the
command; `stop.json` may say why. After SIGUSR1 all of its processes stand still while there is a file
`freeze`; `shim.json` says who can.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

from arctl.daemon.shim.collect import Refused, collect
from arctl.daemon.shim.job import Job
from arctl.daemon.shim.log import Log
from arctl.daemon.shim.system import LINUX, adopt, boot_id, start_time, write_json

#: Exit status of a shim that found its run taken.
TAKEN = 75


def run(ready: Callable[[], None]) -> int:
    """Be the shim of the run in the working folder; `ready` tells the launcher that the command runs."""
    lock = os.open("shim.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return TAKEN
    if os.path.exists("fenced") or os.path.exists("exit.json"):
        return TAKEN
    adopt()
    wake = _wake()
    with open("spec.json") as file:
        spec = json.load(file)
    said = {"pid": (pid := os.getpid()), "start_time": start_time(pid), "boot_id": boot_id()}
    write_json("shim.json", {**said, "can": ["freeze"] if LINUX else []}, durable=False)
    begun_at = time.time()
    outcome = _stages(spec, wake, ready)
    outcome.update(started_at=begun_at, ended_at=time.time(), boot_id=boot_id())
    write_json("exit.json", outcome)
    return 0


def _wake() -> int:
    """Have the signals that matter written to a pipe, and return its reading end."""
    wake, wake_in = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(wake_in, False)
    signal.set_wakeup_fd(wake_in, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGUSR1):
        signal.signal(number, lambda *_: None)
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    return wake


def _stages(spec: dict[str, Any], wake: int, ready: Callable[[], None]) -> dict[str, Any]:
    """Run each stage until one fails; return the last one's end, with what all of them took."""
    main = Log("out", int(spec["log_cap"]))
    ends: list[dict[str, Any]] = []
    for stage in spec["stages"]:
        # A log of its own is for whoever trusts this command only; people read all of it in one.
        logs = [main, *(Log(name, int(spec["log_cap"])) for name in filter(None, [stage.get("log")]))]
        end = _stage(stage, spec, logs, wake, ready)
        ends.append(end)
        if end["reason"] != "exited" or end["code"] != 0:
            break
    return {
        **ends[-1],
        "stages": ends,
        "seconds": sum(end["seconds"] for end in ends),
        "frozen_seconds": sum(end.get("frozen_seconds", 0.0) for end in ends),
        "cpu_seconds": sum(end.get("cpu_seconds", 0.0) for end in ends),
        "max_rss_kb": max(end.get("max_rss_kb", 0) for end in ends),
        "orphans": sum(end.get("orphans", 0) for end in ends),
        "suspended_seconds": sum(end.get("suspended_seconds", 0.0) for end in ends),
        "log_bytes": main.total,
        "log_capped": main.total > main.cap,
        "log_lost": main.lost,
    }


def _stage(
    stage: dict[str, Any], spec: dict[str, Any], logs: list[Log], wake: int, ready: Callable[[], None]
) -> dict[str, Any]:
    end: dict[str, Any] = {"stage": stage["name"], "code": None, "signal": None, "seconds": 0.0}
    job = Job(stage, spec.get("cores") or [], logs, wake)
    try:
        job.start()
    except (OSError, subprocess.SubprocessError) as error:
        return {**end, "reason": "not_started", "error": str(error)}
    ready()
    end = job.watch()
    if end["reason"] == "exited" and end["code"] == 0:
        try:
            for order in stage.get("take", ()):
                collect(order)
        except Refused as error:
            return {**end, "reason": "not_taken", "error": str(error)}
        except OSError as error:
            return {**end, "reason": "not_taken", "error": f"cannot be copied: {error}"}
    return end
