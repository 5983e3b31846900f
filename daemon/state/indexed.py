"""Every row by its id, the indices that decisions need, and what only this process knows: how they change."""

from __future__ import annotations

from dataclasses import dataclass, field

from arctl.daemon.marks import (
    Ailment,
    Astray,
    Device,
    Inventory,
    Mark,
    Readings,
    RefusedEdit,
    Reissue,
    Rest,
    Room,
    Stocktaking,
    Stopping,
    Vacated,
)
from arctl.daemon.rows import (
    LETTERS,
    PROPOSED,
    TELLING,
    Call,
    Campaign,
    DeadEnd,
    Experiment,
    ExperimentState,
    Hold,
    Move,
    Proposal,
    Quarantine,
    Row,
    Run,
    RunState,
    Turn,
    Verdict,
)
from arctl.daemon.state.company import Company
from arctl.daemon.state.gains import Gains
from arctl.daemon.state.machine import Machine
from arctl.daemon.state.progress import Progress
from arctl.daemon.state.records import Records
from arctl.daemon.state.spending import Spending
from arctl.daemon.state.tried import Tried
from arctl.daemon.state.windows import Windows

#: Experiments that wait for a reflection, at most; older ones are left to the ledger.
UNREFLECTED = 50


@dataclass
class Indexed:
    """The rows in memory and their indices; changed by `apply` and `remember` alone."""

    campaigns: dict[str, Campaign] = field(default_factory=dict)
    proposals: dict[str, Proposal] = field(default_factory=dict)
    experiments: dict[str, Experiment] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    dead_ends: dict[str, DeadEnd] = field(default_factory=dict)
    holds: dict[str, Hold] = field(default_factory=dict)
    machine: Machine = field(default_factory=Machine)
    company: Company = field(default_factory=Company)
    spending: Spending = field(default_factory=Spending)
    tried: Tried = field(default_factory=Tried)
    records: Records = field(default_factory=Records)
    windows: Windows = field(default_factory=Windows)

    # Known to this process alone, learnt again after a restart.
    devices: dict[str, Device] = field(default_factory=dict)
    stopping: str = ""
    reissue: set[str] = field(default_factory=set)
    #: When an agent (its id) may be asked again, by the wall clock; and when for ideas.
    rest: dict[str, float] = field(default_factory=dict)
    dry: dict[str, float] = field(default_factory=dict)
    #: What is wrong with a campaign's `arctl.toml` or objective; empty where nothing is any more.
    astray: dict[tuple[str, str], str] = field(default_factory=dict)
    #: What stands in one of them and is not taken.
    refused_edits: dict[tuple[str, str], RefusedEdit] = field(default_factory=dict)
    #: What of the daemon's own is not as it should be, by name; how full the disk is; what is to be tidied.
    ailments: dict[str, str] = field(default_factory=dict)
    room: Room | None = None
    stocktaking: Stocktaking | None = None

    # Indices over the rows.
    _open: dict[str, dict[str, None]] = field(default_factory=dict)
    _live: dict[str, None] = field(default_factory=dict)
    _runs_of: dict[str, list[str]] = field(default_factory=dict)
    _proposed: dict[str, int] = field(default_factory=dict)
    _of_axis: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    _replicated: dict[str, dict[str, None]] = field(default_factory=dict)
    _of_campaign: dict[str, list[str]] = field(default_factory=dict)
    _sources: dict[str, set[str]] = field(default_factory=dict)
    _waiting: dict[str, dict[str, None]] = field(default_factory=dict)
    _of_direction: dict[str, list[str]] = field(default_factory=dict)
    _unreflected: dict[str, dict[str, None]] = field(default_factory=dict)
    _gains: dict[str, Gains] = field(default_factory=dict)
    _progress: dict[str, Progress] = field(default_factory=dict)
    _crowned: dict[str, dict[str, None]] = field(default_factory=dict)
    _dead_of: dict[str, list[str]] = field(default_factory=dict)
    _counters: dict[str, int] = field(default_factory=dict)

    def apply(self, row: Row) -> None:
        """Take a row as it now is."""
        match row:
            case Campaign():
                self.campaigns[row.id] = row
            case Proposal():
                self._index_proposal(row)
            case Experiment():
                self._index_experiment(row)
            case Run():
                self.records.apply_run(row, self.runs.get(row.id))
                if row.id not in self.runs:
                    self._runs_of.setdefault(row.experiment, []).append(row.id)
                self.runs[row.id] = row
                self.machine.apply_run(row)
                if row.state is RunState.ENDED:
                    self._live.pop(row.id, None)
                else:
                    self._live[row.id] = None
            case DeadEnd():
                if row.id not in self.dead_ends:
                    self._dead_of.setdefault(row.campaign, []).append(row.id)
                self.dead_ends[row.id] = row
            case Hold():
                self.holds[row.id] = row
            case Quarantine():
                self.machine.quarantines[row.id] = row
            case Call():
                self.spending.apply(row)
            case _:
                self.company.apply(row)
                if isinstance(row, Turn) and row.move is Move.REFLECT:
                    self._unreflected.get(row.campaign, {}).pop(row.subject, None)
        if (letter := LETTERS.get(type(row))) is not None:
            self._counters[letter] = max(self._counters.get(letter, 0), int(row.id[1:]))

    def _index_proposal(self, row: Proposal) -> None:
        if row.id not in self.proposals and row.source:
            self._sources.setdefault(row.campaign, set()).add(row.source)
        self.records.apply_proposal(row, self.proposals.get(row.id))
        self.proposals[row.id] = row
        waiting = self._waiting.setdefault(row.campaign, {})
        if row.state in PROPOSED:
            waiting[row.id] = None
        else:
            waiting.pop(row.id, None)

    def remember(self, mark: Mark) -> None:
        """Take what this process alone knows."""
        match mark:
            case Rest():
                (self.dry if mark.ideas else self.rest)[mark.agent] = mark.until
            case Inventory():
                self.devices = {device.id: device for device in mark.devices}
            case Readings() | Vacated():
                self.machine.remember(mark)
            case Reissue():
                (self.reissue.add if mark.wanted else self.reissue.discard)(mark.campaign)
            case Stopping():
                self.stopping = mark.mode
            case Astray():
                self.astray[mark.campaign, mark.file] = mark.why
            case RefusedEdit():
                self.refused_edits.pop((mark.campaign, mark.file), None)
                if mark.why:
                    self.refused_edits[mark.campaign, mark.file] = mark
            case Ailment():
                self.ailments[mark.name] = mark.why
            case Room():
                self.room = mark
            case Stocktaking():
                self.stocktaking = mark if mark.stock is not None else None

    def _index_experiment(self, row: Experiment) -> None:
        known = self.experiments.get(row.id)
        proposal = self.proposals[row.proposal] if row.proposal else None
        self.tried.apply(row, known, proposal)
        self.records.apply_experiment(row, known, proposal.agent if proposal is not None else "")
        if row.id not in self.experiments:
            self._of_campaign.setdefault(row.campaign, []).append(row.id)
            if row.base and not row.rebase_of:
                self._proposed[row.campaign] = self._proposed.get(row.campaign, 0) + 1
            self._of_axis.setdefault((row.campaign, row.axis), []).append(row.id)
            if row.direction:
                self._of_direction.setdefault(row.direction, []).append(row.id)
        if not row.same_as and (len(row.values) > 1 or len(row.bank) > 1):
            self._replicated.setdefault(row.campaign, {})[row.id] = None
        self.experiments[row.id] = row
        self.windows.apply(row)
        if row.campaign not in self._progress:
            self._gains[row.campaign], self._progress[row.campaign] = Gains(), Progress()
        self._gains[row.campaign].apply(row)
        self._progress[row.campaign].apply(row, known)
        if row.verdict in (Verdict.ACCEPTED, Verdict.BY_HAND):
            self._crowned.setdefault(row.campaign, {})[row.id] = None
        # One that a person makes champion later has its verdict already.
        ended = known is None or known.verdict != row.verdict
        if ended and row.verdict in TELLING and row.base and not row.same_as:
            waiting = self._unreflected.setdefault(row.campaign, {})
            waiting[row.id] = None
            if len(waiting) > UNREFLECTED:
                del waiting[next(iter(waiting))]
        open_rows = self._open.setdefault(row.campaign, {})
        if row.state is ExperimentState.CLOSED:
            open_rows.pop(row.id, None)
        else:
            open_rows[row.id] = None
