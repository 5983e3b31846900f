"""Proposals become experiments, experiments become commits, the accepted one becomes champion."""

from __future__ import annotations

from arctl.daemon import facts
from arctl.daemon.actions import Step
from arctl.daemon.life.closing import close
from arctl.daemon.life.duplicates import duplicate, stands_for
from arctl.daemon.life.opening import new_runs
from arctl.daemon.life.surface import unread
from arctl.daemon.life.titles import told
from arctl.daemon.marks import Reissue
from arctl.daemon.rows import (
    Event,
    Experiment,
    ExperimentState,
    Purpose,
    RunState,
    Verdict,
    bump,
)
from arctl.daemon.state import State


def built(state: State, fact: facts.CommitBuilt, now: float) -> Step:
    """Queue the first run of a commit, or reuse what is known where the very same tree was there before."""
    experiment = _building(state, fact.experiment, fact.base)
    if experiment is None:
        return Step()
    known = {"commit": fact.commit, "tree": fact.tree, "params": fact.params, "findings": fact.findings}
    first = stands_for(state.proposals[experiment.proposal], state.same_tree(experiment.campaign, fact.tree))
    if first is not None and first.id != experiment.id:
        return duplicate(state, experiment, first, known, now)
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
    foundation = state.experiments[row.base]
    return row if base in (foundation.promoted, foundation.promoted or foundation.commit) else None


def refused(state: State, fact: facts.CommitRefused, now: float) -> Step:
    """Close an experiment whose change could not be made, with the reason and the evidence."""
    experiment = _building(state, fact.experiment, fact.base)
    if experiment is None:
        return Step()
    return close(
        state, experiment, fact.verdict, fact.reason, now, commit=fact.commit, evidence=fact.evidence
    )


def promoted(state: State, fact: facts.BranchMoved, now: float) -> Step:
    """Make an experiment the champion; by a person's word also one that was, or was not, champion before."""
    experiment = state.experiments[fact.experiment]
    campaign = state.campaigns[experiment.campaign]
    again = campaign.wanted == experiment.id and experiment.state is ExperimentState.CLOSED
    if experiment.state is not ExperimentState.PROMOTING and not again:
        return Step()
    before = state.experiments[campaign.champion]
    if again:
        # What is being built on its former commit is asked for again, on this one.
        again_built = Reissue(campaign.id, wanted=True)
        step = Step(rows=[bump(experiment, promoted=fact.commit)], marks=[again_built])
        reason = "by hand"
    else:
        reason = experiment.reason
        verdict = experiment.verdict or (Verdict.BY_HAND if experiment.by_hand else Verdict.ACCEPTED)
        step = close(state, experiment, verdict, reason, now, promoted=fact.commit)
    step.rows.append(bump(campaign, champion=experiment.id, behind=fact.note, wanted=""))
    text = f"{experiment.id} {told(state, experiment)} is the new champion, after {before.id}: {reason}"
    data = {"commit": fact.commit, "before": before.id, "evidence": experiment.evidence}
    step.events.append(Event("champion.new", campaign.id, experiment.id, text, data=data))
    team = state.company.teams.get(experiment.team)
    if team is not None and team.direction == experiment.direction:
        # Stagnation counts from the last time that a team's direction paid.
        step.rows.append(bump(team, since=now))
    step.actions.extend(unread(campaign, experiment, fact.commit))
    if fact.note:
        step.events.append(Event("branch.behind", campaign.id, campaign.id, fact.note))
    return step
