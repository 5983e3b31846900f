"""Kill, on every level, in the step that records it: no agent is waited for; what was measured stays."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable

from arctl.daemon.actions import Step, StopRun
from arctl.daemon.life.closing import cancel, close
from arctl.daemon.marks import Device
from arctl.daemon.reduce.control.base import Done, Request, inverse
from arctl.daemon.reduce.control.freezing import under
from arctl.daemon.reduce.control.holds import held_event, hold
from arctl.daemon.reduce.control.leases import withdraw
from arctl.daemon.reduce.control.targets import Target, campaign_of, need, still_going, still_under_way
from arctl.daemon.rows import (
    ALIVE,
    PROPOSED,
    REQUEUE,
    Agent,
    AgentState,
    Campaign,
    CampaignState,
    DeadEnd,
    Direction,
    DirectionState,
    Event,
    Experiment,
    ExperimentState,
    Proposal,
    ProposalState,
    Run,
    Team,
    TeamState,
    Verdict,
    bump,
)
from arctl.errors import RefusedError


def kill(request: Request) -> Done:
    """End a target now."""
    target = need(request)
    force = bool(request.fact.data.get("force"))
    late = [run for run in under(request.state, target) if run.stopping] if force else []
    try:
        done = _killed(request, target)
    except RefusedError:
        # What it was is over, but not all that it ran.
        if not late:
            raise
        done = Done(Step(), target.id, campaign_of(target))
    return _forced(request, done, late) if force else done


def _forced(request: Request, done: Done, late: list[Run]) -> Done:
    """Have the runs of a killed target end at once, also those that were being ended already."""
    step, asked = done.step, set()
    for place, action in enumerate(step.actions):
        if isinstance(action, StopRun):
            step.actions[place] = dataclasses.replace(action, force=True)
            asked.add(action.run)
    for run in late:
        if run.id not in asked:
            text = f"{run.id} gets no more time to end by itself{request.because}"
            step.events.append(Event("run.stopping", run.campaign, run.id, text, request.actor))
            step.actions.append(StopRun(run.id, run.attempt, run.stopping, force=True))
    return done


def _killed(request: Request, target: Target) -> Done:
    undo = {}
    match target:
        case Campaign():
            step = _campaign(request, target)
        case Team():
            step = _team(request, target)
        case Direction():
            step = _direction(request, target)
        case Agent():
            step = _agent(request, target)
        case Experiment():
            step = _experiment(request, target)
        case Run():
            step = _run(request, target)
        case Device():
            step, undo = _device(request, target), inverse("resume", target.id)
    return Done(step, target.id, campaign_of(target), undo)


def _campaign(request: Request, row: Campaign) -> Step:
    state, now, actor = request.state, request.now, request.actor
    if row.state is CampaignState.FINISHED:
        return Step()
    reason = request.ended
    text = f"campaign {row.id} killed{request.because}"
    ended = bump(row, state=CampaignState.FINISHED, reason=reason, drain=False)
    step = Step(rows=[ended], events=[Event("campaign.killed", row.id, row.id, text, actor)])
    baseline = state.baseline_of(row.id)
    for experiment in state.open_experiments(row.id):
        promoting = experiment.state is ExperimentState.PROMOTING and row.state is CampaignState.RUNNING
        if experiment.id != baseline.id and not promoting:
            step.extend(close(state, experiment, Verdict.CANCELLED, reason, now, actor=actor))
    for ident in dict.fromkeys((baseline.id, row.champion)):
        for run in state.runs_of(ident):
            step.extend(cancel(run, reason, now, actor=actor))
    step.extend(withdraw(request, row.id, lambda turn: True, reason))
    return step


def _team(request: Request, row: Team) -> Step:
    if row.state is TeamState.RETIRED:
        msg = f"{row.id} {row.name} is retired"
        raise RefusedError(msg, "`arctl teams` shows which there are")
    reason = f"team {row.id} was {request.ended}"
    members = request.state.company.members(row)
    text = f"team {row.id} {row.name} killed{request.because}"
    event = Event("team.killed", row.campaign, row.id, text, request.actor)
    retired = bump(row, state=TeamState.RETIRED, direction="", held=False, drain=False, reason=request.ended)
    step = Step(rows=[retired], events=[event])
    step.rows.extend(bump(agent, team="") for agent in members)
    direction = request.state.company.directions.get(row.direction)
    if direction is not None and direction.state in ALIVE:
        step.rows.append(bump(direction, state=DirectionState.STANDING, team="", reason=reason))
        said = f"direction {direction.id} {direction.title} waits for a team again: {reason}"
        step.events.append(
            Event("direction.standing", row.campaign, direction.id, said, request.actor, {"team": row.id})
        )
    _empty(request, step, row.campaign, lambda item: item.team == row.id, row.id, reason)
    return step


def _direction(request: Request, row: Direction) -> Step:
    if row.state not in ALIVE:
        msg = f"{row.id} {row.title} has ended: {row.state}"
        raise RefusedError(msg, "`arctl teams` shows the others")
    reason = f"direction {row.id} was {request.ended}"
    ends = _dead_ends(request, row)
    text = f"direction {row.id} {row.title} killed{request.because}"
    data = {"axes": list(row.axes), "dead_ends": [end.id for end in ends], "team": row.team}
    event = Event("direction.killed", row.campaign, row.id, text, request.actor, data)
    killed = bump(row, state=DirectionState.KILLED, team="", held=False, drain=False, reason=request.ended)
    step = Step(rows=[killed, *ends], events=[event])
    for end in ends:
        said = f"{end.axis} is a dead end: {end.reason}"
        step.events.append(Event("dead_end.closed", end.campaign, end.id, said, request.actor))
    teams = [team for team in request.state.company.teams_of(row.campaign) if team.direction == row.id]
    step.rows.extend(bump(team, direction="", reason=reason) for team in teams)
    _empty(request, step, row.campaign, lambda item: item.direction == row.id, row.team, reason)
    return step


def _dead_ends(request: Request, row: Direction) -> list[DeadEnd]:
    """Close each axis of a direction that is still open, with what was measured in it."""
    closed = {
        end.axis
        for end in request.state.dead_ends_of(row.campaign)
        if end.low is None and end.high is None
    }  # fmt: skip
    tried = request.state.of_direction(row.id)
    found = []
    for axis in row.axes:
        if axis in closed:
            continue
        effects = {item.id: item.evidence.get("effect") for item in tried if item.axis == axis}
        ident, _ = request.ids.new("d")
        end = DeadEnd(
            id=ident,
            campaign=row.campaign,
            axis=axis,
            created=request.now,
            reason=f"direction {row.id} was {request.ended}",
            reopen="a person",
            closed_by=request.actor,
            evidence={"experiments": list(effects), "effects": effects},
            direction=row.id,
        )
        found.append(end)
    return found


def _empty(
    request: Request,
    step: Step,
    campaign: str,
    ours: Callable[[Proposal | Experiment], bool],
    team: str,
    reason: str,
) -> None:
    """Cancel what a team or a direction had queued and begun, and withdraw the turns that serve it."""
    state = request.state
    queue = [row for row in state.open_proposals(campaign) if ours(row)]
    step.extend(give_up(request, queue, reason))
    gone = {row.id for row in queue}
    begun = [row for row in state.open_experiments(campaign) if row.base and ours(row)]
    for row in begun:
        if row.state is not ExperimentState.PROMOTING:
            step.extend(close(state, row, Verdict.CANCELLED, reason, request.now, actor=request.actor))
            gone.add(row.id)
    step.extend(
        withdraw(
            request,
            campaign,
            lambda turn: bool(team and turn.team == team) or turn.subject in gone,
            reason,
            gone=gone,
        )
    )


def give_up(request: Request, queue: Iterable[Proposal], reason: str) -> Step:
    """Withdraw proposals of which no experiment was made yet."""
    step = Step()
    for row in queue:
        if row.state not in PROPOSED:
            continue
        step.rows.append(bump(row, state=ProposalState.WITHDRAWN, reason=reason))
        text = f"{row.id} {row.title} is withdrawn: {reason}"
        step.events.append(Event("proposal.withdrawn", row.campaign, row.id, text, request.actor))
    return step


def _agent(request: Request, row: Agent) -> Step:
    if row.state is AgentState.RETIRED:
        return Step()
    text = f"agent {row.name} retired{request.because}"
    retired = bump(row, state=AgentState.RETIRED, team="", trouble="")
    event = Event("agent.retired", row.campaign, row.name, text, request.actor, {"agent": row.id})
    step = Step(rows=[retired], events=[event])
    reason = f"agent {row.name} was retired by {request.actor}{request.because}"
    step.extend(withdraw(request, row.campaign, lambda turn: turn.agent == row.name, reason))
    return step


def _experiment(request: Request, row: Experiment) -> Step:
    state, now, actor = request.state, request.now, request.actor
    live = still_going(state, row)
    if not row.base:
        msg = f"{row.id} is the baseline, without which nothing can be judged"
        raise RefusedError(msg, f"kill the campaign: `arctl kill {row.campaign}`")
    running = state.campaigns[row.campaign].state is CampaignState.RUNNING
    if row.state is ExperimentState.PROMOTING and running:
        msg = f"{row.id} is being promoted"
        raise RefusedError(msg, "it will be the champion in a moment")
    reason = request.ended
    if row.state is ExperimentState.CLOSED:
        step = Step()
        for run in live:
            step.extend(cancel(run, reason, now, actor=actor))
        return step
    step = close(state, row, Verdict.CANCELLED, reason, now, actor=actor)
    step.extend(withdraw(request, row.campaign, lambda turn: turn.subject == row.id, reason))
    return step


def _run(request: Request, row: Run) -> Step:
    still_under_way(row)
    return cancel(row, request.ended, request.now, actor=request.actor)


def _device(request: Request, row: Device) -> Step:
    """Let nothing more start on a device, and move the runs that are on it elsewhere."""
    step = Step()
    if not request.state.is_held(row.id):
        step.rows.append(hold(request, row, held=True))
        step.events.append(held_event(request, row, held=True))
    for run in request.state.active_runs():
        if row.id in run.bound and not run.stopping:
            step.rows.append(bump(run, stopping=REQUEUE))
            text = f"{run.id} leaves {row.name} and is queued again{request.because}"
            step.events.append(Event("run.stopping", run.campaign, run.id, text, request.actor))
            step.actions.append(StopRun(run.id, run.attempt, REQUEUE))
    return step
