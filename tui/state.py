"""The view: everything that is shown, as one frozen value, and the pure steps that lead to the next one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from arctl.text import clean
from arctl.tui import rows
from arctl.tui.rows import Campaign, Device, Event, Experiment, listed, real, word

#: How many of the newest are kept for the lists; a window fetches more when the screens grow.
KEEP_EVENTS = 300
KEEP_EXPERIMENTS = 1000


class Phase(StrEnum):
    """How things stand with the daemon."""

    CONNECTING = "connecting"
    LIVE = "live"
    CUT = "cut"


@dataclass(frozen=True, slots=True)
class Link:
    """The connection; `reason` and `remedy` tell why it is not live."""

    phase: Phase = Phase.CONNECTING
    reason: str = ""
    remedy: str = ""
    attempts: int = 0
    epoch: str = ""
    seq: int = 0


@dataclass(frozen=True, slots=True)
class View:
    """What is shown; `chosen` is the campaign whose experiments are listed."""

    link: Link = Link()
    readonly: bool = False
    host: str = ""
    started: float | None = None
    trouble: str = ""
    stopping: str = ""
    devices: tuple[Device, ...] = ()
    campaigns: tuple[Campaign, ...] = ()
    chosen: str = ""
    experiments: tuple[Experiment, ...] = ()
    total: int = 0
    events: tuple[Event, ...] = ()

    @property
    def live(self) -> bool:
        """Whether what is shown is what is."""
        return self.link.phase is Phase.LIVE

    @property
    def campaign(self) -> Campaign | None:
        """The chosen campaign."""
        return next((row for row in self.campaigns if row.id == self.chosen), None)

    @property
    def busy(self) -> int:
        """How many devices have a run."""
        return sum(1 for row in self.devices if row.run)

    def experiment(self, ident: str) -> Experiment | None:
        """Return a listed experiment."""
        return next((row for row in self.experiments if row.id == ident), None)


def connected(view: View, welcome: Any) -> View:
    """Take the daemon's greeting; its numbers of events count anew where the ledger is another one."""
    epoch = word(welcome, "epoch")
    if view.link.epoch and view.link.epoch != epoch:
        view = View(readonly=view.readonly)
    link = Link(Phase.LIVE, epoch=epoch, seq=view.link.seq)
    return replace(view, link=link, host=word(welcome, "host"))


def cut(view: View, reason: str, remedy: str) -> View:
    """Keep what was seen last, and say why nothing new comes."""
    link = replace(
        view.link,
        phase=Phase.CUT,
        reason=clean(reason),
        remedy=clean(remedy),
        attempts=view.link.attempts + 1,
    )
    return replace(view, link=link)


def with_status(view: View, reply: Any, now: float) -> View:
    """Take a status; the newest campaign that goes on is chosen where none is."""
    # The newest first, and those that need nothing any more last.
    found = reversed([rows.campaign(data) for data in listed(reply, "campaigns")])
    campaigns = tuple(sorted(found, key=lambda row: row.state == "finished"))
    uptime = real(reply, "uptime")
    view = replace(
        view,
        campaigns=campaigns,
        trouble=word(reply, "trouble"),
        stopping=word(reply, "stopping"),
        started=None if uptime is None else now - uptime,
    )
    if view.campaign is None and campaigns:
        view = choose(view, campaigns[0].id)
    return view


def choose(view: View, campaign: str) -> View:
    """Show another campaign's experiments; they are still to be fetched."""
    if view.chosen == campaign:
        return view
    return replace(view, chosen=campaign, experiments=(), total=0)


def with_experiments(view: View, reply: Any) -> View:
    """Take a piece of a campaign's list: what it brings replaces what was known of the same experiments."""
    if word(reply, "campaign") != view.chosen:
        return view  # an answer that was overtaken by another choice
    known = {row.id: row for row in view.experiments}
    known.update({row.id: row for row in map(rows.experiment, listed(reply, "experiments"))})
    ordered = sorted(known.values(), key=lambda row: row.number)
    # The champions are what the curve is drawn from: they are kept however old.
    old, new = ordered[:-KEEP_EXPERIMENTS], ordered[-KEEP_EXPERIMENTS:]
    kept = (*(row for row in old if row.kept), *new)
    total = max(view.total, rows.whole(reply, "total"), len(kept))
    return replace(view, experiments=kept, total=total)


def with_devices(view: View, reply: Any) -> View:
    """Take a reading of every device."""
    found = map(rows.device, reply if isinstance(reply, list) else [])
    return replace(view, devices=tuple(sorted(found, key=lambda row: row.index)))


def with_events(view: View, records: list[Any]) -> View:
    """Add events, each once, in their order; an event that was seen before changes nothing."""
    known = {row.seq: row for row in view.events}
    known.update({row.seq: row for row in map(rows.event, records)})
    if len(known) == len(view.events):
        return view
    ordered = tuple(sorted(known.values(), key=lambda row: row.seq))[-KEEP_EVENTS:]
    seq = max(view.link.seq, ordered[-1].seq)
    return replace(view, events=ordered, link=replace(view.link, seq=seq))


def resynced(view: View, seq: int) -> View:
    """Go on from a later event: those between were too many to be sent."""
    return replace(view, link=replace(view.link, seq=max(view.link.seq, seq)))


def uptime(view: View, now: float) -> str:
    """Say for how long the daemon has been up, in minutes: a header that ticks repaints for nothing."""
    if view.started is None:
        return ""
    minutes = max(0, int((now - view.started) // 60))
    if minutes < 60:
        return f"{minutes}m"
    if minutes < 1440:
        return f"{minutes // 60}h{minutes % 60:02d}m"
    return f"{minutes // 1440}d{minutes % 1440 // 60:02d}h"


def clock(seconds: float | None) -> str:
    """Write a run's time as `01:12`, from an hour on as `1h12m`; "" for none."""
    if seconds is None:
        return ""
    whole = max(0, int(seconds))
    if whole < 3600:
        return f"{whole // 60:02d}:{whole % 60:02d}"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
