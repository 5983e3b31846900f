"""A campaign with two teams, made by hand: what people steer, without anything that decides."""

from __future__ import annotations

import dataclasses
from typing import Any

from arctl.daemon import facts
from arctl.daemon.actions import Action, Answer, Step
from arctl.daemon.marks import Device, Inventory
from arctl.daemon.reduce import reduce
from arctl.daemon.reduce.control import control
from arctl.daemon.rows import (
    Agent,
    Campaign,
    CampaignState,
    Direction,
    DirectionState,
    Event,
    Experiment,
    ExperimentState,
    Move,
    Post,
    PostKind,
    Proposal,
    ProposalState,
    Purpose,
    Role,
    Row,
    Run,
    RunState,
    Team,
    Turn,
    TurnState,
    Verdict,
)
from arctl.daemon.state import State, load

SPEC = """\
name = "toy"
[run]
command = "python3 train.py"
[metric]
name = "loss"
[files]
editable = ["train.py"]
[params.LR]
file = "train.py"
type = "float"
low = 0.001
high = 0.2
log = true
[params.WIDTH]
file = "train.py"
type = "int"
low = 8
high = 128
[params.OPT]
file = "train.py"
type = "choice"
choices = ["sgd", "adam"]
[params.MOMENTUM]
file = "train.py"
type = "float"
low = 0.0
high = 1.0
when = { OPT = "sgd" }
[params.FAST]
file = "train.py"
type = "bool"
[limits]
experiments = 20
"""

PARAMS: dict[str, Any] = {"LR": 0.01, "WIDTH": 32, "OPT": "adam", "MOMENTUM": 0.9, "FAST": False}


def rows() -> list[Row]:
    """Two teams on two directions; a former champion, a champion, work of every kind under way."""
    c: dict[str, Any] = {"campaign": "toy", "created": 1.0, "state": DirectionState.ACTIVE}
    open_, closed = ExperimentState.OPEN, ExperimentState.CLOSED
    return [
        Campaign("toy", "/repo", SPEC, CampaignState.RUNNING, 1.0, base_commit="c0",
                 champion="e2", setup_done=True),
        Agent("a1", "toy", "ada", Role.ANALYST, "search", 1.0, team="t1"),
        Agent("a2", "toy", "bob", Role.EXPERIMENTER, "search", 1.0, team="t1"),
        Agent("a3", "toy", "cleo", Role.ANALYST, "search", 1.0, team="t2"),
        Team("t1", "toy", "north", 1.0, direction="h1", since=1.0),
        Team("t2", "toy", "south", 1.0, direction="h2", since=1.0),
        Direction("h1", **c, author="ada", title="rates", axes=("LR", "OPT"), team="t1"),
        Direction("h2", **c, author="cleo", title="widths", axes=("WIDTH",), team="t2"),
        Experiment("e1", "toy", 1, 1.0, closed, "baseline", commit="c0", tree="t0", params=PARAMS,
                   verdict=Verdict.BASELINE, bank=(1.0, 1.1), promoted="c0", closed=2.0),
        Experiment("e2", "toy", 2, 2.0, closed, "lower LR", proposal="p1", axis="LR", base="e1", commit="c2",
                   tree="t2", params=PARAMS, verdict=Verdict.ACCEPTED, bank=(0.9, 0.8), promoted="b2",
                   team="t1", direction="h1", evidence={"effect": 0.2}, closed=3.0),
        Experiment("e3", "toy", 3, 3.0, closed, "wider", proposal="p2", axis="WIDTH", base="e1", commit="c3",
                   tree="t3", params=PARAMS, verdict=Verdict.REJECTED, values=(1.2,), team="t2",
                   direction="h2", evidence={"effect": -0.1}, closed=4.0),
        Experiment("e4", "toy", 4, 4.0, open_, "momentum", proposal="p3", axis="OPT", base="e2", commit="c4",
                   tree="t4", params=PARAMS, team="t1", direction="h1"),
        Experiment("e5", "toy", 5, 5.0, open_, "narrow", proposal="p4", axis="WIDTH", base="e2", commit="c5",
                   tree="t5", params=PARAMS, team="t2", direction="h2"),
        Experiment("e6", "toy", 6, 6.0, ExperimentState.BUILDING, "idea", proposal="p5", axis="WIDTH",
                   base="e2", team="t2", direction="h2"),
        Run("r1", "toy", "e4", 1, 4.0, Purpose.SEARCH, 1, RunState.RUNNING, device="cpu0", started=4.5),
        Run("r2", "toy", "e5", 2, 5.0, Purpose.SEARCH, 2, RunState.QUEUED),
        *(_proposal(f"p{n}", ProposalState.TAKEN, experiment=f"e{n + 1}") for n in range(1, 6)),
        _proposal("p6", ProposalState.READY, team="t1", direction="h1", axis="LR"),
        _proposal("p7", ProposalState.PENDING, team="t1", direction="h1", axis="OPT"),
        _proposal("p8", ProposalState.CLAIMED, team="t1", direction="h1", axis="LR"),
        _proposal("p9", ProposalState.OBJECTED, team="t2", direction="h2", axis="WIDTH"),
        _proposal("p10", ProposalState.READY, axis="WIDTH", brain="human", urgent=True, agent="zoe"),
        Turn("q1", "toy", "bob", Move.IMPLEMENT, 5.0, 900.0, subject="p8", team="t1"),
        Turn("q2", "toy", "ada", Move.PROPOSE, 5.0, 900.0, team="t1"),
        Turn("q3", "toy", "cleo", Move.CRITIQUE, 5.0, 900.0, subject="p7", team="t2"),
        Post("m1", "toy", 2.0, "ada", PostKind.QUESTION, "may I use more memory?", thread="m1", team="t1",
             open=True),
    ]  # fmt: skip


def _proposal(ident: str, state: ProposalState, **more: Any) -> Proposal:
    number = float(ident[1:])
    plain = Proposal(ident, "toy", number, "ada", "search", f"title {ident}", {"kind": "idea"}, "e2", state)
    return dataclasses.replace(plain, **more)


class Stage:
    """A state to which requests are put; keeps what was said and done."""

    def __init__(self, *more: Row) -> None:
        self.state: State = load(
            sorted([*rows(), *more], key=lambda row: not isinstance(row, Campaign | Proposal))
        )
        self.state.remember(
            Inventory((Device("cpu0", 0, "cpu", "cpu0"), Device("GPU-ab", 1, "gpu", "gpu1 card")))
        )
        self.events: list[Event] = []
        self.actions: list[Action] = []
        self.step = Step()
        self.now = 100.0

    def set(self, row: Row) -> None:
        """Put a row there, as something else would."""
        self.state.apply(row)

    def ask(
        self, verb: str, target: str = "toy", reason: str = "", actor: str = "zoe", **data: Any
    ) -> Answer:
        """Put a request and return its answer, refused or not."""
        self.now += 1
        rev = data.pop("if_rev", None)
        return self._take(
            control(self.state, facts.Control("k", verb, target, actor, reason, rev, data), self.now)
        )

    def fact(self, fact: facts.Fact) -> None:
        """Let something happen."""
        self.now += 1
        self.take(reduce(self.state, fact, self.now))

    def take(self, step: Step) -> None:
        """Apply a step to the state."""
        seen: set[tuple[type, str]] = set()
        for row in step.rows:
            # Two versions of one row in a step would each be made of what stood there before.
            assert (type(row), row.id) not in seen, row
            seen.add((type(row), row.id))
            self.state.apply(row)
        for mark in step.marks:
            self.state.remember(mark)
        self.events += step.events
        self.actions += step.actions
        self.step = step

    def _take(self, step: Step) -> Answer:
        self.take(step)
        (answer,) = step.answers
        if answer.error is not None:
            assert not step.rows
            assert not step.events
            assert not step.actions
        return answer

    def done(self, verb: str, target: str = "toy", reason: str = "", **data: Any) -> dict[str, Any]:
        """Put a request that must be carried out, and return its answer."""
        answer = self.ask(verb, target, reason, **data)
        assert answer.error is None, answer.error.message
        assert isinstance(answer.result, dict)
        return answer.result

    def refused(self, verb: str, target: str = "toy", reason: str = "", **data: Any) -> str:
        """Put a request that must be refused, and return what was said, with the remedy."""
        answer = self.ask(verb, target, reason, **data)
        assert answer.error is not None, answer.result
        assert answer.error.remedy
        return f"{answer.error.message}; {answer.error.remedy}"

    def turn(self, ident: str) -> TurnState | None:
        """Return how a turn stands now; None where no step touched it and it is open."""
        found = [row for row in self.step.rows if isinstance(row, Turn) and row.id == ident]
        return found[-1].state if found else None

    def texts(self, kind: str) -> list[str]:
        """Return what was said in events of a kind."""
        return [event.text for event in self.events if event.kind == kind]
