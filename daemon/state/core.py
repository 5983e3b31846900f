"""What is: every row by its id, the indices that decisions need, and what only this process knows."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Iterable, Iterator, Sequence
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
    ACTIVE,
    LETTERS,
    PROPOSED,
    TELLING,
    Agent,
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
from arctl.daemon.specs import spec_of
from arctl.daemon.state.company import Company
from arctl.daemon.state.gains import Gains
from arctl.daemon.state.ids import Ids
from arctl.daemon.state.machine import Machine
from arctl.daemon.state.progress import Progress
from arctl.daemon.state.records import Records
from arctl.daemon.state.spending import Spending
from arctl.daemon.state.tried import Tried
from arctl.daemon.state.windows import Windows
from arctl.daemon.turns import Past
from arctl.experiments.effects import Axis, Effect, parts
from arctl.experiments.spec import Spec

#: Rows from which on they are kept from the garbage collector's sight.
MANY = 50_000
#: Experiments that wait for a reflection, at most; older ones are left to the ledger.
UNREFLECTED = 50


@dataclass
class State:
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

    def ids(self) -> Ids:
        """Return a giver of fresh ids for the rows of one step."""
        return Ids(dict(self._counters))

    def last_number(self, letter: str) -> int:
        """Return the greatest number of the ids that begin with a letter; 0 where there is none."""
        return self._counters.get(letter, 0)

    def spec(self, campaign: str) -> Spec:
        """Return a campaign's parsed specification."""
        return spec_of(self.campaigns[campaign])

    def open_experiments(self, campaign: str) -> Iterator[Experiment]:
        """Yield the experiments without a verdict, oldest first."""
        for ident in list(self._open.get(campaign, ())):
            yield self.experiments[ident]

    def experiments_of(self, campaign: str) -> Iterator[Experiment]:
        """Yield every experiment of a campaign, oldest first."""
        for ident in self._of_campaign.get(campaign, ()):
            yield self.experiments[ident]

    def numbered(self, campaign: str) -> Sequence[str]:
        """Return the ids of a campaign's experiments, oldest first; not to be changed."""
        return self._of_campaign.get(campaign, ())

    def newest(self, campaign: str) -> Experiment:
        """Return the experiment that was begun last."""
        return self.experiments[self._of_campaign[campaign][-1]]

    def baseline_of(self, campaign: str) -> Experiment:
        """Return the experiment that a campaign began with."""
        return self.experiments[self._of_campaign[campaign][0]]

    def on_axis(self, campaign: str, axis: str) -> list[Experiment]:
        """Return the experiments on an axis, oldest first."""
        return [self.experiments[ident] for ident in self._of_axis.get((campaign, axis), ())]

    def tried_axes(self, campaign: str) -> frozenset[str]:
        """Return every axis on which an experiment was begun, the parts of joint ones by themselves."""
        return frozenset(part for name, axis in self._of_axis if name == campaign for part in parts(axis))

    def replicated(self, campaign: str) -> list[Experiment]:
        """Return the experiments that were run more than once."""
        return [self.experiments[ident] for ident in self._replicated.get(campaign, ())]

    def count_proposed(self, campaign: str) -> int:
        """Count what was proposed, without the baseline and without winners tried again on a newer base."""
        return self._proposed.get(campaign, 0)

    def history(self, campaign: str) -> tuple[Past, ...]:
        """Return every experiment of a campaign as brains see it, oldest first."""
        return self.tried.history(campaign)

    def effects(self, campaign: str) -> dict[str, Effect]:
        """Return what is known of each axis on which something was judged."""
        return {name: axis.effect for name, axis in self.axes(campaign).items()}

    def axes(self, campaign: str) -> dict[str, Axis]:
        """Return the same with the trials behind it, by the number of the first."""
        return self._gains.get(campaign, Gains()).axes()

    def progress(self, campaign: str) -> Progress:
        """Return how the campaign went, as numbers."""
        return self._progress.get(campaign, Progress())

    def of_direction(self, direction: str) -> list[Experiment]:
        """Return the experiments that were made in a direction, oldest first."""
        return [self.experiments[ident] for ident in self._of_direction.get(direction, ())]

    def count_of_direction(self, direction: str) -> int:
        """Count the experiments that were made in a direction."""
        return len(self._of_direction.get(direction, ()))

    def unreflected(self, campaign: str, count: int) -> list[Experiment]:
        """Return the newest experiments of which nobody was asked why they ended so, newest first."""
        waiting = self._unreflected.get(campaign, {})
        return [self.experiments[ident] for ident in itertools.islice(reversed(waiting), count)]

    def open_proposals(self, campaign: str) -> list[Proposal]:
        """Return the proposals of which an experiment may still be made, oldest first."""
        return [self.proposals[ident] for ident in self._waiting.get(campaign, ())]

    def live_runs(self) -> Iterator[Run]:
        """Yield the runs that have not ended."""
        for ident in list(self._live):
            yield self.runs[ident]

    def runs_of(self, experiment: str) -> list[Run]:
        """Return an experiment's runs, oldest first."""
        return [self.runs[ident] for ident in self._runs_of.get(experiment, ())]

    def active_runs(self) -> list[Run]:
        """Return the runs that occupy a device."""
        return [run for run in self.live_runs() if run.state in ACTIVE]

    def same_tree(self, campaign: str, tree: str) -> Experiment | None:
        """Return the experiment that first had this tree."""
        ident = self.tried.by_tree(campaign, tree)
        return self.experiments[ident] if ident else None

    def same_patch(self, campaign: str, patch: str) -> Experiment | None:
        """Return the experiment that first tried this very patch, on whatever base."""
        ident = self.tried.by_patch(campaign, patch)
        return self.experiments[ident] if ident else None

    def sources(self, campaign: str) -> frozenset[str]:
        """Return what a campaign's proposals were drawn from."""
        return frozenset(self._sources.get(campaign, ()))

    def dead_ends_of(self, campaign: str) -> list[DeadEnd]:
        """Return the dead ends of a campaign that are closed now, oldest first."""
        rows = (self.dead_ends[ident] for ident in self._dead_of.get(campaign, ()))
        return [row for row in rows if not row.revived]

    def all_dead_ends(self, campaign: str) -> list[DeadEnd]:
        """Return the dead ends of a campaign, those that were opened again, too."""
        return [self.dead_ends[ident] for ident in self._dead_of.get(campaign, ())]

    def champions_of(self, campaign: str) -> list[Experiment]:
        """Return the experiments that became champion, in the order in which they were judged."""
        found = (self.experiments[ident] for ident in self._crowned.get(campaign, ()))
        return sorted(found, key=lambda row: (row.closed or 0.0, row.number))

    def context(self, agent: Agent) -> str:
        """Return what an agent's work depends on now: champion, direction, directives, open dead ends."""
        team = self.company.teams.get(agent.team)
        direction = team.direction if team is not None else ""
        heard = ",".join(row.id for row in self.company.directives_for(agent))
        revived = sum(bool(self.dead_ends[ident].revived) for ident in self._dead_of.get(agent.campaign, ()))
        return f"{self.campaigns[agent.campaign].champion}/{direction}/{heard}/{revived}"

    def is_held(self, device: str) -> bool:
        """Tell whether a person lets nothing start on a device."""
        hold = self.holds.get(device)
        return hold is not None and hold.held

    def usable(self, device: str) -> bool:
        """Tell whether something may start on a device, as far as it is not occupied."""
        return not (self.is_held(device) or self.machine.quarantine(device) or self.machine.taken(device))


def load(rows: Iterable[Row]) -> State:
    """Build the state from the ledger's rows."""
    state = State()
    collects = gc.isenabled()
    gc.disable()  # none of it is garbage, and looking for some takes longer the more rows there are
    try:
        for row in rows:
            state.apply(row)
    finally:
        if collects:
            gc.enable()
    if len(state.experiments) + len(state.runs) > MANY:
        # What is here to stay is looked at no more: that would hold a daemon up for a second, time and again.
        gc.freeze()
    return state
