"""What an agent is asked and what it answers: plain data that travels to a brain and back."""

from __future__ import annotations

from dataclasses import dataclass, field

from arctl.daemon.rows import (
    Agent,
    Campaign,
    Critique,
    DeadEnd,
    Direction,
    Directive,
    Experiment,
    Json,
    Move,
    Post,
    Proposal,
    Stance,
    Team,
    Turn,
)
from arctl.experiments.company import Brain as Settings
from arctl.experiments.effects import Effect


@dataclass(frozen=True, slots=True)
class Past:
    """One experiment as a brain sees it; `value` is the metric's mean, None where nothing was measured."""

    experiment: str
    title: str
    axis: str
    verdict: str
    params: Json
    value: float | None
    source: str = ""
    move: str = ""
    effect: float | None = None
    reason: str = ""
    agent: str = ""
    team: str = ""
    direction: str = ""
    directive: str = ""
    base: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """All that an agent is told when it is asked; what it is not told it may look up.

    `params` are the base's values of the tunable surface; `history` holds every experiment so far, the
    baseline first, those under way without a verdict; `open` are the proposals not yet taken up.
    """

    turn: Turn
    campaign: Campaign
    agent: Agent
    move: Move
    #: The agent's brain in this role and team.
    settings: Settings
    #: The experiment that new ones build on, and its commit.
    base: str
    commit: str
    params: Json
    history: tuple[Past, ...]
    dead_ends: tuple[DeadEnd, ...] = ()
    effects: tuple[Effect, ...] = ()
    team: Team | None = None
    #: The direction of the agent's team, and all that are alive.
    direction: Direction | None = None
    directions: tuple[Direction, ...] = ()
    #: Axes that another team holds.
    taken: frozenset[str] = frozenset()
    open: tuple[Proposal, ...] = ()
    directives: tuple[Directive, ...] = ()
    posts: tuple[Post, ...] = ()
    #: How many proposals or directions are wanted, at most.
    want: int = 0
    round: int = 0
    #: The agent's place among the analysts, and how many there are.
    seat: tuple[int, int] = (0, 1)
    #: Why there is a discussion, or why something is to be written anew.
    reason: str = ""
    #: What the turn is about, where it is about one proposal or experiment, and what was said of it; in a
    #: discussion, what was said of the directions that are proposed.
    proposal: Proposal | None = None
    experiment: Experiment | None = None
    critiques: tuple[Critique, ...] = ()
    #: The run whose log shows a crash.
    run: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A proposal as a brain makes it, before it has an id; see `rows.Proposal` for the fields."""

    title: str
    change: Json
    hypothesis: str = ""
    axis: str = ""
    move: str = ""
    expected: str = ""
    if_works: str = ""
    if_fails: str = ""
    cost: str = ""
    difference: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class DirectionDraft:
    """A direction as a brain makes it; see `rows.Direction` for the fields."""

    title: str
    hypothesis: str
    axes: tuple[str, ...]
    prediction: str = ""
    falsifier: str = ""
    first: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a brain thinks of a proposal or a direction."""

    subject: str
    stance: Stance
    reason: str
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """A post as a brain writes it; `kind` is note, question, answer, reflection or report."""

    text: str
    kind: str = "note"
    parent: str = ""
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """How a brain takes a directive up, or what came of it.

    `keep` are parked proposals that the directive does not speak against.
    """

    directive: str
    plan: str = ""
    report: str = ""
    done: bool = False
    keep: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What an agent answers; only what its move asks for is taken, the rest is ignored.

    `drafts` answer propose (for an objected proposal: the one that replaces it, none to withdraw it),
    `directions` and `opinions` discuss, `opinions` critique, `change` implement and repair. `declined` says
    why nothing was done, in place of an answer; the subject is then parked, never asked for again in a loop.
    """

    drafts: tuple[Draft, ...] = ()
    directions: tuple[DirectionDraft, ...] = ()
    opinions: tuple[Opinion, ...] = ()
    change: Json | None = None
    posts: tuple[Words, ...] = ()
    acknowledged: tuple[Acknowledgement, ...] = ()
    #: The agent's own notes, written anew; None leaves them as they are.
    notes: str | None = None
    #: It has nothing more to propose on this champion in this direction.
    exhausted: bool = False
    declined: str = ""
    #: Something to tell people who look after the campaign.
    note: str = ""
    prompt: str = ""
    extra: Json = field(default_factory=dict)
