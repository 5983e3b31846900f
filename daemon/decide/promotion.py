"""Which experiment is better than its champion, and how sure that is: the gate applied to the state."""

from __future__ import annotations

import dataclasses
import math

from arctl.daemon.actions import BuildCommit, MoveBranch, Step
from arctl.daemon.model import (
    JUDGED,
    Campaign,
    CampaignState,
    DeadEnd,
    Event,
    Experiment,
    ExperimentState,
    Json,
    Outcome,
    Purpose,
    Run,
    RunState,
    Verdict,
    bump,
)
from arctl.daemon.reduce.closing import close
from arctl.daemon.reduce.experiments import seed_for
from arctl.daemon.state import Ids, State
from arctl.experiments.gate import Judgement
from arctl.experiments.gate import judge as gate
from arctl.experiments.spec import Spec

#: Verdicts against an axis, with none for it, that close it: for values of a parameter, for a written idea.
DEAD_AFTER_VALUES = 3
DEAD_AFTER_IDEA = 1


def judge(state: State, now: float) -> Step:
    """Judge the first experiment whose runs are all in, against the champion that it was built on."""
    for campaign in state.campaigns.values():
        if campaign.state is CampaignState.FINISHED:
            continue
        spec = state.spec(campaign.id)
        promoting = any(row.state is ExperimentState.PROMOTING for row in state.open_experiments(campaign.id))
        for experiment in state.open_experiments(campaign.id):
            if not experiment.base:
                step = _baseline(experiment, spec, now)
            elif promoting or not _complete(state, experiment):
                continue
            else:
                step = _candidate(state, campaign, spec, experiment, now)
            if step:
                return step
    return Step()


def _complete(state: State, experiment: Experiment) -> bool:
    runs = state.runs_of(experiment.id)
    return (
        experiment.state is ExperimentState.OPEN
        and bool(experiment.values)
        and all(run.state is RunState.ENDED for run in runs)
    )


def bank_size(experiment: Experiment, spec: Spec) -> int:
    """Return how many fresh runs a champion is judged by."""
    if spec.policy.mode == "greedy":
        return 0 if experiment.base else 1
    return spec.policy.champion_runs if experiment.base else spec.policy.baseline_runs


def _reference(experiment: Experiment, spec: Spec) -> tuple[float, ...]:
    """Return the values that stand for a champion; greedy trusts the one run that won."""
    return experiment.bank or (experiment.values if spec.policy.mode == "greedy" else ())


def _baseline(experiment: Experiment, spec: Spec, now: float) -> Step:
    if len(experiment.bank) < bank_size(experiment, spec):
        return Step()
    count = len(experiment.bank)
    mean = math.fsum(experiment.bank) / count
    reason = f"{spec.metric.name} {mean:.6g} over {count} run{'s' if count > 1 else ''}"
    row = bump(experiment, state=ExperimentState.CLOSED, verdict=Verdict.BASELINE, reason=reason, closed=now)
    event = Event("baseline.ready", row.campaign, row.id, f"the baseline stands: {reason}")
    return Step(rows=[row], events=[event])


def _candidate(state: State, campaign: Campaign, spec: Spec, experiment: Experiment, now: float) -> Step:
    base = state.experiments[experiment.base]
    reference = _reference(base, spec)
    if len(reference) < max(1, bank_size(base, spec)):
        return Step()
    baseline = next(iter(state.experiments_of(campaign.id)))
    judgement = gate(
        policy=spec.policy,
        goal=spec.metric.goal,
        min_improvement=spec.metric.min_improvement,
        candidate=experiment.values,
        champion=reference,
        pool=_pool(state, campaign.id),
        guardrails=spec.guardrails,
        candidate_metrics=_metrics(state, experiment),
        champion_metrics=_metrics(state, base),
        baseline_metrics=_metrics(state, baseline),
    )
    evidence = dataclasses.asdict(judgement.evidence) | {"against": base.id}
    if judgement.outcome == "more":
        return _more_runs(state, spec, bump(experiment, evidence=evidence), judgement, now)
    if judgement.outcome == "accept":
        ready = bump(experiment, evidence=evidence, reason=judgement.reason)
        if base.id == campaign.champion:
            row = dataclasses.replace(ready, state=ExperimentState.PROMOTING)
            return Step(rows=[row], actions=[promote(state, row)])
        return _rebase(state, campaign, ready, now)
    verdict = Verdict.REJECTED if judgement.outcome == "reject" else Verdict.INCONCLUSIVE
    step = close(state, experiment, verdict, judgement.reason, now, evidence=evidence)
    step.extend(_dead_end(state, experiment, evidence, now))
    return step


def _metrics(state: State, experiment: Experiment) -> list[dict[str, float]]:
    """Return all metrics of each successful run; what was not finite counts as such."""
    return [
        {name: math.nan if value is None else value for name, value in run.metrics.items()}
        for run in state.runs_of(experiment.id)
        if run.outcome == Outcome.OK and run.purpose is not Purpose.SETUP
    ]


def _pool(state: State, campaign: str) -> list[tuple[float, ...]]:
    """Return the values of every replicated experiment; a champion's fresh runs are a group of their own."""
    groups: list[tuple[float, ...]] = []
    for experiment in state.experiments_of(campaign):
        if not experiment.same_as:
            groups += [group for group in (experiment.values, experiment.bank) if len(group) > 1]
    return groups


def _more_runs(state: State, spec: Spec, row: Experiment, judgement: Judgement, now: float) -> Step:
    have = len(row.values)
    wanted = next((look for look in spec.policy.looks if look > have), have + 1)
    ids = state.ids()
    runs = [
        _run(state, ids, row, Purpose.CONFIRM, place, now) for place in range(have, max(wanted, have + 1))
    ]
    text = f"{row.id} needs {len(runs)} more run{'s' if len(runs) > 1 else ''}: {judgement.reason}"
    event = Event("experiment.confirming", row.campaign, row.id, text, data=row.evidence)
    return Step(rows=[row, *runs], events=[event])


def _run(state: State, ids: Ids, experiment: Experiment, purpose: Purpose, place: int, now: float) -> Run:
    ident, number = ids.new("r")
    return Run(
        id=ident,
        campaign=experiment.campaign,
        experiment=experiment.id,
        number=number,
        created=now,
        purpose=purpose,
        seed=seed_for(state, experiment, place, number),
        state=RunState.QUEUED,
    )


def _rebase(state: State, campaign: Campaign, won: Experiment, now: float) -> Step:
    """Put a winner whose base is no longer the champion onto the new one, to run and be judged again."""
    champion = state.experiments[campaign.champion]
    origin = state.proposals[won.proposal]
    ids = state.ids()
    (proposal_id, _), (ident, number) = ids.new("p"), ids.new("e")
    proposal = dataclasses.replace(
        origin,
        id=proposal_id,
        created=now,
        base=champion.id,
        change={"kind": "rebase", "commit": won.commit, "of": won.id},
        source="",
        rev=0,
    )
    again = Experiment(
        id=ident,
        campaign=campaign.id,
        number=number,
        created=now,
        state=ExperimentState.BUILDING,
        title=won.title,
        proposal=proposal.id,
        axis=won.axis,
        base=champion.id,
    )
    reason = f"won against {won.base}, but {champion.id} is champion by now; tried on it as {again.id}"
    step = close(state, won, Verdict.REBASED, reason, now)
    step.rows.extend((proposal, again))
    text = f"{again.id} {again.title}: {won.id} again, on {champion.id}"
    step.events.append(Event("experiment.proposed", campaign.id, again.id, text))
    step.actions.append(BuildCommit(campaign, again, proposal, champion.promoted))
    return step


def promote(state: State, experiment: Experiment) -> MoveBranch:
    """Return the action that puts an accepted change on the champion branch."""
    campaign = state.campaigns[experiment.campaign]
    champion = state.experiments[experiment.base]
    metric = state.spec(campaign.id).metric.name
    proposal = state.proposals[experiment.proposal]
    evidence = experiment.evidence
    seeds = [run.seed for run in state.runs_of(experiment.id) if run.value is not None]
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


def _dead_end(state: State, experiment: Experiment, evidence: Json, now: float) -> Step:
    """Close an axis on which enough was tried and nothing was gained since it last won."""
    if not experiment.axis or any(
        end.axis == experiment.axis for end in state.dead_ends_of(experiment.campaign)
    ):
        return Step()
    same = [row for row in state.experiments_of(experiment.campaign) if row.axis == experiment.axis]
    if any(row.verdict == Verdict.ACCEPTED or row.verdict == Verdict.REBASED for row in same):
        return Step()
    tried = [row for row in same if row.verdict in JUDGED] + [experiment]
    idea = state.proposals[experiment.proposal].change.get("kind") != "params"
    if len(tried) < (DEAD_AFTER_IDEA if idea else DEAD_AFTER_VALUES):
        return Step()
    ident, _ = state.ids().new("d")
    effects = {row.id: row.evidence.get("effect") for row in tried[:-1]}
    effects[experiment.id] = evidence.get("effect")
    names = ", ".join(effects)
    end = DeadEnd(
        id=ident,
        campaign=experiment.campaign,
        axis=experiment.axis,
        created=now,
        reason=f"{len(tried)} tried, none accepted ({names})",
        reopen="a new champion that changes what the axis acts on, or a person",
        closed_by="gate",
        evidence={"experiments": list(effects), "effects": effects},
    )
    text = f"{end.axis} is a dead end: {end.reason}"
    return Step(rows=[end], events=[Event("dead_end.closed", end.campaign, end.id, text)])


def keep_bank(state: State, now: float) -> Step:
    """Queue the fresh runs by which the champion is to be judged."""
    for campaign in state.campaigns.values():
        if campaign.state is not CampaignState.RUNNING or not campaign.setup_done:
            continue
        spec = state.spec(campaign.id)
        champion = state.experiments[campaign.champion]
        purpose = Purpose.BANK if champion.base else Purpose.BASELINE
        waiting = [
            run
            for run in state.runs_of(champion.id)
            if run.purpose is purpose and run.state is not RunState.ENDED
        ]
        missing = bank_size(champion, spec) - len(champion.bank) - len(waiting)
        if missing <= 0:
            continue
        ids, place = state.ids(), len(state.runs_of(champion.id))
        runs = [_run(state, ids, champion, purpose, place + n, now) for n in range(missing)]
        names = ", ".join(run.id for run in runs)
        text = f"{champion.id} is run {missing} times afresh, to be judged by: {names}"
        event = Event("bank.queued", campaign.id, champion.id, text)
        return Step(rows=list(runs), events=[event])
    return Step()
