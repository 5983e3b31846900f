"""Talk: the forum, what people ask for, and what they did."""

from __future__ import annotations

from dataclasses import dataclass, field

from arctl.daemon.rows.record import Json
from arctl.daemon.rows.states import CallState, DirectiveState, PostKind


@dataclass(frozen=True, slots=True)
class Post:
    """One post of the forum; a thread is named by its first post."""

    id: str
    campaign: str
    created: float
    #: An agent's or a person's name, or `arctl`.
    author: str
    kind: PostKind
    text: str
    thread: str = ""
    parent: str = ""
    team: str = ""
    #: Ids of what it speaks of: experiments, proposals, directions, dead ends, posts.
    links: tuple[str, ...] = ()
    #: A question that waits for a person.
    open: bool = False
    rev: int = 0


@dataclass(frozen=True, slots=True)
class Directive:
    """A person's instruction to a campaign, team or direction; acknowledged and tracked until done."""

    id: str
    campaign: str
    created: float
    #: The campaign's name, or the id of a team or a direction.
    target: str
    text: str
    author: str
    state: DirectiveState = DirectiveState.ISSUED
    #: Who acknowledged it, when, and what they will do.
    by: str = ""
    acknowledged: float | None = None
    plan: str = ""
    #: What came of it, in the agents' words.
    report: str = ""
    ended: float | None = None
    thread: str = ""
    rev: int = 0


@dataclass(frozen=True, slots=True)
class Deed:
    """What a person did, with who and why, and how it can be undone."""

    id: str
    campaign: str
    created: float
    actor: str
    verb: str
    target: str
    reason: str = ""
    text: str = ""
    #: The request that undoes it, as `{"verb", "target", …}`; empty where nothing can.
    undo: Json = field(default_factory=dict)
    undone: bool = False
    #: The request that did it, as `{"verb", "target", "data"}`: how it is done again after it was undone.
    request: Json = field(default_factory=dict)
    #: The deed that did it again, and the one that this one does again.
    redone: str = ""
    again: str = ""
    rev: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a language model: reserved before it is sent, settled by its usage."""

    id: str
    campaign: str
    created: float
    agent: str
    turn: str
    model: str
    #: The most that it can cost, in USD, and in tokens.
    reserved: float
    reserved_tokens: int
    team: str = ""
    experiment: str = ""
    state: CallState = CallState.RESERVED
    #: What it cost; what was reserved, as long as that is not known. None where the price is not known.
    usd: float | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    seconds: float = 0.0
    fault: str = ""
    rev: int = 0


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A device on which nothing starts because it failed; its id is the device's.

    `kind` is "lost", "xid", "left" (a run's processes or memory stayed on it) or "person".
    """

    id: str
    created: float
    kind: str
    reason: str
    #: The device's name at that time: one that fell off the bus may be listed no more.
    name: str = ""
    run: str = ""
    evidence: Json = field(default_factory=dict)
    #: When and by whom it was released; None and empty while it stands.
    lifted: float | None = None
    by: str = ""
    rev: int = 0


@dataclass(frozen=True, slots=True)
class Hold:
    """A device on which a person lets nothing start; its id is the device's."""

    id: str
    created: float
    actor: str
    held: bool = True
    reason: str = ""
    rev: int = 0
