"""What looking after the ledger and the state folder brings: alarms, backups, room, what was removed."""

from __future__ import annotations

from arctl.daemon import facts
from arctl.daemon.actions import Answer, Step
from arctl.daemon.marks import Ailment, Room, Stocktaking
from arctl.daemon.rows import Event
from arctl.daemon.state import State
from arctl.daemon.stock import summary
from arctl.errors import RefusedError

#: What is said when something is well again.
_WELL = {
    "wal": "the ledger's write-ahead log is short again",
    "backup": "the ledger is backed up again",
}


def ailing(state: State, fact: facts.Ailing) -> Step:
    """Tell when something begins to be amiss and when it is over; in between only what is shown changes."""
    before = state.ailments.get(fact.name, "")
    if before == fact.why:
        return Step()
    step = Step(marks=[Ailment(fact.name, fact.why)])
    if not before:
        step.events.append(Event(f"{fact.name}.trouble", text=fact.why))
    elif not fact.why:
        step.events.append(
            Event(f"{fact.name}.well", text=_WELL.get(fact.name, f"{fact.name} is well again"))
        )
    return step


def backed_up(fact: facts.BackupTaken) -> Step:
    """Note that the ledger was copied."""
    text = f"the ledger is backed up in {fact.path}: {fact.bytes / 1e6:.1f} MB in {fact.seconds:.1f} s"
    return Step(events=[Event("ledger.backup", text=text, data={"path": fact.path, "bytes": fact.bytes})])


def disk(state: State, fact: facts.DiskSeen) -> Step:
    """Remember how full the disk is; tell when no run begins any more for lack of room, and when again."""
    room, before = Room(fact.free, fact.floor), state.room
    step = Step(marks=[room])
    if room.low and (before is None or not before.low):
        text = (
            f"the disk is nearly full: {fact.free / 1e9:.1f} GB are free, no run begins below"
            f" {fact.floor / 1e9:.1f} GB; those under way go on"
        )
        step.events.append(Event("disk.low", text=text, data={"free": fact.free, "floor": fact.floor}))
    elif before is not None and before.low and not room.low:
        text = f"there is room again: {fact.free / 1e9:.1f} GB are free, and runs begin"
        step.events.append(Event("disk.well", text=text, data={"free": fact.free, "floor": fact.floor}))
    return step


def stock(state: State, fact: facts.StockTaken) -> Step:
    """Have it decided what goes; of two who ask in the same moment one is told to ask again."""
    pending = state.stocktaking
    if pending is not None and pending.ticket:
        if not fact.ticket:
            return Step()
        error = RefusedError("somebody else is tidying at this moment", "ask again")
        return Step(answers=[Answer(fact.ticket, error=error)])
    return Step(marks=[Stocktaking(fact.stock, fact.ticket, fact.actor)])


def removed(fact: facts.Removed) -> Step:
    """Tell who asked what is gone, and everybody what could not be deleted."""
    step = Step()
    if fact.failed:
        text = f"{len(fact.failed)} could not be removed: {'; '.join(fact.failed[:3])}"
        step.events.append(Event("storage.failed", text=text, data={"failed": list(fact.failed[:50])}))
    if fact.ticket:
        step.answers.append(Answer(fact.ticket, summary(fact.removals, fact.failed, more=fact.more)))
    return step
