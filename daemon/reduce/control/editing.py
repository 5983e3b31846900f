"""A person writes a proposal anew before it runs; its author stays, and the same rules bind it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from typing import Any

from arctl.daemon.actions import Step
from arctl.daemon.life.proposing import edited
from arctl.daemon.life.weighing import answered
from arctl.daemon.reduce.control.base import MAX_TEXT, Done, Request, inverse
from arctl.daemon.reduce.control.leases import withdraw
from arctl.daemon.reduce.control.setting import chosen, titled
from arctl.daemon.reduce.control.targets import need_proposals
from arctl.daemon.rows import PROPOSED, Event, Json, Proposal, ProposalState, bump
from arctl.daemon.turns import Draft
from arctl.errors import RefusedError, UsageError
from arctl.text import clean, clean_block

#: The words of a proposal that can be edited one by one.
WORDS = ("title", "hypothesis", "axis", "move", "expected", "if_works", "if_fails", "difference")
#: All that an edit may change, and that undoing it brings back.
EDITED = (*WORDS, "change", "near", "writer", "tries", "reason", "stashed")
REMEDY = "say in what it differs with --difference, or `arctl revive` a dead end: `arctl deadends`"


def edit(request: Request) -> Done:
    """Change the words, the values or the patch of a proposal of which no experiment was made."""
    (row,) = need_proposals(request)
    if row.state not in PROPOSED:
        fate = f"became {row.experiment}" if row.experiment else f"is {row.state}"
        msg = f"{row.id} {fate}"
        raise RefusedError(msg, "propose it anew: `arctl propose`")
    draft = _draft(request, row)
    new, why = edited(request.state, row, draft)
    if why:
        raise RefusedError(f"{row.id} would be {why}" if why.startswith("inside") else why, REMEDY)
    changed = [name for name in (*WORDS, "change") if getattr(new, name) != getattr(row, name)]
    if not changed:
        return Done(Step(), row.id, row.campaign, text=f"{row.id} says so already")
    how = f"edited by {request.actor}{request.because}"
    lifted = answered(request.state, row.id, how)
    new = _placed(new, row, request.actor if "change" in changed else "")
    text = f"{row.id} {new.title} is edited by {request.actor} ({', '.join(changed)}){request.because}"
    data: Json = {"changed": changed, "state": new.state.value, "lifted": [item.id for item in lifted]}
    event = Event("proposal.edited", row.campaign, row.id, text, request.actor, data)
    step = Step(rows=[new, *lifted], events=[event])
    # Whoever was looking at the old words, or writing them down as code, is asked anew.
    step.extend(withdraw(request, row.campaign, lambda turn: turn.subject == row.id, how, gone={row.id}))
    undo = inverse(
        "reword", row.id, before=_before(row, new), state=_state(row).value, left=_mark(new),
        lifted=[item.id for item in lifted],
    )  # fmt: skip
    return Done(step, row.id, row.campaign, undo, {"changed": changed, "state": new.state.value}, text)


def reword(request: Request) -> Done:
    """Bring the words back that a proposal had before an edit; how that is undone."""
    (row,) = need_proposals(request)
    if row.state not in PROPOSED:
        fate = f"became {row.experiment}" if row.experiment else f"is {row.state}"
        msg = f"{row.id} {fate}"
        raise RefusedError(msg, "what has begun, or is over, is not edited")
    data = request.fact.data
    if data.get("left") != _mark(row):
        msg = f"{row.id} was written anew since"
        raise RefusedError(msg, f"`arctl teams {row.id}` shows it, `arctl edit {row.id}` changes it")
    before = dict(data["before"])
    if "near" in before:
        before["near"] = tuple(before["near"])
    # What was set aside since stays so, and goes back to where it stood before the edit.
    state = ProposalState(data["state"])
    if row.state is ProposalState.PARKED:
        state, before["reason"] = row.state, row.reason
        before["stashed"] = {**row.stashed, "was": data["state"]} if row.stashed else {}
    old = bump(row, state=state, **before)
    text = f"{row.id} {old.title} says again what it said before{request.because}"
    event = Event("proposal.edited", row.campaign, row.id, text, request.actor, {"changed": sorted(before)})
    step = Step(rows=[old], events=[event])
    again = set(data.get("lifted") or ())
    step.rows.extend(
        bump(item, lifted="")
        for item in request.state.company.critiques_on(row.id)
        if item.id in again and item.lifted
    )
    step.extend(withdraw(request, row.campaign, lambda turn: turn.subject == row.id, text, gone={row.id}))
    return Done(step, row.id, row.campaign)


def _draft(request: Request, row: Proposal) -> Draft:
    """Return what a proposal is to say: what the request does not name stays as it was."""
    data = request.fact.data
    words: dict[str, Any] = {name: getattr(row, name) for name in (*WORDS, "cost", "source")}
    change, values = row.change, data.get("values")
    if values is not None and data.get("patch") is not None:
        raise UsageError("a proposal is either a patch or values", "give a file, or --set NAME=VALUE")
    if values is not None:
        change = _values(request, row, values)
        base = request.state.experiments[row.base].params
        words["title"], words["move"] = titled(base, change["values"])
        if row.change.get("kind") != "params" or set(row.change["values"]) != set(change["values"]):
            words["axis"] = "+".join(sorted(change["values"]))
    elif data.get("patch") is not None:
        change = {"kind": "patch", "patch": str(data["patch"])}
    for name in WORDS:
        if data.get(name) is not None:
            words[name] = clean_block(str(data[name])).strip()[:MAX_TEXT]
    if not clean(words["title"]).strip():
        raise UsageError("a proposal needs a title", "say in a few words what it changes")
    return Draft(change=change, **words)


def _values(request: Request, row: Proposal, values: Any) -> Json:
    """Return a change that sets values; those of before that are not named stay, null lets one go."""
    if not isinstance(values, dict) or not values:
        raise UsageError("values are a table of names", 'as in {"LR": 0.03}')
    known = (row.change.get("values") if row.change.get("kind") == "params" else None) or {}
    for name in values:
        if values[name] is None and name not in known:
            sets = ", ".join(sorted(known)) or "no values"
            msg = f"{row.id} does not set {name}"
            raise RefusedError(msg, f"it sets {sets}")
    whole = {name: value for name, value in {**known, **values}.items() if value is not None}
    if not whole:
        msg = f"nothing would be left of {row.id}"
        raise RefusedError(msg, f"`arctl reject {row.id}` withdraws it")
    base = request.state.experiments[row.base]
    return {"kind": "params", "values": chosen(request.state.spec(row.campaign), base.params, whole)}


def _placed(new: Proposal, row: Proposal, writer: str) -> Proposal:
    """Return an edited proposal where it stands now: objections are answered, what was set aside stays so."""
    if writer and row.agent != writer:
        new = dataclasses.replace(new, writer=writer)
    if row.state is ProposalState.PARKED:
        if row.stashed.get("was") == ProposalState.OBJECTED:
            new = dataclasses.replace(new, stashed={**row.stashed, "was": ProposalState.READY.value})
        return dataclasses.replace(new, tries=0)
    waits = row.state is ProposalState.PENDING
    state = ProposalState.PENDING if waits else ProposalState.READY
    return dataclasses.replace(new, state=state, reason="", tries=0)


def _before(row: Proposal, new: Proposal) -> Json:
    """Return what an edit changed, as it was."""
    was = {name: getattr(row, name) for name in EDITED if getattr(row, name) != getattr(new, name)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in was.items()}


def _state(row: Proposal) -> ProposalState:
    """Return the state to which an edit is undone: whoever was writing it has let go of it."""
    return ProposalState.READY if row.state is ProposalState.CLAIMED else row.state


def _mark(row: Proposal) -> str:
    """Return a mark of what a proposal says, to tell whether it was written anew since."""
    said = [getattr(row, name) for name in (*WORDS, "change")]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]
