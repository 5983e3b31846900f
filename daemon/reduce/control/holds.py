"""Pause and resume, on every level: nothing more starts; what is under way ends as usual, or is frozen."""

from __future__ import annotations

import dataclasses

from arctl.daemon.actions import Step, WatchFiles
from arctl.daemon.life.releasing import woken
from arctl.daemon.life.talking import anew, declined, spent, unanswered
from arctl.daemon.marks import Device, Reissue, Rest
from arctl.daemon.reduce.control import freezing
from arctl.daemon.reduce.control.base import Done, Request, inverse
from arctl.daemon.reduce.control.targets import Target, campaign_of, need, noun, still_going, still_under_way
from arctl.daemon.reduce.control.waits import met
from arctl.daemon.rows import (
    ALIVE,
    WAITING,
    Agent,
    AgentState,
    Campaign,
    CampaignState,
    Direction,
    Event,
    Experiment,
    Hold,
    Run,
    Team,
    TeamState,
    bump,
)
from arctl.daemon.state import State
from arctl.errors import RefusedError, UsageError

MODES = ("hold", "drain", "freeze")
#: What follows the word "paused" where what was begun goes on.
DRAINING = "; what was begun gets the runs that it needs to be judged"


def pause(request: Request) -> Done:
    """Start nothing more of a target; what was begun gets its verdict (drain) or stands still (freeze)."""
    target = need(request)
    if request.mode not in MODES:
        msg = f"there is no way to pause called {request.mode!r}"
        raise UsageError(msg, f"use {', '.join(MODES[:-1])} or {MODES[-1]}")
    if request.mode == "drain" and not isinstance(target, Campaign | Team | Direction):
        msg = f"{request.fact.target} is a single {noun(target)}: nothing of it is begun apart from it"
        raise RefusedError(msg, "--drain is for campaigns, teams and directions; pause it without")
    if request.mode == "freeze":
        freezing.may(request, target)
    return _done(request, target, held=True)


def resume(request: Request) -> Done:
    """Let a target go on; what waited for a person is tried again."""
    target = need(request)
    return _done(request, target, held=False)


def _done(request: Request, target: Target, *, held: bool) -> Done:
    # A run or an experiment goes on whatever it was frozen with: to take that back is to freeze it.
    own = held or not isinstance(target, Run | Experiment)
    was = _mode(request.state, target, own=own)
    step = _changed(request, target, held=held)
    move = freezing.freeze if held and request.mode == "freeze" else freezing.thaw
    runs, said = move(request, target)
    if isinstance(target, Run) and runs.events:
        text = runs.events[0].text
    else:
        text = (step.events[0].text if step.events else freezing.unchanged(target, held=held)) + said
    step.extend(runs)
    if held and not was:
        only = {"only": True} if request.mode == "freeze" else {}
        undo = inverse("resume", target.id, **only)
    else:
        undo = inverse("pause", target.id, mode=was or "hold")
    return Done(step, target.id, campaign_of(target), undo, text=text if step.rows else "")


def _mode(state: State, target: Target, *, own: bool) -> str:
    """Return how a target is paused; empty where it is not."""
    match target:
        case Campaign():
            held = target.drain or target.state is CampaignState.PAUSED
        case Agent():
            held = target.state is AgentState.PAUSED
        case Device():
            held = state.is_held(target.id)
        case Run() | Experiment() | Team() | Direction():
            held = target.held
    if freezing.still(state, target, own=own):
        return "freeze"
    return ("drain" if getattr(target, "drain", False) else "hold") if held else ""


def _changed(request: Request, target: Target, *, held: bool) -> Step:
    match target:
        case Campaign():
            return _campaign(request, target, held=held)
        case Team() | Direction():
            return _group(request, target, held=held)
        case Agent():
            return _agent(request, target, held=held)
        case Experiment():
            return _experiment(request, target, held=held)
        case Run():
            return _run(request, target, held=held)
        case Device():
            return _device(request, target, held=held)


def _campaign(request: Request, row: Campaign, *, held: bool) -> Step:
    if not held:
        return _resumed(request, row)
    drain = request.mode == "drain"
    # One that drains goes on running: what it began still needs runs.
    wanted = CampaignState.RUNNING if drain else CampaignState.PAUSED
    if row.state is wanted and row.drain == drain:
        return Step()
    if row.state not in (CampaignState.RUNNING, CampaignState.PAUSED):
        msg = f"campaign {row.id} is {row.state}, not running"
        raise RefusedError(msg, f"`arctl resume {row.id}` lets it go on")
    text = f"campaign {row.id} paused{DRAINING if drain else ''}{request.because}"
    event = Event("campaign.paused", row.id, row.id, text, request.actor, {"mode": request.mode})
    step = Step(rows=[bump(row, state=wanted, reason=request.reason, drain=drain)], events=[event])
    if drain and row.state is CampaignState.PAUSED:
        step.marks.append(Reissue(row.id, wanted=True))
    return step


def _resumed(request: Request, row: Campaign) -> Step:
    state = request.state
    waits = any(
        agent.trouble or agent.failures or agent.declined for agent in state.company.agents_of(row.id)
    )
    silent = unanswered(state, row.id) or declined(state, row.id)
    if row.state is CampaignState.RUNNING and not (row.drain or row.trouble or waits or silent):
        return Step()
    how = f", {'declined' if silent.answers else 'answered by nobody'}," if silent else ""
    # Whoever resumes what was explored has changed something, or wants it looked at once more.
    again = silent or spent(state, row)
    talk = f"; the discussion {again.id}{how} begins anew" if again else ""
    limits = " and ".join(met(request, row))
    over = f"; it ends again at once without {limits} in arctl.toml" if limits else ""
    text = f"campaign {row.id} resumed{talk}{over}{request.because}"
    event = Event("campaign.resumed", row.id, row.id, text, request.actor, {"was": row.state.value})
    running = bump(row, state=CampaignState.RUNNING, reason="", drain=False, trouble="")
    step = Step(rows=[running], events=[event], marks=[Reissue(row.id, wanted=True)])
    step.extend(woken(state, row.id))
    # An edit that git could not look at then is looked at now.
    step.actions.append(WatchFiles(running))
    if again is not None:
        step.extend(anew(state, again, request.now))
    return step


def _group(request: Request, row: Team | Direction, *, held: bool) -> Step:
    alive = row.state is TeamState.ACTIVE if isinstance(row, Team) else row.state in ALIVE
    if not alive:
        msg = f"{row.id} has ended: {row.state}"
        raise RefusedError(msg, "`arctl teams` shows what there is")
    drain = held and request.mode == "drain"
    if row.held == held and row.drain == drain:
        return Step()
    word = "paused" if held else "resumed"
    name = noun(row)
    text = f"{name} {row.id} {word}{DRAINING if drain else ''}{request.because}"
    event = Event(f"{name}.{word}", row.campaign, row.id, text, request.actor, {"mode": request.mode})
    return Step(rows=[dataclasses.replace(row, held=held, drain=drain, rev=row.rev + 1)], events=[event])


def _agent(request: Request, row: Agent, *, held: bool) -> Step:
    if row.state is AgentState.RETIRED:
        msg = f"{row.name} ({row.id}) is retired"
        raise RefusedError(msg, "`arctl agents` shows who is there")
    wanted = AgentState.PAUSED if held else AgentState.ACTIVE
    if row.state is wanted and (held or not (row.trouble or row.failures or row.declined)):
        return Step()
    word = "paused" if held else "resumed"
    goes = "; the turn under way goes on" if held and request.state.company.turn_of(row) else ""
    text = f"agent {row.name} {word}{goes}{request.because}"
    event = Event(f"agent.{word}", row.campaign, row.name, text, request.actor, {"agent": row.id})
    if held:
        return Step(rows=[bump(row, state=wanted)], events=[event])
    rested = bump(row, state=wanted, trouble="", failures=0)
    if row.declined:
        rested = dataclasses.replace(rested, declined="", exhausted="", fruitless=0)
    return Step(rows=[rested], events=[event], marks=[Rest(row.id, 0.0), Rest(row.id, 0.0, ideas=True)])


def _experiment(request: Request, row: Experiment, *, held: bool) -> Step:
    still_going(request.state, row)
    if row.held == held:
        return Step()
    word = "paused" if held else "resumed"
    text = f"{row.id} {word}{request.because}"
    event = Event(f"experiment.{word}", row.campaign, row.id, text, request.actor)
    return Step(rows=[bump(row, held=held)], events=[event])


def _run(request: Request, row: Run, *, held: bool) -> Step:
    still_under_way(row)
    if row.state not in WAITING:
        if held and request.mode != "freeze":
            msg = f"{row.id} is under way: only freezing it would stop it in the middle"
            raise RefusedError(msg, f"`arctl pause {row.id} --freeze`, or end it: `arctl kill {row.id}`")
        return Step()
    if row.held == held:
        return Step()
    word = "paused" if held else "resumed"
    text = f"{row.id} {word}{request.because}"
    event = Event(f"run.{word}", row.campaign, row.id, text, request.actor)
    return Step(rows=[bump(row, held=held)], events=[event])


def _device(request: Request, row: Device, *, held: bool) -> Step:
    if request.state.is_held(row.id) == held:
        return Step()
    return Step(rows=[hold(request, row, held=held)], events=[held_event(request, row, held=held)])


def hold(request: Request, row: Device, *, held: bool) -> Hold:
    """Return the row that says whether anything may start on a device."""
    known = request.state.holds.get(row.id)
    if known is None:
        return Hold(row.id, request.now, request.actor, held=held, reason=request.reason)
    new = bump(known, held=held, actor=request.actor, reason=request.reason)
    return dataclasses.replace(new, created=request.now)


def held_event(request: Request, row: Device, *, held: bool) -> Event:
    """Return what is said of a device that is held, or let go."""
    word = "paused" if held else "resumed"
    text = f"device {row.name} {word}{request.because}"
    return Event(f"device.{word}", "", row.id, text, request.actor)
