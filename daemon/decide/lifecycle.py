"""When a campaign is finished, when the daemon may leave, and what to take up again after a start."""

from __future__ import annotations

from arctl.daemon.actions import (
    BuildCommit,
    MoveBranch,
    ReadParams,
    RemoveTree,
    ResumeRun,
    Shutdown,
    Step,
    StopRun,
    SweepTrees,
    WatchFiles,
)
from arctl.daemon.decide.exhaustion import nothing_more
from arctl.daemon.decide.promotion import promote
from arctl.daemon.decide.supply import limit_met, settled
from arctl.daemon.decide.teams.leases import lose
from arctl.daemon.life import byhand
from arctl.daemon.life.releasing import withdrawn
from arctl.daemon.life.surface import unknown
from arctl.daemon.marks import Reissue
from arctl.daemon.rows import (
    ACTIVE,
    Campaign,
    CampaignState,
    Event,
    ExperimentState,
    RunState,
    bump,
)
from arctl.daemon.state import State


def finish(state: State, now: float) -> Step:
    """Close a campaign that has nothing left to do."""
    for campaign in state.campaigns.values():
        if campaign.state is not CampaignState.RUNNING or not campaign.setup_done:
            continue
        reason = limit_met(state, campaign, now) or nothing_more(state, campaign)
        if not reason or not settled(state, campaign):
            if step := _undecided(state, campaign, reason):
                return step
            continue
        champion = state.experiments[campaign.champion]
        found = "nothing beat the baseline" if not champion.base else f"the champion is {champion.id}"
        text = f"campaign {campaign.id} is finished: {reason}; {found}"
        row = bump(campaign, state=CampaignState.FINISHED, reason=reason, trouble="")
        event = Event("campaign.finished", campaign.id, champion.id, text, data={"champion": champion.id})
        step = Step(rows=[row], events=[event])
        for turn in state.company.asked(campaign.id):
            step.extend(withdrawn(state, turn, f"the campaign is finished: {reason}", now))
        return step
    return Step()


#: How the reason of a campaign begins that has nothing left but results in quarantine.
UNDECIDED = "waits for a person: "


def _undecided(state: State, campaign: Campaign, over: str) -> Step:
    """Say so, once, where a campaign would be finished if a person decided what is in quarantine."""
    said = ""
    if over and settled(state, campaign, decided=False):
        names = ", ".join(row.id for row in state.open_experiments(campaign.id))
        said = f"{UNDECIDED}{names} in quarantine, and otherwise {over}"
    if said == campaign.reason or not (said or campaign.reason.startswith(UNDECIDED)):
        return Step()
    step = Step(rows=[bump(campaign, reason=said)])
    if said:
        step.events.append(Event("campaign.undecided", campaign.id, campaign.id, f"{campaign.id} {said}"))
    return step


def leave(state: State, now: float) -> Step:
    """End the daemon once it was asked to stop and nothing runs any more."""
    del now
    if state.stopping and not state.active_runs():
        return Step(actions=[Shutdown(state.stopping)])
    return Step()


def recover(state: State, now: float) -> Step:
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
        # One that has ended takes edits, too: a resume goes by them.
        step.actions.append(WatchFiles(campaign))
        lost = set()
        for turn in state.company.asked(campaign.id):
            # Whoever was thinking is gone with the daemon; outside members come again by themselves.
            agent = state.company.named(campaign.id, turn.agent)
            if agent is None or not agent.outside:
                step.extend(lose(state, turn, "the daemon ended", now, counted=False))
                lost.add((turn.subject, turn.agent))
        if (going := state.company.discussion(campaign.id)) is not None:
            # They were asked, but could not answer: they are asked again in the same round.
            asked = tuple(name for name in going.asked if (going.id, name) not in lost)
            step.rows.append(bump(going, asked=asked))
    return step


def reissue(state: State, now: float) -> Step:
    """Ask git again for what it could not do when the campaign was held; doing it twice does it once."""
    del now
    for ident in sorted(state.reissue):
        actions = _unfinished(state, state.campaigns[ident])
        return Step(actions=list(actions), marks=[Reissue(ident, wanted=False)])
    return Step()


def _unfinished(state: State, campaign: Campaign) -> list[BuildCommit | MoveBranch | ReadParams]:
    """Return what git was asked to do for a campaign and has not done yet."""
    found: list[BuildCommit | MoveBranch | ReadParams] = [*unknown(state, campaign)]
    if (move := byhand.again(state, campaign)) is not None:
        found.append(move)
    for experiment in state.open_experiments(campaign.id):
        if experiment.id == campaign.wanted:
            continue
        if experiment.state is ExperimentState.PROMOTING:
            found.append(promote(state, experiment))
        elif experiment.state is ExperimentState.BUILDING:
            proposal = state.proposals[experiment.proposal]
            foundation = state.experiments[experiment.base]
            base = foundation.promoted or foundation.commit
            found.append(BuildCommit(campaign, experiment, proposal, base))
    return found
