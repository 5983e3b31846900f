"""What can be done: each action is plain data, carried out by the one actor that knows how."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from arctl.daemon.marks import Mark
from arctl.daemon.rows import Campaign, CurvePoint, Event, Experiment, Json, Proposal, Result, Row, Run
from arctl.daemon.stock import Removal
from arctl.daemon.turns import Question
from arctl.errors import ArctlError

# -- workspace -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AdmitCampaign:
    """Read, check and import a repository; answered by CampaignAdmitted or CampaignRefused."""

    ticket: str
    path: str
    env: dict[str, str]
    actor: str
    allow_dirty: bool
    #: Root and first commit of each campaign there is: a name may be used again only for its own folder.
    known: dict[str, tuple[str, str]]
    sandbox: str = ""
    allow_unsandboxed: bool = False


@dataclass(frozen=True, slots=True)
class BuildCommit:
    """Turn a proposal into one commit on its base; answered by CommitBuilt or CommitRefused."""

    campaign: Campaign
    experiment: Experiment
    proposal: Proposal
    base_commit: str


@dataclass(frozen=True, slots=True)
class ReadParams:
    """Read the constants `names`, as `spec` says where they stand, at the commits of experiments.

    Answered by ParamsRead, or EditRefused where the champion's tree has no such constants.
    """

    campaign: Campaign
    spec: str
    names: tuple[str, ...]
    commits: dict[str, str]
    #: The difference of the edit for which they are read; empty where there is none.
    diff: str = ""


@dataclass(frozen=True, slots=True)
class PrepareTree:
    """Lay out a run's work tree; answered by TreePrepared."""

    campaign: Campaign
    commit: str
    run: Run


@dataclass(frozen=True, slots=True)
class ArrangeRun:
    """Make the environment of a run in its work tree, before it has a slot; answered by RunArranged."""

    campaign: Campaign
    run: Run


@dataclass(frozen=True, slots=True)
class RemoveTree:
    """Delete a run's work tree."""

    run: str


@dataclass(frozen=True, slots=True)
class SweepTrees:
    """Delete what a daemon left that died: work trees of other runs than these, and half-made commits."""

    keep: frozenset[str]


@dataclass(frozen=True, slots=True)
class MoveBranch:
    """Put an accepted change on the champion branch; answered by BranchMoved."""

    campaign: Campaign
    experiment: Experiment
    parent: str
    message: str


# -- jobs ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LaunchRun:
    """Start a shim; answered by RunStarted, later RunEnded or RunLost."""

    campaign: Campaign
    run: Run
    cores: tuple[int, ...]
    #: What `CUDA_VISIBLE_DEVICES` is to be: UUIDs with commas between them; None where it has no GPU.
    gpu: str | None
    #: The files in /dev of its GPUs.
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ResumeRun:
    """Look after a run that an earlier daemon launched: take in, adopt, or fence it."""

    campaign: Campaign
    run: Run


@dataclass(frozen=True, slots=True)
class StopRun:
    """End a run's processes; answered by RunEnded. With `force` they get no time to end by themselves."""

    run: str
    attempt: int
    reason: str
    force: bool = False


@dataclass(frozen=True, slots=True)
class FreezeRun:
    """Have a run's processes stand still, or go on; never answered."""

    run: str
    attempt: int
    still: bool


# -- devices -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CheckDevice:
    """See that a run left nothing behind on a device; answered by DeviceChecked, DeviceFaulted before it."""

    device: str
    run: str


@dataclass(frozen=True, slots=True)
class ForgetFaults:
    """Tell of a device's faults as if they were new: a person has released it; answered by DeviceChecked."""

    device: str


# -- agents --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AskAgent:
    """Put a question to an agent; answered by TurnAnswered or TurnFailed."""

    question: Question


@dataclass(frozen=True, slots=True)
class StopTurn:
    """Let go of a turn that nobody waits for any more; never answered."""

    turn: str


# -- files that people edit ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class WatchFiles:
    """Look after a campaign's `arctl.toml` and objective from now on; answered by EditSeen, EditRefused."""

    campaign: Campaign


# -- the state folder and the ledger ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Discard:
    """Delete what is of no use any more; answered by Removed. With `more` that was not all that may go."""

    removals: tuple[Removal, ...]
    ticket: str = ""
    more: bool = False


@dataclass(frozen=True, slots=True)
class Prune:
    """Delete old events (of a campaign, before a time) and curves (of an attempt) from the ledger."""

    now: float
    events: tuple[tuple[str, float], ...] = ()
    curves: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class BackUp:
    """Copy the ledger now: something began that nobody wants to begin again."""


@dataclass(frozen=True, slots=True)
class NoteResult:
    """Leave what an attempt was judged to be in its folder, for a ledger that is put back from a backup."""

    run: str
    attempt: int
    record: Json


# -- the engine itself -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shutdown:
    """Leave the loop."""

    reason: str


WorkspaceAction = (
    AdmitCampaign | BuildCommit | ReadParams | PrepareTree | RemoveTree | SweepTrees | MoveBranch
)
JobsAction = ArrangeRun | LaunchRun | ResumeRun | StopRun | FreezeRun
DevicesAction = CheckDevice | ForgetFaults
BrainAction = AskAgent | StopTurn
UpkeepAction = Discard | Prune | BackUp | NoteResult
Action = WorkspaceAction | JobsAction | DevicesAction | BrainAction | UpkeepAction | WatchFiles | Shutdown


@dataclass(frozen=True, slots=True)
class Answer:
    """What a waiting client is told, once the rows are safely written."""

    ticket: str
    result: Any = None
    error: ArctlError | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """The outcome of one fact or one decision: what to write and remember, then what to do and answer."""

    rows: list[Row] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    points: list[CurvePoint] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Tell whether anything is to be done."""
        # Asked after every rule that has nothing to do: a loop over the fields would cost as much as most.
        return bool(
            self.rows
            or self.events
            or self.results
            or self.points
            or self.marks
            or self.actions
            or self.answers
        )

    def extend(self, other: Step) -> None:
        """Add all of `other` behind what is here."""
        for name in self.__slots__:
            getattr(self, name).extend(getattr(other, name))
