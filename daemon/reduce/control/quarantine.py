"""Quarantine: a doubtful result is released to be judged as any other, or rejected as invalid."""

from __future__ import annotations

from arctl.daemon.actions import Step
from arctl.daemon.life.closing import close
from arctl.daemon.reduce.control.base import Done, Request, inverse
from arctl.daemon.reduce.control.targets import listed, need_experiment
from arctl.daemon.rows import Event, Experiment, ExperimentState, Json, RunState, Verdict, bump
from arctl.errors import RefusedError


def release(request: Request) -> Done:
    """Have an experiment judged all the same; what was found stays in its evidence."""
    row = _held(request)
    passed = {each["check"] for each in row.quarantined.get("findings", ())}
    passed.update(row.quarantined.get("checks", ()))
    said: Json = {"cleared": request.now, "by": request.actor, "reason": request.reason}
    said["checks"] = sorted(passed)
    new = bump(row, quarantined={**row.quarantined, **said}, reason="")
    text = f"{row.id} {row.title} is released from quarantine by {request.actor}{request.because}"
    event = Event("experiment.released", row.campaign, row.id, text, request.actor, dict(new.quarantined))
    return Done(Step(rows=[new], events=[event]), row.id, row.campaign, inverse("detain", row.id), text=text)


def invalidate(request: Request) -> Done:
    """End an experiment in quarantine with the verdict invalid."""
    row = _held(request)
    doubts = "; ".join(each["text"] for each in row.quarantined.get("findings", ()))
    reason = f"rejected from quarantine by {request.actor}{request.because or f': {doubts}'}"
    decided = {**row.quarantined, "rejected": request.now, "by": request.actor, "reason": request.reason}
    step = close(
        request.state, row, Verdict.INVALID, reason, request.now, actor=request.actor, quarantined=decided
    )
    return Done(step, row.id, row.campaign, inverse("detain", row.id))


def detain(request: Request) -> Done:
    """Put an experiment back into the quarantine that it was in: how both of the others are undone."""
    row = need_experiment(request)
    known = row.quarantined
    if not known or not (known.get("cleared") or known.get("rejected")):
        msg = f"{row.id} was not decided upon in quarantine"
        raise RefusedError(msg, f"waiting there: {waiting(request, row.campaign)}")
    rejected = row.state is ExperimentState.CLOSED and bool(known.get("rejected"))
    if row.state is not ExperimentState.OPEN and not rejected:
        fate = f"was judged meanwhile: {row.verdict}" if row.verdict else f"is {row.state} by now"
        msg = f"{row.id} {fate}"
        raise RefusedError(msg, f"`arctl show {row.id}` says how")
    campaign = request.state.campaigns[row.campaign]
    if rejected and campaign.state == "finished":
        msg = f"campaign {campaign.id} is finished"
        raise RefusedError(msg, f"`arctl resume {campaign.id}` lets it go on; then repeat the command")
    kept: Json = {name: known[name] for name in ("since", "findings", "checks") if name in known}
    reason = "; ".join(each["text"] for each in kept.get("findings", ()))
    new = bump(row, state=ExperimentState.OPEN, verdict="", closed=None, quarantined=kept, reason=reason)
    text = f"{row.id} {row.title} is in quarantine again{request.because}"
    event = Event("experiment.quarantined", row.campaign, row.id, text, request.actor, kept)
    return Done(Step(rows=[new], events=[event]), row.id, row.campaign, text=text)


def waiting(request: Request, campaign: str) -> str:
    """Name what is in quarantine."""
    rows = request.state.open_experiments(campaign)
    return listed(row.id for row in rows if row.in_quarantine)


def _held(request: Request) -> Experiment:
    """Return the experiment that a person decides upon; its runs under way, if any, go on."""
    row = need_experiment(request)
    if row.in_quarantine:
        return row
    live = any(run.state is not RunState.ENDED for run in request.state.runs_of(row.id))
    how = (
        f"it is {row.verdict}" if row.verdict else ("it is still being run" if live else "it is being judged")
    )
    msg = f"{row.id} is not in quarantine: {how}"
    raise RefusedError(msg, f"waiting there: {waiting(request, row.campaign)}; `arctl quarantine` shows them")
