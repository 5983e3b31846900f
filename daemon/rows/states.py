"""Where things stand and how they ended: the closed lists of words that rows use."""

from __future__ import annotations

from enum import StrEnum


class CampaignState(StrEnum):
    """Where a campaign stands."""

    RUNNING = "running"
    PAUSED = "paused"
    HELD = "held"
    FINISHED = "finished"


class ProposalState(StrEnum):
    """Where a proposal stands, from the moment that it was made."""

    PENDING = "pending"  # waits for a critique
    OBJECTED = "objected"  # an objection stands
    READY = "ready"  # may be taken up
    PARKED = "parked"  # set aside until its agents or a person take it up again
    CLAIMED = "claimed"  # an experimenter is writing its change
    TAKEN = "taken"  # an experiment was made of it
    REFUSED = "refused"  # may not run: a dead end, an exact repetition
    WITHDRAWN = "withdrawn"  # given up by its author or by a person


class ExperimentState(StrEnum):
    """Where an experiment stands; `closed` carries a verdict."""

    BUILDING = "building"
    OPEN = "open"
    REPAIRING = "repairing"
    PROMOTING = "promoting"
    CLOSED = "closed"


class Verdict(StrEnum):
    """How an experiment ended."""

    BASELINE = "baseline"
    ACCEPTED = "accepted"
    BY_HAND = "by_hand"  # made champion by a person, before it was judged
    REJECTED = "rejected"
    INCONCLUSIVE = "inconclusive"
    CRASHED = "crashed"
    LOST = "lost"
    TIMED_OUT = "timed_out"
    NO_METRIC = "no_metric"
    NOT_FINITE = "not_finite"
    INVALID = "invalid"
    OUT_OF_SCOPE = "out_of_scope"
    CONFLICT = "conflict"
    DUPLICATE = "duplicate"
    REBASED = "rebased"
    CANCELLED = "cancelled"


#: Verdicts that judge the idea itself, rather than an accident on the way to it.
JUDGED = frozenset({Verdict.ACCEPTED, Verdict.REJECTED, Verdict.INCONCLUSIVE})


#: Verdicts that have something to say to whoever had the idea.
TELLING = JUDGED | {Verdict.CRASHED, Verdict.TIMED_OUT, Verdict.NO_METRIC, Verdict.NOT_FINITE}

#: Verdicts that say nothing about what was tried, so that trying the same again is no repetition.
UNTRIED = frozenset({Verdict.CANCELLED, Verdict.CONFLICT, Verdict.LOST})


#: Verdicts that are accidents on the way: nothing was judged, and a person may have it tried again.
ACCIDENTS = UNTRIED | {
    Verdict.CRASHED,
    Verdict.TIMED_OUT,
    Verdict.NO_METRIC,
    Verdict.NOT_FINITE,
    Verdict.INVALID,
    Verdict.OUT_OF_SCOPE,
}


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    PREPARING = "preparing"
    READY = "ready"
    LAUNCHING = "launching"
    RUNNING = "running"
    ENDED = "ended"


#: States in which a run has not begun.
WAITING = frozenset({RunState.QUEUED, RunState.PREPARING, RunState.READY})
#: States in which a run occupies its device.
ACTIVE = frozenset({RunState.LAUNCHING, RunState.RUNNING})


class Purpose(StrEnum):
    """What a run is for; the order is the order of service."""

    SETUP = "setup"
    CONFIRM = "confirm"
    BASELINE = "baseline"
    BANK = "bank"
    SEARCH = "search"


SERVICE_ORDER = {purpose: rank for rank, purpose in enumerate(Purpose)}


#: Reason of a stop after which a run is to be queued again.
REQUEUE = "requeue"


class Outcome(StrEnum):
    """How a run ended."""

    OK = "ok"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    NO_METRIC = "no_metric"
    NOT_FINITE = "not_finite"
    INVALID = "invalid"
    CANCELLED = "cancelled"
    LOST = "lost"
    #: It ended well, but its machine was not quiet, and its metric depends on that: run afresh instead.
    CONTENDED = "contended"


#: States of a proposal of which an experiment may still be made.
PROPOSED = frozenset(
    {
        ProposalState.PENDING,
        ProposalState.OBJECTED,
        ProposalState.READY,
        ProposalState.PARKED,
        ProposalState.CLAIMED,
    }
)


class Role(StrEnum):
    """What a member of a campaign's company does; a solo agent does all of it."""

    ANALYST = "analyst"
    EXPERIMENTER = "experimenter"
    SOLO = "solo"


class AgentState(StrEnum):
    """Whether an agent is at work."""

    ACTIVE = "active"
    PAUSED = "paused"
    RETIRED = "retired"


class TeamState(StrEnum):
    """Whether a team exists."""

    ACTIVE = "active"
    RETIRED = "retired"


class DirectionState(StrEnum):
    """Where a direction stands."""

    PROPOSED = "proposed"  # in the discussion
    STANDING = "standing"  # agreed on, waits for a team
    ACTIVE = "active"  # held by a team
    RETIRED = "retired"  # given up without being refuted
    FALSIFIED = "falsified"  # its own prediction failed
    MERGED = "merged"  # went on in another one
    SPLIT = "split"  # went on in several
    KILLED = "killed"  # ended by a person


#: States of a direction that may still be worked on.
ALIVE = frozenset({DirectionState.PROPOSED, DirectionState.STANDING, DirectionState.ACTIVE})


class Move(StrEnum):
    """What an agent can be asked for."""

    DISCUSS = "discuss"
    PROPOSE = "propose"
    CRITIQUE = "critique"
    IMPLEMENT = "implement"
    REPAIR = "repair"
    REFLECT = "reflect"


class TurnState(StrEnum):
    """Where a turn stands; one that is `asked` is a lease on its subject."""

    ASKED = "asked"
    ANSWERED = "answered"
    FAILED = "failed"
    LOST = "lost"
    WITHDRAWN = "withdrawn"


class Stance(StrEnum):
    """What somebody thinks of a proposal or a direction."""

    ENDORSE = "endorse"
    OBJECT = "object"
    REVISE = "revise"


#: The stances by their names, for words that come from outside.
STANCES = {stance.value: stance for stance in Stance}


class PostKind(StrEnum):
    """What a post of the forum is."""

    NOTE = "note"
    QUESTION = "question"
    ANSWER = "answer"
    DIRECTION = "direction"
    CRITIQUE = "critique"
    REFLECTION = "reflection"
    DIRECTIVE = "directive"
    REPORT = "report"
    DECISION = "decision"


class DirectiveState(StrEnum):
    """Where a person's instruction stands."""

    ISSUED = "issued"
    ACKNOWLEDGED = "acknowledged"
    DONE = "done"
    WITHDRAWN = "withdrawn"


class CallState(StrEnum):
    """Where a call of a language model stands; one of unknown outcome stays spent."""

    RESERVED = "reserved"
    SETTLED = "settled"
    UNKNOWN = "unknown"
