"""Logs: the daemon's, those of runs, what coding agents print; in pieces, cleaned by whoever shows them."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arctl.daemon.commands.base import Caller, Context, Params, method, the_run
from arctl.daemon.rows import Run, RunState
from arctl.daemon.store import logs as files
from arctl.errors import RefusedError, UsageError

#: The daemon's own log.
DAEMON = "daemon"
#: A turn whose agent is a command: its output is kept for a while.
TURN = re.compile(r"q\d+")
#: Lines of a window at most.
MAX_LINES = 2000


@dataclass(frozen=True, slots=True)
class Source:
    """A log: whose it is, where it lies, and whether nothing will be added any more."""

    id: str
    path: Path
    done: bool
    attempt: int | None = None

    def told(self) -> dict[str, Any]:
        """Return what an answer says of it."""
        known = {"source": self.id, "done": self.done}
        return known if self.attempt is None else {**known, "attempt": self.attempt}


def the_source(context: Context, ident: str) -> Source:
    """Return a log by the id of a run, an experiment (its newest run) or a turn; without one the daemon's."""
    if ident in ("", DAEMON):
        return Source(DAEMON, context.home.log, done=False)
    if TURN.fullmatch(ident):
        path = turn_logs(context) / f"{ident}.log"
        if not path.exists():
            msg = f"nothing is kept of what {ident} printed"
            raise RefusedError(msg, "only agents that are commands print, and what is old is not kept")
        return Source(ident, path, done=ident not in context.state.company.turns)
    run = the_run(context.state, ident)
    if run.removed is not None:
        at = time.strftime("%Y-%m-%d", time.localtime(run.removed))
        msg = f"the log of {run.id} was removed on {at} by retention: {run.removed_for}"
        raise RefusedError(msg, "[keep] in arctl.toml says for how long logs are kept; its result stays")
    # Taken before the read: what is written until then is in the piece.
    done = run.state is RunState.ENDED
    return Source(run.id, run_log(context, run), done, run.attempt)


def run_log(context: Context, run: Run) -> Path:
    """Return where a run's newest attempt writes."""
    return context.home.run_folder(run.id, run.attempt) / "out.log"


def turn_logs(context: Context) -> Path:
    """Return the folder with what coding agents printed."""
    return context.home.scratch / "logs"


@method("logs")
async def logs(context: Context, caller: Caller, params: Params) -> Any:
    """Return a piece of a log from `offset` on; a negative offset counts from the end.

    With `before` it is the last `lines` whole lines that end before that offset, -1 for the end: `start` is
    where they begin. Without `id` it is the daemon's own. `done` tells that nothing will be added any more.
    """
    del caller
    source = the_source(context, params.get("id", str, ""))
    if params.has("before"):
        lines = max(1, min(params.get("lines", int, 200), MAX_LINES))
        end = params.get("before", int, -1)
        piece = await asyncio.to_thread(files.before, source.path, end, lines)
    else:
        offset = params.get("offset", int, -(16 << 10))
        piece = await asyncio.to_thread(files.forward, source.path, offset)
    return {
        **source.told(),
        "text": piece.text,
        "start": piece.start,
        "offset": piece.offset,
        "size": piece.size,
    }


@method("logs.find")
async def find(context: Context, caller: Caller, params: Params) -> Any:
    """Return the offset of the next line with a text, behind `from` or (`backward`) before it, or null.

    One call looks through so much: `at` is how far it came, where the next one may go on; `more` tells that
    there is something left. `regex` takes the text as a regular expression.
    """
    del caller
    source = the_source(context, params.get("id", str, ""))
    text, backward = params.need("text", str), params.get("backward", bool, False)
    if not text:
        raise UsageError("an empty text is everywhere", "say what to look for")
    look = files.match if params.get("regex", bool, False) else files.find
    offset = params.get("from", int, -1 if backward else 0)
    found = await asyncio.to_thread(look, source.path, text, offset, backward=backward)
    left = found.at > 0 if backward else found.at < found.size
    more = found.offset is None and left and found.at != offset
    return {**source.told(), **dataclasses.asdict(found), "more": more}
