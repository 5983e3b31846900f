"""What is: the rows in memory, and what decisions ask of them."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Iterable, Iterator, Sequence

from arctl.daemon.rows import ACTIVE, Agent, DeadEnd, Experiment, Proposal, Row, Run
from arctl.daemon.specs import spec_of
from arctl.daemon.state.gains import Gains
from arctl.daemon.state.ids import Ids
from arctl.daemon.state.indexed import Indexed
from arctl.daemon.state.progress import Progress
from arctl.daemon.turns import Past
from arctl.experiments.effects import Axis, Effect, parts
from arctl.experiments.spec import Spec

#: Rows from which on they are kept from the garbage collector's sight.
MANY = 50_000


class State(Indexed):
    """What decisions ask of the rows, by their indices."""

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
