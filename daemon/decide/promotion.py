"""Which experiment is better than its champion, and how sure that is: the gate applied to the state."""

from __future__ import annotations

import dataclasses
import math

from arctl.daemon.actions import MoveBranch, Step
from arctl.daemon.decide.bank import bank_size, failed_bank_runs, reference, settle_baseline
from arctl.daemon.decide.dead_ends import close_axis
from arctl.daemon.decide.rebase import rebase
from arctl.daemon.decide.suspicion import arrest, findings, told
from arctl.daemon.life.closing import close
from arctl.daemon.life.opening import new_runs
from arctl.daemon.rows import (
    Campaign,
    CampaignState,
    Event,
    Experiment,
    ExperimentState,
    Json,
    Outcome,
    Purpose,
    RunState,
    Verdict,
    bump,
)
from arctl.daemon.state import State
from arctl.experiments.gate import Judgement
from arctl.experiments.gate import judge as gate
from arctl.experiments.spec import Spec


def judge(state: State, now: float) -> Step:
    """Judge the first experiment whose runs are all in, against the champion that it was built on."""
    for campaign in state.campaigns.values():
        if campaign.state is CampaignState.FINISHED:
            continue
        spec = state.spec(campaign.id)
        promoting = any(row.state is ExperimentState.PROMOTING for row in state.open_experiments(campaign.id))
        for experiment in state.open_experiments(campaign.id):
            if not experiment.base:
                step = settle_baseline(state, experiment, spec, now)
            elif _stranded(state, experiment):
                last = state.runs_of(experiment.id)[-1]
                step = close(state, experiment, Verdict.CANCELLED, last.reason, now)
            elif promoting or not _complete(state, experiment):
                continue
            else:
                step = _candidate(state, campaign, spec, experiment, now)
            if step:
                return step
    return Step()


def _stranded(state: State, experiment: Experiment) -> bool:
    """Tell whether an experiment has nothing to be judged by and nothing to wait for: its run was killed."""
    runs = state.runs_of(experiment.id)
    idle = experiment.state is ExperimentState.OPEN and not experiment.values
    return idle and bool(runs) and all(run.state is RunState.ENDED for run in runs)


def _complete(state: State, experiment: Experiment) -> bool:
    runs = state.runs_of(experiment.id)
    return (
        experiment.state is ExperimentState.OPEN
        and not experiment.in_quarantine
        and bool(experiment.values)
        and all(run.state is RunState.ENDED for run in runs)
    )


def _candidate(state: State, campaign: Campaign, spec: Spec, experiment: Experiment, now: float) -> Step:
    # What builds on a fork is judged, and would be promoted, as a whole: against the champion of the day.
    base = state.experiments[campaign.champion if experiment.forked else experiment.base]
    known = reference(base, spec)
    if len(known) < max(1, bank_size(base, spec)):
        return Step()
    doubts = findings(state, campaign, spec, experiment, base)
    if step := arrest(state, experiment, doubts, now):
        return step
    baseline = state.baseline_of(campaign.id)
    judgement = gate(
        policy=spec.policy,
        goal=spec.metric.goal,
        min_improvement=spec.metric.min_improvement,
        candidate=experiment.values,
        champion=known,
        pool=_pool(state, campaign.id),
        guardrails=spec.guardrails,
        candidate_metrics=_metrics(state, experiment),
        champion_metrics=_metrics(state, base),
        baseline_metrics=_metrics(state, baseline),
    )
    evidence = judgement.evidence.to_dict() | {
        "against": base.id,
        "failed_bank_runs": failed_bank_runs(state, base),
    }
    if doubts:
        evidence["integrity"] = told(doubts)
    if judgement.outcome == "more":
        return _more_runs(state, spec, bump(experiment, evidence=evidence), judgement, now)
    if judgement.outcome == "accept":
        ready = bump(experiment, evidence=evidence, reason=judgement.reason)
        if base.id == campaign.champion:
            row = dataclasses.replace(ready, state=ExperimentState.PROMOTING)
            return Step(rows=[row], actions=[promote(state, row)])
        return rebase(state, campaign, ready, now)
    verdict = Verdict.REJECTED if judgement.outcome == "reject" else Verdict.INCONCLUSIVE
    step = close(state, experiment, verdict, judgement.reason, now, evidence=evidence)
    step.extend(close_axis(state, experiment, evidence, now))
    return step


def _metrics(state: State, experiment: Experiment) -> list[dict[str, float]]:
    """Return all metrics of each run of its record; what was not finite counts as such."""
    fresh = (Purpose.BASELINE, Purpose.BANK) if experiment.bank else (Purpose.SEARCH, Purpose.CONFIRM)
    runs = [run for run in state.runs_of(experiment.id) if run.outcome == Outcome.OK and run.purpose in fresh]
    if experiment.repairs and not experiment.bank:
        # What ran before its code was repaired says nothing of it.
        runs = sorted(runs, key=lambda run: run.ended or 0.0)[len(runs) - len(experiment.values) :]
    return [
        {name: math.nan if value is None else value for name, value in run.metrics.items()} for run in runs
    ]


def _pool(state: State, campaign: str) -> list[tuple[float, ...]]:
    """Return the values of every replicated experiment; a champion's fresh runs are a group of their own."""
    rows = state.replicated(campaign)
    return [group for row in rows for group in (row.values, row.bank) if len(group) > 1]


def _more_runs(state: State, spec: Spec, row: Experiment, judgement: Judgement, now: float) -> Step:
    have = len(row.values)
    wanted = next((look for look in spec.policy.looks if look > have), have + 1)
    runs = new_runs(state, state.ids(), row, Purpose.CONFIRM, max(1, wanted - have), now)
    text = f"{row.id} needs {len(runs)} more run{'s' if len(runs) > 1 else ''}: {judgement.reason}"
    event = Event("experiment.confirming", row.campaign, row.id, text, data=row.evidence)
    return Step(rows=[row, *runs], events=[event])


def promote(state: State, experiment: Experiment) -> MoveBranch:
    """Return the action that puts an accepted change on the champion branch."""
    campaign = state.campaigns[experiment.campaign]
    champion = state.experiments[campaign.champion if experiment.forked else experiment.base]
    metric = state.spec(campaign.id).metric.name
    proposal = state.proposals[experiment.proposal]
    evidence = experiment.evidence
    seeds = [
        run.seed
        for run in state.runs_of(experiment.id)
        if run.outcome == Outcome.OK and run.purpose is not Purpose.BANK
    ]
    body = [experiment.title, ""]
    body += [proposal.hypothesis, ""] if proposal.hypothesis else []
    body += [
        f"Experiment: {experiment.id} ({campaign.id})",
        f"Axis: {experiment.axis or '-'}",
        f"Metric: {metric} {_number(evidence, 'mean_champion')} -> {_number(evidence, 'mean_candidate')}",
        f"Seeds: {', '.join(map(str, seeds))}",
        f"Evidence: {experiment.reason}",
    ]
    return MoveBranch(campaign, experiment, champion.promoted, "\n".join(body) + "\n")


def _number(evidence: Json, key: str) -> str:
    value = evidence.get(key)
    return f"{value:.6g}" if isinstance(value, int | float) else "-"
