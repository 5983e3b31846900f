"""What the daemon answers, as frozen rows: read with care, and every text in them made harmless here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from arctl.text import clean


def word(data: Any, name: str) -> str:
    """Return a text of a reply, cleaned; "" where there is none."""
    value = data.get(name) if isinstance(data, dict) else None
    return clean(value) if isinstance(value, str) else ""


def real(data: Any, name: str) -> float | None:
    """Return a finite number of a reply; None where there is none."""
    value = data.get(name) if isinstance(data, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def whole(data: Any, name: str) -> int:
    """Return a count of a reply; 0 where there is none."""
    return int(real(data, name) or 0)


def listed(data: Any, name: str) -> list[Any]:
    """Return a list of a reply; an empty one where there is none."""
    value = data.get(name) if isinstance(data, dict) else None
    return value if isinstance(value, list) else []


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
    )


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign as `status` tells it."""

    id: str
    state: str = ""
    reason: str = ""
    metric: str = ""
    goal: str = "minimize"
    experiments: int = 0
    open: int = 0
    running: int = 0
    queued: int = 0
    accepted: int = 0
    champion: str = ""
    champion_title: str = ""
    champion_mean: float | None = None
    champion_runs: int = 0


def campaign(data: Any) -> Campaign:
    """Read one entry of `status`."""
    verdicts = data.get("verdicts") if isinstance(data, dict) else None
    return Campaign(
        id=word(data, "campaign"),
        state=word(data, "state"),
        reason=word(data, "reason"),
        metric=word(data, "metric"),
        goal=word(data, "goal"),
        experiments=whole(data, "experiments"),
        open=whole(data, "open"),
        running=whole(data, "running"),
        queued=whole(data, "queued"),
        accepted=whole(verdicts, "accepted"),
        champion=word(data, "champion"),
        champion_title=word(data, "champion_title"),
        champion_mean=real(data, "champion_mean"),
        champion_runs=whole(data, "champion_runs"),
    )


@dataclass(frozen=True, slots=True)
class Experiment:
    """One line of `experiments`; `effect` is oriented, positive is better."""

    id: str
    number: int
    campaign: str = ""
    title: str = ""
    state: str = ""
    verdict: str = ""
    reason: str = ""
    base: str = ""
    mean: float | None = None
    runs: int = 0
    effect: float | None = None
    held: bool = False
    running: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()

    @property
    def kept(self) -> bool:
        """Whether it was, or is, a champion."""
        return self.verdict in ("accepted", "baseline")


def experiment(data: Any) -> Experiment:
    """Read one entry of `experiments`."""
    ident = word(data, "id")
    digits = ident[1:]
    return Experiment(
        id=ident,
        number=int(digits) if digits.isdigit() else 0,
        campaign=word(data, "campaign"),
        title=word(data, "title"),
        state=word(data, "state"),
        verdict=word(data, "verdict"),
        reason=word(data, "reason"),
        base=word(data, "base"),
        mean=real(data, "mean"),
        runs=whole(data, "runs"),
        effect=real(data, "effect"),
        held=isinstance(data, dict) and data.get("held") is True,
        running=tuple(clean(str(item)) for item in listed(data, "running")),
        devices=tuple(clean(str(item)) for item in listed(data, "devices")),
    )


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
