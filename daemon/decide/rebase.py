"""Stale bases: winners are tried again on the champion of the day, and what has not run is built anew."""

from __future__ import annotations

import dataclasses

from arctl.daemon.actions import BuildCommit, Step
from arctl.daemon.life.closing import close
from arctl.daemon.life.opening import new_experiment
from arctl.daemon.rows import (
    WAITING,
    Campaign,
    CampaignState,
    Event,
    Experiment,
    ExperimentState,
    RunState,
    Verdict,
    bump,
)
from arctl.daemon.state import State


def rebase(state: State, campaign: Campaign, won: Experiment, now: float) -> Step:
    """Put a winner whose base is no longer the champion onto the new one, to run and be judged again."""
    champion = state.experiments[campaign.champion]
    origin = state.proposals[won.proposal]
    ids = state.ids()
    # Values are set anew; any other edit is merged, since it may have been made on an older base still.
    values = origin.change.get("kind") == "params"
    change = origin.change if values else {"kind": "merge", "commit": won.commit, "of": won.id}
    ident, _ = ids.new("p")
    proposal = dataclasses.replace(
        origin, id=ident, created=now, base=champion.id, change=change, source="", of=origin.id, rev=0
    )
    again = new_experiment(ids, proposal, now, rebase_of=won.id)
    proposal = dataclasses.replace(proposal, experiment=again.id)
    reason = f"won against {won.base}, but {champion.id} is champion by now; tried on it as {again.id}"
    step = close(state, won, Verdict.REBASED, reason, now)
    step.rows.extend((proposal, again))
    text = f"{again.id} {again.title}: {won.id} again, on {champion.id}"
    step.events.append(Event("experiment.proposed", campaign.id, again.id, text))
    step.actions.append(BuildCommit(campaign, again, proposal, champion.promoted))
    return step


def refresh(state: State, now: float) -> Step:
    """Build an experiment that has not run yet anew on the champion that came meanwhile."""
    del now
    for campaign in state.campaigns.values():
        if campaign.state is not CampaignState.RUNNING:
            continue
        for experiment in state.open_experiments(campaign.id):
            if experiment.state is not ExperimentState.OPEN or experiment.base in ("", campaign.champion):
                continue
            if experiment.forked:
                continue
            runs = state.runs_of(experiment.id)
            if experiment.values or any(run.state not in WAITING for run in runs):
                continue
            champion = state.experiments[campaign.champion]
            row = bump(
                experiment, state=ExperimentState.BUILDING, base=champion.id, commit="", tree="", params={}
            )
            # A higher attempt makes nobody's of a work tree that is being laid out from the old commit.
            again = [bump(run, state=RunState.QUEUED, attempt=run.attempt + 1, tree="") for run in runs]
            proposal = bump(state.proposals[experiment.proposal], base=champion.id)
            text = f"{row.id} {row.title}: not run yet, built anew on {champion.id}"
            event = Event("experiment.refreshed", campaign.id, row.id, text)
            build = BuildCommit(campaign, row, proposal, champion.promoted)
            return Step(rows=[row, proposal, *again], events=[event], actions=[build])
    return Step()
