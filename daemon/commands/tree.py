"""The lineage: every experiment with what it was built on, as the nodes of a tree, page by page."""

from __future__ import annotations

from itertools import islice
from typing import Any

from arctl.daemon.commands.base import Caller, Context, Params, method, the_campaign, the_experiment
from arctl.daemon.commands.paging import fitting
from arctl.daemon.life.titles import told
from arctl.daemon.rows import ACTIVE, DirectionState, Experiment
from arctl.daemon.state import State

#: Nodes that one answer carries at most.
MAX_NODES = 5000
#: Children of one experiment that a look around it carries, the newest.
MAX_CHILDREN = 200
#: How much of a title a node carries.
MAX_TITLE = 120


@method("tree")
async def tree(context: Context, caller: Caller, params: Params) -> Any:
    """Return a campaign's experiments as nodes, oldest first, from the one behind `after` (a count) on.

    `next` is the count to go on with, null at the end. `id` may name a campaign, or an experiment as `root`;
    with `around` only what that was built on, itself, and what was built on it, `children` of them in all.
    """
    del caller
    state, ident = context.state, params.get("id", str, "")
    name, root = params.get("campaign", str, ""), ""
    if ident and ident not in state.campaigns:
        row = the_experiment(state, ident)
        name, root = row.campaign, row.id
    campaign = the_campaign(state, name or ident)
    if root and params.get("around", bool, False):
        return _around(state, state.experiments[root], campaign.champion)
    spec = state.spec(campaign.id)
    after = max(0, params.get("after", int, 0))
    rows = islice(state.experiments_of(campaign.id), after, None)
    nodes = fitting((_node(state, row) for row in rows), MAX_NODES)
    total = sum(1 for _ in state.experiments_of(campaign.id))
    forks = [row for row in state.company.all_directions(campaign.id) if row.base]
    path = _path(state, state.experiments[campaign.champion])
    return {
        "campaign": campaign.id,
        "metric": spec.metric.name,
        "goal": spec.metric.goal,
        "champion": campaign.champion,
        "root": root,
        "total": total,
        "nodes": nodes,
        "next": after + len(nodes) if after + len(nodes) < total else None,
        "path": path if not after else [],
        "teams": {row.id: row.name for row in state.company.all_teams(campaign.id)} if not after else {},
        "forks": [
            {
                "id": row.id,
                "title": row.title,
                "base": row.base,
                "alive": row.state in (DirectionState.STANDING, DirectionState.ACTIVE),
            }
            for row in forks
        ]
        if not after
        else [],
    }


def _around(state: State, row: Experiment, champion: str) -> dict[str, Any]:
    """Return an experiment's ancestors from the baseline on, itself, and its newest children."""
    spec = state.spec(row.campaign)
    path = _path(state, row)
    children = [each for each in state.experiments_of(row.campaign) if each.base == row.id]
    shown = [*(state.experiments[ident] for ident in path), *children[-MAX_CHILDREN:]]
    return {
        "campaign": row.campaign,
        "metric": spec.metric.name,
        "goal": spec.metric.goal,
        "champion": champion,
        "root": row.id,
        "path": path,
        "children": len(children),
        "nodes": [_node(state, each) for each in shown],
    }


def _node(state: State, row: Experiment) -> dict[str, Any]:
    return {
        "id": row.id,
        "base": row.base,
        "title": told(state, row)[:MAX_TITLE],
        "state": row.state.value,
        "verdict": row.verdict,
        "effect": row.evidence.get("effect"),
        "mean": row.mean,
        "team": row.team,
        "direction": row.direction,
        "rebase_of": row.rebase_of,
        "same_as": row.same_as,
        "forked": row.forked,
        "by_hand": row.by_hand,
        "running": any(run.state in ACTIVE for run in state.runs_of(row.id)) if not row.verdict else False,
    }


def _path(state: State, last: Experiment) -> list[str]:
    """Return the ids from the baseline to an experiment."""
    found: list[str] = []
    row: Experiment | None = last
    while row is not None:
        found.append(row.id)
        row = state.experiments.get(row.base)
    return found[::-1]
