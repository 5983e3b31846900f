"""Logs: the daemon's own, and the output of runs; read in pieces, cleaned by whoever shows them."""

from __future__ import annotations

import asyncio
import codecs
from pathlib import Path
from typing import Any

from arctl.daemon.commands.base import Caller, Context, Params, method, the_run
from arctl.daemon.rows import RunState

#: The largest piece of a log in one answer; JSON may triple it.
PIECE = 128 << 10


@method("logs")
async def logs(context: Context, caller: Caller, params: Params) -> Any:
    """Return a piece of a log from `offset` on; a negative offset counts from the end.

    Without `id` it is the daemon's own. `done` tells that nothing will be added any more.
    """
    del caller
    ident = params.get("id", str, "")
    offset = params.get("offset", int, -(16 << 10))
    if not ident:
        return {"source": "daemon", "done": False, **await _piece(context.home.log, offset)}
    run = the_run(context.state, ident)
    # Taken before the read: what is written until then is in the piece.
    done = run.state is RunState.ENDED
    path = context.home.run_folder(run.id, run.attempt) / "out.log"
    found = await _piece(path, offset)
    return {"source": run.id, "attempt": run.attempt, "done": done, **found}


async def _piece(path: Path, offset: int) -> dict[str, Any]:
    return await asyncio.to_thread(_read, path, offset)


def _read(path: Path, offset: int) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            start = max(0, size + offset) if offset < 0 else min(offset, size)
            file.seek(start)
            data = file.read(PIECE)
    except FileNotFoundError:
        return {"text": "", "offset": max(0, offset), "size": 0}
    # A character that the piece cuts in two is left for the next one.
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(data)
    rest = len(decoder.getstate()[0])
    return {"text": text, "offset": start + len(data) - rest, "size": size}
