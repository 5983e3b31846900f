"""What of the state folder may go: pure, on what was found there, the rows and the time.

What stands behind a claim stays for ever: the runs of the baseline, of every champion, of what a living
direction builds on, and of all that is not judged yet. Of the rest the oldest goes first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from arctl.daemon.actions import Answer, Discard, Prune, Step
from arctl.daemon.marks import Stocktaking
from arctl.daemon.rows import (
    ALIVE,
    Event,
    Experiment,
    ExperimentState,
    Run,
    RunState,
    TurnState,
    Verdict,
    bump,
)
from arctl.daemon.state import State
from arctl.daemon.stock import Found, Part, Removal, Stock, summary

DAY = 86400.0
#: Days after which an attempt that was lost, or stopped and tried again, goes.
STALE_ATTEMPT = 7.0
#: Seconds for which what nobody seems to own is left alone: it may be in the making.
YOUNG = 3600.0
#: Where the disk is all but full, so much more than the floor is made free.
SLACK = 1.2

#: Folders that one decision has go at most; the next stocktaking, at once, has the others go.
MAX_AT_ONCE = 1000

_KEPT = frozenset({Verdict.BASELINE, Verdict.ACCEPTED, Verdict.BY_HAND})


def sweep(state: State, now: float) -> Step:
    """Have go what may go, once somebody looked what there is: written down first, deleted then."""
    known = state.stocktaking
    if known is None or known.stock is None:
        return Step()
    step = Step(marks=[Stocktaking(None)])
    planned = plan(state, known.stock, now)
    removals, more = planned[:MAX_AT_ONCE], len(planned) > MAX_AT_ONCE
    for removal in removals:
        run = state.runs.get(removal.run)
        if run is not None and removal.part == "all" and removal.attempt == run.attempt:
            step.rows.append(bump(run, removed=now, removed_for=removal.why))
    if removals:
        step.events.extend(_told(removals, known.actor))
        step.actions.append(Discard(removals, known.ticket, more=more))
    elif known.ticket:
        step.answers.append(Answer(known.ticket, summary(())))
    pruned = forgotten(state, now)
    if pruned.events or pruned.curves:
        step.actions.append(pruned)
    return step


def _told(removals: tuple[Removal, ...], actor: str) -> list[Event]:
    """Return one event for each campaign that loses something, and one for what belongs to none."""
    groups: dict[str, list[Removal]] = defaultdict(list)
    for removal in removals:
        groups[removal.campaign].append(removal)
    found = []
    for campaign, group in groups.items():
        runs = list(dict.fromkeys(removal.run for removal in group if removal.run))
        named = ", ".join(runs[:5]) + (f" and {len(runs) - 5} more" if len(runs) > 5 else "")
        size = sum(removal.bytes for removal in group) / 1e6
        what = f"of {named}" if runs else "that nobody needs any more"
        text = f"{len(group)} folders {what} are removed to make room: {size:.0f} MB"
        data = {
            "bytes": sum(removal.bytes for removal in group),
            "removed": [r.as_json() for r in group[:200]],
        }
        found.append(Event("storage.removed", campaign, campaign, text, actor, data))
    return found


def plan(state: State, stock: Stock, now: float) -> tuple[Removal, ...]:
    """Return what goes: what nobody owns, what is too old, what is beyond a quota, what a full disk needs."""
    going = _Going()
    for found in stock.found:
        if found.sort != "attempt" and now - found.at > YOUNG and (why := _unowned(state, found)):
            going.take(found, "all", why)
    mine = _by_campaign(state, stock)
    spare = {name: _spare(state, rows) for name, rows in mine.items()}
    for name, rows in spare.items():
        keep = state.spec(name).keep
        for found in rows:
            days = (now - _ended(state, found)) / DAY
            if _earlier(state, found) and days > STALE_ATTEMPT:
                going.take(found, "all", "an attempt that was lost or stopped; a later one counts")
            elif keep.logs_days and days > keep.logs_days:
                going.take(found, "all", f"older than {keep.logs_days:g} days (keep.logs_days)")
            elif keep.files_days and days > keep.files_days and found.files:
                going.take(found, "files", f"older than {keep.files_days:g} days (keep.files_days)")
        if keep.runs:
            used = sum(found.bytes - going.freed(found) for found in mine[name])
            going.shrink(rows, used - keep.runs, "beyond the quota (keep.runs)")
    if stock.free < stock.floor:
        rows = sorted((found for group in spare.values() for found in group), key=_age_in(state))
        need = int(stock.floor * SLACK) - stock.free - sum(removal.bytes for removal in going.removals)
        old = [found for found in rows if now - _ended(state, found) > YOUNG]
        going.shrink(old, need, "the disk is nearly full")
    return tuple(_named(state, removal) for removal in going.removals)


@dataclass
class _Going:
    """What goes so far."""

    taken: dict[str, Removal] = field(default_factory=dict)

    @property
    def removals(self) -> list[Removal]:
        """All of it."""
        return list(self.taken.values())

    def take(self, found: Found, part: Part, why: str) -> int:
        """Have a folder go, or part of it; return how much more that frees than before."""
        before = self.taken.get(found.place)
        size = found.bytes if part == "all" else found.files
        if before is not None and (before.part == "all" or part == "files"):
            return 0
        self.taken[found.place] = Removal(found.place, part, size, why, run=found.run, attempt=found.attempt)
        return size - (before.bytes if before is not None else 0)

    def freed(self, found: Found) -> int:
        """Return how much of a folder goes."""
        removal = self.taken.get(found.place)
        return removal.bytes if removal is not None else 0

    def shrink(self, rows: list[Found], excess: int, why: str) -> None:
        """Have the oldest go until `excess` bytes are free: what lies beside logs first, then the rest."""
        parts: tuple[Part, Part] = ("files", "all")
        for part in parts:
            for found in rows:
                if excess <= 0:
                    return
                if part == "all" or found.files:
                    excess -= self.take(found, part, why)


def _named(state: State, removal: Removal) -> Removal:
    run = state.runs.get(removal.run)
    if run is None:
        return removal
    return Removal(
        removal.place, removal.part, removal.bytes, removal.why,
        run.campaign, run.id, removal.attempt, run.experiment,
    )  # fmt: skip


def _unowned(state: State, found: Found) -> str:
    """Say why nobody needs a work tree, an agent's folder or a leftover; empty where somebody may."""
    name = found.place.rpartition("/")[2]
    match found.sort:
        case "tree":
            run = state.runs.get(name)
            return "" if run is not None and run.state is not RunState.ENDED else "a work tree of no run"
        case "scratch":
            turn = state.company.turns.get(name)
            asked = turn is not None and turn.state is TurnState.ASKED
            return "" if asked else "an agent's folder whose turn is over"
        case _:
            return "left half done by a process that died"


def _by_campaign(state: State, stock: Stock) -> dict[str, list[Found]]:
    """Return the folders of ended runs by campaign; what the ledger does not know is left alone."""
    mine: dict[str, list[Found]] = defaultdict(list)
    for found in stock.found:
        run = state.runs.get(found.run)
        if found.sort == "attempt" and run is not None:
            mine[run.campaign].append(found)
    return mine


def unknown(state: State, stock: Stock) -> list[Found]:
    """Return the run folders that the ledger does not know; a person alone may say what they are worth."""
    return [found for found in stock.found if found.sort == "attempt" and found.run not in state.runs]


def _spare(state: State, rows: list[Found]) -> list[Found]:
    """Return what may go, in the order in which it does: earlier attempts, then the oldest."""
    bases = {row.base for row in state.company.directions.values() if row.base and row.state in ALIVE}
    free = [found for found in rows if _may_go(state, found, bases)]
    return sorted(free, key=_age_in(state))


def _age_in(state: State) -> Callable[[Found], tuple[bool, float, str]]:
    return lambda found: (not _earlier(state, found), _ended(state, found), found.place)


def _may_go(state: State, found: Found, bases: set[str]) -> bool:
    run = state.runs[found.run]
    if _earlier(state, found):
        return True
    return run.state is RunState.ENDED and not _stays(state, run, bases)


def _stays(state: State, run: Run, bases: set[str]) -> bool:
    row: Experiment = state.experiments[run.experiment]
    campaign = state.campaigns[run.campaign]
    return (
        row.state is not ExperimentState.CLOSED
        or row.verdict in _KEPT
        or bool(row.promoted)
        or row.id in (campaign.champion, campaign.wanted)
        or row.id in bases
    )


def _earlier(state: State, found: Found) -> bool:
    return found.attempt < state.runs[found.run].attempt


def _ended(state: State, found: Found) -> float:
    """Return when an attempt ended, as well as that is known."""
    run = state.runs[found.run]
    return found.at if _earlier(state, found) or run.ended is None else run.ended


def forgotten(state: State, now: float) -> Prune:
    """Return what the ledger may forget, where campaigns say so."""
    events: list[tuple[str, float]] = []
    curves: list[tuple[str, int]] = []
    for campaign in state.campaigns.values():
        keep = state.spec(campaign.id).keep
        if keep.events_days:
            events.append((campaign.id, now - keep.events_days * DAY))
        if keep.curves_days:
            before = now - keep.curves_days * DAY
            bases = {row.base for row in state.company.directions.values() if row.base and row.state in ALIVE}
            curves += [
                (run.id, attempt)
                for experiment in state.experiments_of(campaign.id)
                for run in state.runs_of(experiment.id)
                if run.ended is not None and run.ended < before and not _stays(state, run, bases)
                for attempt in range(1, run.attempt + 1)
            ]
    return Prune(now, tuple(events), tuple(curves))
