"""Taking in what run folders know and a ledger that was put back from a backup does not."""

from __future__ import annotations

from typing import Any

from arctl.daemon import facts
from arctl.daemon.actions import Step
from arctl.daemon.reduce import runs
from arctl.daemon.rows import Event, Outcome, Run, RunState, bump
from arctl.daemon.state import State


def result(state: State, fact: facts.ResultFound, now: float) -> Step:
    """Take in a result as it was judged when the run ended: its work tree is long gone."""
    run = _unfinished(state, fact.run, fact.attempt)
    if run is None:
        return Step()
    record = fact.record
    row = bump(
        run,
        state=RunState.RUNNING,
        attempt=fact.attempt,
        stopping="",
        started=run.started or _number(record.get("started")) or now,
    )
    found = facts.RunEnded(
        run=run.id,
        attempt=fact.attempt,
        outcome=Outcome(record["outcome"]),
        reason=str(record.get("reason", "")),
        seconds=_number(record.get("seconds")) or 0.0,
        value=_number(record.get("value")),
        metrics=dict(record.get("metrics") or {}),
        evidence={**(record.get("evidence") or {}), "replayed": True},
    )
    step = runs.taken_in(state, row, found, _number(record.get("at")) or now)
    text = f"{run.id} is taken in from its folder: the ledger that was put back did not know how it ended"
    step.events.insert(0, Event("run.replayed", run.campaign, run.id, text))
    return step


def attempt(state: State, fact: facts.AttemptFound) -> Step:
    """Look after an attempt from now on that was launched after the backup was made."""
    run = _unfinished(state, fact.run, fact.attempt)
    if run is None:
        return Step()
    row = bump(
        run,
        state=RunState.RUNNING,
        attempt=fact.attempt,
        tree=fact.tree,
        device=fact.device,
        device_name=fact.device,
        started=fact.started,
        stopping="",
    )
    text = f"{run.id} was launched after the backup that was put back: it is looked after again"
    return Step(rows=[row], events=[Event("run.replayed", run.campaign, run.id, text)])


def restored(fact: facts.LedgerRestored) -> Step:
    """Write down that the ledger is one that was put back, and what is lost with it."""
    return Step(events=[Event("ledger.restored", text=fact.text, data=fact.data)])


def _unfinished(state: State, ident: str, number: int) -> Run | None:
    run = state.runs.get(ident)
    return run if run is not None and run.state is not RunState.ENDED and number >= run.attempt else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
