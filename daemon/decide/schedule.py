"""Which run gets which devices, and which work trees are laid out ahead of time."""

from __future__ import annotations

from arctl.daemon.actions import LaunchRun, PrepareTree, Step
from arctl.daemon.decide.order import Order
from arctl.daemon.life.seating import Seats, never
from arctl.daemon.marks import Device
from arctl.daemon.rows import Run, RunState, bump
from arctl.daemon.state import State

#: Kinds of devices that a run is bound to by `CUDA_VISIBLE_DEVICES`.
BOUND = frozenset({"gpu", "mig"})


def assign(state: State, now: float) -> Step:
    """Bind ready runs to free devices and have the next ones prepared; one decision for all slots.

    A run that needs more than is free has devices kept for it, so that smaller ones behind it do not take
    each that comes free.
    """
    if state.stopping or not state.devices:
        return Step()
    active = state.active_runs()
    order, seats = Order(state, active), Seats(state, active)
    # Beyond what can start, as many are prepared as there are slots: a slot is refilled at once.
    ahead = seats.free() + max(1, len(state.devices))
    step = Step()
    known: set[str] = set()
    for _ in range(_most(state, ahead)):
        if (run := order.next()) is None:
            break
        if run.campaign not in known:
            known.add(run.campaign)
            if never(state, run.campaign):
                order.drop(run.campaign)
                continue
        if run.state is RunState.QUEUED:
            step.rows.append(bump(run, state=RunState.PREPARING))
            step.actions.append(_prepare(state, run))
        order.served(run)
        if _too_soon(state, run.campaign, step, now):
            continue
        if (found := seats.find(run.campaign)) is None:
            seats.keep(run.campaign)
            continue
        devices, seat = found
        # A slot waits for the run that is next in order: laying out its tree takes milliseconds.
        seats.take(run.campaign, devices, seat)
        if run.state is RunState.READY:
            row = bump(
                run,
                state=RunState.LAUNCHING,
                device=devices[0].id,
                device_name=devices[0].name,
                devices=tuple(device.id for device in devices),
                seat=seat,
            )
            step.rows.append(row)
            step.actions.append(_launch(state, row, devices))
    return step


def _most(state: State, ahead: int) -> int:
    """Return how many runs are looked at: where several share a device, there is room for more."""
    shared = max((state.spec(name).run.per_gpu for name in state.campaigns), default=1)
    return ahead * shared


def _too_soon(state: State, campaign: str, step: Step, now: float) -> bool:
    """Tell whether a campaign that staggers its starts has just started something, in this decision, too."""
    stagger = state.spec(campaign).run.stagger
    if stagger is None:
        return False
    rows = (*(row for row in step.rows if isinstance(row, Run)), *state.active_runs())
    if any(row.state is RunState.LAUNCHING and row.campaign == campaign for row in rows):
        return True
    last = state.machine.started_last.get(campaign)
    return last is not None and now - last < stagger


def _prepare(state: State, run: Run) -> PrepareTree:
    campaign = state.campaigns[run.campaign]
    return PrepareTree(campaign, state.experiments[run.experiment].commit, run)


def _launch(state: State, run: Run, devices: tuple[Device, ...]) -> LaunchRun:
    gpus = [device for device in devices if device.kind in BOUND]
    nodes = tuple(dict.fromkeys(node for device in gpus for node in device.nodes))
    visible = ",".join(device.id for device in gpus) or None
    return LaunchRun(state.campaigns[run.campaign], run, _cores(state, run, devices), visible, nodes)


def _cores(state: State, run: Run, devices: tuple[Device, ...]) -> tuple[int, ...]:
    """Return the cores of a run: those of all its devices, or its part of those of a shared one."""
    cores = tuple(sorted({core for device in devices for core in device.cores}))
    parts = state.spec(run.campaign).run.per_gpu
    if parts == 1 or not cores:
        return cores
    if len(cores) < parts:
        return (cores[run.seat % len(cores)],)
    size, extra = divmod(len(cores), parts)
    place = run.seat % parts
    first = place * size + min(place, extra)
    return cores[first : first + size + (place < extra)]
