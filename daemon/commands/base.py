"""The registry of methods, what they are given, and how their parameters are checked."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from arctl.daemon.devices import Devices
from arctl.daemon.engine import Engine
from arctl.daemon.housekeeping import Storage
from arctl.daemon.rows import Campaign, Experiment, Run
from arctl.daemon.state import State
from arctl.daemon.store import Reader
from arctl.daemon.workspace import Archive
from arctl.errors import RefusedError, UsageError
from arctl.paths import Home
from arctl.protocol import Message

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Context:
    """What a request may reach."""

    home: Home
    engine: Engine
    reader: Reader
    archive: Archive
    devices: Devices
    storage: Storage
    epoch: str
    started: float
    #: One lock for each command with a key that is being carried out.
    turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    @property
    def state(self) -> State:
        """What is; to be read, never changed."""
        return self.engine.state


@dataclass(slots=True)
class Caller:
    """One connection's other end."""

    actor: str
    greeted: bool = False
    readonly: bool = False


Method = Callable[[Context, Caller, "Params"], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Registered:
    """A method and whether it changes something."""

    call: Method
    changes: bool


METHODS: dict[str, Registered] = {}


def method(name: str, *, changes: bool = False) -> Callable[[Method], Method]:
    """Register a method under its name on the wire."""

    def register(call: Method) -> Method:
        METHODS[name] = Registered(call, changes)
        return call

    return register


class Params:
    """A request's parameters, read by type; raises `UsageError` that names the parameter."""

    def __init__(self, values: Message) -> None:
        self._values = values

    def has(self, name: str) -> bool:
        """Tell whether a parameter is there."""
        return self._values.get(name) is not None

    def get(self, name: str, kind: type[T], default: T) -> T:
        """Return a parameter, or the default where it is absent."""
        value = self._values.get(name, default)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            msg = f"parameter {name} must be {kind.__name__}, not {type(value).__name__}"
            raise UsageError(msg)
        return value

    def need(self, name: str, kind: type[T]) -> T:
        """Return a parameter that must be there."""
        if name not in self._values:
            msg = f"parameter {name} is missing"
            raise UsageError(msg)
        found: T = self.get(name, kind, self._values[name])
        return found


def plain(row: Any) -> Message:
    """Return a row as JSON data."""
    return dataclasses.asdict(row)


def shallow(row: Any) -> Message:
    """Return a row as data to send at once: what is in it is not copied, and not to be changed."""
    return {name: getattr(row, name) for name in row.__slots__}


def the_campaign(state: State, name: str) -> Campaign:
    """Return a campaign by name; without a name the only one, or the one that runs."""
    if name:
        if name not in state.campaigns:
            known = ", ".join(sorted(state.campaigns)) or "none yet"
            msg = f"there is no campaign {name!r}"
            raise RefusedError(msg, f"campaigns: {known}")
        return state.campaigns[name]
    rows = list(state.campaigns.values())
    if not rows:
        msg = "there is no campaign yet"
        raise RefusedError(msg, "start one: `arctl start PATH`, or try `arctl demo`")
    running = [row for row in rows if row.state == "running"]
    if len(rows) > 1 and len(running) != 1:
        msg = "there are several campaigns"
        raise RefusedError(msg, "say which: --campaign " + "|".join(sorted(state.campaigns)))
    return running[0] if running else rows[0]


def the_experiment(state: State, ident: str) -> Experiment:
    """Return an experiment by its id, or by that of one of its runs; a campaign stands for its champion."""
    if run := state.runs.get(ident):
        ident = run.experiment
    if campaign := state.campaigns.get(ident):
        ident = campaign.champion
    if ident not in state.experiments:
        msg = f"there is no experiment {ident!r}"
        raise RefusedError(msg, "`arctl experiments` lists them; their ids look like e12")
    return state.experiments[ident]


def the_run(state: State, ident: str) -> Run:
    """Return a run by its id, or the newest started run of an experiment."""
    if run := state.runs.get(ident):
        return run
    runs = state.runs_of(the_experiment(state, ident).id)
    begun = [run for run in runs if run.started is not None] or runs
    if not begun:
        msg = f"{ident} has no run"
        raise RefusedError(msg, f"`arctl show {ident}` says why")
    return begun[-1]
