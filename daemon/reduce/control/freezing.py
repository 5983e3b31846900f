"""Freezing: runs under way stand still where they are, and go on from there."""

from __future__ import annotations

from arctl.daemon.actions import FreezeRun, Step
from arctl.daemon.marks import Device
from arctl.daemon.reduce.control.base import Request
from arctl.daemon.reduce.control.targets import Target, campaign_of, listed, noun
from arctl.daemon.reduce.runs import stood_still
from arctl.daemon.rows import Agent, Campaign, Direction, Event, Experiment, Run, RunState, Team, bump
from arctl.daemon.state import State
from arctl.errors import RefusedError


def under(state: State, target: Target) -> list[Run]:
    """Return the runs of a target that are under way."""
    return [run for run in state.active_runs() if _of(state, run, target)]


def _of(state: State, run: Run, target: Target) -> bool:
    experiment = state.experiments[run.experiment]
    match target:
        case Campaign():
            return run.campaign == target.id
        case Team():
            return experiment.team == target.id
        case Direction():
            return experiment.direction == target.id
        case Experiment():
            return run.experiment == target.id
        case Run():
            return run.id == target.id
        case Device():
            return target.id in run.bound
        case Agent():
            return False


def still(state: State, target: Target, *, own: bool) -> bool:
    """Tell whether something of a target stands still: what was frozen with it, or (not `own`) anything."""
    return any(
        run.frozen is not None and (not own or target.id in run.frozen_by) for run in under(state, target)
    )


def may(request: Request, target: Target) -> None:
    """Raise `RefusedError` where a target may not be frozen, or can be by nobody."""
    if isinstance(target, Agent):
        msg = f"{target.name} ({target.id}) is an agent: it runs nothing that could be frozen"
        raise RefusedError(msg, f"`arctl pause {target.name}` asks it nothing more")
    runs = under(request.state, target)
    campaigns = [campaign_of(target)] if not isinstance(target, Device) else [run.campaign for run in runs]
    for name in campaigns:
        if not request.state.spec(name).run.freezable:
            raise _unfit(target, name)
    if isinstance(target, Run) and runs:
        if target.stopping:
            msg = f"{target.id} is being stopped: {target.stopping}"
            raise RefusedError(msg, f"`arctl kill {target.id} --force` does not wait for it")
        if not _able(target):
            msg = f"{target.id} was launched by an older arctl, whose supervisor cannot freeze it"
            raise RefusedError(msg, f"let it end, or stop it: `arctl kill {target.id}`")


def _unfit(target: Target, campaign: str) -> RefusedError:
    msg = (
        f"{campaign} does not say that its runs may be frozen: they would be measured by the wall clock"
        " wherever the script has a time budget of its own, and that goes on while they stand still"
    )
    name = target.id
    ways = f"`arctl pause {name}` starts nothing more"
    if isinstance(target, Campaign | Team | Direction):
        ways = f"`arctl pause {name} --drain`, or {ways}"
    if isinstance(target, Run):
        ways = f"let it end, or stop it: `arctl kill {name}`"
    return RefusedError(msg, f"where it has none, write `freezable = true` under [run] in arctl.toml; {ways}")


def _able(run: Run) -> bool:
    """Tell whether a run can be frozen; of one that is being launched, its new shim surely can."""
    return run.can_freeze or run.state is RunState.LAUNCHING


def freeze(request: Request, target: Target) -> tuple[Step, str]:
    """Have the runs of a target stand still; also return the end of a sentence that says which."""
    step, frozen, others = Step(), [], []
    for run in under(request.state, target):
        if run.stopping or target.id in run.frozen_by:
            continue
        if not _able(run):
            others.append(run.id)
            continue
        by = (*run.frozen_by, target.id)
        held = run.held or isinstance(target, Run)
        step.rows.append(bump(run, frozen=run.frozen or request.now, frozen_by=by, held=held))
        frozen.append(run.id)
        if run.frozen is not None:
            continue
        where = f" on {run.device_name}" if run.device_name else ""
        text = f"{run.id} ({run.experiment}) is frozen{where}{request.because}"
        data = {"by": target.id, "device": run.device, "experiment": run.experiment}
        step.events.append(Event("run.frozen", run.campaign, run.id, text, request.actor, data))
        if run.can_freeze:
            step.actions.append(FreezeRun(run.id, run.attempt, still=True))
    said = f"; frozen: {listed(frozen)}" if frozen else ""
    if others:
        said += f"; {listed(others)} goes on: launched by an older arctl, whose supervisor cannot freeze it"
    return step, said


def thaw(request: Request, target: Target) -> tuple[Step, str]:
    """Let the runs of a target go on that were frozen with it; also return the end of a sentence on them.

    Naming a run or an experiment lets it go on whatever it was frozen with, unless that is to undo a freeze.
    """
    named = request.fact.verb == "resume" and not request.fact.data.get("only")
    everything = named and isinstance(target, Run | Experiment)
    step, going, left = Step(), [], {}
    for run in under(request.state, target):
        by = () if everything else tuple(name for name in run.frozen_by if name != target.id)
        held = run.held and not isinstance(target, Run)
        if run.frozen is None or by == run.frozen_by:
            continue
        if by:
            step.rows.append(bump(run, frozen_by=by, held=held))
            left[run.id] = by[0]
            continue
        seconds = request.now - run.frozen
        total = stood_still(run, request.now)
        step.rows.append(bump(run, frozen=None, frozen_by=(), frozen_seconds=total, held=held))
        text = f"{run.id} ({run.experiment}) goes on after {seconds:.0f} s{request.because}"
        data = {"by": target.id, "seconds": seconds, "experiment": run.experiment}
        step.events.append(Event("run.thawed", run.campaign, run.id, text, request.actor, data))
        going.append(run.id)
        if run.can_freeze:
            step.actions.append(FreezeRun(run.id, run.attempt, still=False))
    said = f"; thawed: {listed(going)}" if going else ""
    for ident, name in left.items():
        said += f"; {ident} stays frozen with {name}"
    return step, said


def unchanged(target: Target, *, held: bool) -> str:
    """Say of a target that it is paused, or not, as it was before: only its runs changed."""
    name = target.name if isinstance(target, Device) else target.id
    return f"{noun(target)} {name} {'stays' if held else 'was not'} paused"
