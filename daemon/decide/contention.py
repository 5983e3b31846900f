"""Runs on a busy machine, where the metric depends on time: taken back, and run afresh a few times."""

from __future__ import annotations

from arctl.daemon.actions import Step
from arctl.daemon.decide.bank import bank_size
from arctl.daemon.life.contention import bends
from arctl.daemon.life.opening import new_runs
from arctl.daemon.rows import (
    Campaign,
    CampaignState,
    Event,
    Experiment,
    ExperimentState,
    Outcome,
    Purpose,
    Run,
    bump,
)
from arctl.daemon.state import State

#: Runs of one experiment that are replaced before a disturbed one counts all the same; of a champion each
#: of its fresh runs once more, for they may all be disturbed at once.
MOST = 3
_FRESH = (Purpose.BASELINE, Purpose.BANK)


def replace(state: State, now: float) -> Step:
    """Take back the value of a run that was disturbed, for or against, before anything is judged by it."""
    for campaign in state.campaigns.values():
        if campaign.state is not CampaignState.RUNNING:
            continue
        rows = [state.experiments[campaign.champion], *state.open_experiments(campaign.id)]
        for row in {row.id: row for row in rows}.values():
            for run in state.runs_of(row.id):
                if _disturbed(row, run) and bends(state, campaign.id):
                    return _taken_back(state, campaign, row, run, now)
    return Step()


def _disturbed(row: Experiment, run: Run) -> bool:
    """Tell whether a run counts that may still be taken back."""
    if run.outcome != Outcome.OK or run.value is None or not run.evidence.get("contended"):
        return False
    if run.evidence.get("counted"):
        return False
    # What an experiment was judged by stays; a champion's fresh runs go on being looked at.
    return run.purpose in _FRESH or row.state is ExperimentState.OPEN


def _taken_back(state: State, campaign: Campaign, row: Experiment, run: Run, now: float) -> Step:
    why = run.evidence["contended"]
    before = sum(
        other.outcome == Outcome.CONTENDED and (other.purpose in _FRESH) == (run.purpose in _FRESH)
        for other in state.runs_of(row.id)
    )
    spare = bank_size(row, state.spec(campaign.id)) if run.purpose in _FRESH else 0
    if before >= MOST + spare:
        kept = bump(run, evidence={**run.evidence, "counted": True})
        text = f"{run.id} of {row.id} counts although {why}: {before} were replaced already"
        return Step(rows=[kept], events=[Event("run.contended", campaign.id, run.id, text)])
    reason = f"not counted: {why}, and the metric depends on time"
    step = Step()
    step.rows.append(bump(run, outcome=Outcome.CONTENDED, reason=reason))
    fresh = run.purpose in _FRESH
    values = list(row.bank if fresh else row.values)
    if run.value in values:
        # The last one of this value: equal ones are alike.
        del values[len(values) - 1 - values[::-1].index(run.value)]
    again: list[Run] = []
    if fresh:
        # The bank asks for another one by itself.
        step.rows.append(bump(row, bank=tuple(values)))
    else:
        again = new_runs(state, state.ids(), row, run.purpose, 1, now)
        step.rows.extend((bump(row, values=tuple(values)), *again))
    text = f"{run.id} of {row.id} is {reason}; it is run afresh" + (f" as {again[0].id}" if again else "")
    data = {"value": run.value, "why": why}
    step.events.append(Event("run.contended", campaign.id, run.id, text, data=data))
    return step
