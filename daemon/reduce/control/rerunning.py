"""Try again what ended by accident; what was judged is not asked again until it passes."""

from __future__ import annotations

import dataclasses

from arctl.daemon.life.proposing import admit
from arctl.daemon.reduce.control.base import Done, Request, inverse
from arctl.daemon.reduce.control.moving import to_front
from arctl.daemon.reduce.control.targets import need_experiment
from arctl.daemon.rows import (
    ACCIDENTS,
    JUDGED,
    PROPOSED,
    Experiment,
    ExperimentState,
    Proposal,
    ProposalState,
    Verdict,
)
from arctl.daemon.turns import Draft
from arctl.errors import RefusedError
from arctl.experiments import surface

#: What is said of verdicts that are no accidents.
SETTLED = {
    Verdict.BASELINE: "it is the baseline: its runs are repeated as often as they are needed",
    Verdict.DUPLICATE: "it never ran: {same} had the same change, and its result stands for both",
    Verdict.REBASED: "it won, and was tried again on the champion that came meanwhile",
    Verdict.BY_HAND: "a person made it champion",
}


def rerun(request: Request) -> Done:
    """Put the change of an experiment without a verdict to the front of the queue again."""
    row = need_experiment(request)
    origin = _origin(request, row)
    first = origin.rerun or row.id
    _once(request, row, first)
    state, campaign = request.state, request.state.campaigns[row.campaign]
    base = row.base if row.forked else campaign.champion
    _changes(request, origin, base)
    words = {
        field.name: getattr(origin, field.name)
        for field in dataclasses.fields(Draft)
        if field.name not in ("source", "difference")
    }
    draft = Draft(**words, difference=f"{row.id} again, which ended {row.verdict}")
    step = admit(
        state, request.ids, campaign, draft, author=request.actor, brain="human", base=base, now=request.now,
        urgent=True,
    )  # fmt: skip
    made = next(item for item in step.rows if isinstance(item, Proposal))
    if made.state is ProposalState.REFUSED:
        raise RefusedError(made.reason, "`arctl revive` opens a dead end again: `arctl deadends`")
    # Who asks for it agrees to it.
    mine = dataclasses.replace(
        made, approved=True, pinned=row.forked, of=origin.id, rerun=first, place=to_front(state, campaign.id)
    )
    step.rows[:] = [mine if item is made else item for item in step.rows]
    on = f"on {base}" if row.forked else f"on today's champion {base}"
    text = f"{row.id} {row.title} ({row.verdict}) is queued again as {mine.id}, in front, {on}"
    if row.values:
        text += f"; what was measured of it ({len(row.values)}) does not count"
    text += request.because
    step.events[:] = [
        dataclasses.replace(event, text=text, data={**event.data, "rerun": row.id}) for event in step.events
    ]
    undo = inverse("reject", mine.id)
    return Done(step, mine.id, campaign.id, undo, {"proposal": mine.id, "rerun": row.id}, text)


def _origin(request: Request, row: Experiment) -> Proposal:
    """Return the proposal of an experiment that ended by accident; raises `RefusedError` for others."""
    show = f"`arctl show {row.id}` says how"
    if row.state is not ExperimentState.CLOSED:
        msg = f"{row.id} has not ended"
        raise RefusedError(msg, f"`arctl kill {row.id}` ends it")
    if row.verdict in JUDGED:
        msg = f"{row.id} was judged: {row.verdict}; asking again until it passes sells luck"
        remedy = f'`arctl fork {row.id} "…"` builds on it, `arctl promote {row.id}` is your word against it'
        if row.verdict == Verdict.ACCEPTED:
            remedy = f"{show}; a champion gets fresh runs by itself"
        raise RefusedError(msg, remedy)
    origin = request.state.proposals.get(row.proposal)
    if origin is None or row.verdict not in ACCIDENTS:
        why = SETTLED.get(Verdict(row.verdict), "it was no accident").format(same=row.same_as)
        msg = f"{row.id} is not run again: {why}"
        raise RefusedError(msg, f"`arctl show {row.same_as or row.id}`")
    return origin


def _once(request: Request, row: Experiment, first: str) -> None:
    """Raise `RefusedError` where it is being tried again already, or was judged by such a try."""
    state = request.state
    for item in state.proposals.values():
        if item.rerun != first:
            continue
        again = state.experiments.get(item.experiment)
        if again is None:
            if item.state in PROPOSED:
                msg = f"{row.id} is queued again already, as {item.id}"
                raise RefusedError(msg, f"`arctl move {item.id} --top` has it run sooner")
        elif again.state is not ExperimentState.CLOSED:
            msg = f"{row.id} is tried again already, as {again.id}"
            raise RefusedError(msg, f"`arctl show {again.id}` says how far it is")
        elif again.verdict not in ACCIDENTS:
            msg = f"{row.id} was tried again as {again.id}, which is {again.verdict}"
            raise RefusedError(msg, f"`arctl show {again.id}` says how it was judged")


def _changes(request: Request, origin: Proposal, base: str) -> None:
    """Raise `RefusedError` where the base has these values by now."""
    values, known = origin.change.get("values"), request.state.experiments[base].params
    if origin.change.get("kind") != "params" or not isinstance(values, dict):
        return
    if all(name in known and surface.same(known[name], value) for name, value in values.items()):
        msg = f"{base} has these values by now: it would change nothing"
        raise RefusedError(msg, "`arctl champion` shows it")
