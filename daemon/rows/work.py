"""The work: campaigns, proposals, experiments, their runs, and what was given up."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from arctl.daemon.rows.record import Json
from arctl.daemon.rows.states import (
    CampaignState,
    ExperimentState,
    ProposalState,
    Purpose,
    RunState,
)


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
    #: What `spec.objective` says, as text; what agents are told.
    objective: str = ""
    #: Why its agents cannot think at the moment; empty when they can. Queued work goes on.
    trouble: str = ""
    #: Why the user's repository did not take the champion branch; empty when it did.
    behind: str = ""
    #: While it is paused: what was begun still gets the runs that it needs to be judged.
    drain: bool = False
    #: The experiment that a person is making champion; it is until the branch has moved.
    wanted: str = ""
    #: The level of the sandbox that its runs get: 3, 2, or 1 where a person allowed that.
    level: int = 3
    rev: int = 0


@dataclass(frozen=True, slots=True)
class Proposal:
    """An idea with its hypothesis, axis, expectation and change.

    `change` is one of `{"kind": "params", "values"}`, `{"kind": "patch", "patch"}`,
    `{"kind": "edits", "edits": [{"path", "old", "new"}]}`, `{"kind": "merge", "commit", "of"}`, or
    `{"kind": "idea"}` while nobody has written it yet.
    """

    id: str
    campaign: str
    created: float
    agent: str
    brain: str
    title: str
    change: Json
    base: str
    state: ProposalState = ProposalState.READY
    team: str = ""
    direction: str = ""
    hypothesis: str = ""
    axis: str = ""
    move: str = ""
    expected: str = ""
    if_works: str = ""
    if_fails: str = ""
    cost: str = ""
    #: In what it differs from the tried ones that are near it.
    difference: str = ""
    #: Experiments and proposals that are near it: the same axis and value within tolerance.
    near: tuple[str, ...] = ()
    #: What the brain drew it from; never drawn twice in one campaign.
    source: str = ""
    #: The directive under which it was made.
    directive: str = ""
    #: A person's proposals, and those made under a directive, go first.
    urgent: bool = False
    #: A person agreed to it, where nothing runs without that.
    approved: bool = False
    #: A person named the experiment that it builds on; it stays there.
    pinned: bool = False
    #: It was taken up without a critique, so that no slot stood idle.
    uncritiqued: bool = False
    #: Who wrote its change, where that was not its author; and how often that was tried in vain.
    writer: str = ""
    tries: int = 0
    #: How often it was written anew after an objection.
    revised: int = 0
    reason: str = ""
    #: The proposal that this one is written anew from, or is a second try of.
    of: str = ""
    #: The experiment that ended without a verdict on its merits, and that a person has tried again by this.
    rerun: str = ""
    #: Where a person put it: below zero ahead of the ranking, in that order; above zero behind it.
    place: int = 0
    #: Who stashed it, why, when, and the state to which it returns; empty where it is not stashed.
    stashed: Json = field(default_factory=dict)
    experiment: str = ""
    rev: int = 0

    @property
    def by_hand(self) -> bool:
        """Whether a person proposed it; a person and an agent may bear one name."""
        return self.brain == "human"

    def made_by(self, agent: str) -> bool:
        """Tell whether an agent of this name proposed it, rather than a person who bears the name, too."""
        return self.agent == agent and not self.by_hand


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
    team: str = ""
    direction: str = ""
    #: It is built on an experiment that was never champion; it is judged against the champion all the same.
    forked: bool = False
    #: How often a crash of it was repaired.
    repairs: int = 0
    #: A person made it champion or took that back.
    by_hand: bool = False
    held: bool = False
    #: Where a person put it among those that wait for their first run: below zero ahead, above zero behind.
    place: int = 0
    closed: float | None = None
    seconds: float = 0.0
    #: What is doubtful about its edit, as findings of `arctl.experiments.integrity`.
    findings: tuple[Json, ...] = ()
    #: Why it waits for a person before it is judged: `since`, `findings`; then `cleared`, `by`, `reason`.
    quarantined: Json = field(default_factory=dict)
    rev: int = 0

    @property
    def in_quarantine(self) -> bool:
        """Whether it is neither judged nor run again until a person decides."""
        waits = bool(self.quarantined) and not self.quarantined.get("cleared")
        return waits and self.state is ExperimentState.OPEN

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
    """One execution of an experiment: one seed, one device or several, one attempt at a time."""

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
    #: The first of its devices, and all of them.
    device: str = ""
    device_name: str = ""
    devices: tuple[str, ...] = ()
    #: Which of the parts of a device it has, where several runs share one.
    seat: int = 0
    tree: str = ""
    started: float | None = None
    ended: float | None = None
    seconds: float = 0.0
    value: float | None = None
    metrics: dict[str, float | None] = field(default_factory=dict)
    evidence: Json = field(default_factory=dict)
    #: Its shim can have it stand still; one of an older arctl cannot.
    can_freeze: bool = False
    #: Since when it stands still, by the wall clock; and what it was frozen with: itself, a team, a device …
    frozen: float | None = None
    frozen_by: tuple[str, ...] = ()
    #: For how long it stood still before that; once it has ended, in all. `seconds` are without them.
    frozen_seconds: float = 0.0
    #: Why it is being stopped, from the moment that somebody asked; REQUEUE when it is to be run again.
    stopping: str = ""
    #: When and why its folder, the log with it, was removed to make room; None while it is there.
    removed: float | None = None
    removed_for: str = ""
    rev: int = 0

    @property
    def bound(self) -> tuple[str, ...]:
        """The devices that it has; runs of an older arctl know only one."""
        return self.devices or ((self.device,) if self.device else ())


@dataclass(frozen=True, slots=True)
class DeadEnd:
    """A closed direction or axis with its evidence and what would reopen it; proposals inside it are refused.

    `low` and `high` bound the values of a numeric axis that are closed; without them all of it is.
    """

    id: str
    campaign: str
    axis: str
    created: float
    reason: str
    reopen: str
    closed_by: str
    evidence: Json = field(default_factory=dict)
    direction: str = ""
    low: float | None = None
    high: float | None = None
    #: Who or what opened it again, and why; empty while it is closed.
    revived: str = ""
    rev: int = 0
