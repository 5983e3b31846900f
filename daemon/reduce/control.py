"""What people ask for: pause, resume, kill, stop. Each takes effect in the step that records it."""

from __future__ import annotations

from arctl.daemon import facts
from arctl.daemon.actions import Answer, Shutdown, Step, StopRun
from arctl.daemon.closing import cancel, close
from arctl.daemon.marks import Reissue, Stopping
from arctl.daemon.model import (
    REQUEUE,
    WAITING,
    Campaign,
    CampaignState,
    Event,
    Experiment,
    ExperimentState,
    Run,
    RunState,
    Verdict,
    bump,
)
from arctl.daemon.state import State
from arctl.errors import RefusedError


def control(state: State, fact: facts.Control, now: float) -> Step:
    """Carry out a request on a campaign, an experiment or a run; refuse it with the reason otherwise."""
    row = find(state, fact.target)
    if row is None:
        message = f"there is no campaign, experiment or run called {fact.target!r}"
        remedy = "see `arctl status` and `arctl experiments`; ids look like e12 and r40"
        return _refused(fact, message, remedy)
    if fact.if_rev is not None and fact.if_rev != row.rev:
        message = f"{row.id} has changed since you looked (revision {row.rev}, not {fact.if_rev})"
        return _refused(fact, message, "look again, then repeat the command")
    try:
        match row:
            case Campaign():
                step = _campaign(state, row, fact, now)
            case Experiment():
                step = _experiment(state, row, fact, now)
            case Run():
                step = _run(state, row, fact, now)
    except RefusedError as error:
        return Step(answers=[Answer(fact.ticket, error=error)])
    revs = {changed.id: changed.rev for changed in step.rows}
    done = {"target": row.id, "verb": fact.verb, "rev": revs.get(row.id, row.rev), "text": _said(step)}
    step.answers.append(Answer(fact.ticket, done))
    return step


def find(state: State, ident: str) -> Campaign | Experiment | Run | None:
    """Return what an id or a campaign's name stands for."""
    return state.campaigns.get(ident) or state.experiments.get(ident) or state.runs.get(ident)


def _said(step: Step) -> str:
    return step.events[0].text if step.events else "nothing to do"


def _refused(fact: facts.Control, message: str, remedy: str) -> Step:
    return Step(answers=[Answer(fact.ticket, error=RefusedError(message, remedy))])


def _because(fact: facts.Control) -> str:
    return f": {fact.reason}" if fact.reason else ""


def _campaign(state: State, row: Campaign, fact: facts.Control, now: float) -> Step:
    past = {"pause": "paused", "resume": "resumed", "kill": "killed"}[fact.verb]
    event = Event(f"campaign.{past}", row.id, row.id, f"campaign {row.id} {past}{_because(fact)}", fact.actor)
    if fact.verb == "pause":
        if row.state is CampaignState.PAUSED:
            return Step()
        if row.state is not CampaignState.RUNNING:
            message = f"campaign {row.id} is {row.state}, not running"
            raise RefusedError(message, f"`arctl resume {row.id}` lets it go on")
        paused = bump(row, state=CampaignState.PAUSED, reason=fact.reason)
        return Step(rows=[paused], events=[event])
    if fact.verb == "resume":
        if row.state is CampaignState.RUNNING:
            return Step()
        again = Reissue(row.id, wanted=True)
        return Step(rows=[bump(row, state=CampaignState.RUNNING, reason="")], events=[event], marks=[again])
    if row.state is CampaignState.FINISHED:
        return Step()
    reason = f"killed by {fact.actor}{_because(fact)}"
    step = Step(rows=[bump(row, state=CampaignState.FINISHED, reason=reason)], events=[event])
    baseline = state.baseline_of(row.id)
    for experiment in state.open_experiments(row.id):
        promoting = experiment.state is ExperimentState.PROMOTING and row.state is CampaignState.RUNNING
        if experiment.id != baseline.id and not promoting:
            step.extend(close(state, experiment, Verdict.CANCELLED, reason, now, actor=fact.actor))
    for ident in dict.fromkeys((baseline.id, row.champion)):
        for run in state.runs_of(ident):
            step.extend(cancel(run, reason, now, actor=fact.actor))
    return step


def _experiment(state: State, row: Experiment, fact: facts.Control, now: float) -> Step:
    if row.state is ExperimentState.CLOSED and not _live(state, row):
        msg = f"{row.id} has ended: {row.verdict}"
        raise RefusedError(msg, f"`arctl show {row.id}` says how")
    if fact.verb == "kill":
        if not row.base:
            message = f"{row.id} is the baseline, without which nothing can be judged"
            raise RefusedError(message, f"kill the campaign: `arctl kill {row.campaign}`")
        running = state.campaigns[row.campaign].state is CampaignState.RUNNING
        if row.state is ExperimentState.PROMOTING and running:
            msg = f"{row.id} is being promoted"
            raise RefusedError(msg, "it will be the champion in a moment")
        reason = f"killed by {fact.actor}{_because(fact)}"
        if row.state is ExperimentState.CLOSED:
            step = Step()
            for run in state.runs_of(row.id):
                step.extend(cancel(run, reason, now, actor=fact.actor))
            return step
        return close(state, row, Verdict.CANCELLED, reason, now, actor=fact.actor)
    held = fact.verb == "pause"
    if row.held == held:
        return Step()
    word = "paused" if held else "resumed"
    text = f"{row.id} {word}{_because(fact)}"
    return Step(
        rows=[bump(row, held=held)],
        events=[Event(f"experiment.{word}", row.campaign, row.id, text, fact.actor)],
    )


def _live(state: State, row: Experiment) -> bool:
    return any(run.state is not RunState.ENDED for run in state.runs_of(row.id))


def _run(state: State, row: Run, fact: facts.Control, now: float) -> Step:
    if row.state is RunState.ENDED:
        msg = f"{row.id} has ended: {row.outcome}"
        raise RefusedError(msg, f"`arctl show {row.id}` says how")
    if fact.verb == "kill":
        return cancel(row, f"killed by {fact.actor}{_because(fact)}", now, actor=fact.actor)
    if row.state not in WAITING:
        message = f"{row.id} is under way, and its clock would go on while it stood still"
        raise RefusedError(message, f"let it end, or stop it: `arctl kill {row.id}`")
    held = fact.verb == "pause"
    if row.held == held:
        return Step()
    word = "paused" if held else "resumed"
    text = f"{row.id} {word}{_because(fact)}"
    return Step(
        rows=[bump(row, held=held)], events=[Event(f"run.{word}", row.campaign, row.id, text, fact.actor)]
    )


def stop(state: State, fact: facts.StopDaemon) -> Step:
    """Begin to end the daemon; runs are waited for, or stopped and queued again."""
    active = state.active_runs()
    step = Step(marks=[Stopping(fact.mode)])
    how = "draining" if fact.mode == "drain" else "stopping"
    step.events.append(
        Event("daemon.stopping", text=f"{how}, {len(active)} runs under way", actor=fact.actor)
    )
    if fact.mode == "now":
        for run in active:
            step.rows.append(bump(run, stopping=run.stopping or REQUEUE))
            step.actions.append(StopRun(run.id, run.attempt, run.stopping or REQUEUE))
    step.answers.append(Answer(fact.ticket, {"mode": fact.mode, "running": [run.id for run in active]}))
    return step


def detach() -> Step:
    """Leave at once; the runs go on under their shims."""
    return Step(events=[Event("daemon.detached", text="runs go on")], actions=[Shutdown("detached")])
