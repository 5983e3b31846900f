"""`arctl restart`: another daemon, a newer one perhaps, takes over under the runs that go on."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import click

from arctl.cli import common, unit
from arctl.errors import ArctlError, NotRunningError, ProtocolError
from arctl.paths import Home
from arctl.text import clean

#: Seconds that the old daemon has to leave, and the new one to look at every run.
LEAVING, ADOPTING = 60.0, 120.0
LOOK = 0.1
#: What a run says that a daemon looked after it.
_LOOKED_AFTER = ("run.adopted", "run.ended", "run.requeued", "run.replayed")
_STARTED = "daemon.started"


@click.command()
@common.json_option
def restart(as_json: bool) -> None:
    """Put a new daemon in the place of the one that runs; the runs under way go on.

    This is how a new version of arctl takes over: install it, then restart. The new daemon has the devices
    and the environment of the old one, and adopts its runs.
    """
    home = common.home()
    pid, version = _running(home)
    environment = _environment(pid)
    _leave(home, pid)
    from arctl.cli.spawn import await_greeting, ensure

    # A service that is installed for this folder takes over from now on.
    if not (unit.started(home) and await_greeting(home)):
        ensure(home, environment)
    found = _adopted()
    answer = {"was": {"pid": pid, "version": version}, **found}
    if as_json:
        common.document(answer)
        return
    runs = ", ".join(clean(run) for run in found["adopted"]) or "no run was under way"
    common.narrate(
        f"the daemon {_named(pid, version)} has left, {_named(found['pid'], found['version'])} is up"
    )
    common.narrate(f"adopted  {runs}")
    if found["ended"]:
        common.narrate(f"ended meanwhile: {', '.join(clean(run) for run in found['ended'])}")


def _named(pid: int, version: str) -> str:
    return f"(process {pid}, arctl {version or 'of another version'})"


def _running(home: Home) -> tuple[int, str]:
    """Return the daemon's process and version, "" where it speaks another protocol."""
    from arctl.cli.spawn import holder

    try:
        with common.connect() as client:
            return int(client.welcome["pid"]), str(client.welcome.get("version", ""))
    except ProtocolError as error:
        if not (pid := holder(home)):
            raise NotRunningError(error.message, "start one with `arctl start`") from error
        return pid, ""
    except NotRunningError as error:
        if pid := holder(home):
            return pid, ""  # it does not answer, but it is there
        msg = f"no daemon is running for {home.root}"
        raise NotRunningError(msg, "there is nothing to restart; start one with `arctl start`") from error


def _environment(pid: int) -> dict[str, str]:
    """Return the environment of a process, so that the next daemon has the same devices and keys."""
    try:
        raw = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return dict(os.environ)
    pairs = (item.partition(b"=") for item in raw.split(b"\0") if b"=" in item)
    return {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}


def _leave(home: Home, pid: int) -> None:
    """Have a daemon leave at once; SIGTERM is a language that all versions speak, and runs go on."""
    from arctl.cli.spawn import await_end, holder

    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return
    until = time.monotonic() + LEAVING
    while holder(home) == pid:
        if time.monotonic() > until:
            msg = f"the daemon (process {pid}) has not left within {LEAVING:g} s"
            raise ArctlError(msg, f"look into {home.log}; its runs go on whatever becomes of it")
        time.sleep(LOOK)
    await_end(home, pid, 5.0)


def _adopted() -> common.Reply:
    """Wait until the new daemon has looked after all the runs that it found under way."""
    until = time.monotonic() + ADOPTING
    with common.connect() as client:
        pid, version = int(client.welcome["pid"]), str(client.welcome.get("version", ""))
        while True:
            events = client.call("events", limit=500, kinds=[*_LOOKED_AFTER, "run.started", _STARTED])
            begun = max((e["seq"] for e in events if _is_start_of(e, pid)), default=0)
            told = {
                e["subject"]: e["kind"] for e in events if e["seq"] > begun and e["kind"] in _LOOKED_AFTER
            }
            adopted = {e["subject"] for e in events if e["seq"] > begun and e["kind"] == _LOOKED_AFTER[0]}
            fresh = {e["subject"] for e in events if e["seq"] > begun and e["kind"] == "run.started"}
            logs = client.call("log.sources")
            under_way = {row["id"] for row in logs if row["kind"] == "run" and row["state"] == "running"}
            if begun and under_way <= {*told, *fresh}:
                break
            if time.monotonic() > until:
                left = ", ".join(sorted(under_way - {*told, *fresh})) or "anything"
                msg = f"the daemon is up, but has not adopted {left}"
                raise ArctlError(msg, "see `arctl logs`")
            time.sleep(LOOK)
    ended = sorted((run for run, kind in told.items() if kind != _LOOKED_AFTER[0]), key=_number)
    return {"pid": pid, "version": version, "adopted": sorted(adopted, key=_number), "ended": ended}


def _is_start_of(event: common.Reply, pid: int) -> bool:
    """Tell whether an event is the start of this very daemon: its socket is there a moment before."""
    return event["kind"] == _STARTED and str(event["text"]).endswith(f"process {pid}")


def _number(run: str) -> int:
    return int(run[1:])
