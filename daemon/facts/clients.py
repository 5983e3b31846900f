"""What clients and people bring: each request carries the ticket under which its reply is awaited."""

from __future__ import annotations

from dataclasses import dataclass, field

from arctl.daemon.rows import Json


@dataclass(frozen=True, slots=True)
class AddCampaign:
    """Somebody started a campaign, or started a known one again."""

    ticket: str
    path: str
    env: dict[str, str]
    actor: str
    allow_dirty: bool = False
    #: The level of the sandbox where it is not arctl.toml's: "1", "2", "3" or "best".
    sandbox: str = ""
    allow_unsandboxed: bool = False


@dataclass(frozen=True, slots=True)
class Control:
    """Somebody asked for something: the verb says what, see `reduce.control`; `data` is what it needs."""

    ticket: str
    verb: str
    target: str
    actor: str
    reason: str = ""
    if_rev: int | None = None
    data: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StopDaemon:
    """The daemon is to end: `drain` waits for running runs, `now` stops and requeues them."""

    ticket: str
    mode: str
    actor: str


@dataclass(frozen=True, slots=True)
class Detach:
    """The daemon is to end at once and leave its runs running; the next one adopts them."""


# -- from the files that people edit while a campaign runs ------------------------------------------------


@dataclass(frozen=True, slots=True)
class EditSeen:
    """`arctl.toml` or the objective changed on disk, and can be read; `diff` is unified."""

    campaign: str
    file: str
    text: str
    diff: str


@dataclass(frozen=True, slots=True)
class FileAstray:
    """`arctl.toml` or the objective is no file of its own any more, and why; empty when it is one again."""

    campaign: str
    file: str
    why: str


@dataclass(frozen=True, slots=True)
class EditRefused:
    """`arctl.toml` or the objective changed on disk and cannot be used; what was there before stays."""

    campaign: str
    file: str
    message: str
    remedy: str
