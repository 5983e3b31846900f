"""What agents and language models report."""

from __future__ import annotations

from dataclasses import dataclass, field

from arctl.daemon.rows import Json
from arctl.daemon.turns import Reply


@dataclass(frozen=True, slots=True)
class TurnAnswered:
    """An agent answered; an answer to a turn that is no longer open is nobody's."""

    turn: str
    reply: Reply


@dataclass(frozen=True, slots=True)
class TurnFailed:
    """An agent did not answer: `fault` is its kind, `human` when only a person can mend it.

    It is not asked again before `retry_after` seconds, where given; `extra` is what it cost all the same.
    """

    turn: str
    fault: str
    message: str
    remedy: str = ""
    human: bool = False
    retry_after: float | None = None
    extra: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TurnBeat:
    """An agent is at work on a turn: its lease goes on."""

    turn: str


@dataclass(frozen=True, slots=True)
class ReserveCall:
    """A call of a model is about to be made; answered under `ticket` with the call's id, or refused.

    `usd` is the most that it can cost, None where the model's price is not known; `tokens` likewise.
    """

    ticket: str
    campaign: str
    agent: str
    turn: str
    model: str
    usd: float | None
    tokens: int


@dataclass(frozen=True, slots=True)
class SettleCall:
    """A call is over: what it used, or, with `known` false, that nobody knows, so that it stays spent."""

    call: str
    known: bool
    usd: float | None = None
    usage: Json = field(default_factory=dict)
    seconds: float = 0.0
    fault: str = ""
