"""Runs that did not have their machine to themselves: what is written down of that, and where it matters."""

from __future__ import annotations

import dataclasses
from typing import Any

from arctl.daemon.rows import Experiment, Outcome, Purpose, Run
from arctl.daemon.state import State
from arctl.experiments.integrity import by_time, contended

#: Outcomes of runs whose own clocks and steps tell how a script is budgeted.
_ENDED_WELL = (Outcome.OK, Outcome.CONTENDED)


def marked(state: State, run: Run) -> Run:
    """Return an ended run with the reason `contended` in its evidence, where its machine was not quiet."""
    device = run.evidence.get("device")
    if not isinstance(device, dict) or run.outcome != Outcome.OK or run.purpose is Purpose.SETUP:
        return run
    spec = state.spec(run.campaign).run
    why = contended(device, run.seconds, _quiet(state, run), sharing=spec.per_gpu > 1)
    return dataclasses.replace(run, evidence={**run.evidence, "contended": why}) if why else run


def _quiet(state: State, run: Run) -> list[dict[str, Any]]:
    """Return the devices' records of undisturbed runs of the baseline and the champion, on such a device."""
    campaign = state.campaigns[run.campaign]
    idents = dict.fromkeys((state.baseline_of(run.campaign).id, campaign.champion))
    return [
        other.evidence["device"]
        for ident in idents
        for other in state.runs_of(ident)
        if other.id != run.id
        and other.outcome == Outcome.OK
        and other.device_name == run.device_name
        and isinstance(other.evidence.get("device"), dict)
        and not other.evidence.get("contended")
    ]


def bends(state: State, campaign: str) -> bool | None:
    """Tell whether a busy machine bends a campaign's metric; None while that cannot be told yet."""
    said = state.spec(campaign).run.time_budget
    if said is not None:
        return said
    baseline, champion = state.baseline_of(campaign), state.campaigns[campaign].champion
    for row in (baseline, state.experiments[champion]):
        guess = by_time(_counters(state, row))
        if guess is not None:
            return guess
    return None


def _counters(state: State, row: Experiment) -> list[dict[str, Any]]:
    return [
        run.evidence.get("counters") or {}
        for run in state.runs_of(row.id)
        if run.outcome in _ENDED_WELL and run.purpose is not Purpose.SETUP
    ]
