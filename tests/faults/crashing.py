"""A daemon that dies at a named point: `python -m tests.faults.crashing` with `ARCTL_CRASH_AT=point`.

It is the daemon itself; around one of its functions the process kills itself with SIGKILL, before or after
the call, so that nothing is flushed, closed or said. Nothing in arctl knows of this.
"""

from __future__ import annotations

import functools
import inspect
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from arctl.daemon import main as daemon
from arctl.daemon.jobs import outcome
from arctl.daemon.jobs.actor import Jobs
from arctl.daemon.jobs.folder import RunFolder
from arctl.daemon.jobs.launcher import Launcher
from arctl.daemon.rows import Campaign, Experiment, ExperimentState, Run, RunState, Verdict
from arctl.daemon.store import Batch, Writer
from arctl.daemon.workspace import actor as workspace
from arctl.daemon.workspace import branch, trees
from arctl.daemon.workspace.git import Bare

#: Names the point at which the daemon is to die.
VARIABLE = "ARCTL_CRASH_AT"


@dataclass(frozen=True, slots=True)
class Point:
    """A function, which side of its call, and which calls count; all of them where `counts` is not given."""

    owner: Any
    name: str
    side: str
    counts: Callable[..., bool] = lambda *_, **__: True


def _writes(cls: type[Any], wanted: Callable[[Any], bool]) -> Callable[..., bool]:
    """Return whether a transaction holds such a row."""

    def look(*given: Any) -> bool:
        batch = next(item for item in given if isinstance(item, Batch))
        return any(isinstance(row, cls) and wanted(row) for row in batch.rows)

    return look


def _run_is(state: RunState) -> Callable[..., bool]:
    return _writes(Run, lambda row: row.state is state)


def _results(*given: Any) -> bool:
    return any(isinstance(item, Batch) and item.results for item in given)


def _git(*words: str) -> Callable[..., bool]:
    """Return whether git is asked just that."""
    return lambda *given, **_: [item for item in given if isinstance(item, str)][: len(words)] == list(words)


def _laying_out(*given: Any, env: Any = None, **_: Any) -> bool:
    return "read-tree" in given and "GIT_WORK_TREE" in (env or {})


_promoting = _writes(Experiment, lambda row: row.state is ExperimentState.PROMOTING)
_accepted = _writes(Experiment, lambda row: row.verdict == Verdict.ACCEPTED)
_built = _writes(Experiment, lambda row: bool(row.base) and row.state is ExperimentState.OPEN)
_CHAMPION = ("update-ref", "refs/heads/arctl/toy")

#: The way of a run from its commit to its job.
LAUNCHING = {
    "half a work tree laid out": Point(Bare, "run", "after", _laying_out),
    "work tree laid out": Point(trees, "prepare", "after"),
    "folder written": Point(Jobs, "_lay_out", "after"),
    "row launching": Point(Writer, "write", "after", _run_is(RunState.LAUNCHING)),
    "shim forked, its word not heard": Point(Launcher, "_done", "before"),
    "job started": Point(Launcher, "launch", "after"),
    "before the row says running": Point(Writer, "write", "before", _run_is(RunState.RUNNING)),
    "in the transaction that says running": Point(Writer, "_insert", "after", _run_is(RunState.RUNNING)),
}

#: The way of a result from the shim's last word to the ledger, and what is tidied behind it.
ENDING = {
    "before exit.json is read": Point(outcome, "read", "before"),
    "exit.json read": Point(outcome, "read", "after"),
    "before the result is written": Point(Writer, "write", "before", _results),
    "in the transaction of the result": Point(Writer, "_insert", "after", _results),
    "result committed, nothing done about it": Point(Writer, "_write", "after", _results),
    "run folder tidied": Point(RunFolder, "tidy", "after"),
    "before the work tree goes": Point(workspace, "delete", "before"),
    "work tree gone": Point(workspace, "delete", "after"),
}

#: The way of a proposal to its commit: objects, then the ref, then the row.
COMMITTING = {
    "index written": Point(Bare, "run", "before", _git("write-tree")),
    "before the commit object": Point(Bare, "run", "before", _git("commit-tree")),
    "commit object, no ref": Point(Bare, "run", "before", _git("update-ref")),
    "ref, nothing checked": Point(Bare, "run", "after", _git("update-ref")),
    "commit built, nobody told": Point(workspace, "build", "after"),
    "ref, no row": Point(Writer, "write", "before", _built),
    "row of the commit written": Point(Writer, "write", "after", _built),
}

#: The way of a winner to the champion's branch, and back into the user's repository.
PROMOTING = {
    "promotion decided": Point(Writer, "write", "after", _promoting),
    "before the branch is moved": Point(workspace, "advance", "before"),
    "champion's commit, no branch": Point(Bare, "run", "before", _git(*_CHAMPION)),
    "branch moved": Point(Bare, "run", "after", _git(*_CHAMPION)),
    "before the fetch": Point(branch, "git", "before", _git("fetch")),
    "fetched, nobody told": Point(branch, "git", "after", _git("fetch")),
    "before the champion is written": Point(Writer, "write", "before", _accepted),
    "champion written": Point(Writer, "write", "after", _accepted),
}

#: The way of a campaign from the request to its answer.
BEGINNING = {
    "clone made, no row": Point(workspace, "admit", "after"),
    "row written, nobody answered": Point(Writer, "write", "after", _writes(Campaign, lambda _: True)),
}

#: The way of a run whose shim died back to the queue.
LOSING = {
    "fenced, nobody told": Point(RunFolder, "fence", "after"),
    "before the requeue is written": Point(Writer, "write", "before", _run_is(RunState.QUEUED)),
    "in the transaction of the requeue": Point(Writer, "_insert", "after", _run_is(RunState.QUEUED)),
    "requeue written": Point(Writer, "write", "after", _run_is(RunState.QUEUED)),
}

#: The way of a stop that a person asked for.
STOPPING = {
    "stop asked for, not written": Point(Writer, "write", "before", _writes(Run, lambda row: row.stopping)),
    "stop written, nobody stopped": Point(RunFolder, "stop", "before"),
    "job told to end": Point(RunFolder, "stop", "after"),
}

POINTS = {**LOSING, **STOPPING, **LAUNCHING, **ENDING, **COMMITTING, **PROMOTING, **BEGINNING}


def arm(point: Point) -> None:
    """Have this process die at a point."""
    whole = getattr(point.owner, point.name)

    def die(*given: Any, **named: Any) -> None:
        if point.counts(*given, **named):
            os.kill(os.getpid(), signal.SIGKILL)

    @functools.wraps(whole)
    def plain(*given: Any, **named: Any) -> Any:
        if point.side == "before":
            die(*given, **named)
        found = whole(*given, **named)
        die(*given, **named)
        return found

    @functools.wraps(whole)
    async def waiting(*given: Any, **named: Any) -> Any:
        if point.side == "before":
            die(*given, **named)
        found = await whole(*given, **named)
        die(*given, **named)
        return found

    setattr(point.owner, point.name, waiting if inspect.iscoroutinefunction(whole) else plain)


if __name__ == "__main__":
    arm(POINTS[os.environ[VARIABLE]])
    sys.exit(daemon.main())
