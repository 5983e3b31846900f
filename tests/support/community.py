"""A company in virtual time: agents that discuss, propose, critique, write and repair, by lot and by rule."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from arctl.daemon import facts
from arctl.daemon.actions import Step
from arctl.daemon.brains import rules
from arctl.daemon.rows import (
    Agent,
    CampaignState,
    Direction,
    DirectionState,
    Move,
    Proposal,
    ProposalState,
    Stance,
)
from arctl.daemon.turns import DirectionDraft, Draft, Opinion, Question, Reply, Words
from arctl.experiments.effects import covers
from tests.support.virtual import World

NAMES = ("A", "B", "C", "D", "E", "F", "G", "H")
#: What a script says in place of an answer: nothing, ever.
SILENCE = "silence"


def spec(params: tuple[str, ...] = NAMES, *, extra: str = "", teams: str = "", limit: int = 60) -> str:
    """Return an arctl.toml with these numeric parameters between 0 and 1."""
    tables = "".join(
        f'[params.{name}]\nfile = "train.py"\ntype = "float"\nlow = 0.0\nhigh = 1.0\n' for name in params
    )
    return (
        '[run]\ncommand = "true"\n[metric]\nname = "loss"\n[seed]\nenv = "SEED"\n'
        f'[files]\neditable = ["train.py"]\n{tables}[limits]\nexperiments = {limit}\n'
        f"[teams]\n{teams}\n{extra}"
    )


@dataclass
class Community(World):
    """A world whose agents think for `thinking` seconds, fail by chance `fault`, write `ideas` first."""

    params: tuple[str, ...] = NAMES
    thinking: float = 3.0
    fault: float = 0.0
    ideas: float = 0.0
    #: What a critic says: None for the rules.
    critic: Callable[[Question], Reply] | None = None
    #: Overrides what a proposer answers.
    proposer: Callable[[Question], Reply] | None = None
    #: Overrides any answer: a reply, a fault, SILENCE; None leaves it to the rules.
    script: Callable[[Question], Reply | facts.TurnFailed | str | None] | None = None
    asked: list[tuple[float, Question]] = field(default_factory=list)

    def begin(self, name: str = "toy") -> None:
        """Start a campaign whose every parameter stands in the middle."""
        values = dict.fromkeys(self.params, 0.5)
        self.after(
            0,
            facts.CampaignAdmitted(
                f"t{name}", "ada", name, "/repo", "", self.spec, {}, "c0", "t0", values, (), "Lower the loss."
            ),
        )

    def until(self, happened: Callable[[], Any], limit: int = 20_000) -> None:
        """Go on, fact by fact, until something is so."""
        for _ in range(limit):
            if happened():
                return
            before = self.now, len(self.events), len(self._queue)
            self.run(limit=1)
            if before == (self.now, len(self.events), len(self._queue)) and not self._queue:
                break
        assert happened(), "it never happened"

    def finished(self, name: str = "toy") -> Community:
        """Begin, go on to the end, and insist that there was one."""
        self.begin(name)
        self.run()
        campaign = self.state.campaigns[name]
        assert campaign.state is CampaignState.FINISHED, (campaign, self.now)
        return self

    def answer(self, question: Question, reply: Reply, seconds: float = 0.0) -> None:
        """Answer a question by hand."""
        self.after(seconds, facts.TurnAnswered(question.turn.id, reply))

    def questions(self, move: Move) -> list[Question]:
        """Return what was asked for with this move, oldest first."""
        return [question for _, question in self.asked if question.move is move]

    def _check(self, step: Step) -> None:
        super()._check(step)
        for name in self.state.campaigns:
            check_company(self, name)

    def _think(self, question: Question) -> None:
        self.asked.append((self.now, question))
        said = self.script(question) if self.script is not None else None
        if said == SILENCE:
            return
        if isinstance(said, Reply):
            said = facts.TurnAnswered(question.turn.id, said)
        if isinstance(said, facts.TurnAnswered | facts.TurnFailed):
            self.after(self.thinking, said)
            return
        rng = random.Random(f"{self.seed}/{question.turn.id}")
        seconds = self.thinking * rng.uniform(0.5, 1.5)
        answer: facts.Fact
        if rng.random() < self.fault:
            answer = facts.TurnFailed(question.turn.id, "unreachable", "no route", retry_after=5.0)
        else:
            answer = facts.TurnAnswered(question.turn.id, self._reply(question, rng))
        self.after(seconds, answer)

    def _reply(self, question: Question, rng: random.Random) -> Reply:
        match question.move:
            case Move.DISCUSS:
                return rules.discuss(question)
            case Move.CRITIQUE:
                return self.critic(question) if self.critic else rules.critique(question)
            case Move.PROPOSE:
                if self.proposer is not None:
                    return self.proposer(question)
                return propose(question, rng, self.params, self.ideas)
            case Move.IMPLEMENT | Move.REPAIR:
                proposal = question.proposal
                assert proposal is not None
                value = round(rng.random(), 3)
                values = dict.fromkeys(proposal.axis.split("+"), value)
                return Reply(change={"kind": "params", "values": values})
            case Move.REFLECT:
                return Reply(posts=(Words("It was the noise.", "reflection"),))


def propose(question: Question, rng: random.Random, params: tuple[str, ...], ideas: float = 0.0) -> Reply:
    """Propose a step on axes that the direction and the directives leave, none that is dead or held."""
    acknowledged = rules.acknowledge(question)
    dead = {end.axis for end in question.dead_ends}
    axes = [axis for axis in params if axis not in dead and axis not in question.taken]
    axes = rules.allowed(question, axes)
    if question.proposal is not None:
        return Reply(acknowledged=acknowledged)
    rng.shuffle(axes)
    drafts: list[Draft] = []
    for axis in axes[: question.want]:
        value: Any = round(rng.random(), 3)
        up = value > float(question.params.get(axis, 0.5))
        change = {"kind": "idea"} if rng.random() < ideas else {"kind": "params", "values": {axis: value}}
        drafts.append(
            Draft(
                title=f"{axis} to {value}",
                change=change,
                hypothesis=f"{axis} is off",
                axis=axis,
                move="up" if up else "down",
            )
        )
    return Reply(tuple(drafts), exhausted=not axes, acknowledged=acknowledged)


def check_company(world: World, name: str) -> None:
    """Insist on what holds at every moment: one turn an agent, one holder a claim, one team an axis."""
    company = world.state.company
    asked = list(company.asked(name))
    people = [turn.agent for turn in asked]
    assert len(people) == len(set(people)), "somebody is at two turns"
    subjects = [(turn.move, turn.subject) for turn in asked if turn.subject and turn.move is not Move.DISCUSS]
    assert len(subjects) == len(set(subjects)), "two are at one subject"
    writing = {turn.subject: turn.agent for turn in asked if turn.move is Move.IMPLEMENT}
    for row in world.state.open_proposals(name):
        if row.state is ProposalState.CLAIMED:
            assert writing.get(row.id) == row.writer, f"{row.id} is claimed by nobody who is at it"
    active = company.directions_of(name, DirectionState.ACTIVE)
    holders = {team.direction: team.id for team in company.teams_of(name) if team.direction}
    assert {row.id: row.team for row in active} == holders, "a direction and its team do not agree"
    for number, row in enumerate(active):
        for other in active[number + 1 :]:
            assert not clash(row, other), f"{row.id} and {other.id} are on one axis"


def clash(one: Direction, other: Direction) -> bool:
    """Tell whether two directions hold an axis together."""
    return any(covers(a, b) or covers(b, a) for a in one.axes for b in other.axes)


def agents(world: World, name: str = "toy") -> dict[str, Agent]:
    """Return a campaign's agents by their names."""
    return {row.name: row for row in world.state.company.agents_of(name)}


def proposal(world: World, title: str) -> Proposal:
    """Return the proposal with this title, the newest of several."""
    return [row for row in world.state.proposals.values() if row.title == title][-1]


def to(axis: str, value: float, **words: Any) -> Draft:
    """Draft a step of one parameter from its middle."""
    words = {"title": f"{axis} to {value}", "move": "up" if value > 0.5 else "down", **words}
    words = {"change": {"kind": "params", "values": {axis: value}}, **words}
    return Draft(axis=axis, **words)


def over(*axes: str, **words: Any) -> DirectionDraft:
    """Draft a direction."""
    title = "on " + ", ".join(axes)
    return DirectionDraft(**{"title": title, "hypothesis": "It pays.", "axes": axes, **words})


def says(question: Question, stance: Stance | str, reason: str = "so I think") -> Reply:
    """Answer a critique with a stance."""
    subject = question.proposal.id if question.proposal else ""
    return Reply(opinions=(Opinion(subject, stance, reason),))  # type: ignore[arg-type]


def flat(params: dict[str, Any], rng: random.Random) -> float:
    """A loss on which nothing has an effect."""
    del params
    return 1 + rng.gauss(0, 0.01)


def bowl(params: dict[str, Any], rng: random.Random) -> float:
    """A loss that is least where every parameter is 0.3, in equal measure, with noise."""
    return 1 + math.fsum((value - 0.3) ** 2 for value in params.values()) + rng.gauss(0, 0.01)
