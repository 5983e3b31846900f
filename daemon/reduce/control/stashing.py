"""Stash what waits, and take it back: it is kept, and neither run, looked at nor counted meanwhile."""

from __future__ import annotations

import dataclasses

from arctl.daemon.actions import Step
from arctl.daemon.life.queueing import begun
from arctl.daemon.life.weighing import blocked
from arctl.daemon.reduce.control import holds
from arctl.daemon.reduce.control.base import Done, Request, inverse
from arctl.daemon.reduce.control.leases import withdraw
from arctl.daemon.reduce.control.targets import listed, unknown
from arctl.daemon.rows import PROPOSED, Event, Experiment, ExperimentState, Proposal, ProposalState, bump
from arctl.errors import RefusedError


def stash(request: Request) -> Done:
    """Set a proposal, or an experiment that has not started, aside until a person takes it back."""
    row = _target(request)
    if isinstance(row, Experiment):
        return _held(request, row)
    if row.stashed and row.state is ProposalState.PARKED:
        return Done(Step(), row.id, row.campaign, text=f"{row.id} is {row.reason} already")
    if row.state not in PROPOSED:
        fate = f"became {row.experiment}" if row.experiment else f"is {row.state}"
        remedy = f"`arctl stash {row.experiment}`, as long as it has not started" if row.experiment else ""
        msg = f"{row.id} {fate}"
        raise RefusedError(msg, remedy or "only what is queued can be stashed")
    if row.state is ProposalState.PARKED:
        msg = f"{row.id} is set aside already: {row.reason or 'it waits for a person'}"
        raise RefusedError(msg, f"`arctl approve {row.id}` queues it, `arctl reject {row.id}` gives it up")
    # Whoever was writing it lets go.
    was = ProposalState.READY if row.state is ProposalState.CLAIMED else row.state
    reason = f"stashed by {request.actor}{request.because}"
    stashed = {"by": request.actor, "why": request.reason, "at": request.now, "was": was.value}
    new = bump(row, state=ProposalState.PARKED, reason=reason, stashed=stashed)
    text = f"{row.id} {row.title} is {reason}"
    event = Event("proposal.stashed", row.campaign, row.id, text, request.actor, {"was": was.value})
    step = Step(rows=[new], events=[event])
    step.extend(withdraw(request, row.campaign, lambda turn: turn.subject == row.id, reason, gone={row.id}))
    return Done(step, row.id, row.campaign, inverse("unstash", row.id), {"state": new.state.value}, text)


def unstash(request: Request) -> Done:
    """Take back what was stashed: it stands where it stood."""
    row = _target(request)
    if isinstance(row, Experiment):
        return _resumed(request, row)
    if row.state is not ProposalState.PARKED or not row.stashed:
        msg = f"{row.id} is {row.state}, not stashed" + (f": {row.reason}" if row.reason else "")
        aside = row.state is ProposalState.PARKED
        remedy = (
            f"`arctl approve {row.id}` queues it" if aside else f"stashed: {_stashed(request, row.campaign)}"
        )
        raise RefusedError(msg, remedy)
    wanted, said = again(request, row)
    new = bump(row, state=wanted, reason=said, stashed={})
    text = f"{row.id} {row.title} is {wanted} again{request.because}"
    event = Event("proposal.unstashed", row.campaign, row.id, text, request.actor)
    undo = inverse("stash", row.id)
    answer = {"state": wanted.value}
    return Done(Step(rows=[new], events=[event]), row.id, row.campaign, undo, answer, text)


def again(request: Request, row: Proposal) -> tuple[ProposalState, str]:
    """Return where a stashed proposal stands as soon as it is taken back, and why, by what was said of it."""
    was = ProposalState(row.stashed.get("was", ProposalState.READY))
    critiques = request.state.company.critiques_on(row.id)
    if was is not ProposalState.OBJECTED:
        return was, ""
    objection = next((item for item in reversed(critiques) if blocked(item)), None)
    # Whoever objected may have been overruled meanwhile.
    return (was, objection.reason) if objection is not None else (ProposalState.READY, "")


def _held(request: Request, row: Experiment) -> Done:
    """Pause an experiment of which nothing has started: that is exactly what it is to be stashed."""
    if row.state is ExperimentState.CLOSED or begun(request.state, row):
        fate = f"has ended: {row.verdict}" if row.state is ExperimentState.CLOSED else "has started"
        remedy = f"`arctl show {row.id}` says how"
        if row.state is not ExperimentState.CLOSED:
            remedy = f"`arctl pause {row.id}` has no further run of it start, `arctl kill {row.id}` ends it"
        msg = f"{row.id} {fate}"
        raise RefusedError(msg, remedy)
    return holds.pause(_as(request, "pause", row))


def _resumed(request: Request, row: Experiment) -> Done:
    if not row.held:
        msg = f"{row.id} is not set aside"
        raise RefusedError(msg, f"stashed: {_stashed(request, row.campaign)}")
    return holds.resume(_as(request, "resume", row))


def _as(request: Request, verb: str, row: Experiment) -> Request:
    fact = dataclasses.replace(request.fact, verb=verb, target=row.id, data={})
    return dataclasses.replace(request, fact=fact)


def _target(request: Request) -> Proposal | Experiment:
    state, ident = request.state, request.fact.target
    run = state.runs.get(ident)
    found = state.proposals.get(ident) or state.experiments.get(run.experiment if run else ident)
    if found is None:
        error = unknown(state, ident, request.campaign)
        raise RefusedError(
            error.message, f"{error.remedy}; a proposal or a waiting experiment can be stashed"
        )
    return found


def _stashed(request: Request, campaign: str) -> str:
    rows = [row.id for row in request.state.open_proposals(campaign) if row.stashed]
    held = [row.id for row in request.state.open_experiments(campaign) if row.held]
    return listed([*rows, *held])
