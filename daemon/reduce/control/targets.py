"""What an id or a name stands for; where it stands for nothing, what there is instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from arctl.daemon.marks import Device
from arctl.daemon.reduce.control.base import Request
from arctl.daemon.rows import (
    Agent,
    Campaign,
    Direction,
    Experiment,
    ExperimentState,
    Proposal,
    Run,
    RunState,
    Team,
)
from arctl.daemon.state import State
from arctl.errors import RefusedError

Target = Campaign | Experiment | Run | Agent | Team | Direction | Device

#: Names that are listed at most where one was not found.
MAX_LISTED = 8

#: What the letter of an id stands for, and the command that lists such things.
NOUNS = {
    "e": ("experiment", "`arctl experiments` lists them"),
    "r": ("run", "`arctl show` lists an experiment's runs"),
    "a": ("agent", "`arctl agents` lists them"),
    "t": ("team", "`arctl teams` lists them"),
    "h": ("direction", "`arctl teams` lists them"),
    "p": ("proposal", "`arctl status` counts them"),
    "d": ("dead end", "`arctl deadends` lists them"),
    "m": ("post", "`arctl forum` lists them"),
    "i": ("directive", "`arctl directives` lists them"),
    "u": ("deed", "`arctl undo --list` lists them"),
}


def noun(target: Target) -> str:
    """Return what a target is called."""
    return "GPU" if isinstance(target, Device) and target.kind == "gpu" else type(target).__name__.lower()


def campaign_of(target: Target) -> str:
    """Return the campaign of a target; a device belongs to none."""
    if isinstance(target, Campaign):
        return target.id
    return "" if isinstance(target, Device) else target.campaign


def rev_of(target: Any) -> int:
    """Return a row's revision; a device has none."""
    return int(getattr(target, "rev", 0))


def find(state: State, ident: str, campaign: str = "") -> Target | None:
    """Return what an id, an agent's name, a campaign's name or a device's number stands for.

    Raises `RefusedError` where agents of several campaigns have that name.
    """
    company = state.company
    rows: tuple[Mapping[str, Target], ...] = (
        state.campaigns, state.experiments, state.runs, company.teams, company.directions, company.agents,
    )  # fmt: skip
    for table in rows:
        if ident in table:
            return table[ident]
    called = [
        agent
        for name in ([campaign] if campaign else state.campaigns)
        if (agent := company.named(name, ident)) is not None
    ]
    if len(called) > 1:
        homes = ", ".join(agent.campaign for agent in called)
        msg = f"agents of several campaigns are called {ident}: {homes}"
        raise RefusedError(msg, f"use the id ({', '.join(a.id for a in called)}), or say --campaign")
    return called[0] if called else device(state, ident)


def device(state: State, ident: str) -> Device | None:
    """Return a device by its id, its number, or its kind with its number."""
    if ident in state.devices:
        return state.devices[ident]
    for row in state.devices.values():
        # Simulated cards and MIG instances are called GPUs as well.
        kinds = {row.kind} if row.kind == "cpu" else {row.kind, "gpu"}
        called = {str(row.index), row.name.partition(" ")[0]}
        if ident in called | {f"{kind}{mark}{row.index}" for kind in kinds for mark in ("", ":")}:
            return row
    return None


def need(request: Request) -> Target:
    """Return what a request is about; raises `RefusedError` that says what there is."""
    found = find(request.state, request.fact.target, request.campaign)
    if found is None:
        raise unknown(request.state, request.fact.target, request.campaign)
    return found


def need_campaign(request: Request) -> Campaign:
    """Return the campaign that a request is about: itself, or the one that the target belongs to."""
    found = need(request)
    if isinstance(found, Device):
        msg = f"{found.id} is a device, not a campaign"
        raise RefusedError(msg, "campaigns: " + listed(request.state.campaigns))
    return request.state.campaigns[campaign_of(found)]


def need_experiment(request: Request) -> Experiment:
    """Return the experiment that a request is about; a run stands for its experiment."""
    found = request.state.runs.get(request.fact.target)
    ident = found.experiment if found else request.fact.target
    if ident not in request.state.experiments:
        msg = f"there is no experiment {ident!r}"
        raise RefusedError(msg, _instead(request.state.experiments, NOUNS["e"][1]))
    return request.state.experiments[ident]


def still_going(state: State, row: Experiment) -> list[Run]:
    """Return the runs of an experiment that have not ended; raises `RefusedError` where all of it is over."""
    live = [run for run in state.runs_of(row.id) if run.state is not RunState.ENDED]
    if row.state is ExperimentState.CLOSED and not live:
        raise _over(row.id, row.verdict)
    return live


def still_under_way(row: Run) -> None:
    """Raise `RefusedError` where a run has ended."""
    if row.state is RunState.ENDED:
        raise _over(row.id, row.outcome)


def _over(ident: str, how: str) -> RefusedError:
    return RefusedError(f"{ident} has ended: {how}", f"`arctl show {ident}` says how")


def need_proposals(request: Request) -> list[Proposal]:
    """Return the proposals that a request names, each once."""
    found = []
    for ident in request.words("proposals") or (request.fact.target,):
        row = request.state.proposals.get(ident)
        if row is None:
            waiting = [
                item.id for name in request.state.campaigns for item in request.state.open_proposals(name)
            ]
            msg = f"there is no proposal {ident!r}"
            raise RefusedError(msg, _instead(waiting, "none is open at the moment"))
        found.append(row)
    return found


def unknown(state: State, ident: str, campaign: str = "") -> RefusedError:
    """Return the refusal of a name that stands for nothing."""
    letter, number = ident[:1], ident[1:]
    if letter in NOUNS and number.isdigit():
        name, where = NOUNS[letter]
        tables: dict[str, Mapping[str, Any]] = {
            "e": state.experiments, "r": state.runs, "a": state.company.agents, "t": state.company.teams,
            "h": state.company.directions, "p": state.proposals, "d": state.dead_ends,
            "m": state.company.posts, "i": state.company.directives, "u": state.company.deeds,
        }  # fmt: skip
        table = tables[letter]
        if ident in table:
            return RefusedError(f"{ident} is a {name}, which this is not for", "see `arctl COMMAND --help`")
        return RefusedError(f"there is no {name} {ident!r}", _instead(table, where))
    names = [
        *state.campaigns,
        *(agent.name for name in state.campaigns for agent in state.company.agents_of(name)),
        *(f"{row.kind}{row.index}" for row in state.devices.values()),
    ]
    close = difflib.get_close_matches(ident, names, n=3)
    guess = f"did you mean {' or '.join(close)}? " if close else ""
    remedy = f"{guess}see `arctl status` and `arctl experiments`; ids look like e12, r40, t1, h2"
    here = f" in {campaign}" if campaign else ""
    return RefusedError(
        f"there is no campaign, experiment, run, team or agent called {ident!r}{here}", remedy
    )


def _instead(names: Iterable[str], where: str) -> str:
    known = list(names)
    return f"there are {listed(known)}" if known else f"there is none yet; {where}"


def listed(names: Iterable[str]) -> str:
    """Write names for a sentence: the newest few of many."""
    known = list(names)
    few = ", ".join(known[-MAX_LISTED:])
    return f"…, {few}" if len(known) > MAX_LISTED else few or "none"
