"""The community: agents and their teams, the directions that they follow, and what each is asked."""

from __future__ import annotations

from dataclasses import dataclass

from arctl.daemon.rows.states import (
    AgentState,
    DirectionState,
    Move,
    Role,
    Stance,
    TeamState,
    TurnState,
)

#: The brain of those who joined from outside; nobody asks them, they come by themselves.
OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Agent:
    """A member of a campaign's company; `name` is unique in its campaign and is how others speak of it."""

    id: str
    campaign: str
    name: str
    role: Role
    #: The kind of brain that decides for it; `outside` for one that joined over MCP.
    brain: str
    created: float
    model: str = ""
    #: The team's id; empty while it belongs to none.
    team: str = ""
    state: AgentState = AgentState.ACTIVE
    #: What it keeps in mind from turn to turn, in its own words; bounded.
    notes: str = ""
    #: Why it waits for a person (a key, a bill); empty when it does not.
    trouble: str = ""
    #: The state of things for which it has nothing more to propose, as `State.context` writes it: champion,
    #: direction, directives and dead ends that were opened again, as in `e12/h3/i1,i2/0`. Empty while it has;
    #: where things stand otherwise by now the text no longer fits, and it is asked again.
    exhausted: str = ""
    #: What it would not do when it was asked last, and why, as `propose: …`; empty where it answers.
    declined: str = ""
    #: When it was last heard of (wall clock).
    seen: float = 0.0
    turns: int = 0
    #: Turns that failed in a row.
    failures: int = 0
    #: Turns in a row that brought nothing that could run.
    fruitless: int = 0
    #: What its model calls cost, in USD, as far as that is known.
    usd: float = 0.0
    tokens: int = 0
    rev: int = 0

    @property
    def outside(self) -> bool:
        """Whether it joined from outside: nobody asks it, or waits for it; it comes by itself."""
        return self.brain == OUTSIDE


@dataclass(frozen=True, slots=True)
class Team:
    """Analysts and experimenters who hold one direction at a time."""

    id: str
    campaign: str
    name: str
    created: float
    state: TeamState = TeamState.ACTIVE
    #: The direction's id; empty while it has none.
    direction: str = ""
    #: When it took its direction up, or was last the source of a champion: stagnation counts from here.
    since: float = 0.0
    held: bool = False
    #: While it is held: what was begun still gets the runs that it needs to be judged.
    drain: bool = False
    reason: str = ""
    rev: int = 0


@dataclass(frozen=True, slots=True)
class Direction:
    """A hypothesis with axes, a prediction and a falsifier; paused, killed and redirected as a unit."""

    id: str
    campaign: str
    created: float
    author: str
    title: str
    hypothesis: str = ""
    axes: tuple[str, ...] = ()
    prediction: str = ""
    falsifier: str = ""
    #: What to try first, in words.
    first: tuple[str, ...] = ()
    state: DirectionState = DirectionState.PROPOSED
    team: str = ""
    #: The experiment on which it builds, where that is not the champion.
    base: str = ""
    #: The directions that it came from by splitting or merging.
    parents: tuple[str, ...] = ()
    discussion: str = ""
    held: bool = False
    #: While it is held: what was begun still gets the runs that it needs to be judged.
    drain: bool = False
    reason: str = ""
    #: When it was taken up last.
    since: float = 0.0
    #: A person wrote it down; a person and an agent may bear one name.
    by_hand: bool = False
    rev: int = 0

    def made_by(self, agent: str) -> bool:
        """Tell whether an agent of this name wrote it, rather than a person who bears the name, too."""
        return self.author == agent and not self.by_hand


@dataclass(frozen=True, slots=True)
class Discussion:
    """Analysts agree on directions: a few rounds, bounded in time."""

    id: str
    campaign: str
    created: float
    reason: str
    deadline: float
    round: int = 1
    rounds: int = 2
    thread: str = ""
    #: Who was asked in this round, and how many answers there were in all.
    asked: tuple[str, ...] = ()
    answers: int = 0
    #: How many teams came of it.
    formed: int = 0
    closed: float | None = None
    rev: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """One question put to one agent: a lease on its subject until it is answered, fails or is lost."""

    id: str
    campaign: str
    agent: str
    move: Move
    created: float
    #: When the lease ends unless the agent is heard of (wall clock).
    expires: float
    #: When the agent was last heard of; 0 while it was not.
    beat: float = 0.0
    #: What it is about: a discussion, proposal, experiment or direction; empty for new proposals.
    subject: str = ""
    team: str = ""
    round: int = 0
    want: int = 0
    #: The champion, or the experiment forked from, on which it was asked.
    base: str = ""
    state: TurnState = TurnState.ASKED
    ended: float | None = None
    #: The kind of fault with which it failed, and what was said.
    fault: str = ""
    note: str = ""
    #: The version of the prompt that was used; empty for brains without one.
    prompt: str = ""
    rev: int = 0


@dataclass(frozen=True, slots=True)
class Critique:
    """What one member or person thinks of a proposal or a direction, before compute is spent."""

    id: str
    campaign: str
    created: float
    #: The proposal's or direction's id.
    subject: str
    author: str
    stance: Stance
    reason: str
    links: tuple[str, ...] = ()
    #: What lifted it: a revision, endorsements, a person; empty while it stands.
    lifted: str = ""
    #: It is a person's word; a person and an agent may bear one name.
    by_hand: bool = False
    rev: int = 0
