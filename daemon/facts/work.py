"""What the workspace, the jobs, the devices and the clock report."""

from __future__ import annotations

from dataclasses import dataclass, field

from arctl.daemon.marks import Device, Reading
from arctl.daemon.rows import CurvePoint, Json


@dataclass(frozen=True, slots=True)
class Tick:
    """A second passed."""


# -- from the workspace --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CampaignAdmitted:
    """A repository was read and imported."""

    ticket: str
    actor: str
    name: str
    root: str
    prefix: str
    spec: str
    env: dict[str, str]
    commit: str
    tree: str
    params: Json
    notes: tuple[str, ...] = ()
    #: The text of the file that `objective` names; empty where there is none.
    objective: str = ""
    #: The level of the sandbox that its runs get.
    level: int = 3


@dataclass(frozen=True, slots=True)
class CampaignRefused:
    """A repository cannot be a campaign as it stands."""

    ticket: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class CommitBuilt:
    """A proposal's change is a commit on `base`, pinned under a ref."""

    experiment: str
    base: str
    commit: str
    tree: str
    params: Json
    paths: tuple[str, ...]
    #: What is doubtful about the edit.
    findings: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class CommitRefused:
    """A proposal's change could not become an experiment on `base`; `verdict` says how."""

    experiment: str
    base: str
    verdict: str
    reason: str
    commit: str = ""
    evidence: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ParamsRead:
    """Constants were read at the commits of experiments; one that a tree does not have is left out.

    `was` is the specification under which they were asked for, `spec` the one that names them.
    """

    campaign: str
    was: str
    spec: str
    diff: str
    values: dict[str, Json]


@dataclass(frozen=True, slots=True)
class TreePrepared:
    """A run's work tree is ready."""

    run: str
    attempt: int
    tree: str


@dataclass(frozen=True, slots=True)
class BranchMoved:
    """The champion branch has its new commit; `note` says if the user's repository did not take it."""

    experiment: str
    commit: str
    note: str = ""


# -- from jobs -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A shim holds its lock and the command is running; `freezable` where it can have it stand still."""

    run: str
    attempt: int
    adopted: bool = False
    freezable: bool = False


@dataclass(frozen=True, slots=True)
class PointsSeen:
    """New points of a curve."""

    points: tuple[CurvePoint, ...]


@dataclass(frozen=True, slots=True)
class RunEnded:
    """An attempt is over and its folder has been read."""

    run: str
    attempt: int
    outcome: str
    reason: str
    seconds: float
    value: float | None
    metrics: dict[str, float | None]
    evidence: Json


@dataclass(frozen=True, slots=True)
class RunLost:
    """An attempt ended without a result: its shim died; it has been fenced."""

    run: str
    attempt: int
    reason: str
    evidence: Json = field(default_factory=dict)


# -- from devices, and from every actor ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DevicesSeen:
    """The inventory changed."""

    devices: tuple[Device, ...]


@dataclass(frozen=True, slots=True)
class DevicesRead:
    """Who else has a device, or what is free on it, changed."""

    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class DeviceFaulted:
    """A device failed: it is lost, reported a critical Xid, or was not given back (`left`)."""

    device: str
    kind: str
    reason: str
    name: str = ""
    evidence: Json = field(default_factory=dict)
    #: The run that left it so, where one did.
    run: str = ""


@dataclass(frozen=True, slots=True)
class DeviceChecked:
    """A device that a run has left was looked at and may be used again, unless it has a fault."""

    device: str
    run: str


@dataclass(frozen=True, slots=True)
class ActionFailed:
    """An actor could not carry out an action, for a reason nobody foresaw."""

    action: str
    campaign: str
    run: str
    experiment: str
    error: str
    remedy: str = ""
