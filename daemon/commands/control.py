"""What people ask for: each request becomes a fact, and the answer is what was written."""

from __future__ import annotations

import uuid
from typing import Any

from arctl.daemon import clock, facts
from arctl.daemon.commands.base import Caller, Context, Params, method, plain, the_campaign
from arctl.daemon.commands.fates import progress
from arctl.daemon.reduce.control import can_redo, can_undo
from arctl.daemon.rows import Deed, DirectiveState, Json
from arctl.daemon.state import State
from arctl.errors import RefusedError
from arctl.experiments import cards
from arctl.experiments.errors import ScienceError

#: What each verb is told besides its target and reason: names and types of the parameters.
Shape = dict[str, type[Any]]
_WORDS: Shape = dict.fromkeys(
    ("title", "hypothesis", "axis", "move", "expected", "if_works", "if_fails", "difference"), str
)
#: Requests about a thing that has a name.
TARGETED: dict[str, tuple[str, Shape]] = {
    "pause": (
        "Start nothing more of a target; mode drain: what was begun is judged; freeze: it stands still.",
        {"mode": str, "all": bool},
    ),
    "resume": ("Let it go on.", {"all": bool}),
    "kill": ("End it now, with force at once; what was measured stays recorded.", {"force": bool}),
    "redirect": ("Give a campaign, team or direction an instruction.", {"text": str}),
    "withdraw": ("End a directive, or take a standing direction back.", {}),
    "fork": (
        "Make an experiment the base of a direction.",
        {"text": str, "axes": list, "title": str, "prediction": str, "falsifier": str},
    ),
    "promote": ("Make an experiment champion by hand.", {}),
    "revive": ("Open a dead end again.", {}),
    "move": (
        "Change when a proposal, or an experiment that has not started, comes to run.",
        {"to": str, "other": str},
    ),
    "stash": ("Set what waits aside until it is taken back.", {}),
    "unstash": ("Take back what was stashed.", {}),
    "rerun": ("Try again what ended without a verdict on its merits.", {}),
    "release": ("Let a result in quarantine be judged, or a device in quarantine be used again.", {}),
    "invalidate": ("End an experiment in quarantine as invalid.", {}),
}
#: Requests about a campaign: the only one, where none is named.
OF_CAMPAIGN: dict[str, tuple[str, Shape]] = {
    "direction": (
        "Write down a direction for the next free team.",
        {"text": str, "axes": list, "title": str, "prediction": str, "falsifier": str, "first": list},
    ),
    "say": (
        "Write a post in the forum.",
        {"text": str, "to": str, "parent": str, "links": list, "question": bool},
    ),
    "mark": ("Close an axis, or a range of it.", {"axis": str, "low": float, "high": float}),
    "approve": ("Agree to proposals.", {"proposals": list, "all": bool}),
    "reject": ("Withdraw proposals.", {"proposals": list, "all": bool}),
}


async def _ask(context: Context, caller: Caller, params: Params, verb: str, target: str, data: Any) -> Any:
    ticket = uuid.uuid4().hex
    rev = params.get("if_rev", int, -1)
    fact = facts.Control(
        ticket=ticket,
        verb=verb,
        target=target,
        actor=caller.actor,
        reason=params.get("reason", str, ""),
        if_rev=rev if rev >= 0 else None,
        data=data,
    )
    return await context.engine.ask(ticket, fact, params.get("key", str, ""))


def _told(params: Params, shape: Shape) -> dict[str, Any]:
    """Return those of the parameters that are given."""
    return {name: params.need(name, kind) for name, kind in shape.items() if params.has(name)}


def _targeted(verb: str, said: str, shape: Shape) -> None:
    async def call(context: Context, caller: Caller, params: Params) -> Any:
        data = _told(params, {**shape, "campaign": str})
        return await _ask(context, caller, params, verb, params.need("target", str), data)

    call.__doc__ = said
    method(verb, changes=True)(call)


def _of_campaign(verb: str, said: str, shape: Shape) -> None:
    async def call(context: Context, caller: Caller, params: Params) -> Any:
        data = _told(params, shape)
        # Posts and proposals know their campaign: there it need not be named among several.
        named = data.get("proposals")
        known = str(named[0]) if named else str(data.get("parent") or "")
        target = known or the_campaign(context.state, params.get("campaign", str, "")).id
        return await _ask(context, caller, params, verb, target, data)

    call.__doc__ = said
    method(verb, changes=True)(call)


for _verb, (_said, _shape) in TARGETED.items():
    _targeted(_verb, _said, _shape)
for _verb, (_said, _shape) in OF_CAMPAIGN.items():
    _of_campaign(_verb, _said, _shape)


@method("propose", changes=True)
async def propose(context: Context, caller: Caller, params: Params) -> Any:
    """Put an idea into the queue: `patch` is the text of a card or of a difference, or `values` are set."""
    campaign = the_campaign(context.state, params.get("campaign", str, ""))
    data = _told(params, {**_WORDS, "values": dict, "base": str})
    if params.has("patch"):
        card = _card(params.need("patch", str), params.get("name", str, "") or "the patch")
        words = {name: getattr(card, name) for name in _WORDS if hasattr(card, name)}
        data = {**words, **{name: value for name, value in data.items() if value}, "patch": card.patch}
    return await _ask(context, caller, params, "propose", campaign.id, data)


@method("edit", changes=True)
async def edit(context: Context, caller: Caller, params: Params) -> Any:
    """Write a proposal anew: what is not named stays; `patch` is the text of a card or of a difference."""
    data = _told(params, {**_WORDS, "values": dict, "campaign": str})
    if params.has("patch"):
        text = params.need("patch", str)
        card = _card(text, params.get("name", str, "") or "the patch")
        # A bare difference says nothing of its words; what a card does not say stays, too.
        words = {name: getattr(card, name) for name in _WORDS if hasattr(card, name)}
        said = {name: word for name, word in words.items() if word and cards.has_header(text)}
        data = {**said, **data, "patch": card.patch}
    return await _ask(context, caller, params, "edit", params.need("target", str), data)


def _card(text: str, name: str) -> cards.Card:
    try:
        return cards.read(text, name)
    except ScienceError as error:
        raise RefusedError(error.message, error.remedy) from error


@method("rollback", changes=True)
async def rollback(context: Context, caller: Caller, params: Params) -> Any:
    """Make an earlier champion champion again: the named one, or the one before."""
    name = params.get("target", str, "")
    target = name or the_campaign(context.state, params.get("campaign", str, "")).id
    return await _ask(context, caller, params, "rollback", target, {})


@method("undo", changes=True)
async def undo(context: Context, caller: Caller, params: Params) -> Any:
    """Take a deed back: the named one, or the caller's newest that can be."""
    target = params.get("target", str, "") or params.get("campaign", str, "")
    return await _ask(context, caller, params, "undo", target, {})


@method("redo", changes=True)
async def redo(context: Context, caller: Caller, params: Params) -> Any:
    """Do again what was undone: the named deed, or what the caller took back last."""
    target = params.get("target", str, "") or params.get("campaign", str, "")
    return await _ask(context, caller, params, "redo", target, {})


@method("deeds")
async def deeds(context: Context, caller: Caller, params: Params) -> Any:
    """Return what people did, oldest first, and whether it can be undone, or done again, now."""
    del caller
    name = params.get("campaign", str, "")
    rows = list(context.state.company.deeds.values())
    if name:
        rows = [row for row in rows if row.campaign == the_campaign(context.state, name).id]
    newest, now = rows[-min(params.get("limit", int, 50), 500) :], clock.now()
    return [_deed(context.state, row, now) for row in newest]


def _deed(state: State, row: Deed, now: float) -> Json:
    """Return a deed as it is listed; of its requests only what they are about, for a patch may be long."""
    listed = {name: _named(getattr(row, name)) for name in ("undo", "request")}
    able = {"undoable": can_undo(state, row, now), "redoable": can_redo(state, row, now)}
    return {**plain(row), **listed, **able}


def _named(request: Json) -> Json:
    return {name: request[name] for name in ("verb", "target") if name in request}


@method("directives")
async def directives(context: Context, caller: Caller, params: Params) -> Any:
    """Return a campaign's directives with what each set aside and what came of it, oldest first."""
    del caller
    state = context.state
    campaign = the_campaign(state, params.get("campaign", str, ""))
    live = (DirectiveState.ISSUED, DirectiveState.ACKNOWLEDGED)
    rows = state.company.directives_of(campaign.id)
    if not params.get("all", bool, False):
        rows = [row for row in rows if row.state in live]
    parked = [row for row in state.open_proposals(campaign.id) if row.state == "parked"]
    came = progress(state, rows)
    return {
        "campaign": campaign.id,
        "directives": [
            {
                **plain(row),
                "parked": [item.id for item in parked if f" {row.id}: " in item.reason],
                "progress": came[row.id],
            }
            for row in rows
        ],
    }
