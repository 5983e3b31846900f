"""What is in quarantine: which results wait for a person, why, and what their edits look like."""

from __future__ import annotations

from typing import Any

from arctl.daemon.commands.base import Caller, Context, Params, method, plain, the_campaign, the_experiment
from arctl.daemon.decide.suspicion import readings
from arctl.daemon.life.titles import told
from arctl.daemon.rows import Experiment, Json, Purpose
from arctl.daemon.state import State
from arctl.errors import RefusedError

#: Lines of a difference that stand in a list.
HINT = 3


def findings_of(state: State, row: Experiment) -> list[Json]:
    """Return all that was found about an experiment: its edit, its values, and each of its runs."""
    known = [*row.quarantined.get("findings", ()), *row.evidence.get("integrity", ()), *row.findings]
    for run in state.runs_of(row.id):
        known += [
            {**each, "where": each.get("where") or run.id} for each in run.evidence.get("integrity", ())
        ]
        if why := run.evidence.get("contended"):
            counts = "" if run.outcome == "contended" else ", and counts"
            known.append(
                {"check": "contention", "severity": "note", "text": f"{why}{counts}", "where": run.id}
            )
        if slept := run.evidence.get("suspended_seconds"):
            text = f"the machine was suspended for {slept:.0f} s of it"
            known.append({"check": "suspension", "severity": "flag", "text": text, "where": run.id})
    found: dict[tuple[str, str, str], Json] = {}
    for each in known:
        found.setdefault((each["check"], each["text"], each["where"]), each)
    return list(found.values())


@method("quarantine")
async def quarantine(context: Context, caller: Caller, params: Params) -> Any:
    """Return a campaign's experiments in quarantine, oldest first; with `id` one of them in full."""
    del caller
    state = context.state
    if ident := params.get("id", str, ""):
        row = the_experiment(state, ident)
        if not row.quarantined:
            msg = f"{row.id} was never in quarantine"
            raise RefusedError(msg, "`arctl quarantine` lists what is")
        return {**_brief(state, row), **await _diff(context, row), "runs": _runs(state, row)}
    campaign = the_campaign(state, params.get("campaign", str, ""))
    rows = [row for row in state.open_experiments(campaign.id) if row.in_quarantine]
    found = []
    for row in rows:
        diff = (await _diff(context, row))["diff"]
        found.append({**_brief(state, row), "hint": hint(diff)})
    return {"campaign": campaign.id, "metric": state.spec(campaign.id).metric.name, "experiments": found}


def _brief(state: State, row: Experiment) -> Json:
    champion = state.experiments[state.campaigns[row.campaign].champion]
    return {
        "id": row.id,
        "campaign": row.campaign,
        "title": told(state, row),
        "mean": row.mean,
        "runs_done": len(row.record),
        "champion": champion.id,
        "champion_mean": champion.mean,
        "waits": row.in_quarantine,
        "verdict": row.verdict,
        "quarantined": row.quarantined,
        "findings": findings_of(state, row),
        "rev": row.rev,
    }


def _runs(state: State, row: Experiment) -> list[Json]:
    known = {each.run: each for each in readings(state, row, Purpose)}
    return [
        {**plain(run), "counters": dict(known[run.id].counters) if run.id in known else {}}
        for run in state.runs_of(row.id)
    ]


async def _diff(context: Context, row: Experiment) -> Json:
    base = context.state.experiments.get(row.base)
    if base is None or not row.commit:
        return {"diff": ""}
    return {"diff": await context.archive.diff(row.campaign, base.promoted or base.commit, row.commit)}


def hint(diff: str) -> list[str]:
    """Return the first lines that an edit adds or takes out."""
    lines = [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    return [line for line in lines if line[1:].strip()][:HINT]
