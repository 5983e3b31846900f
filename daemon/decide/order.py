"""In which order waiting runs are served: by purpose, fair shares, a person's word and age."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass

from arctl.daemon.life.queueing import urgent
from arctl.daemon.life.seating import part
from arctl.daemon.rows import (
    WAITING,
    CampaignState,
    ExperimentState,
    Purpose,
    Run,
)
from arctl.daemon.state import State

#: What goes before what; a search run that a person asked for (by a directive, too) is URGENT.
URGENT = 1
RANKS = {
    Purpose.SETUP: 0,
    Purpose.CONFIRM: 2,
    Purpose.BASELINE: 3,
    Purpose.BANK: 4,
    Purpose.SEARCH: 5,
}


@dataclass(slots=True)
class Line:
    """Runs of one campaign that are served one after the other; `stage` is a person's word on them."""

    stage: int
    team: str
    runs: deque[Run]


class Order:
    """The waiting runs; each that is served counts at once for the shares of its campaign and its team."""

    def __init__(self, state: State, active: list[Run]) -> None:
        self._state = state
        self._weights: dict[str, float] = {}
        self._parts: dict[str, float] = {}
        #: How many devices each campaign has, and each of its teams.
        self._has: dict[str, float] = defaultdict(float)
        self._teams: dict[tuple[str, str], float] = defaultdict(float)
        for run in active:
            self._count(run)
        #: The oldest run of each campaign that is next in one of its lines.
        self._oldest: dict[str, int] = {}
        #: By rank, the lines of each campaign.
        self._lines = _lined(state, eligible(state))
        self._ranks = sorted(self._lines)

    def next(self) -> Run | None:
        """Return the run that is next in order, None where nothing waits any more."""
        while self._ranks:
            campaigns = self._lines[self._ranks[0]]
            if not campaigns:
                self._ranks.pop(0)
                self._oldest.clear()
                continue
            name = min(campaigns, key=lambda name: self._claim(name, campaigns[name]))
            lines = campaigns[name]
            line = min(lines, key=lambda line: self._turn(name, line))
            run = line.runs.popleft()
            if not line.runs:
                lines.remove(line)
            self._oldest.pop(name, None)
            if not lines:
                del campaigns[name]
            return run
        return None

    def served(self, run: Run) -> None:
        """Count a run that got its devices, or for which some are kept."""
        self._count(run)

    def drop(self, campaign: str) -> None:
        """Forget what waits of a campaign that can start nothing more in this decision."""
        for campaigns in self._lines.values():
            campaigns.pop(campaign, None)

    def _count(self, run: Run) -> None:
        name = run.campaign
        if name not in self._parts:
            spec = self._state.spec(name)
            self._parts[name] = part(spec)
            self._weights[name] = spec.limits.share
        self._has[name] += self._parts[name]
        self._teams[name, self._state.experiments[run.experiment].team] += self._parts[name]

    def _claim(self, name: str, lines: list[Line]) -> tuple[float, float, int]:
        """Return what a campaign's turn goes by: its share now, when it last got something, its oldest run.

        Without the second, one that needs several devices would starve: as soon as all of them are free,
        nobody has anything, and the older runs of others would go first once more.
        """
        if name not in self._weights:
            self._weights[name] = self._state.spec(name).limits.share
        last = self._state.machine.started_last.get(name, 0.0)
        if name not in self._oldest:
            self._oldest[name] = min(line.runs[0].number for line in lines)
        return self._has[name] / self._weights[name], last, self._oldest[name]

    def _turn(self, name: str, line: Line) -> tuple[int, int, float, int]:
        first = line.runs[0]
        place = self._state.experiments[first.experiment].place
        return line.stage, place, self._teams[name, line.team] if not line.stage else 0.0, first.number


def _lined(state: State, runs: Iterable[Run]) -> dict[int, dict[str, list[Line]]]:
    """Put runs into lines: by rank and campaign, the moved ones before or behind those of the teams."""
    placed: dict[tuple[int, str, int, str], list[Run]] = defaultdict(list)
    hurried: set[str] = set()
    for run in runs:
        experiment = state.experiments[run.experiment]
        rank, stage = RANKS[run.purpose], 0
        if run.purpose is Purpose.SEARCH:
            stage = (experiment.place > 0) - (experiment.place < 0)
            if stage <= 0 and urgent(state, experiment):
                rank = URGENT
                hurried.add(run.campaign)
        placed[rank, run.campaign, stage, experiment.team if not stage else ""].append(run)
    lines: dict[int, dict[str, list[Line]]] = {}
    for (rank, name, stage, team), rows in placed.items():
        # What a person put first goes before what is urgent, and so takes its turn.
        at = URGENT if stage < 0 and name in hurried else rank
        rows.sort(key=lambda run: (state.experiments[run.experiment].place if stage else 0, run.number))
        lines.setdefault(at, {}).setdefault(name, []).append(Line(stage, team, deque(rows)))
    return lines


def eligible(state: State) -> list[Run]:
    """Return the runs that may start, as far as they and what they belong to go; oldest first."""
    going: dict[str, bool] = {}
    cleared: dict[str, bool] = {}
    found = []
    company = state.company
    paused = {row.id for row in company.teams.values() if row.held}
    paused |= {row.id for row in company.directions.values() if row.held}
    for run in state.live_runs():
        if run.state not in WAITING or run.held:
            continue
        if run.campaign not in going:
            going[run.campaign] = state.campaigns[run.campaign].state is CampaignState.RUNNING
        if not going[run.campaign]:
            continue
        key = run.experiment + run.purpose
        if key not in cleared:
            cleared[key] = _cleared(state, run, paused)
        if cleared[key]:
            found.append(run)
    return found


def _cleared(state: State, run: Run, paused: set[str]) -> bool:
    """Tell whether an experiment's runs for a purpose may start; `paused` are teams and directions."""
    campaign, experiment = state.campaigns[run.campaign], state.experiments[run.experiment]
    if experiment.held or experiment.state is ExperimentState.BUILDING:
        return False
    if not campaign.setup_done and run.purpose is not Purpose.SETUP:
        return False
    if campaign.drain and _new(state, run):
        return False
    if not paused or paused.isdisjoint((experiment.team, experiment.direction)):
        return True
    groups = (
        state.company.teams.get(experiment.team),
        state.company.directions.get(experiment.direction),
    )
    # One that drains ends what it began.
    return not any(row is not None and row.held and (not row.drain or _new(state, run)) for row in groups)


def _new(state: State, run: Run) -> bool:
    """Tell whether a run would begin an experiment: one that drains only finishes what it began."""
    begun = any(other.started is not None for other in state.runs_of(run.experiment))
    return run.purpose is Purpose.SEARCH and not begun
