"""A campaign in virtual time: the real decisions and reductions, everything else simulated."""

from __future__ import annotations

import heapq
import itertools
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from arctl.daemon import actions, facts
from arctl.daemon.actions import Step
from arctl.daemon.decide import decide
from arctl.daemon.decide.lifecycle import recover
from arctl.daemon.decide.teams.discussion import silence
from arctl.daemon.marks import Device
from arctl.daemon.reduce import reduce
from arctl.daemon.rows import Event, Experiment, ExperimentState, Row, RunState, Turn
from arctl.daemon.state import State, load
from arctl.daemon.turns import Draft, Question, Reply

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
[teams]
analysts = 0
off = ["dead_ends"]
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
    turns: dict[str, Turn] = field(default_factory=dict)
    now: float = 0.0
    started: list[tuple[float, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Seed chance, and put the devices there."""
        self._rng = random.Random(self.seed)
        self._queue: list[tuple[float, int, facts.Fact]] = []
        self._order = itertools.count()
        self.over = ""
        self._devices = tuple(Device(f"g{n}", n, "sim", f"g{n}") for n in range(self.slots))
        #: What a device does to the runs on it, and when: it fails, and they end with a crash a moment later.
        self.failing: dict[str, tuple[float, facts.DeviceFaulted]] = {}
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

    def take_over(self, rows: list[Row]) -> None:
        """Begin with the rows of a ledger, as a daemon does that starts."""
        self.state = load(rows)
        self.turns = {row.id: row for row in rows if isinstance(row, Turn)}
        self.after(0, facts.DevicesSeen(self._devices))
        self._settle(recover(self.state, self.now))

    def restart(self) -> None:
        """Die and come back: rows are kept, runs go on under their shims, all else in flight is lost."""
        rows = self.rows()
        kept = [entry for entry in self._queue if isinstance(entry[2], facts.RunEnded | facts.Control)]
        self._queue = kept
        heapq.heapify(self._queue)
        self.over = ""
        before, self.state = self.state, load(rows)
        assert self.state.tried == before.tried
        assert set(self.state._live) == set(before._live)
        assert self.state._proposed == before._proposed
        self.after(0, facts.DevicesSeen(self._devices))
        self._settle(recover(self.state, self.now))

    def rows(self) -> list[Row]:
        """Return every row there is."""
        state = self.state
        company = state.company
        tables: tuple[dict[str, Any], ...] = (
            state.campaigns, state.proposals, state.experiments, state.runs, state.dead_ends, state.holds,
            state.machine.quarantines,
            company.agents, company.teams, company.directions, company.discussions, company.critiques,
            company.posts, company.directives, company.deeds, self.turns,
        )  # fmt: skip
        return [row for table in tables for row in table.values()]

    def drop(self, lost: Callable[[facts.Fact], bool]) -> None:
        """Let facts that were to come never happen."""
        self._queue = [entry for entry in self._queue if not lost(entry[2])]
        heapq.heapify(self._queue)

    def lose(self, run: str) -> None:
        """Let a run's shim die now."""
        row = self.state.runs[run]
        self.after(0, facts.RunLost(run, row.attempt, "its shim died"))

    def run(self, limit: int = 100_000) -> None:
        """Go on until nothing is left to happen, or `limit` facts happened."""
        for _ in range(limit):
            if self.over:
                return
            self._wake()
            if not self._queue:
                return
            self.now, _, fact = heapq.heappop(self._queue)
            self._settle(reduce(self.state, fact, self.now))

    def _wake(self) -> None:
        """The daemon's clock ticks every second; here it does where a rule waits for time to pass."""
        state = self.state
        times = [until for until in (*state.rest.values(), *state.dry.values()) if until < math.inf]
        for name in state.campaigns:
            teams = state.spec(name).teams
            if (stagger := state.spec(name).run.stagger) is not None and name in state.machine.started_last:
                times.append(state.machine.started_last[name] + stagger)
            times += [turn.expires + 0.1 for turn in state.company.asked(name)]
            times += [row.created + teams.critique_wait for row in state.open_proposals(name)]
            before = state.company.discussions_of(name)
            for row in before[-1:]:
                times.append(row.deadline if row.closed is None else row.closed + silence(state, before))
        coming = min((time for time in times if time > self.now), default=math.inf)
        if coming < (self._queue[0][0] if self._queue else math.inf):
            heapq.heappush(self._queue, (coming, next(self._order), facts.Tick()))

    def _settle(self, step: Step) -> None:
        while True:
            for row in step.rows:
                self.state.apply(row)
                if isinstance(row, Turn):
                    self.turns[row.id] = row
            for mark in step.marks:
                self.state.remember(mark)
            self.events += [(self.now, event) for event in step.events]
            self.answers.update({answer.ticket: answer for answer in step.answers})
            self._check(step)
            for action in step.actions:
                self._carry_out(action)
            if self.over or not (step := decide(self.state, self.now)):
                return

    def _check(self, step: Step) -> None:
        """What must hold at every moment; of experiments, when they change."""
        seats = [(device, run.seat) for run in self.state.active_runs() for device in run.bound]
        assert len(seats) == len(set(seats)), "two runs on one seat of a device"
        assert not self.state.devices or {device for device, _ in seats} <= set(self.state.devices)
        for run in self.state.active_runs():
            sharers = [row for row in self.state.active_runs() if set(row.bound) & set(run.bound)]
            limit = self.state.spec(run.campaign).run.per_gpu
            assert len(sharers) <= limit, "more runs on a device than may share it"
        for campaign in self.state.campaigns.values():
            assert campaign.champion in self.state.experiments
        for changed in step.rows:
            if not isinstance(changed, Experiment):
                continue
            experiment = self.state.experiments[changed.id]
            closed = experiment.state is ExperimentState.CLOSED
            by_hand = experiment.by_hand and experiment.state is ExperimentState.PROMOTING
            assert by_hand or bool(experiment.verdict) == closed, experiment
            if experiment.commit and experiment.base and not experiment.same_as:
                foundation = self.state.experiments[experiment.base]
                # A champion that came back by hand has a commit of its own besides the first.
                bases = (f"c({foundation.promoted})", f"c({foundation.commit})")
                assert experiment.commit.startswith(bases), "a commit on another base"

    def _carry_out(self, action: actions.Action) -> None:
        match action:
            case actions.BuildCommit():
                self._build(action)
            case actions.ArrangeRun():
                self.after(0.5, facts.RunArranged(action.run.id, action.run.attempt))
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
            case actions.CheckDevice():
                self.after(0.0, facts.DeviceChecked(action.device, action.run))
            case actions.ForgetFaults():
                self.after(0.0, facts.DeviceChecked(action.device, ""))
            case actions.AskAgent():
                self._think(action.question)
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
        for device in run.bound:
            if device in self.failing and self.now < self.failing[device][0] <= self.now + seconds:
                at, fault = self.failing.pop(device)
                seconds = at - self.now
                self.after(seconds, fault)
                ended = facts.RunEnded(run.id, run.attempt, "crashed", "CUDA error", seconds, None, {}, {})
        self.after(seconds, ended)

    def _think(self, question: Question) -> None:
        drafts = tuple(
            Draft(
                title=f"move X to {value}",
                change={"kind": "params", "values": {"X": value}},
                axis="X",
                move=self._rng.choice(("up", "down")),
                difference="by lot",
            )
            for value in (round(self._rng.random(), 3) for _ in range(question.want))
        )
        self.after(1.0, facts.TurnAnswered(question.turn.id, Reply(drafts)))

    def texts(self, kind: str) -> list[str]:
        """Return what was said in events of a kind."""
        return [event.text for _, event in self.events if event.kind == kind]

    def live(self) -> list[str]:
        """Return the runs that have not ended."""
        return [run.id for run in self.state.live_runs() if run.state is not RunState.ENDED]
