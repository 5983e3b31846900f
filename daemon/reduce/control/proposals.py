"""A person's proposals, and a person's word on those of others."""

from __future__ import annotations

import dataclasses
from typing import Any

from arctl.daemon.actions import Step
from arctl.daemon.life.proposing import admit
from arctl.daemon.reduce.control.base import Done, Request, inverse
from arctl.daemon.reduce.control.kills import give_up
from arctl.daemon.reduce.control.leases import withdraw
from arctl.daemon.reduce.control.setting import chosen, titled
from arctl.daemon.reduce.control.targets import listed, need_campaign, need_proposals
from arctl.daemon.rows import (
    PROPOSED,
    Campaign,
    Critique,
    Event,
    Experiment,
    Proposal,
    ProposalState,
    Stance,
    bump,
)
from arctl.daemon.turns import Draft
from arctl.errors import RefusedError, UsageError

#: States in which a person's word takes a proposal on: an objection is overruled, what was set aside returns.
STUCK = frozenset({ProposalState.PENDING, ProposalState.OBJECTED, ProposalState.PARKED})


def propose(request: Request) -> Done:
    """Put a person's idea into the queue, in front of those of agents."""
    campaign = need_campaign(request)
    base = _base(request, campaign)
    step = admit(
        request.state,
        request.ids,
        campaign,
        _draft(request, campaign, base),
        author=request.actor,
        brain="human",
        base=base.id,
        now=request.now,
        urgent=True,
    )
    row = next((row for row in step.rows if isinstance(row, Proposal)), None)
    if row is None:
        msg = f"{request.word('source')} was proposed before"
        raise RefusedError(msg, "a card is drawn once; give it another file name to try it again")
    if row.state is ProposalState.REFUSED:
        raise RefusedError(row.reason, "`arctl revive` opens a dead end again: `arctl deadends`")
    # Who proposes agrees: where nothing runs without a person's word, this was one.
    mine = dataclasses.replace(row, approved=True, pinned=bool(request.word("base")))
    rows = [mine if item is row else item for item in step.rows]
    step = dataclasses.replace(step, rows=rows)
    return Done(
        step, row.id, campaign.id, inverse("reject", row.id), {"proposal": row.id, "state": row.state}
    )


def _base(request: Request, campaign: Campaign) -> Experiment:
    ident = request.word("base") or campaign.champion
    row = request.state.experiments.get(ident)
    if row is None or row.campaign != campaign.id or not row.commit:
        msg = f"{ident} is no experiment of {campaign.id} to build on"
        raise RefusedError(msg, "leave --base out to build on the champion")
    return row


def _draft(request: Request, campaign: Campaign, base: Experiment) -> Draft:
    values = request.fact.data.get("values")
    patch = request.fact.data.get("patch")
    if bool(values) == bool(patch):
        raise UsageError("a proposal is either a patch or values", "give a file, or --set NAME=VALUE")
    words = {
        name: request.word(name)
        for name in ("hypothesis", "expected", "if_works", "if_fails", "difference", "source")
    }
    if patch:
        change: dict[str, Any] = {"kind": "patch", "patch": str(patch)}
        title = request.word("title") or request.word("source") or "a patch"
        return Draft(
            title=title, change=change, axis=request.word("axis"), move=request.word("move"), **words
        )
    if not isinstance(values, dict):
        raise UsageError("values are a table of names", 'as in {"LR": 0.03}')
    spec = request.state.spec(campaign.id)
    found = chosen(spec, base.params, values)
    axis = request.word("axis") or "+".join(sorted(found))
    title, move = titled(base.params, found)
    return Draft(
        title=request.word("title") or title,
        change={"kind": "params", "values": found},
        axis=axis,
        move=request.word("move") or move,
        **words,
    )


def approve(request: Request) -> Done:
    """Agree to proposals: they may run; named ones also over an objection, and out of the parking lot."""
    everything = bool(request.fact.data.get("all"))
    campaign, rows = _named(request, everything=everything)
    if everything:
        rows = [row for row in rows if row.state not in (ProposalState.OBJECTED, ProposalState.PARKED)]
        rows = [row for row in rows if not row.approved]
    step, before = Step(), {}
    for row in rows:
        if row.state not in PROPOSED:
            msg = f"{row.id} is {row.state}"
            raise RefusedError(msg, _why(row))
        if row.approved and row.state not in STUCK:
            continue
        before[row.id] = [row.state.value, row.approved, row.reason, row.stashed]
        step.extend(_approved(request, row))
    if everything and not rows:
        msg = f"nothing waits for approval in {campaign.id}"
        raise RefusedError(msg, "`arctl status` shows the queue")
    undo = inverse("restore", campaign.id, states=before)
    target = rows[0].id if len(rows) == 1 else campaign.id
    text = _told(list(before), f"approved by {request.actor}{request.because}")
    again = inverse("approve", campaign.id, proposals=list(before))
    return Done(step, target, campaign.id, undo, {"proposals": list(before)}, text, again)


def _told(names: list[str], done: str) -> str:
    """Say what was done to several proposals, each by its id; of one its own event tells more."""
    return f"{len(names)} proposals are {done}: {', '.join(names)}" if len(names) > 1 else ""


def _approved(request: Request, row: Proposal) -> Step:
    placed = ProposalState.READY if row.state in STUCK else row.state
    reason = "" if row.state in STUCK else row.reason
    new = bump(row, approved=True, state=placed, reason=reason, stashed={})
    over = [
        item
        for item in request.state.company.critiques_on(row.id)
        if not item.lifted and item.stance is not Stance.ENDORSE
    ]
    overruled = f" over {listed(item.id for item in over)}" if over else ""
    text = f"{row.id} {row.title} is approved by {request.actor}{overruled}{request.because}"
    event = Event("proposal.approved", row.campaign, row.id, text, request.actor, {"was": row.state.value})
    step = Step(rows=[new], events=[event])
    step.rows.extend(bump(item, lifted=f"{request.actor} approved it") for item in over)
    why = request.reason or "approved by hand"
    seen = Critique(
        request.ids.new("c")[0], row.campaign, request.now, row.id, request.actor, Stance.ENDORSE, why,
        by_hand=True,
    )  # fmt: skip
    step.rows.append(seen)
    return step


def reject(request: Request) -> Done:
    """Withdraw proposals of which no experiment was made yet."""
    campaign, rows = _named(request, everything=bool(request.fact.data.get("all")))
    for row in rows:
        if row.state not in PROPOSED:
            msg = f"{row.id} is {row.state}"
            raise RefusedError(msg, _why(row))
    if not rows:
        msg = f"no proposal is open in {campaign.id}"
        raise RefusedError(msg, "`arctl status` shows the queue")
    reason = f"rejected by {request.actor}{request.because}"
    step = give_up(request, rows, reason)
    gone = {row.id for row in rows}
    step.extend(withdraw(request, campaign.id, lambda turn: turn.subject in gone, reason, gone=gone))
    states = {
        row.id: [
            (ProposalState.READY if row.state is ProposalState.CLAIMED else row.state).value,
            row.approved,
            row.reason,
            row.stashed,
        ]
        for row in rows
    }
    undo = inverse("restore", campaign.id, states=states)
    target = rows[0].id if len(rows) == 1 else campaign.id
    text = _told(list(states), reason)
    again = inverse("reject", campaign.id, proposals=list(states))
    return Done(step, target, campaign.id, undo, {"proposals": list(states)}, text, again)


def restore(request: Request) -> Done:
    """Put proposals back to where they stood before a person's word on them; how that is undone."""
    campaign = need_campaign(request)
    step, back, moved = Step(), list[str](), list[str]()
    for ident, (state, approved, *said) in dict(request.fact.data.get("states") or {}).items():
        row = request.state.proposals.get(ident)
        if row is None or row.state in (ProposalState.TAKEN, ProposalState.REFUSED):
            moved.append(f"{ident} became {row.experiment}" if row and row.experiment else f"{ident} is over")
            continue
        wanted = ProposalState(state)
        if wanted is ProposalState.CLAIMED:
            # Whoever was at it then may still be, or not any more; nobody is put back to work on it.
            wanted = row.state if row.state in PROPOSED else ProposalState.READY
        if row.state is ProposalState.CLAIMED and wanted is not ProposalState.CLAIMED:
            step.extend(_taken_back(request, row))
        if wanted is ProposalState.OBJECTED and not _objected(request, row):
            wanted = ProposalState.PENDING
        # Where it stands as it did, it stands so for the same reason.
        why = str(said[0]) if said and wanted.value == state else ""
        stashed = said[1] if len(said) > 1 and wanted is ProposalState.PARKED else {}
        new = bump(row, state=wanted, approved=bool(approved), reason=why, stashed=stashed)
        step.rows.append(new)
        back.append(f"{row.id} is {wanted} again")
        text = f"{row.id} {row.title} is {wanted} again{request.because}"
        step.events.append(Event("proposal.restored", row.campaign, row.id, text, request.actor))
    if not step.rows:
        raise RefusedError("experiments were made of them meanwhile", "`arctl kill` ends an experiment")
    text = ", ".join(back) + (f"; meanwhile {', '.join(moved)}" if moved else "") + request.because
    answer = {
        "restored": [entry.split()[0] for entry in back],
        "moved": [entry.split()[0] for entry in moved],
    }
    return Done(step, campaign.id, campaign.id, {}, answer, text)


def _taken_back(request: Request, row: Proposal) -> Step:
    """End the turn of whoever was writing a proposal: the word under which it was taken up is undone."""
    reason = f"{request.actor} took back a word on {row.id}{request.because}"
    return withdraw(request, row.campaign, lambda turn: turn.subject == row.id, reason, gone={row.id})


def _objected(request: Request, row: Proposal) -> bool:
    return any(
        item.stance is not Stance.ENDORSE and not item.lifted
        for item in request.state.company.critiques_on(row.id)
    )


def _named(request: Request, *, everything: bool) -> tuple[Campaign, list[Proposal]]:
    if everything:
        campaign = need_campaign(request)
        return campaign, request.state.open_proposals(campaign.id)
    rows = need_proposals(request)
    campaigns = {row.campaign for row in rows}
    if len(campaigns) > 1:
        raise RefusedError("these are proposals of several campaigns", "name those of one at a time")
    return request.state.campaigns[rows[0].campaign], rows


def _why(row: Proposal) -> str:
    if row.state is ProposalState.TAKEN:
        return f"it became {row.experiment}: `arctl show {row.experiment}`"
    return row.reason or "only open ones can be"
