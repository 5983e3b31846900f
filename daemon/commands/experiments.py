"""An experiment: in a line, in full, and what it changed."""

from __future__ import annotations

from typing import Any

from arctl.daemon.commands.base import (
    Caller,
    Context,
    Params,
    method,
    plain,
    the_experiment,
)
from arctl.daemon.commands.community import outline
from arctl.daemon.commands.quarantine import findings_of
from arctl.daemon.commands.teams import near
from arctl.daemon.life.titles import change_of, told
from arctl.daemon.rows import Experiment, PostKind
from arctl.daemon.state import State
from arctl.errors import RefusedError

#: Events of an experiment and its runs, critiques and posts about it that one answer carries at most.
MAX_EVENTS = 100
MAX_TALK = 20
#: How much of a post the page repeats.
MAX_WORDS = 4000


def author(state: State, row: Experiment) -> str:
    """Return who had the idea of an experiment; empty of the baseline."""
    proposal = state.proposals.get(row.proposal)
    return proposal.agent if proposal is not None else ""


def brief(state: State, row: Experiment) -> dict[str, Any]:
    """Return an experiment as a line of a list."""
    active = [run for run in state.runs_of(row.id) if run.state in ("launching", "running")]
    proposal = state.proposals.get(row.proposal)
    return {
        "id": row.id,
        "number": row.number,
        "campaign": row.campaign,
        "title": told(state, row),
        "axis": row.axis,
        "state": row.state.value,
        "verdict": row.verdict,
        "reason": row.reason,
        "base": row.base,
        "commit": row.commit,
        "mean": row.mean,
        "runs": len(row.record),
        "effect": row.evidence.get("effect"),
        "held": row.held,
        "quarantined": row.in_quarantine,
        "team": row.team,
        "direction": row.direction,
        "agent": proposal.agent if proposal is not None else "",
        "uncritiqued": proposal.uncritiqued if proposal is not None else False,
        "forked": row.forked,
        "by_hand": row.by_hand,
        "running": [run.id for run in active],
        "devices": [run.device_name for run in active],
        "created": row.created,
        "closed": row.closed,
        "seconds": row.seconds,
        "rev": row.rev,
    }


@method("show")
async def show(context: Context, caller: Caller, params: Params) -> Any:
    """Return all that is known of an experiment, or of that of a run or a proposal."""
    del caller
    state = context.state
    row = the_experiment(state, _meant(state, params.need("id", str)))
    spec = state.spec(row.campaign)
    proposal = state.proposals.get(row.proposal)
    found = plain(proposal) if proposal else None
    if found is not None:
        found["change"] = outline(found["change"])
    base = state.experiments.get(row.base)
    runs = state.runs_of(row.id)
    events = await context.reader.story([row.id, *(run.id for run in runs)], MAX_EVENTS)
    return {
        "metric": spec.metric.name,
        "goal": spec.metric.goal,
        "trust": spec.trust,
        "sandbox": state.campaigns[row.campaign].level,
        "experiment": {**plain(row), "title": told(state, row)},
        "titled": row.title,
        "change": change_of(state, row),
        "proposal": found,
        "base": brief(state, base) if base else None,
        "champion": state.campaigns[row.campaign].champion == row.id,
        "company": _company(state, row),
        "findings": findings_of(state, row),
        "quarantined": row.in_quarantine,
        "runs": [plain(run) for run in runs],
        "events": events,
        "ref": f"refs/arctl/{row.campaign}/exp/{row.id}" if row.commit and row.base else "",
    }


def _meant(state: State, ident: str) -> str:
    """Return the experiment of a proposal; raises `RefusedError` for what has a page of its own."""
    company = state.company
    if (proposal := state.proposals.get(ident)) is not None and proposal.experiment:
        return proposal.experiment
    in_teams = proposal is not None or ident in company.teams or ident in company.directions
    if in_teams or ident in company.agents:
        msg = f"{ident} is no experiment"
        raise RefusedError(msg, f"`arctl {'teams' if in_teams else 'agents'} {ident}` shows it")
    return ident


def _company(state: State, row: Experiment) -> dict[str, Any]:
    """Return whose an experiment is and what others said of it, before it ran and after."""
    company = state.company
    proposal = state.proposals.get(row.proposal)
    team, direction = company.teams.get(row.team), company.directions.get(row.direction)
    directive = company.directives.get(proposal.directive) if proposal is not None else None
    critiques = company.critiques_on(proposal.id)[-MAX_TALK:] if proposal is not None else []
    posts = [
        post
        for post in company.posts_of(row.campaign)
        if row.id in post.links and post.kind is not PostKind.CRITIQUE and post.author != "arctl"
    ]
    return {
        "team": {"id": team.id, "name": team.name} if team is not None else None,
        "direction": {"id": direction.id, "title": direction.title} if direction is not None else None,
        "directive": {"id": directive.id, "text": directive.text} if directive is not None else None,
        "critiques": [plain(item) for item in critiques],
        "near": near(state, proposal) if proposal is not None else [],
        "posts": [{**plain(post), "text": post.text[:MAX_WORDS]} for post in posts[-MAX_TALK:]],
    }


@method("diff")
async def diff(context: Context, caller: Caller, params: Params) -> Any:
    """Return what an experiment changed on its base."""
    del caller
    state = context.state
    row = the_experiment(state, params.need("id", str))
    base = state.experiments.get(row.base)
    if base is None or not row.commit:
        return {"id": row.id, "diff": "", "note": row.reason if base else "the baseline changes nothing"}
    text = await context.archive.diff(row.campaign, base.promoted, row.commit)
    return {"id": row.id, "base": base.id, "diff": text, "note": ""}
