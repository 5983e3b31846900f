"""What the daemon answers, as frozen rows: read with care, and every text in them made harmless here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from arctl.tui.data.reading import inner, listed, real, whole, word, words, yes


@dataclass(frozen=True, slots=True)
class Device:
    """One device: what it reads (None is a reading it lacks) and the run that has it."""

    id: str
    index: int
    name: str
    barred: str = ""
    util: float | None = None
    memory_used_mb: float | None = None
    memory_total_mb: float | None = None
    power_w: float | None = None
    temperature_c: float | None = None
    run: str = ""
    experiment: str = ""
    campaign: str = ""
    started: float | None = None
    limit: float | None = None
    title: str = ""
    team: str = ""
    seed: int = 0
    #: Who holds it and why; "" where nobody does.
    held: str = ""
    #: Since when its run is frozen.
    frozen: float | None = None
    #: Seconds that its run stood still before.
    frozen_seconds: float = 0.0
    team_name: str = ""
    quarantined: str = ""
    #: Processes of others on it, and what they hold; None where that is not known.
    foreign: int | None = None
    foreign_mb: float | None = None
    #: Who else has it, so that nothing starts there; None where the daemon does not say (an older one).
    taken: str | None = None
    #: Since when it is in quarantine.
    quarantined_at: float | None = None
    #: All runs that are on it.
    runs: tuple[str, ...] = ()


def device(data: Any) -> Device:
    """Read one entry of `gpus`."""
    sample = data.get("sample") if isinstance(data, dict) else None
    total = real(sample, "memory_total_mb")
    return Device(
        id=word(data, "id"),
        index=whole(data, "index"),
        name=word(data, "name"),
        barred=word(data, "barred"),
        util=real(sample, "util"),
        memory_used_mb=real(sample, "memory_used_mb"),
        memory_total_mb=real(data, "memory_mb") if total is None else total,
        power_w=real(sample, "power_w"),
        temperature_c=real(sample, "temperature_c"),
        run=word(data, "run"),
        experiment=word(data, "experiment"),
        campaign=word(data, "campaign"),
        started=real(data, "started"),
        limit=real(data, "limit"),
        title=word(data, "title"),
        team=word(data, "team"),
        seed=whole(data, "seed"),
        held=_hold(inner(data, "held")),
        frozen=real(data, "frozen"),
        frozen_seconds=real(data, "frozen_seconds") or 0.0,
        team_name=word(data, "team_name"),
        quarantined=word(data, "quarantined"),
        foreign=None
        if real(inner(data, "foreign"), "processes") is None
        else whole(data["foreign"], "processes"),
        foreign_mb=real(inner(data, "foreign"), "memory_mb"),
        taken=word(data, "taken") if isinstance(data, dict) and "taken" in data else None,
        quarantined_at=real(inner(data, "quarantine"), "created"),
        runs=words(data, "runs"),
    )


def _hold(data: Any) -> str:
    """Say who holds a device, and why."""
    by, reason = word(data, "by"), word(data, "reason")
    return f"{by}: {reason}" if reason else by


@dataclass(frozen=True, slots=True)
class Team:
    """A team as `status` tells it."""

    id: str
    name: str = ""
    direction: str = ""
    title: str = ""
    held: bool = False


@dataclass(frozen=True, slots=True)
class Need:
    """What waits for a person: its kind, what it is about, in words, and what to do."""

    kind: str
    text: str
    remedy: str = ""
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign as `status` tells it."""

    id: str
    state: str = ""
    metric: str = ""
    experiments: int = 0
    running: int = 0
    queued: int = 0
    accepted: int = 0
    champion: str = ""
    champion_mean: float | None = None
    champion_runs: int = 0
    teams: tuple[Team, ...] = ()
    needs: tuple[Need, ...] = ()
    waits: tuple[Need, ...] = ()
    usd: float | None = None
    usd_cap: float | None = None


def campaign(data: Any) -> Campaign:
    """Read one entry of `status`."""
    verdicts, company = inner(data, "verdicts"), inner(data, "company")
    return Campaign(
        id=word(data, "campaign"),
        state=word(data, "state"),
        metric=word(data, "metric"),
        experiments=whole(data, "experiments"),
        running=whole(data, "running"),
        queued=whole(data, "queued"),
        accepted=whole(verdicts, "accepted"),
        champion=word(data, "champion"),
        champion_mean=real(data, "champion_mean"),
        champion_runs=whole(data, "champion_runs"),
        teams=tuple(map(_team, listed(company, "teams"))),
        needs=tuple(map(_need, listed(data, "needs"))),
        waits=tuple(map(_need, listed(data, "waits"))),
        usd=real(data, "usd"),
        usd_cap=real(data, "usd_cap"),
    )


def _team(data: Any) -> Team:
    return Team(
        word(data, "id"), word(data, "name"), word(data, "direction"), word(data, "title"), yes(data, "held")
    )


def _need(data: Any) -> Need:
    return Need(word(data, "kind"), word(data, "text"), word(data, "remedy"), words(data, "subjects"))


@dataclass(frozen=True, slots=True)
class Event:
    """One line of what happened; `at` in seconds since the epoch."""

    seq: int
    at: float = 0.0
    kind: str = ""
    campaign: str = ""
    subject: str = ""
    text: str = ""
    actor: str = ""


def event(data: Any) -> Event:
    """Read one event."""
    return Event(
        seq=whole(data, "seq"),
        at=real(data, "at") or 0.0,
        kind=word(data, "kind"),
        campaign=word(data, "campaign"),
        subject=word(data, "subject"),
        text=word(data, "text"),
        actor=word(data, "actor"),
    )
