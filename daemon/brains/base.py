"""What a brain is asked and what it answers.

A brain never touches the ledger, git or processes: it is given plain data and returns plain data.
To add one, write a class with `propose` and name it under the entry point group `arctl.brains`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from arctl.daemon.actions import Past
from arctl.daemon.facts import Draft
from arctl.experiments.spec import Spec


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a brain is told when it is asked for proposals.

    `params` are the champion's values of the tunable surface; `history` holds every experiment so far,
    the baseline first, those under way without a verdict; `root` is the campaign's folder, to read from.
    """

    campaign: str
    root: Path
    spec: Spec
    base: str
    params: dict[str, Any]
    history: tuple[Past, ...]
    dead_axes: frozenset[str]
    want: int


@dataclass(frozen=True, slots=True)
class Reply:
    """Proposals, at most as many as were wanted; `exhausted` when there will never be more."""

    drafts: tuple[Draft, ...]
    exhausted: bool = False
    note: str = ""


class Brain(Protocol):
    """One way of having ideas."""

    def propose(self, situation: Situation) -> Reply:
        """Return proposals for the situation; called in a worker thread, and may take its time."""
