"""A company in virtual time: agents that discuss, propose, critique, write and repair, by lot and by rule."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from arctl.daemon import facts
from arctl.daemon.brains import rules
from arctl.daemon.model import Move
from arctl.daemon.turns import Draft, Question, Reply, Words
from tests.support.virtual import World

NAMES = ("A", "B", "C", "D", "E", "F", "G", "H")


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

    def _think(self, question: Question) -> None:
        self.asked.append((self.now, question))
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
