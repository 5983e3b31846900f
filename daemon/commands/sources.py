"""All logs at once: which there are, and what several of them added."""

from __future__ import annotations

import asyncio
import calendar
import itertools
import re
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from arctl.daemon import clock
from arctl.daemon.commands.base import Caller, Context, Params, method, the_campaign
from arctl.daemon.commands.logs import DAEMON, Source, run_log, the_source, turn_logs
from arctl.daemon.commands.paging import fitting
from arctl.daemon.life.titles import told
from arctl.daemon.rows import ACTIVE, Run, RunState
from arctl.daemon.state import State
from arctl.daemon.store import logs as files
from arctl.errors import UsageError

#: Logs that one listing names, and that one call follows, at most.
MAX_SOURCES = 200
MAX_FOLLOWED = 32
#: Lines that one call brings at most, and how many of an end the first one begins with.
MAX_LINES = 2000
FIRST = 10
#: A line that goes on for longer than this is shown in parts.
LONGEST = 16 << 10

_STAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) ")


@method("log.sources")
async def sources(context: Context, caller: Caller, params: Params) -> Any:
    """Return the logs there are: the daemon's, runs that go on, what agents print, the newest ended runs."""
    del caller
    state, name = context.state, params.get("campaign", str, "")
    name = the_campaign(state, name).id if name else ""
    running = [_of_run(state, run) for run in state.active_runs() if not name or run.campaign == name]
    ended = [_of_run(state, run) for run in itertools.islice(_ended(state, name), MAX_SOURCES)]
    turns = [path.stem for path in await asyncio.to_thread(_newest, turn_logs(context))]
    printed = await context.reader.ask(lambda connection: _of_turns(connection, turns, name))
    rows = [{**_EMPTY, "id": DAEMON, "label": "the daemon", "kind": DAEMON, "state": "running"}]
    rows = [*rows, *running, *printed, *ended][:MAX_SOURCES]
    paths = [_path(context, row["id"]) for row in rows]
    return fitting(await asyncio.to_thread(_measured, rows, paths), MAX_SOURCES)


_EMPTY: dict[str, Any] = {
    "campaign": "", "team": "", "team_name": "", "agent": "", "experiment": "", "device": "",
}  # fmt: skip


def _ended(state: State, campaign: str) -> Iterator[Run]:
    """Yield the runs that are over and were begun, newest first."""
    for run in reversed(state.runs.values()):
        there = run.started is not None and run.removed is None
        if run.state is RunState.ENDED and there and campaign in ("", run.campaign):
            yield run


def _of_run(state: State, run: Run) -> dict[str, Any]:
    row = state.experiments[run.experiment]
    team, proposal = state.company.teams.get(row.team), state.proposals.get(row.proposal)
    return {
        "id": run.id,
        "label": f"{run.experiment} {told(state, row)}",
        "kind": "run",
        "campaign": run.campaign,
        "team": row.team,
        "team_name": team.name if team is not None else "",
        "agent": proposal.agent if proposal is not None else "",
        "experiment": run.experiment,
        "device": run.device_name,
        "state": "running" if run.state in ACTIVE else run.outcome or run.state.value,
    }


def _newest(folder: Path) -> list[Path]:
    try:
        found = sorted(folder.glob("q*.log"), key=lambda path: path.stat().st_mtime, reverse=True)
    except OSError:
        return []
    return found[: MAX_SOURCES // 4]


def _of_turns(connection: sqlite3.Connection, turns: list[str], campaign: str) -> list[dict[str, Any]]:
    marks = ", ".join("?" * len(turns))
    sql = f"SELECT id, campaign, agent, move, subject, team, state FROM turns WHERE id IN ({marks})"  # noqa: S608
    known = {row["id"]: dict(row) for row in connection.execute(sql, turns)}
    return [
        {
            **_EMPTY,
            "id": row["id"],
            "label": " ".join(filter(None, (row["agent"], row["move"], row["subject"]))),
            "kind": "agent",
            "campaign": row["campaign"],
            "team": row["team"],
            "agent": row["agent"],
            "state": "running" if row["state"] == "asked" else row["state"],
        }
        for ident in turns
        if (row := known.get(ident)) is not None and campaign in ("", row["campaign"])
    ]


def _path(context: Context, ident: str) -> Path:
    if ident == DAEMON:
        return context.home.log
    run = context.state.runs.get(ident)
    return turn_logs(context) / f"{ident}.log" if run is None else run_log(context, run)


def _measured(rows: list[dict[str, Any]], paths: list[Path]) -> list[dict[str, Any]]:
    """Add how long each log is, and when something was written to it; null where there is no file."""
    found = []
    for row, path in zip(rows, paths, strict=True):
        try:
            seen = path.stat()
            found.append({**row, "bytes": seen.st_size, "updated": seen.st_mtime})
        except OSError:
            found.append({**row, "bytes": 0, "updated": None})
    return found


@method("logs.tail")
async def tail(context: Context, caller: Caller, params: Params) -> Any:
    """Return the whole lines that several logs added since the offsets in `after`, log by log.

    `sources` names the logs; one without an offset begins with its last lines. `offsets` is what to ask with
    the next time, `more` tells that there is more already. A line of the daemon's own has its time (`at`).
    """
    del caller
    names = list(dict.fromkeys(str(name) for name in params.need("sources", list)))
    after = params.get("after", dict, {})
    if len(names) > MAX_FOLLOWED:
        msg = f"{len(names)} logs are more than {MAX_FOLLOWED}"
        raise UsageError(msg, "follow fewer at once")
    known = [(name, the_source(context, name), _offset(name, after)) for name in names]
    room = files.PIECE // max(1, len(known)), MAX_LINES // max(1, len(known))
    found = await asyncio.to_thread(lambda: [(name, s, _added(s, at, *room)) for name, s, at in known])
    return {
        "lines": [
            {"source": name, "at": _at(source, text), "text": text}
            for name, source, (lines, *_) in found
            for text in lines
        ],
        "offsets": {name: offset for name, _, (_, offset, _) in found},
        "done": [name for name, source, _ in found if source.done],
        "more": any(more for _, _, (_, _, more) in found),
        "now": clock.now(),
    }


def _offset(name: str, after: dict[Any, Any]) -> int | None:
    value = after.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        msg = f"the offset of {name} must be int, not {type(value).__name__}"
        raise UsageError(msg)
    return value


def _added(source: Source, offset: int | None, room: int, most: int) -> tuple[list[str], int, bool]:
    """Return the whole lines behind an offset, where they end, and whether there is more already."""
    if offset is None:
        piece = files.before(source.path, -1, min(FIRST, most))
        data, start = piece.data[-room:], piece.offset - len(piece.data[-room:])
    else:
        piece = files.forward(source.path, offset)
        if offset > piece.size:  # it was queued again: another attempt, another file
            piece = files.forward(source.path, 0)
        data, start = piece.data[:room], piece.start
    end, lines = 0, list[str]()
    while len(lines) < most and end < len(data):
        stop = data.find(b"\n", end) + 1
        if not stop:
            # A last line without an end waits for it, unless nothing more will come or it is long enough.
            whole = start + len(data) >= piece.size and source.done
            if not whole and len(data) - end < min(LONGEST, room):
                break
            stop = len(data)
        lines.append(data[end:stop].decode("utf-8", "replace").rstrip("\r\n"))
        end = stop
    left = start + end < piece.size
    return lines, start + end, left and bool(lines)


def _at(source: Source, text: str) -> float | None:
    """Return when a line of the daemon's own was written; other logs do not say."""
    if source.id != DAEMON or (found := _STAMP.match(text)) is None:
        return None
    return float(calendar.timegm(time.strptime(found[1], "%Y-%m-%dT%H:%M:%SZ")))
