"""Proposals become experiments, experiments become commits, the accepted one becomes champion."""

from __future__ import annotations

from typing import Any

from arctl.daemon import facts
from arctl.daemon.actions import BuildCommit, Step
from arctl.daemon.model import (
    Asking,
    CampaignState,
    Event,
    Experiment,
    ExperimentState,
    Proposal,
    Purpose,
    Run,
    RunState,
    Verdict,
    bump,
)
from arctl.daemon.reduce.closing import close
from arctl.daemon.state import State

#: Seconds before a brain that had nothing to say is asked again.
BRAIN_PAUSE = 5.0


def proposed(state: State, fact: facts.BrainAnswered, now: float) -> Step:
    """Write down each proposal and have it committed; the same source is never drawn twice."""
    campaign = state.campaigns.get(fact.campaign)
    if campaign is None:
        return Step()
    pause = 0.0 if fact.drafts else now + BRAIN_PAUSE
    step = Step(marks=[Asking(campaign.id, asking=False, again_after=pause)])
    if fact.note:
        step.events.append(Event("brain.note", campaign.id, campaign.id, fact.note, "brain"))
    if fact.exhausted and not campaign.exhausted:
        step.rows.append(bump(campaign, exhausted=True))
        step.events.append(
            Event("brain.exhausted", campaign.id, campaign.id, "the brain has no more proposals")
        )
    if campaign.state is CampaignState.FINISHED:
        return step
    base = state.experiments[fact.base]
    drawn, ids = set(state.sources(campaign.id)), state.ids()
    spec = state.spec(campaign.id)
    for draft in fact.drafts:
        if draft.source and draft.source in drawn:
            continue
        drawn.add(draft.source)
        ident, _ = ids.new("p")
        proposal = Proposal(
            id=ident,
            campaign=campaign.id,
            created=now,
            agent="solo",
            brain=spec.brain.kind,
            base=base.id,
            title=draft.title,
            change=draft.change,
            hypothesis=draft.hypothesis,
            axis=draft.axis,
            move=draft.move,
            expected=draft.expected,
            if_works=draft.if_works,
            if_fails=draft.if_fails,
            source=draft.source,
        )
        number_id, number = ids.new("e")
        experiment = Experiment(
            id=number_id,
            campaign=campaign.id,
            number=number,
            created=now,
            state=ExperimentState.BUILDING,
            title=draft.title,
            proposal=proposal.id,
            axis=draft.axis,
            base=base.id,
        )
        text = f"{experiment.id} {draft.title}"
        step.events.append(Event("experiment.proposed", campaign.id, experiment.id, text, "solo"))
        first = state.same_patch(campaign.id, str(draft.change.get("patch", "")))
        if first is not None:
            step.rows.append(proposal)
            step.extend(_duplicate(state, experiment, first, {}, now))
            continue
        step.rows.extend((proposal, experiment))
        step.actions.append(BuildCommit(campaign, experiment, proposal, base.promoted))
    return step


def built(state: State, fact: facts.CommitBuilt, now: float) -> Step:
    """Queue the first run of a commit, or reuse what is known where the very same tree was there before."""
    experiment = state.experiments.get(fact.experiment)
    if experiment is None or experiment.state is not ExperimentState.BUILDING:
        return Step()
    known = {"commit": fact.commit, "tree": fact.tree, "params": fact.params}
    first = state.same_tree(experiment.campaign, fact.tree)
    if first is not None and first.id != experiment.id:
        return _duplicate(state, experiment, first, known, now)
    row = bump(experiment, state=ExperimentState.OPEN, **known)
    if any(run.state is not RunState.ENDED for run in state.runs_of(row.id)):
        return Step(rows=[row])
    run = first_run(state, row, now)
    return Step(
        rows=[row, run],
        events=[Event("experiment.queued", row.campaign, row.id, f"{row.id} is queued as {run.id}")],
    )


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
        values=first.values,
        metrics=first.metrics,
        evidence={"same_as": first.id, "verdict": first.verdict},
        **known,
    )


def first_run(state: State, experiment: Experiment, now: float) -> Run:
    """Build the run that an experiment begins with."""
    ident, number = state.ids().new("r")
    return Run(
        id=ident,
        campaign=experiment.campaign,
        experiment=experiment.id,
        number=number,
        created=now,
        purpose=Purpose.SEARCH,
        seed=seed_for(state, experiment, 0, number),
        state=RunState.QUEUED,
    )


def seed_for(state: State, experiment: Experiment, place: int, number: int) -> int:
    """Choose the seed of an experiment's run: from the panel in rotation, else one never used before."""
    panel = state.spec(experiment.campaign).policy.seeds
    return panel[(experiment.number + place) % len(panel)] if panel else 1000 + number


def refused(state: State, fact: facts.CommitRefused, now: float) -> Step:
    """Close an experiment whose change could not be made, with the reason and the evidence."""
    experiment = state.experiments.get(fact.experiment)
    if experiment is None or experiment.state is not ExperimentState.BUILDING:
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
    step.rows.append(bump(campaign, champion=experiment.id))
    text = f"{experiment.id} {experiment.title} is the new champion, after {before.id}: {reason}"
    data = {"commit": fact.commit, "before": before.id, "evidence": experiment.evidence}
    step.events.append(Event("champion.new", campaign.id, experiment.id, text, data=data))
    if fact.note:
        step.events.append(Event("branch.behind", campaign.id, campaign.id, fact.note))
    return step
