"""A finding: what a check saw, how grave that is, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["note", "flag", "quarantine", "invalid"]

#: From what is only written down to what ends an experiment.
GRAVITY: dict[str, int] = {"note": 0, "flag": 1, "quarantine": 2, "invalid": 3}
#: Findings of one check that are told apart; more of them say no more.
MOST = 6


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check saw; `where` is a file and line, a metric or a run."""

    check: str
    severity: Severity
    text: str
    where: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)


def sorted_out(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return each finding once, the gravest first, and no flood of one check."""
    kept: list[Finding] = []
    counts: dict[str, int] = {}
    for each in sorted(dict.fromkeys(findings), key=lambda each: -GRAVITY[each.severity]):
        counts[each.check] = counts.get(each.check, 0) + 1
        if counts[each.check] <= MOST:
            kept.append(each)
    return tuple(kept)


def worst(findings: Iterable[Finding]) -> Severity | None:
    """Return the gravest severity; None where nothing was found."""
    return max((each.severity for each in findings), key=GRAVITY.__getitem__, default=None)
