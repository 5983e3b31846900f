"""The view: everything that is known, as one frozen value, and the pure steps that lead to the next one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from arctl.text import clean
from arctl.tui.data import rows
from arctl.tui.data.query import UNKNOWN, Answer, Query
from arctl.tui.data.reading import inner, listed, real, word
from arctl.tui.data.rows import Campaign, Device, Event
from arctl.tui.data.things import KINDS, Thing, harvest

#: How many of the newest events are kept for the lists.
KEEP_EVENTS = 300
#: Answers that are kept, so that what was left a moment ago is there at once.
KEEP_ANSWERS = 96
#: Readings that are kept of each device, one a second.
KEEP_READINGS = 600

#: One reading in a device's history: when (seconds since the epoch), load in per cent, memory in MiB.
Reading = tuple[float, float | None, float | None]


class Phase(StrEnum):
    """How things stand with the daemon."""

    CONNECTING = "connecting"
    LIVE = "live"
    CUT = "cut"


@dataclass(frozen=True, slots=True)
class Link:
    """The connection; `reason` and `remedy` tell why it is not live, `delay` is a call's time in seconds."""

    phase: Phase = Phase.CONNECTING
    reason: str = ""
    remedy: str = ""
    attempts: int = 0
    epoch: str = ""
    seq: int = 0
    delay: float | None = None


@dataclass(frozen=True, slots=True)
class Playback:
    """A replay: the time that is shown, the ends of the history (seconds since the epoch), and its speed."""

    at: float
    begin: float
    end: float
    speed: float = 60.0
    playing: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """What is known; `chosen` is the campaign whose teams, experiments and forum are shown."""

    link: Link = Link()
    readonly: bool = False
    host: str = ""
    started: float | None = None
    trouble: str = ""
    stopping: str = ""
    devices: tuple[Device, ...] = ()
    history: Mapping[str, tuple[Reading, ...]] = field(default_factory=lambda: MappingProxyType({}))
    campaigns: tuple[Campaign, ...] = ()
    chosen: str = ""
    events: tuple[Event, ...] = ()
    answers: Mapping[Query, Answer] = field(default_factory=lambda: MappingProxyType({}))
    things: Mapping[str, Thing] = field(default_factory=lambda: MappingProxyType({}))
    playback: Playback | None = None

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

    @property
    def fixed(self) -> str:
        """Say why nothing may be changed here; "" where that is allowed."""
        if self.playback is not None:
            return "this is a replay: what is past cannot be changed"
        if not self.live:
            return f"cut off from the daemon: {self.link.reason or 'not connected yet'}"
        if self.readonly:
            return "this session is read-only; attach without --readonly to change something"
        return ""

    @property
    def unseen(self) -> str:
        """Say why nothing is known at all; "" once a daemon has told something."""
        return "" if self.live or self.host or self.playback is not None else self.fixed

    def answer(self, query: Query) -> Answer:
        """Return what is known of a query."""
        return self.answers.get(query, UNKNOWN)

    def thing(self, ident: str) -> Thing:
        """Return what is known of an id."""
        return self.things.get(ident) or Thing(ident, KINDS.get(ident[:1], ""))


def connected(view: View, welcome: Any) -> View:
    """Take the daemon's greeting; what was known of another ledger is forgotten."""
    epoch = word(welcome, "epoch")
    if view.link.epoch and view.link.epoch != epoch:
        view = View(readonly=view.readonly)
    link = Link(Phase.LIVE, epoch=epoch, seq=view.link.seq, delay=view.link.delay)
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
        things=harvest(view.things, reply),
    )
    if view.campaign is None and campaigns:
        view = choose(view, campaigns[0].id)
    return view


def choose(view: View, campaign: str) -> View:
    """Show another campaign."""
    return view if view.chosen == campaign else replace(view, chosen=campaign)


def with_devices(view: View, reply: Any) -> View:
    """Take a reading of every device, and add it to the history."""
    data = reply if isinstance(reply, list) else []
    found = tuple(sorted(map(rows.device, data), key=lambda row: row.index))
    history = dict(view.history)
    for entry in data:
        ident, past = word(entry, "id"), listed(entry, "history")
        known = tuple(_reading(item) for item in past) if past else history.get(ident, ())
        sample = inner(entry, "sample")
        at = real(sample, "at")
        if at is not None and (not known or known[-1][0] < at):
            known = (*known, (at, real(sample, "util"), real(sample, "memory_used_mb")))
        history[ident] = known[-KEEP_READINGS:]
    return replace(view, devices=found, history=MappingProxyType(history))


def _reading(item: Any) -> Reading:
    values = item if isinstance(item, list) else []
    told = [value if isinstance(value, int | float) else None for value in (*values, None, None, None)]
    return (told[0] or 0.0, told[1], told[2])


def with_events(view: View, records: Sequence[Any]) -> View:
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


def with_answers(view: View, found: Mapping[Query, Answer]) -> View:
    """Take answers; where one failed, what was known before stays, with the error beside it."""
    if not found:
        return view
    answers, things = dict(view.answers), view.things
    for query, answer in found.items():
        old = answers.pop(query, None)
        if answer.error and old is not None:
            answer = replace(answer, reply=old.reply)
        elif not answer.error:
            if old is not None and old.reply == answer.reply:
                # The same value again: whoever laid it out before need not do it anew.
                answer = replace(answer, reply=old.reply)
            else:
                things = harvest(things, answer.reply)
        answers[query] = answer
    for query in list(answers)[: max(0, len(answers) - KEEP_ANSWERS)]:
        del answers[query]
    return replace(view, answers=MappingProxyType(answers), things=things)
