"""What lies in the state folder, as plain data: measured by housekeeping, judged by decisions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: What may lie there: the folder of one attempt of a run, a run's work tree, an agent's work folder,
#: and what somebody who died left half done.
Sort = Literal["attempt", "tree", "scratch", "leftover"]
#: All of it goes, or only what lies beside the log and the records: checkpoints, artifacts.
Part = Literal["all", "files"]


@dataclass(frozen=True, slots=True)
class Found:
    """One folder or file; `place` is its path within the state folder, `files` its bytes beside the log."""

    sort: Sort
    place: str
    bytes: int
    at: float
    files: int = 0
    run: str = ""
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Stock:
    """All that was found, and how full the disk is."""

    found: tuple[Found, ...]
    free: int
    total: int
    floor: int
    #: What the ledger takes up, its backups and what was set aside.
    ledger: int = 0
    backups: int = 0


@dataclass(frozen=True, slots=True)
class Removal:
    """Something that goes, and why."""

    place: str
    part: Part
    bytes: int
    why: str
    campaign: str = ""
    run: str = ""
    attempt: int = 0
    experiment: str = ""

    def as_json(self) -> dict[str, object]:
        """Return it as clients see it."""
        return {name: getattr(self, name) for name in self.__slots__}


def summary(
    removals: tuple[Removal, ...], failed: tuple[str, ...] = (), *, more: bool = False
) -> dict[str, object]:
    """Return what went, and what could not, as an answer; `more` may go when it is asked again."""
    return {
        "removed": [removal.as_json() for removal in removals],
        "bytes": sum(removal.bytes for removal in removals),
        "failed": list(failed),
        "more": more,
    }
