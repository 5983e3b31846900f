"""Move what waits: proposals that are ready, and experiments that wait for their first run."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from arctl.daemon.actions import Step
from arctl.daemon.life.queueing import begun, ready, replaced, unstarted
from arctl.daemon.reduce.control.base import Done, Request, inverse
from arctl.daemon.reduce.control.targets import listed, unknown
from arctl.daemon.rows import Event, Experiment, ExperimentState, Proposal, ProposalState
from arctl.daemon.state import State
from arctl.errors import RefusedError, UsageError

Waiting = Proposal | Experiment

WAYS = ("up", "down", "top", "bottom", "before", "after")
#: Why a proposal in this state has no place in the order, and what gives it one.
NO_PLACE = {
    ProposalState.PENDING: "it waits for a critique: `arctl approve {0}` has it taken without one",
    ProposalState.OBJECTED: "an objection stands: `arctl approve {0}` takes it over that",
    ProposalState.CLAIMED: "{1} is writing it; once that is done it has a place",
    ProposalState.PARKED: "it is set aside: `arctl approve {0}` queues it",
    ProposalState.TAKEN: "it became {2}: `arctl move {2}` moves that, as long as it has not started",
}


def move(request: Request) -> Done:
    """Change when a proposal, or an experiment that has not started, comes to run."""
    row = _waiting(request, request.fact.target)
    way = request.word("to")
    if way not in WAYS:
        msg = f"there is no way to move called {way!r}" if way else "say where it is to stand"
        raise UsageError(msg, f"use one of {', '.join(WAYS)}")
    order = _order(request.state, row)
    names = [item.id for item in order]
    index = _index(request, row, way, names)
    now = names.index(row.id)
    known = {item.id: item for item in order}
    places = {item.id: item.place for item in order}
    new = replaced(names, places, row.id, index, last=way == "bottom")
    # At either end a person's word counts for those to come, too.
    if not new or (index == now and way not in ("top", "bottom")):
        text = f"{row.id} is at place {now + 1} of {len(names)} already"
        return Done(Step(), row.id, row.campaign, {}, {"place": now + 1, "of": len(names)}, text)
    goes = "stays at" if index == now else "goes up to" if index < now else "goes down to"
    text = f"{row.id} {row.title} {goes} place {index + 1} of {len(names)}"
    text += _ahead(request.state, row) + request.because
    data = {"to": way, "place": index + 1, "of": len(names), "was": now + 1}
    kind = f"{_noun(row)}.moved"
    step = Step(events=[Event(kind, row.campaign, row.id, text, request.actor, data)])
    step.rows.extend(_at(known[name], place) for name, place in new.items())
    before = {name: [known[name].place, place] for name, place in new.items()}
    undo = inverse("place", row.id, places=before)
    return Done(step, row.id, row.campaign, undo, {"place": index + 1, "of": len(names)}, text)


def place(request: Request) -> Done:
    """Put a queue back into the order that it had before a move; how that is undone."""
    row = _found(request.state, request.fact.target)
    places = dict(request.fact.data.get("places") or {})
    if row is None or _gone(request.state, row):
        fate = _fate(request.state, row) if row is not None else "is not there"
        msg = f"{request.fact.target} {fate}"
        raise RefusedError(msg, "only what has not started can be moved")
    if row.id in places and row.place != places[row.id][1]:
        msg = f"{row.id} was moved again since"
        raise RefusedError(msg, "undo the later move first, or move it where you want it")
    step = Step()
    for ident, (was, left) in places.items():
        item = _found(request.state, ident)
        # What a later move put somewhere else stays there.
        if item is not None and item.place == left:
            step.rows.append(_at(item, was))
    text = f"{row.id} {row.title} is back at its place in the queue{request.because}"
    step.events.append(Event(f"{_noun(row)}.moved", row.campaign, row.id, text, request.actor))
    return Done(step, row.id, row.campaign)


def to_front(state: State, campaign: str) -> int:
    """Return the place of a proposal that goes ahead of all that wait."""
    return min((row.place for row in state.open_proposals(campaign)), default=0) - 1


def _index(request: Request, row: Waiting, way: str, names: Sequence[str]) -> int:
    now, last = names.index(row.id), len(names) - 1
    match way:
        case "up" if now == 0:
            msg = f"{row.id} is the first already{_ahead(request.state, row)}"
            raise RefusedError(msg, _instead(row))
        case "down" if now == last:
            msg = f"{row.id} is the last already{_behind(request.state, row)}"
            raise RefusedError(msg, _instead(row))
        case "up":
            return now - 1
        case "down":
            return now + 1
        case "top":
            return 0
        case "bottom":
            return last
        case _:
            return _beside(request, row, way, names)


def _beside(request: Request, row: Waiting, way: str, names: Sequence[str]) -> int:
    ident = request.word("other")
    if not ident:
        msg = f"{way} what?"
        raise UsageError(msg, f"name another one, as in `arctl move {row.id} --{way} {row.id[0]}3`")
    other = _waiting(request, ident)
    if other.id == row.id:
        msg = f"{row.id} cannot stand {way} itself"
        raise UsageError(msg, "name another one")
    if type(other) is not type(row):
        msg = f"{row.id} waits to be taken up, {other.id} to be run: these are two queues"
        if isinstance(row, Experiment):
            msg = f"{row.id} waits to be run, {other.id} to be taken up: these are two queues"
        raise RefusedError(msg, "an experiment goes beside an experiment, a proposal beside a proposal")
    if other.campaign != row.campaign:
        msg = f"{row.id} is of {row.campaign}, {other.id} of {other.campaign}"
        raise RefusedError(msg, "each campaign has a queue of its own; the slots are shared out fairly")
    if other.id not in names:
        first, second = (row, other) if isinstance(row, Proposal) and row.urgent else (other, row)
        msg = f"{first.id} goes ahead of {second.id}, whatever their order: a person proposed it"
        raise RefusedError(msg, f"`arctl stash {first.id}` sets it aside meanwhile")
    at, now = names.index(other.id), names.index(row.id)
    index = at if way == "before" else at + 1
    return index - 1 if now < index else index


def _order(state: State, row: Waiting) -> Sequence[Waiting]:
    """Return the queue that a row is moved in: what people proposed goes ahead of the rest, always."""
    if isinstance(row, Experiment):
        return unstarted(state, row.campaign)
    return [item for item in ready(state, row.campaign) if item.urgent == row.urgent]


def _ahead(state: State, row: Waiting) -> str:
    """Say what goes ahead of a whole queue: people's own proposals."""
    if isinstance(row, Experiment) or row.urgent:
        return ""
    people = [item.id for item in ready(state, row.campaign) if item.urgent]
    return f", behind what people proposed ({listed(people)})" if people else ""


def _behind(state: State, row: Waiting) -> str:
    if isinstance(row, Experiment) or not row.urgent:
        return ""
    others = [item.id for item in ready(state, row.campaign) if not item.urgent]
    return f" of what people proposed, which goes ahead of {listed(others)}" if others else ""


def _instead(row: Waiting) -> str:
    return f"`arctl stash {row.id}` sets it aside, `arctl teams {row.campaign}` shows the queue"


def _waiting(request: Request, ident: str) -> Waiting:
    """Return what an id stands for; raises `RefusedError` where it has no place in any queue."""
    state = request.state
    row = _found(state, ident)
    if row is None:
        error = unknown(state, ident, request.campaign)
        raise RefusedError(error.message, f"{error.remedy}; a proposal or a waiting experiment can be moved")
    if isinstance(row, Proposal):
        if row.state is not ProposalState.READY:
            why = NO_PLACE.get(row.state, row.reason or "only what is queued has a place")
            msg = f"{row.id} is {row.state}, and has no place in the queue"
            raise RefusedError(msg, why.format(row.id, row.writer, row.experiment))
        return row
    if row not in unstarted(state, row.campaign):
        msg = f"{row.id} {_fate(state, row)}"
        raise RefusedError(msg, "only what has not started can be moved")
    return row


def _found(state: State, ident: str) -> Waiting | None:
    run = state.runs.get(ident)
    return state.proposals.get(ident) or state.experiments.get(run.experiment if run else ident)


def _gone(state: State, row: Waiting) -> bool:
    if isinstance(row, Proposal):
        return row not in state.open_proposals(row.campaign)
    return row.state is ExperimentState.CLOSED or begun(state, row)


def _fate(state: State, row: Waiting) -> str:
    """Say why something waits for its turn no more, or not yet."""
    if isinstance(row, Proposal):
        return f"became {row.experiment}" if row.experiment else f"is {row.state}"
    if row.state is ExperimentState.CLOSED:
        return f"has ended: {row.verdict}"
    if row.state is ExperimentState.BUILDING:
        return "is being built: it is queued once that is done"
    return "has started" if begun(state, row) else f"is {row.state}"


def _at(row: Waiting, place: int) -> Waiting:
    return dataclasses.replace(row, place=place, rev=row.rev + 1)


def _noun(row: Waiting) -> str:
    return type(row).__name__.lower()
