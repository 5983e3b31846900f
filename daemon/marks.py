"""Marks: what this process alone knows, and learns again after a restart."""

from __future__ import annotations

from dataclasses import dataclass

from arctl.daemon.stock import Stock


@dataclass(frozen=True, slots=True)
class Device:
    """One slot that a run can be bound to: a whole GPU, a MIG instance, or a share of the host's cores."""

    id: str
    index: int
    kind: str
    name: str
    cores: tuple[int, ...] = ()
    memory_mb: float | None = None
    #: The files in /dev (and the capabilities of a MIG instance) through which it is reached.
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rest:
    """An agent (its id) is not to be asked before this time (wall clock); or only not for `ideas`."""

    agent: str
    until: float
    ideas: bool = False


@dataclass(frozen=True, slots=True)
class Inventory:
    """The devices there are."""

    devices: tuple[Device, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What decisions know of a device's load: who else has it, and what memory is left, in MiB."""

    device: str
    #: Who else has it, in words; empty where nobody does.
    taken: str = ""
    #: What is free now; and what runs of ours may hold in all, what they hold already included.
    free_mb: float | None = None
    room_mb: float | None = None


@dataclass(frozen=True, slots=True)
class Readings:
    """The newest readings of some devices."""

    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class Vacated:
    """A run has left a device, which is being looked at before it is used again; or that is over."""

    device: str
    run: str
    over: bool = False


@dataclass(frozen=True, slots=True)
class Reissue:
    """What git was to do for a campaign, and failed at, is to be asked for again."""

    campaign: str
    wanted: bool


@dataclass(frozen=True, slots=True)
class Stopping:
    """The daemon is to end: "drain", "now", or "" when somebody changed their mind."""

    mode: str


@dataclass(frozen=True, slots=True)
class Astray:
    """What is wrong with a file that a campaign is told by; empty when nothing is."""

    campaign: str
    file: str
    why: str


@dataclass(frozen=True, slots=True)
class RefusedEdit:
    """Why what stands in such a file is not taken, and what to do about it; empty when it is."""

    campaign: str
    file: str
    why: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Ailment:
    """What of the daemon's own is not as it should be, and why; empty when it is again."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Room:
    """How many bytes are free for the state folder, and below which number no run begins."""

    free: int
    floor: int

    @property
    def low(self) -> bool:
        """Whether there is too little."""
        return self.free < self.floor


@dataclass(frozen=True, slots=True)
class Stocktaking:
    """What lies in the state folder, for somebody to decide what goes; None once that is decided."""

    stock: Stock | None
    ticket: str = ""
    actor: str = "daemon"


Mark = (
    Rest
    | Inventory
    | Readings
    | Vacated
    | Reissue
    | Stopping
    | Astray
    | RefusedEdit
    | Ailment
    | Room
    | Stocktaking
)
