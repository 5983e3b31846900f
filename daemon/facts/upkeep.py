"""What looks after the ledger and the state folder reports."""

from __future__ import annotations

from dataclasses import dataclass

from arctl.daemon.rows import Json
from arctl.daemon.stock import Removal, Stock


@dataclass(frozen=True, slots=True)
class Ailing:
    """Something of the daemon's own is not as it should be, and why; empty when it is again.

    `name` is "wal" (the ledger's log grows), "backup" or "restore".
    """

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class BackupTaken:
    """The ledger was copied."""

    path: str
    bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class DiskSeen:
    """How many bytes are free for the state folder, and how many must stay free for runs to begin."""

    free: int
    floor: int


@dataclass(frozen=True, slots=True)
class StockTaken:
    """The state folder was looked through; who asked for it is answered under `ticket` (none: by itself)."""

    stock: Stock
    ticket: str = ""
    actor: str = "daemon"


@dataclass(frozen=True, slots=True)
class Removed:
    """What was to go is gone; `failed` names what could not be deleted and why."""

    removals: tuple[Removal, ...]
    failed: tuple[str, ...] = ()
    ticket: str = ""
    more: bool = False


# -- found at a start: what folders know and the ledger does not, after a backup was put back ---------------


@dataclass(frozen=True, slots=True)
class ResultFound:
    """An attempt ended and was judged, but the ledger does not know it; `record` is what was written then."""

    run: str
    attempt: int
    record: Json


@dataclass(frozen=True, slots=True)
class AttemptFound:
    """An attempt was launched that the ledger does not know: it runs, or has ended without being judged."""

    run: str
    attempt: int
    tree: str
    device: str
    started: float


@dataclass(frozen=True, slots=True)
class LedgerRestored:
    """A backup was put back since the last start: what of, and what could not be brought back."""

    text: str
    data: Json
