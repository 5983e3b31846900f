"""What is written once and never changed: events, curve points, results."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One line of what happened; its number and time are given when it is written."""

    kind: str
    campaign: str = ""
    subject: str = ""
    text: str = ""
    actor: str = "daemon"
    data: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One reading of a curve; `ordinal` counts a run's points and makes parsing again harmless."""

    run: str
    attempt: int
    ordinal: int
    metric: str
    step: float
    value: float


@dataclass(frozen=True, slots=True)
class Result:
    """How one attempt of a run ended; the ledger takes each (run, attempt) exactly once."""

    run: str
    attempt: int
    at: float
    outcome: str
    value: float | None
    record: Json
