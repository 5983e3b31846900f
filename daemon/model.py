"""The rows: one frozen dataclass for each table of current state, written whole at every change."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

Json = dict[str, Any]


class CampaignState(StrEnum):
    """Where a campaign stands."""

    RUNNING = "running"
    PAUSED = "paused"
    HELD = "held"
    FINISHED = "finished"


class ExperimentState(StrEnum):
    """Where an experiment stands; `closed` carries a verdict."""

    BUILDING = "building"
    OPEN = "open"
    PROMOTING = "promoting"
    CLOSED = "closed"


class Verdict(StrEnum):
    """How an experiment ended."""

    BASELINE = "baseline"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    INCONCLUSIVE = "inconclusive"
    CRASHED = "crashed"
    LOST = "lost"
    TIMED_OUT = "timed_out"
    NO_METRIC = "no_metric"
    NOT_FINITE = "not_finite"
    INVALID = "invalid"
    OUT_OF_SCOPE = "out_of_scope"
    CONFLICT = "conflict"
    DUPLICATE = "duplicate"
    REBASED = "rebased"
    CANCELLED = "cancelled"


#: Verdicts that judge the idea itself, rather than an accident on the way to it.
JUDGED = frozenset({Verdict.ACCEPTED, Verdict.REJECTED, Verdict.INCONCLUSIVE})


#: Verdicts that say nothing about what was tried, so that trying the same again is no repetition.
UNTRIED = frozenset({Verdict.CANCELLED, Verdict.CONFLICT, Verdict.LOST})


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    PREPARING = "preparing"
    READY = "ready"
    LAUNCHING = "launching"
    RUNNING = "running"
    ENDED = "ended"


#: States in which a run has not begun.
WAITING = frozenset({RunState.QUEUED, RunState.PREPARING, RunState.READY})
#: States in which a run occupies its device.
ACTIVE = frozenset({RunState.LAUNCHING, RunState.RUNNING})


class Purpose(StrEnum):
    """What a run is for; the order is the order of service."""

    SETUP = "setup"
    CONFIRM = "confirm"
    BASELINE = "baseline"
    BANK = "bank"
    SEARCH = "search"


SERVICE_ORDER = {purpose: rank for rank, purpose in enumerate(Purpose)}


#: Reason of a stop after which a run is to be queued again.
REQUEUE = "requeue"


class Outcome(StrEnum):
    """How a run ended."""

    OK = "ok"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    NO_METRIC = "no_metric"
    NOT_FINITE = "not_finite"
    INVALID = "invalid"
    CANCELLED = "cancelled"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Campaign:
    """One search: a repository, an objective, a metric, a budget, a policy."""

    id: str
    root: str
    spec: str
    state: CampaignState
    created: float
    prefix: str = ""
    reason: str = ""
    base_commit: str = ""
    champion: str = ""
    env: dict[str, str] = field(default_factory=dict)
    setup_done: bool = False
    exhausted: bool = False
    #: Why the user's repository did not take the champion branch; empty when it did.
    behind: str = ""
    rev: int = 0


@dataclass(frozen=True, slots=True)
class Proposal:
    """An idea with its hypothesis, axis, expectation and change."""

    id: str
    campaign: str
    created: float
    agent: str
    brain: str
    title: str
    change: Json
    base: str
    hypothesis: str = ""
    axis: str = ""
    move: str = ""
    expected: str = ""
    if_works: str = ""
    if_fails: str = ""
    source: str = ""
    rev: int = 0


@dataclass(frozen=True, slots=True)
class Experiment:
    """A proposal made real: one commit on top of a champion, its runs and its verdict.

    `values` are the metric of every successful run, in order; `bank` are those of the fresh runs
    that a champion is judged by, never the runs that won its promotion.
    """

    id: str
    campaign: str
    number: int
    created: float
    state: ExperimentState
    title: str
    proposal: str = ""
    axis: str = ""
    base: str = ""
    commit: str = ""
    tree: str = ""
    params: Json = field(default_factory=dict)
    verdict: str = ""
    reason: str = ""
    evidence: Json = field(default_factory=dict)
    values: tuple[float, ...] = ()
    bank: tuple[float, ...] = ()
    metrics: dict[str, float | None] = field(default_factory=dict)
    #: The commit on the champion branch, once accepted; the next experiments build on it.
    promoted: str = ""
    same_as: str = ""
    #: The winner on an older champion that this is, tried again on a newer one.
    rebase_of: str = ""
    held: bool = False
    closed: float | None = None
    seconds: float = 0.0
    rev: int = 0

    @property
    def record(self) -> tuple[float, ...]:
        """The values that stand for it: fresh runs where it has any, else those it was judged by."""
        return self.bank or self.values

    @property
    def mean(self) -> float | None:
        """The mean of its record, None where nothing was measured."""
        return math.fsum(self.record) / len(self.record) if self.record else None


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of an experiment: one seed, one device, one attempt at a time."""

    id: str
    campaign: str
    experiment: str
    number: int
    created: float
    purpose: Purpose
    seed: int
    state: RunState
    attempt: int = 1
    #: How often its shim died under it.
    losses: int = 0
    held: bool = False
    outcome: str = ""
    reason: str = ""
    device: str = ""
    device_name: str = ""
    tree: str = ""
    started: float | None = None
    ended: float | None = None
    seconds: float = 0.0
    value: float | None = None
    metrics: dict[str, float | None] = field(default_factory=dict)
    evidence: Json = field(default_factory=dict)
    #: Why it is being stopped, from the moment that somebody asked; REQUEUE when it is to be run again.
    stopping: str = ""
    rev: int = 0


@dataclass(frozen=True, slots=True)
class DeadEnd:
    """A closed axis with its evidence and what would reopen it."""

    id: str
    campaign: str
    axis: str
    created: float
    reason: str
    reopen: str
    closed_by: str
    evidence: Json = field(default_factory=dict)
    rev: int = 0


Row = Campaign | Proposal | Experiment | Run | DeadEnd
R = TypeVar("R", Campaign, Proposal, Experiment, Run, DeadEnd)

TABLES: dict[type[Any], str] = {
    Campaign: "campaigns",
    Proposal: "proposals",
    Experiment: "experiments",
    Run: "runs",
    DeadEnd: "dead_ends",
}


def bump(row: R, **changes: Any) -> R:
    """Return the row with `changes` and its revision one higher."""
    return dataclasses.replace(row, rev=row.rev + 1, **changes)


@dataclass(frozen=True, slots=True)
class Event:
    """One line of what happened; its number and time are given when it is written."""

    kind: str
    campaign: str = ""
    subject: str = ""
    text: str = ""
    actor: str = "daemon"
    data: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One reading of a curve; `ordinal` counts a run's points and makes parsing again harmless."""

    run: str
    attempt: int
    ordinal: int
    metric: str
    step: float
    value: float


@dataclass(frozen=True, slots=True)
class Result:
    """How one attempt of a run ended; the ledger takes each (run, attempt) exactly once."""

    run: str
    attempt: int
    at: float
    outcome: str
    value: float | None
    record: Json
