"""Who did what, counted as it happens: by agent, by team, by direction, by campaign."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from arctl.daemon.rows import Experiment, Proposal, Run, Verdict

#: A campaign with the name of somebody in it.
Somebody = tuple[str, str]


@dataclass
class Work:
    """What runs used: how many are over, and the seconds that they had a device."""

    runs: int = 0
    seconds: float = 0.0


@dataclass
class Records:
    """Counts and lists by author, team, direction and campaign; changed by `apply_…` alone."""

    _counts: dict[Somebody, Counter[str]] = field(default_factory=dict)
    _made: dict[Somebody, dict[str, None]] = field(default_factory=dict)
    _of_team: dict[str, list[str]] = field(default_factory=dict)
    _accepted: Counter[str] = field(default_factory=Counter)
    _work: dict[str, Work] = field(default_factory=dict)

    def apply_proposal(self, row: Proposal, known: Proposal | None) -> None:
        """Take a proposal as it now is; `known` is what it was before."""
        count = self._count(row.campaign, row.agent)
        if known is None:
            count["made"] += 1
        else:
            _less(count, known.state.value)
        count[row.state.value] += 1
        for name in (row.agent, row.writer):
            if name:
                self._made.setdefault((row.campaign, name), {})[row.id] = None
        if known is not None and known.writer not in (row.writer, row.agent, ""):
            self._made[row.campaign, known.writer].pop(row.id, None)

    def apply_experiment(self, row: Experiment, known: Experiment | None, agent: str) -> None:
        """Take an experiment as it now is, with the author of its proposal (empty of the baseline)."""
        if known is None and row.team:
            self._of_team.setdefault(row.team, []).append(row.id)
        before = known is not None and known.verdict == Verdict.ACCEPTED
        self._accepted[row.direction] += (row.verdict == Verdict.ACCEPTED) - before
        if not agent:
            return
        count = self._count(row.campaign, agent)
        if known is None:
            count["experiments"] += 1
        else:
            _less(count, known.verdict or "going")
        count[row.verdict or "going"] += 1

    def apply_run(self, row: Run, known: Run | None) -> None:
        """Take a run as it now is."""
        work = self._work.get(row.campaign)
        if work is None:
            work = self._work[row.campaign] = Work()
        work.seconds += row.seconds - (known.seconds if known is not None else 0.0)
        work.runs += (row.ended is not None) - (known is not None and known.ended is not None)

    def _count(self, campaign: str, name: str) -> Counter[str]:
        found = self._counts.get((campaign, name))
        if found is None:
            found = self._counts[campaign, name] = Counter()
        return found

    def of(self, campaign: str, name: str) -> Counter[str]:
        """Return what came of somebody's proposals.

        `made`, `open`, `refused`, `withdrawn` are proposals; the verdicts are of their experiments.
        """
        return self._counts.get((campaign, name), Counter())

    def names(self, campaign: str) -> list[str]:
        """Return who proposed something in a campaign, people too, in the order in which they began."""
        return [name for known, name in self._counts if known == campaign]

    def made(self, campaign: str, name: str) -> list[str]:
        """Return the proposals that somebody made or wrote, oldest first."""
        return _by_number(self._made.get((campaign, name), ()))

    def of_team(self, team: str) -> list[str]:
        """Return the experiments of a team, oldest first."""
        return self._of_team.get(team, [])

    def accepted(self, direction: str) -> int:
        """Count the experiments of a direction that were accepted."""
        return self._accepted[direction]

    def work(self, campaign: str) -> Work:
        """Return what a campaign's runs used."""
        return self._work.get(campaign, Work())


def _less(count: Counter[str], key: str) -> None:
    count[key] -= 1
    if not count[key]:
        del count[key]


def _by_number(idents: Iterable[str]) -> list[str]:
    return sorted(idents, key=lambda ident: int(ident[1:]))
