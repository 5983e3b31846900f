"""From a fact to rows and events: pure functions of the state, the fact and the time.

Nothing here waits, decides what comes next, or touches the world; that is for decide/ and the actors.
"""

from __future__ import annotations

from arctl.daemon import facts
from arctl.daemon.actions import Step
from arctl.daemon.marks import Inventory, Readings, Vacated
from arctl.daemon.reduce import (
    calls,
    campaigns,
    control,
    devices,
    edits,
    experiments,
    members,
    replaying,
    runs,
    turns,
    upkeep,
)
from arctl.daemon.state import State


def reduce(state: State, fact: facts.Fact, now: float) -> Step:
    """Return what a fact changes; `now` is the wall clock in seconds since the epoch."""
    match fact:
        case facts.Tick():
            return Step()
        case facts.AddCampaign():
            return campaigns.requested(state, fact)
        case facts.CampaignAdmitted():
            return campaigns.admitted(state, fact, now)
        case facts.CampaignRefused():
            return campaigns.refused(fact)
        case facts.Control() if fact.verb.startswith(members.PREFIX):
            return members.visit(state, fact, now)
        case facts.Control():
            return control.control(state, fact, now)
        case facts.StopDaemon():
            return control.stop(state, fact)
        case facts.Detach():
            return control.detach()
        case facts.CommitBuilt():
            return experiments.built(state, fact, now)
        case facts.CommitRefused():
            return experiments.refused(state, fact, now)
        case facts.BranchMoved():
            return experiments.promoted(state, fact, now)
        case facts.TurnAnswered():
            return turns.answered(state, fact, now)
        case facts.TurnFailed():
            return turns.failed(state, fact, now)
        case facts.TurnBeat():
            return turns.beaten(state, fact, now)
        case facts.ReserveCall():
            return calls.reserve(state, fact, now)
        case facts.SettleCall():
            return calls.settle(state, fact, now)
        case facts.EditSeen():
            return edits.seen(state, fact, now)
        case facts.EditRefused():
            return edits.refused(state, fact, now)
        case facts.ParamsRead():
            return edits.params_read(state, fact)
        case facts.FileAstray():
            return edits.astray(state, fact)
        case facts.TreePrepared():
            return runs.prepared(state, fact)
        case facts.RunStarted():
            return runs.started(state, fact, now)
        case facts.PointsSeen():
            return Step(points=list(fact.points))
        case facts.RunEnded():
            return devices.vacated(state, fact, runs.ended(state, fact, now))
        case facts.RunLost():
            return devices.vacated(state, fact, runs.lost(state, fact, now))
        case facts.DevicesSeen():
            return Step(marks=[Inventory(fact.devices)])
        case facts.Ailing():
            return upkeep.ailing(state, fact)
        case facts.BackupTaken():
            return upkeep.backed_up(fact)
        case facts.DiskSeen():
            return upkeep.disk(state, fact)
        case facts.StockTaken():
            return upkeep.stock(state, fact)
        case facts.Removed():
            return upkeep.removed(fact)
        case facts.ResultFound():
            return replaying.result(state, fact, now)
        case facts.AttemptFound():
            return replaying.attempt(state, fact)
        case facts.LedgerRestored():
            return replaying.restored(fact)
        case facts.DevicesRead():
            return Step(marks=[Readings(fact.readings)])
        case facts.DeviceFaulted():
            return devices.faulted(state, fact, now)
        case facts.DeviceChecked():
            return Step(marks=[Vacated(fact.device, fact.run, over=True)])
        case facts.ActionFailed():
            return campaigns.action_failed(state, fact, now)
