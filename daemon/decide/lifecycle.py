"""When a campaign is finished, when the daemon may leave, and what to take up again after a start."""

from __future__ import annotations

from arctl.daemon.actions import (
    BuildCommit,
    MoveBranch,
    RemoveTree,
    ResumeRun,
    Shutdown,
    Step,
    StopRun,
    SweepTrees,
)
from arctl.daemon.decide.promotion import promote
from arctl.daemon.decide.supply import limit_met, settled
from arctl.daemon.marks import Reissue
from arctl.daemon.model import ACTIVE, Campaign, CampaignState, Event, ExperimentState, RunState, bump
from arctl.daemon.state import State


def finish(state: State, now: float) -> Step:
    """Close a campaign that has nothing left to do."""
    for campaign in state.campaigns.values():
        if campaign.state is not CampaignState.RUNNING or not campaign.setup_done:
            continue
        reason = limit_met(state, campaign, now) or ("every proposal was tried" if campaign.exhausted else "")
        if not reason or not settled(state, campaign):
            continue
        champion = state.experiments[campaign.champion]
        found = "nothing beat the baseline" if not champion.base else f"the champion is {champion.id}"
        text = f"campaign {campaign.id} is finished: {reason}; {found}"
        row = bump(campaign, state=CampaignState.FINISHED, reason=reason)
        event = Event("campaign.finished", campaign.id, champion.id, text, data={"champion": champion.id})
        return Step(rows=[row], events=[event])
    return Step()


def leave(state: State, now: float) -> Step:
    """End the daemon once it was asked to stop and nothing runs any more."""
    del now
    if state.stopping and not state.active_runs():
        return Step(actions=[Shutdown(state.stopping)])
    return Step()


def recover(state: State) -> Step:
    """Return what takes up, after a start, all that an earlier daemon had begun."""
    live = frozenset(run.id for run in state.live_runs())
    step = Step(actions=[SweepTrees(live)])
    for run in state.live_runs():
        if run.state in ACTIVE:
            step.actions.append(ResumeRun(state.campaigns[run.campaign], run))
            if run.stopping:
                step.actions.append(StopRun(run.id, run.attempt, run.stopping))
        elif run.state is not RunState.QUEUED:
            step.rows.append(bump(run, state=RunState.QUEUED, tree=""))
            step.actions.append(RemoveTree(run.id))
    for campaign in state.campaigns.values():
        step.actions.extend(_unfinished(state, campaign))
    return step


def reissue(state: State, now: float) -> Step:
    """Ask git again for what it could not do when the campaign was held; doing it twice does it once."""
    del now
    for ident in sorted(state.reissue):
        actions = _unfinished(state, state.campaigns[ident])
        return Step(actions=list(actions), marks=[Reissue(ident, wanted=False)])
    return Step()


def _unfinished(state: State, campaign: Campaign) -> list[BuildCommit | MoveBranch]:
    """Return what git was asked to do for a campaign and has not done yet."""
    found: list[BuildCommit | MoveBranch] = []
    for experiment in state.open_experiments(campaign.id):
        if experiment.state is ExperimentState.PROMOTING:
            found.append(promote(state, experiment))
        elif experiment.state is ExperimentState.BUILDING:
            proposal = state.proposals[experiment.proposal]
            base = state.experiments[experiment.base].promoted
            found.append(BuildCommit(campaign, experiment, proposal, base))
    return found
