"""What can happen: each fact is plain data, reported by an actor, a client or the clock."""

from __future__ import annotations

from arctl.daemon.facts.clients import (
    AddCampaign,
    Control,
    Detach,
    EditRefused,
    EditSeen,
    FileAstray,
    StopDaemon,
)
from arctl.daemon.facts.minds import ReserveCall, SettleCall, TurnAnswered, TurnBeat, TurnFailed
from arctl.daemon.facts.upkeep import (
    Ailing,
    AttemptFound,
    BackupTaken,
    DiskSeen,
    LedgerRestored,
    Removed,
    ResultFound,
    StockTaken,
)
from arctl.daemon.facts.work import (
    ActionFailed,
    BranchMoved,
    CampaignAdmitted,
    CampaignRefused,
    CommitBuilt,
    CommitRefused,
    DeviceChecked,
    DeviceFaulted,
    DevicesRead,
    DevicesSeen,
    ParamsRead,
    PointsSeen,
    RunEnded,
    RunLost,
    RunStarted,
    Tick,
    TreePrepared,
)

Fact = (
    Tick
    | AddCampaign
    | Control
    | StopDaemon
    | Detach
    | EditSeen
    | EditRefused
    | FileAstray
    | CampaignAdmitted
    | CampaignRefused
    | CommitBuilt
    | CommitRefused
    | ParamsRead
    | TreePrepared
    | BranchMoved
    | RunStarted
    | PointsSeen
    | RunEnded
    | RunLost
    | TurnAnswered
    | TurnFailed
    | TurnBeat
    | ReserveCall
    | SettleCall
    | DevicesSeen
    | Ailing
    | BackupTaken
    | DiskSeen
    | StockTaken
    | Removed
    | ResultFound
    | AttemptFound
    | LedgerRestored
    | DevicesRead
    | DeviceFaulted
    | DeviceChecked
    | ActionFailed
)

__all__ = [
    "ActionFailed",
    "AddCampaign",
    "Ailing",
    "AttemptFound",
    "BackupTaken",
    "BranchMoved",
    "CampaignAdmitted",
    "CampaignRefused",
    "CommitBuilt",
    "CommitRefused",
    "Control",
    "Detach",
    "DeviceChecked",
    "DeviceFaulted",
    "DevicesRead",
    "DevicesSeen",
    "DiskSeen",
    "EditRefused",
    "EditSeen",
    "Fact",
    "FileAstray",
    "LedgerRestored",
    "ParamsRead",
    "PointsSeen",
    "Removed",
    "ReserveCall",
    "ResultFound",
    "RunEnded",
    "RunLost",
    "RunStarted",
    "SettleCall",
    "StockTaken",
    "StopDaemon",
    "Tick",
    "TreePrepared",
    "TurnAnswered",
    "TurnBeat",
    "TurnFailed",
]
