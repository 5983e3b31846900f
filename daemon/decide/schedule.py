"""Which run gets which device, and which work trees are laid out ahead of time."""

from __future__ import annotations

from collections import Counter

from arctl.daemon.actions import LaunchRun, PrepareTree, Step
from arctl.daemon.life.queueing import by_hand
from arctl.daemon.marks import Device
from arctl.daemon.rows import (
    SERVICE_ORDER,
    WAITING,
    CampaignState,
    Experiment,
    ExperimentState,
    Purpose,
    Run,
    RunState,
    bump,
)
from arctl.daemon.state import State


def assign(state: State, now: float) -> Step:
    """Bind ready runs to free devices and have the next ones prepared; one decision for all slots."""
    del now
    if state.stopping or not state.devices:
        return Step()
    active = state.active_runs()
    occupied = {run.device for run in active}
    free = [device for device in state.devices.values() if _open(state, device, occupied)]
    waiting = in_order(state, active)
    # One more than there are free slots is prepared, so that the next slot is refilled at once.
    ahead = waiting[: len(free) + max(1, len(state.devices))]
    step = Step()
    for run in ahead:
        if run.state is RunState.QUEUED:
            step.rows.append(bump(run, state=RunState.PREPARING))
            step.actions.append(_prepare(state, run))
    for device, run in zip(free, waiting, strict=False):
        # A slot waits for the run that is next in order: laying out its tree takes milliseconds.
        if run.state is RunState.READY:
            row = bump(run, state=RunState.LAUNCHING, device=device.id, device_name=device.name)
            step.rows.append(row)
            step.actions.append(_launch(state, row, device))
    return step


def _open(state: State, device: Device, occupied: set[str]) -> bool:
    return device.id not in occupied and not device.barred and not state.is_held(device.id)


def in_order(state: State, active: list[Run]) -> list[Run]:
    """Return the runs that may start, in order of service: purpose, fair share, a person's order, age."""
    share = Counter(run.campaign for run in active)
    waiting = [run for run in state.live_runs() if _eligible(state, run)]
    served = sorted(waiting, key=lambda run: (SERVICE_ORDER[run.purpose], share[run.campaign], run.number))
    return by_hand(state, served)


def _eligible(state: State, run: Run) -> bool:
    campaign, experiment = state.campaigns[run.campaign], state.experiments[run.experiment]
    return (
        run.state in WAITING
        and not run.held
        and not experiment.held
        and experiment.state is not ExperimentState.BUILDING
        and (campaign.setup_done or run.purpose is Purpose.SETUP)
        and campaign.state is CampaignState.RUNNING
        and not (campaign.drain and _new(state, run))
        and not _team_held(state, experiment, begins=_new(state, run))
    )


def _new(state: State, run: Run) -> bool:
    """Tell whether a run would begin an experiment: one that drains only finishes what it began."""
    begun = any(other.started is not None for other in state.runs_of(run.experiment))
    return run.purpose is Purpose.SEARCH and not begun


def _team_held(state: State, experiment: Experiment, *, begins: bool) -> bool:
    """Tell whether an experiment's team or direction is paused; one that drains ends what it began."""
    team = state.company.teams.get(experiment.team)
    direction = state.company.directions.get(experiment.direction)
    return any(
        group is not None and group.held and (begins or not group.drain) for group in (team, direction)
    )


def _prepare(state: State, run: Run) -> PrepareTree:
    campaign = state.campaigns[run.campaign]
    return PrepareTree(campaign, state.experiments[run.experiment].commit, run)


def _launch(state: State, run: Run, device: Device) -> LaunchRun:
    gpu = device.id if device.kind == "gpu" else None
    return LaunchRun(state.campaigns[run.campaign], run, device.cores, gpu)
