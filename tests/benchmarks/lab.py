"""Where an arm works: the real decisions in virtual time on a landscape, with brains that take their time."""

from __future__ import annotations

import bisect
import math
import random
from dataclasses import dataclass, field

from arctl.daemon import actions, facts
from arctl.daemon.actions import Step
from arctl.daemon.rows import Move, Purpose
from arctl.daemon.turns import Question
from tests.benchmarks.landscapes import Landscape
from tests.benchmarks.researcher import Researcher
from tests.support.virtual import World

#: How long a run takes, in seconds, and the share of it after which a crash shows.
RUN = 300.0
CRASHED = 0.3


@dataclass(frozen=True)
class Pace:
    """How long thinking takes, in runs: one idea with its change, the further ones of a turn, other moves."""

    #: Writing one proposal, change and all.
    turn: float = 0.0
    #: What each further proposal of the same turn adds, as a share of the first.
    each: float = 0.5
    #: A critique, and one round of a discussion, as shares of a proposal.
    critique: float = 0.25
    discuss: float = 0.5
    #: What having an idea takes of a proposal where others write the change.
    idea: float = 0.5

    def seconds(self, question: Question, ideas: bool) -> float:
        """Return how long a turn takes on average."""
        if question.move is Move.DISCUSS:
            share = self.discuss
        elif question.move is Move.IMPLEMENT:
            share = 1 - self.idea
        elif question.move is Move.PROPOSE and question.proposal is None:
            further = 1 + self.each * max(0, question.want - 1)
            share = further * (self.idea if ideas else 1.0)
        else:
            # Reading an objection and dropping the idea is no more than a critique.
            share = self.critique
        return RUN * self.turn * share


@dataclass
class Lab(World):
    """A world on a landscape; `researcher` is everybody's brain."""

    land: Landscape = field(default_factory=lambda: Landscape("", (), {}, {}, ()))
    researcher: Researcher = field(default_factory=Researcher)
    pace: Pace = field(default_factory=Pace)
    #: When each run comes to its end, in order.
    ends: list[float] = field(default_factory=list)
    #: Seconds of thought, and turns, by move.
    thought: dict[Move, float] = field(default_factory=dict)
    turns_of: dict[Move, int] = field(default_factory=dict)
    noise: str = ""
    #: When each dead end was opened again.
    reopened: dict[str, float] = field(default_factory=dict)

    def begin(self, name: str = "toy") -> None:
        """Start the campaign where the landscape begins."""
        start = dict(self.land.start)
        begun = facts.CampaignAdmitted(
            f"t{name}", "zoe", name, "/repo", "", self.spec, {}, "c0", "t0", start, ()
        )
        self.after(0, begun)

    def go(self, *, until: float = math.inf, runs: int | None = None) -> None:
        """Work until a time is over or so many runs have ended."""
        while not self.over and (runs is None or bisect.bisect_right(self.ends, self.now) < runs):
            self._wake()
            if not self._queue or self._queue[0][0] > until:
                return
            self.run(limit=1)

    def _check(self, step: Step) -> None:
        """Instead of checking what must hold, which the tests do, look which dead ends were opened again."""
        del step
        for end in self.state.all_dead_ends("toy"):
            if end.revived:
                self.reopened.setdefault(end.id, self.now)

    def _settle(self, step: Step) -> None:
        super()._settle(step)
        self.events.clear()

    def _launch(self, action: actions.LaunchRun) -> None:
        run = action.run
        self.started.append((self.now, run.id, run.device))
        self.after(0.0, facts.RunStarted(run.id, run.attempt))
        params = self.state.experiments[run.experiment].params
        chance = random.Random(f"{self.noise}/{run.seed}")
        seconds = RUN * chance.uniform(0.8, 1.2)
        noise, unlucky = chance.gauss(0.0, 1.0), chance.random() < self.land.crashes
        crash = self.land.crash(params) or (unlucky and run.purpose not in (Purpose.BASELINE, Purpose.BANK))
        if crash:
            seconds *= CRASHED
            ended = facts.RunEnded(run.id, run.attempt, "crashed", "exit status 1", seconds, None, {}, {})
        else:
            value = self.land.loss(params) + noise
            ended = facts.RunEnded(run.id, run.attempt, "ok", "", seconds, value, {"loss": value}, {})
        self.after(seconds, ended)
        bisect.insort(self.ends, self.now + seconds)

    def _think(self, question: Question) -> None:
        rng = random.Random(f"{self.noise}/{question.turn.id}")
        usual = self.pace.seconds(question, self.researcher.ideas)
        seconds = usual * rng.uniform(0.5, 1.5)
        self.thought[question.move] = self.thought.get(question.move, 0.0) + seconds
        self.turns_of[question.move] = self.turns_of.get(question.move, 0) + 1
        self.after(seconds, facts.TurnAnswered(question.turn.id, self.researcher.answer(question, rng)))
