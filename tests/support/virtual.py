"""A campaign in virtual time: the real decisions and reductions, everything else simulated."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from arctl.daemon import actions, facts
from arctl.daemon.actions import Step
from arctl.daemon.decide import decide
from arctl.daemon.decide.lifecycle import recover
from arctl.daemon.marks import Device
from arctl.daemon.model import Event, ExperimentState, Row, RunState
from arctl.daemon.reduce import reduce
from arctl.daemon.reduce.experiments import BRAIN_PAUSE
from arctl.daemon.state import State, load

SPEC = """\
[run]
command = "true"
[metric]
name = "loss"
[seed]
env = "SEED"
[files]
editable = ["train.py"]
[params.X]
file = "train.py"
type = "float"
low = 0.0
high = 1.0
"""


@dataclass
class World:
    """Time, the machine and the truth: `loss(params, seed)` is what a run of those parameters would print."""

    loss: Callable[[dict[str, Any], random.Random], float]
    slots: int = 2
    spec: str = SPEC
    seed: int = 0
    duration: float = 10.0
    crash: float = 0.0
    state: State = field(default_factory=State)
    events: list[tuple[float, Event]] = field(default_factory=list)
    answers: dict[str, actions.Answer] = field(default_factory=dict)
    now: float = 0.0
    started: list[tuple[float, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Seed chance, and put the devices there."""
        self._rng = random.Random(self.seed)
        self._queue: list[tuple[float, int, facts.Fact]] = []
        self._order = itertools.count()
        self.over = ""
        self._devices = tuple(Device(f"g{n}", n, "sim", f"g{n}") for n in range(self.slots))
        self.after(0, facts.DevicesSeen(self._devices))

    def after(self, seconds: float, fact: facts.Fact) -> None:
        """Let a fact happen later."""
        heapq.heappush(self._queue, (self.now + seconds, next(self._order), fact))

    def begin(self, name: str = "toy") -> None:
        """Start a campaign."""
        self.after(
            0,
            facts.CampaignAdmitted(
                f"t{name}", "ada", name, "/repo", "", self.spec, {}, "c0", "t0", {"X": 0.5}, ()
            ),
        )

    def restart(self) -> None:
        """Die and come back: rows are kept, runs go on under their shims, all else in flight is lost."""
        rows = self.rows()
        kept = [entry for entry in self._queue if isinstance(entry[2], facts.RunEnded | facts.Control)]
        self._queue = kept
        heapq.heapify(self._queue)
        self.over = ""
        before, self.state = self.state, load(rows)
        assert self.state._trees == before._trees
        assert self.state._patches == before._patches
        assert set(self.state._live) == set(before._live)
        assert self.state._proposed == before._proposed
        self.after(0, facts.DevicesSeen(self._devices))
        self._settle(recover(self.state))

    def rows(self) -> list[Row]:
        """Return every row there is."""
        state = self.state
        tables = (state.campaigns, state.proposals, state.experiments, state.runs, state.dead_ends)
        return [row for table in tables for row in table.values()]  # type: ignore[attr-defined]

    def lose(self, run: str) -> None:
        """Let a run's shim die now."""
        row = self.state.runs[run]
        self.after(0, facts.RunLost(run, row.attempt, "its shim died"))

    def run(self, limit: int = 100_000) -> None:
        """Go on until nothing is left to happen, or `limit` facts happened."""
        for _ in range(limit):
            if not self._queue or self.over:
                return
            self.now, _, fact = heapq.heappop(self._queue)
            self._settle(reduce(self.state, fact, self.now))

    def _settle(self, step: Step) -> None:
        while step:
            for row in step.rows:
                self.state.apply(row)
            for mark in step.marks:
                self.state.remember(mark)
            self.events += [(self.now, event) for event in step.events]
            self.answers.update({answer.ticket: answer for answer in step.answers})
            self._check()
            for action in step.actions:
                self._carry_out(action)
            if self.over:
                return
            step = decide(self.state, self.now)

    def _check(self) -> None:
        """What must hold at every moment."""
        devices = [run.device for run in self.state.active_runs()]
        assert len(devices) == len(set(devices)), "two runs on one device"
        assert not self.state.devices or set(devices) <= set(self.state.devices)
        for campaign in self.state.campaigns.values():
            assert campaign.champion in self.state.experiments
        for experiment in self.state.experiments.values():
            closed = experiment.state is ExperimentState.CLOSED
            assert bool(experiment.verdict) == closed, experiment
            if experiment.commit and experiment.base and not experiment.same_as:
                base = self.state.experiments[experiment.base].promoted
                assert experiment.commit.startswith(f"c({base})"), "a commit on another base"

    def _carry_out(self, action: actions.Action) -> None:
        match action:
            case actions.BuildCommit():
                self._build(action)
            case actions.PrepareTree():
                self.after(0.1, facts.TreePrepared(action.run.id, action.run.attempt, "/tree"))
            case actions.LaunchRun():
                self._launch(action)
            case actions.StopRun():
                ended = facts.RunEnded(action.run, action.attempt, "cancelled", "stopped", 1.0, None, {}, {})
                self.after(0.5, ended)
            case actions.ResumeRun():
                self.after(0.0, facts.RunStarted(action.run.id, action.run.attempt, adopted=True))
            case actions.MoveBranch():
                self.after(0.1, facts.BranchMoved(action.experiment.id, f"c-{action.experiment.id}"))
            case actions.AskBrain():
                self._think(action)
            case actions.Shutdown():
                self.over = action.reason
            case _:
                pass

    def _build(self, action: actions.BuildCommit) -> None:
        base = self.state.experiments[action.experiment.base]
        params = {**base.params, **action.proposal.change["values"]}
        tree = f"t{sorted(params.items())}"
        self.after(
            0.1,
            facts.CommitBuilt(
                action.experiment.id,
                action.base_commit,
                f"c({action.base_commit}){tree}",
                tree,
                params,
                ("train.py",),
            ),
        )

    def _launch(self, action: actions.LaunchRun) -> None:
        run = action.run
        self.started.append((self.now, run.id, run.device))
        self.after(0.0, facts.RunStarted(run.id, run.attempt))
        params = self.state.experiments[run.experiment].params
        chance = random.Random(f"{self.seed}/{run.seed}")
        seconds = self.duration * chance.uniform(0.8, 1.2)
        if chance.random() < self.crash and run.purpose not in ("baseline", "bank"):
            ended = facts.RunEnded(run.id, run.attempt, "crashed", "exit status 1", seconds, None, {}, {})
        else:
            value = self.loss(params, chance)
            ended = facts.RunEnded(run.id, run.attempt, "ok", "", seconds, value, {"loss": value}, {})
        self.after(seconds, ended)

    def _think(self, action: actions.AskBrain) -> None:
        drafts = tuple(
            facts.Draft(
                title="move X",
                change={"kind": "params", "values": {"X": round(self._rng.random(), 3)}},
                axis="X",
                move=self._rng.choice(("up", "down")),
            )
            for _ in range(action.want)
        )
        self.after(1.0, facts.BrainAnswered(action.campaign.id, drafts, action.base))
        # The clock of the daemon ticks every second; here only where something waits for time to pass.
        self.after(1.0 + 2 * BRAIN_PAUSE, facts.Tick())

    def texts(self, kind: str) -> list[str]:
        """Return what was said in events of a kind."""
        return [event.text for _, event in self.events if event.kind == kind]

    def live(self) -> list[str]:
        """Return the runs that have not ended."""
        return [run.id for run in self.state.live_runs() if run.state is not RunState.ENDED]
