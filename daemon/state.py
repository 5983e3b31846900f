"""What is: every row by its id, the indices that decisions need, and what only this process knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from arctl.daemon.marks import Asking, Device, Inventory, Mark, Reissue, Stopping
from arctl.daemon.model import (
    ACTIVE,
    UNTRIED,
    Campaign,
    DeadEnd,
    Experiment,
    ExperimentState,
    Proposal,
    Row,
    Run,
    RunState,
    Verdict,
)
from arctl.daemon.specs import spec_of
from arctl.experiments.spec import Spec


@dataclass
class Ids:
    """Gives the next ids of each kind: `e12` for an experiment, `r40` for a run."""

    counters: dict[str, int]

    def new(self, letter: str) -> tuple[str, int]:
        """Return a fresh id and its number."""
        number = self.counters.get(letter, 0) + 1
        self.counters[letter] = number
        return f"{letter}{number}", number


@dataclass
class State:
    """The rows in memory and their indices; changed by `apply` and `remember` alone."""

    campaigns: dict[str, Campaign] = field(default_factory=dict)
    proposals: dict[str, Proposal] = field(default_factory=dict)
    experiments: dict[str, Experiment] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    dead_ends: dict[str, DeadEnd] = field(default_factory=dict)

    # Known to this process alone, learnt again after a restart.
    devices: dict[str, Device] = field(default_factory=dict)
    stopping: str = ""
    asking: set[str] = field(default_factory=set)
    reissue: set[str] = field(default_factory=set)
    #: When a campaign's brain may be asked again, by the wall clock.
    ask_after: dict[str, float] = field(default_factory=dict)

    # Indices over the rows.
    _open: dict[str, dict[str, None]] = field(default_factory=dict)
    _live: dict[str, None] = field(default_factory=dict)
    _runs_of: dict[str, list[str]] = field(default_factory=dict)
    _trees: dict[tuple[str, str], str] = field(default_factory=dict)
    _proposed: dict[str, int] = field(default_factory=dict)
    _of_axis: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    _replicated: dict[str, dict[str, None]] = field(default_factory=dict)
    _patches: dict[tuple[str, str], str] = field(default_factory=dict)
    _of_campaign: dict[str, list[str]] = field(default_factory=dict)
    _sources: dict[str, set[str]] = field(default_factory=dict)
    _counters: dict[str, int] = field(default_factory=dict)

    def apply(self, row: Row) -> None:
        """Take a row as it now is."""
        match row:
            case Campaign():
                self.campaigns[row.id] = row
            case Proposal():
                if row.id not in self.proposals and row.source:
                    self._sources.setdefault(row.campaign, set()).add(row.source)
                self.proposals[row.id] = row
            case Experiment():
                self._index_experiment(row)
            case Run():
                if row.id not in self.runs:
                    self._runs_of.setdefault(row.experiment, []).append(row.id)
                self.runs[row.id] = row
                if row.state is RunState.ENDED:
                    self._live.pop(row.id, None)
                else:
                    self._live[row.id] = None
            case DeadEnd():
                self.dead_ends[row.id] = row
        if not isinstance(row, Campaign):
            letter, number = row.id[0], int(row.id[1:])
            self._counters[letter] = max(self._counters.get(letter, 0), number)

    def _index_content(self, row: Experiment) -> None:
        """Note what a row tries, as long as its result is, or will be, worth reusing."""
        patch = self.proposals[row.proposal].change.get("patch", "") if row.proposal else ""
        known = self.experiments.get(row.id)
        # A winner on a former base is tried again: its tree on its own, its patch by the row that follows it.
        for index, new, old, untried in (
            (self._trees, row.tree, known.tree if known else "", UNTRIED | {Verdict.REBASED}),
            (self._patches, patch, patch, UNTRIED),
        ):
            if old and (old != new or row.verdict in untried) and index.get((row.campaign, old)) == row.id:
                del index[row.campaign, old]
            if new and not row.same_as and row.verdict not in untried:
                index.setdefault((row.campaign, new), row.id)

    def remember(self, mark: Mark) -> None:
        """Take what this process alone knows."""
        match mark:
            case Asking():
                (self.asking.add if mark.asking else self.asking.discard)(mark.campaign)
                self.ask_after[mark.campaign] = mark.again_after
            case Inventory():
                self.devices = {device.id: device for device in mark.devices}
            case Reissue():
                (self.reissue.add if mark.wanted else self.reissue.discard)(mark.campaign)
            case Stopping():
                self.stopping = mark.mode

    def _index_experiment(self, row: Experiment) -> None:
        self._index_content(row)
        if row.id not in self.experiments:
            self._of_campaign.setdefault(row.campaign, []).append(row.id)
            if row.base and not row.rebase_of:
                self._proposed[row.campaign] = self._proposed.get(row.campaign, 0) + 1
            self._of_axis.setdefault((row.campaign, row.axis), []).append(row.id)
        if not row.same_as and (len(row.values) > 1 or len(row.bank) > 1):
            self._replicated.setdefault(row.campaign, {})[row.id] = None
        self.experiments[row.id] = row
        waiting = self._open.setdefault(row.campaign, {})
        if row.state is ExperimentState.CLOSED:
            waiting.pop(row.id, None)
        else:
            waiting[row.id] = None

    def ids(self) -> Ids:
        """Return a giver of fresh ids for the rows of one step."""
        return Ids(dict(self._counters))

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

    def baseline_of(self, campaign: str) -> Experiment:
        """Return the experiment that a campaign began with."""
        return self.experiments[self._of_campaign[campaign][0]]

    def on_axis(self, campaign: str, axis: str) -> list[Experiment]:
        """Return the experiments on an axis, oldest first."""
        return [self.experiments[ident] for ident in self._of_axis.get((campaign, axis), ())]

    def replicated(self, campaign: str) -> list[Experiment]:
        """Return the experiments that were run more than once."""
        return [self.experiments[ident] for ident in self._replicated.get(campaign, ())]

    def count_proposed(self, campaign: str) -> int:
        """Count what was proposed, without the baseline and without winners tried again on a newer base."""
        return self._proposed.get(campaign, 0)

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
        ident = self._trees.get((campaign, tree))
        return self.experiments[ident] if ident else None

    def same_patch(self, campaign: str, patch: str) -> Experiment | None:
        """Return the experiment that first tried this very patch, on whatever base."""
        ident = self._patches.get((campaign, patch))
        return self.experiments[ident] if ident else None

    def sources(self, campaign: str) -> frozenset[str]:
        """Return what a campaign's proposals were drawn from."""
        return frozenset(self._sources.get(campaign, ()))

    def dead_ends_of(self, campaign: str) -> list[DeadEnd]:
        """Return a campaign's dead ends, oldest first."""
        return [end for end in self.dead_ends.values() if end.campaign == campaign]


def load(rows: Iterable[Row]) -> State:
    """Build the state from the ledger's rows."""
    state = State()
    for row in rows:
        state.apply(row)
    return state
