"""Whether a result is to be believed: the counter-checks of a reported metric, applied to the state. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from arctl.daemon.actions import Step
from arctl.daemon.life.closing import close
from arctl.daemon.rows import Campaign, Event, Experiment, Json, Outcome, Purpose, Verdict, bump
from arctl.daemon.state import State
from arctl.experiments.integrity import Finding, Ground, Reading, compare, plausible, sorted_out
from arctl.experiments.noise import pooled
from arctl.experiments.spec import Spec

#: The newest experiments whose values are looked at for ones that repeat.
NEAR = 100
#: Checks that are as grave where a metric is scored: of for how long it was trained.
KEPT = frozenset({"budget", "clock"})
_FRESH = (Purpose.BASELINE, Purpose.BANK)


def readings(state: State, experiment: Experiment, purposes: Iterable[Purpose]) -> list[Reading]:
    """Return what the runs of an experiment that count said of themselves."""
    wanted = tuple(purposes)
    return [
        Reading(
            run=run.id,
            experiment=experiment.id,
            seed=run.seed,
            value=run.value,
            # A script's own clock goes on while it stands still.
            wall=run.seconds + run.frozen_seconds,
            counters=run.evidence.get("counters") or {},
            asleep=float(run.evidence.get("suspended_seconds") or 0.0),
        )
        for run in state.runs_of(experiment.id)
        if run.outcome == Outcome.OK and run.value is not None and run.purpose in wanted
    ]


def findings(
    state: State, campaign: Campaign, spec: Spec, experiment: Experiment, base: Experiment
) -> tuple[Finding, ...]:
    """Return all that is doubtful about an experiment beside the champion that it is judged against."""
    ours = readings(state, experiment, (Purpose.SEARCH, Purpose.CONFIRM))
    theirs = readings(state, base, _FRESH if base.bank else (Purpose.SEARCH, Purpose.CONFIRM))
    maximize = spec.metric.goal == "maximize"
    proposal = state.proposals[experiment.proposal]
    declared = proposal.change.get("kind") == "params"
    gains = [row.evidence.get("effect") for row in state.champions_of(campaign.id)]
    better = 1 if maximize else -1
    ground = Ground(
        metric=spec.metric.name,
        maximize=maximize,
        baseline=state.baseline_of(campaign.id).record,
        champion=base.record,
        sigma=pooled([base.record, state.baseline_of(campaign.id).record, experiment.values]).sigma,
        gains=[gain for gain in gains if isinstance(gain, int | float) and gain > 0],
        declared=declared,
    )
    edit = tuple(Finding(**each) for each in experiment.findings)
    beside = compare(ours, theirs, _alike(state, campaign, experiment, ours), better=better)
    if any(each.check == "budget" and each.severity == "flag" for each in edit):
        # It changed what its budget is tested by, and its runs did more: one explains the other.
        beside = tuple(
            dataclasses.replace(each, severity="quarantine") if each.check == "budget" else each
            for each in beside
        )
    if declared:
        # The code is the champion's: longer training prints more often, and a larger model compiles longer.
        beside = _eased(beside)
        # How long it trains was for a person to say, too.
        beside = tuple(
            dataclasses.replace(each, severity="note") if each.check == "budget" else each for each in beside
        )
    found = [*edit, *beside, *plausible(ours, theirs, ground)]
    if spec.score is not None:
        # Whatever it prints, or does to its own process: the metric is computed elsewhere. A budget is not.
        found = [*_eased(found, KEPT)]
    return sorted_out(found)


def _eased(found: Sequence[Finding], kept: frozenset[str] = frozenset()) -> tuple[Finding, ...]:
    """Return the same, none of it but what is `kept` so grave that a person must decide."""
    return tuple(
        dataclasses.replace(each, severity="flag")
        if each.severity == "quarantine" and each.check not in kept
        else each
        for each in found
    )


def _alike(
    state: State, campaign: Campaign, experiment: Experiment, ours: Sequence[Reading]
) -> list[Reading]:
    """Return the runs of the baseline and of the newest experiments that have a seed and value of these."""
    wanted = {(each.seed, each.value) for each in ours}
    idents = dict.fromkeys((state.baseline_of(campaign.id).id, *state.numbered(campaign.id)[-NEAR:]))
    return [
        Reading(run.id, ident, run.seed, run.value, run.seconds)
        for ident in idents
        if ident != experiment.id
        for run in state.runs_of(ident)
        if run.value is not None and (run.seed, run.value) in wanted and run.outcome == Outcome.OK
    ]


def told(found: Sequence[Finding]) -> list[Json]:
    """Return findings as they stand in evidence."""
    return [each.to_dict() for each in found]


def arrest(state: State, experiment: Experiment, found: Sequence[Finding], now: float) -> Step:
    """Keep a doubtful experiment from being judged until a person decides; empty where nothing is grave."""
    evidence = {**experiment.evidence, "integrity": told(found)}
    broken = [each for each in found if each.severity == "invalid"]
    if broken:
        return close(state, experiment, Verdict.INVALID, broken[0].text, now, evidence=evidence)
    known = cleared(state, experiment)
    grave = [each for each in found if each.severity == "quarantine" and each.check not in known]
    if not grave:
        return Step()
    reason = "; ".join(dict.fromkeys(each.text for each in grave))[:400]
    quarantined = {**experiment.quarantined, "since": now, "findings": told(grave)}
    quarantined.pop("cleared", None)
    row = bump(experiment, quarantined=quarantined, evidence=evidence, reason=reason)
    text = f"{row.id} {row.title} is in quarantine until a person decides: {reason}"
    event = Event("experiment.quarantined", row.campaign, row.id, text, data=quarantined)
    return Step(rows=[row], events=[event])


def cleared(state: State, experiment: Experiment) -> frozenset[str]:
    """Return the checks of which a person said that they may be passed over, here or where it won before."""
    known: set[str] = set()
    row: Experiment | None = experiment
    while row is not None:
        if row.quarantined.get("cleared"):
            known.update(row.quarantined.get("checks", ()))
        row = state.experiments.get(row.rebase_of)
    return frozenset(known)
