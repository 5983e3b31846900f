"""What brains may use besides what they are told: a language model, files, logs, the forum; as interfaces.

The daemon hands each brain a `Services`; brains import none of the rooms that stand behind it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from arctl.daemon.rows import Json
from arctl.errors import ArctlError
from arctl.experiments.company import Brain as Settings


class BrainFault(ArctlError):  # a fault is what its users call it
    """A brain could not answer.

    `kind` is one word for the fault; `human` when only a person can mend it (a key, a bill);
    `retry_after` is in seconds, where the other side named a time; `extra` is what it cost all the same.
    """

    def __init__(
        self,
        kind: str,
        message: str,
        remedy: str = "",
        *,
        human: bool = False,
        retry_after: float | None = None,
        extra: Json | None = None,
    ) -> None:
        super().__init__(message, remedy)
        self.kind = kind
        self.human = human
        self.retry_after = retry_after
        self.extra: Json = extra or {}


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One call of a language model; `system`, `messages` and `tools` are the JSON of the Messages API."""

    campaign: str
    agent: str
    turn: str
    settings: Settings
    system: tuple[Json, ...]
    messages: tuple[Json, ...]
    tools: tuple[Json, ...] = ()
    tool_choice: Json | None = None
    max_tokens: int = 0


@dataclass(frozen=True, slots=True)
class ModelReply:
    """A whole answer of a model: its content blocks, why it stopped, and what it used."""

    content: tuple[Json, ...]
    stop_reason: str
    usage: Json = field(default_factory=dict)


class Library(Protocol):
    """The files of a campaign's commits, read from its bare repository."""

    async def paths(self, campaign: str, commit: str) -> list[str]:
        """Return the paths of a commit's files, relative to the repository."""

    async def file(self, campaign: str, commit: str, path: str) -> str | None:
        """Return a file's text; None where there is none, or where it is no text."""

    async def export(self, campaign: str, commit: str, folder: Path) -> None:
        """Write a commit's files into a new folder."""

    async def changes(self, campaign: str, commit: str, folder: Path) -> str:
        """Return, as a patch, in what a folder differs from a commit; empty where it does not."""

    async def diff(self, campaign: str, old: str, new: str) -> str:
        """Return the unified difference of two commits."""


@dataclass(frozen=True, slots=True)
class Services:
    """All that a brain may reach."""

    #: Calls a language model; raises `BrainFault`.
    model: Callable[[ModelRequest], Awaitable[ModelReply]]
    library: Library
    #: Searches the forum: campaign, query, limit -> posts as JSON, best first.
    forum: Callable[[str, str, int], Awaitable[list[Json]]]
    #: The last lines of a run's log, cleaned of escapes: run, bytes -> text.
    log_tail: Callable[[str, int], Awaitable[str]]
    #: All that is known of an experiment, as JSON; None where there is none.
    experiment: Callable[[str, str], Awaitable[Json | None]]
    #: A folder of the brain's own for work trees; emptied when the daemon starts.
    scratch: Path
    #: Says that a turn is still being worked on; prolongs its lease.
    beat: Callable[[str], None]
