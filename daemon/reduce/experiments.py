"""Proposals become experiments, experiments become commits, the accepted one becomes champion."""

from __future__ import annotations

from typing import Any

from arctl.daemon import facts
from arctl.daemon.actions import BuildCommit, Step
from arctl.daemon.closing import close
from arctl.daemon.marks import Asking
from arctl.daemon.model import (
    CampaignState,
    Event,
    Experiment,
    ExperimentState,
    Purpose,
    RunState,
    Verdict,
    bump,
)
from arctl.daemon.opening import new_experiment, new_proposal, new_runs
from arctl.daemon.state import State

#: Seconds before a brain that had nothing to say is asked again.
BRAIN_PAUSE = 5.0


def proposed(state: State, fact: facts.BrainAnswered, now: float) -> Step:
    """Write down each proposal and have it committed; the same source is never drawn twice."""
    campaign = state.campaigns.get(fact.campaign)
    if campaign is None:
        return Step()
    step = Step()
    if fact.note:
        step.events.append(Event("brain.note", campaign.id, campaign.id, fact.note, "brain"))
    if fact.exhausted and not campaign.exhausted:
        step.rows.append(bump(campaign, exhausted=True))
        step.events.append(
            Event("brain.exhausted", campaign.id, campaign.id, "the brain has no more proposals")
        )
    if campaign.state is CampaignState.FINISHED:
        step.marks.append(Asking(campaign.id, asking=False))
        return step
    base = state.experiments[fact.base]
    drawn, ids = set(state.sources(campaign.id)), state.ids()
    brain = state.spec(campaign.id).brain.kind
    for draft in fact.drafts:
        if draft.source and draft.source in drawn:
            continue
        drawn.add(draft.source)
        proposal = new_proposal(ids, campaign.id, base.id, draft, brain=brain, now=now)
        experiment = new_experiment(ids, proposal, now)
        text = f"{experiment.id} {draft.title}"
        step.events.append(Event("experiment.proposed", campaign.id, experiment.id, text, proposal.agent))
        first = state.same_patch(campaign.id, str(draft.change.get("patch", "")))
        if first is not None:
            step.rows.append(proposal)
            step.extend(_duplicate(state, experiment, first, {}, now))
            continue
        step.rows.extend((proposal, experiment))
        step.actions.append(BuildCommit(campaign, experiment, proposal, base.promoted))
    # A brain that says nothing new is given time, not asked again at once.
    pause = 0.0 if step.actions else now + BRAIN_PAUSE
    step.marks.append(Asking(campaign.id, asking=False, again_after=pause))
    return step


def built(state: State, fact: facts.CommitBuilt, now: float) -> Step:
    """Queue the first run of a commit, or reuse what is known where the very same tree was there before."""
    experiment = _building(state, fact.experiment, fact.base)
    if experiment is None:
        return Step()
    known = {"commit": fact.commit, "tree": fact.tree, "params": fact.params}
    first = state.same_tree(experiment.campaign, fact.tree)
    if first is not None and first.id != experiment.id:
        return _duplicate(state, experiment, first, known, now)
    row = bump(experiment, state=ExperimentState.OPEN, **known)
    if any(run.state is not RunState.ENDED for run in state.runs_of(row.id)):
        return Step(rows=[row])
    (run,) = new_runs(state, state.ids(), row, Purpose.SEARCH, 1, now)
    return Step(
        rows=[row, run],
        events=[Event("experiment.queued", row.campaign, row.id, f"{row.id} is queued as {run.id}")],
    )


def _building(state: State, ident: str, base: str) -> Experiment | None:
    """Return the experiment if it waits for a commit on this very base; an older answer is nobody's."""
    row = state.experiments.get(ident)
    if row is None or row.state is not ExperimentState.BUILDING:
        return None
    return row if state.experiments[row.base].promoted == base else None


def _duplicate(
    state: State, experiment: Experiment, first: Experiment, known: dict[str, Any], now: float
) -> Step:
    ended = first.verdict or "still under way"
    what = "tree" if known else "patch"
    reason = (
        f"changes nothing: the tree is that of its base {first.id}"
        if first.id == experiment.base
        else f"the same {what} as {first.id} ({ended}); its result is reused, nothing ran"
    )
    return close(
        state,
        experiment,
        Verdict.DUPLICATE,
        reason,
        now,
        same_as=first.id,
        values=first.record if first.verdict else (),
        metrics=first.metrics,
        evidence={"same_as": first.id, "verdict": first.verdict},
        **known,
    )


def refused(state: State, fact: facts.CommitRefused, now: float) -> Step:
    """Close an experiment whose change could not be made, with the reason and the evidence."""
    experiment = _building(state, fact.experiment, fact.base)
    if experiment is None:
        return Step()
    return close(
        state, experiment, fact.verdict, fact.reason, now, commit=fact.commit, evidence=fact.evidence
    )


def promoted(state: State, fact: facts.BranchMoved, now: float) -> Step:
    """Make an experiment the champion."""
    experiment = state.experiments[fact.experiment]
    if experiment.state is not ExperimentState.PROMOTING:
        return Step()
    campaign = state.campaigns[experiment.campaign]
    before = state.experiments[campaign.champion]
    reason = experiment.reason
    step = close(state, experiment, Verdict.ACCEPTED, reason, now, promoted=fact.commit)
    # From a new champion there are new steps to take, whatever the brain said of the old one.
    step.rows.append(bump(campaign, champion=experiment.id, exhausted=False, behind=fact.note))
    text = f"{experiment.id} {experiment.title} is the new champion, after {before.id}: {reason}"
    data = {"commit": fact.commit, "before": before.id, "evidence": experiment.evidence}
    step.events.append(Event("champion.new", campaign.id, experiment.id, text, data=data))
    if fact.note:
        step.events.append(Event("branch.behind", campaign.id, campaign.id, fact.note))
    return step
