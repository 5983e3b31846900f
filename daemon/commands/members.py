"""Members from outside: what they do becomes facts; the board and the files are what they look at."""

from __future__ import annotations

import uuid
from typing import Any

from arctl.daemon import facts
from arctl.daemon.commands import community
from arctl.daemon.commands.base import Caller, Context, Params, method, plain, the_campaign, the_experiment
from arctl.daemon.commands.community import Json
from arctl.daemon.commands.experiments import brief
from arctl.daemon.commands.paging import ROOM, fitting
from arctl.daemon.reduce.members import PREFIX
from arctl.daemon.rows import Agent, Campaign, DirectionState, Move, Proposal
from arctl.daemon.specs import hides
from arctl.daemon.state import State
from arctl.errors import RefusedError
from arctl.experiments.globs import matches

#: What each visit is told besides the member's name: names and types of the parameters.
Shape = dict[str, type[Any]]
_IDEA: Shape = {
    **dict.fromkeys(
        (
            "title", "hypothesis", "axis", "move", "expected", "if_works", "if_fails", "cost", "difference",
        ),
        str,
    ),
    "change": dict,
}  # fmt: skip
VISITS: dict[str, tuple[str, Shape]] = {
    "join": ("Join a campaign, or come back under the same name.", {"role": str, "team": str, "model": str}),
    "leave": ("Leave; what was claimed returns to the queue.", {}),
    "beat": ("Be there: a claim goes on.", {}),
    "note": ("Keep notes of one's own.", {"text": str}),
    "propose": ("Propose an experiment.", _IDEA),
    "revise": ("Write a proposal anew after an objection.", {**_IDEA, "proposal": str}),
    "withdraw": ("Give up a proposal of one's own.", {"proposal": str}),
    "critique": (
        "Say what one thinks of a proposal or a direction.",
        {"subject": str, "stance": str, "reason": str, "links": list},
    ),
    "direction": (
        "Propose a direction.",
        {"title": str, "hypothesis": str, "axes": list, "prediction": str, "falsifier": str, "first": list},
    ),
    "post": ("Write a post in the forum.", {"text": str, "kind": str, "parent": str, "links": list}),
    "claim": ("Take an idea to write its change.", {"proposal": str}),
    "submit": ("Hand in the change for a claim.", {"proposal": str, "change": dict}),
    "release": ("Let a claim go.", {"proposal": str}),
}

#: The longest objective, piece of a file, and lists that one answer carries.
MAX_OBJECTIVE = 20_000
MAX_PIECE = 60_000
MAX_PATHS = 2000
MAX_ROWS = 200


def _visit(verb: str, said: str, shape: Shape) -> None:
    async def call(context: Context, caller: Caller, params: Params) -> Any:
        campaign = the_campaign(context.state, params.get("campaign", str, ""))
        data = {name: params.need(name, kind) for name, kind in shape.items() if params.has(name)}
        data["name"] = params.need("name", str)
        ticket = uuid.uuid4().hex
        reason = params.get("reason", str, "")
        fact = facts.Control(ticket, PREFIX + verb, campaign.id, caller.actor, reason, data=data)
        return await context.engine.ask(ticket, fact, params.get("key", str, ""))

    call.__doc__ = said
    method(PREFIX + verb, changes=True)(call)


for _verb, (_said, _shape) in VISITS.items():
    _visit(_verb, _said, _shape)


# -- what there is to see --------------------------------------------------------------------------------


@method("board")
async def board(context: Context, caller: Caller, params: Params) -> Any:
    """Return the shared state of a campaign: its rules, its company, its queue; with `name`, one's own."""
    del caller
    state = context.state
    campaign = the_campaign(state, params.get("campaign", str, ""))
    company = state.company
    discussion = company.discussion(campaign.id)
    agent = company.named(campaign.id, name) if (name := params.get("name", str, "")) else None
    if name and agent is None:
        msg = f"{campaign.id} has no member {name!r}"
        raise RefusedError(msg, "join first, or leave the name out")
    rank = community.places(state, campaign.id)
    queue = [{**_proposal(state, row), "rank": rank.get(row.id)} for row in state.open_proposals(campaign.id)]
    ends = [plain(row) for row in reversed(state.dead_ends_of(campaign.id))]
    going = company.directions_of(campaign.id)
    return {
        **_rules(state, campaign),
        "champion": brief(state, state.experiments[campaign.champion]),
        "teams": [{"id": row.id, "name": row.name} for row in company.teams_of(campaign.id)],
        "directions": fitting((community.direction_brief(state, row) for row in going), MAX_ROWS, ROOM // 8),
        "discussion": plain(discussion) if discussion else None,
        "proposals": fitting(queue, MAX_ROWS, ROOM // 4),
        "dead_ends": fitting(ends, MAX_ROWS, ROOM // 4)[::-1],
        "directives": [plain(row) for row in company.directives_of(campaign.id) if row.ended is None],
        "you": _self(state, campaign, agent) if agent else None,
    }


def _rules(state: State, campaign: Campaign) -> Json:
    """Return what binds everyone: the objective, the metric, the files, the surface with today's values."""
    spec = state.spec(campaign.id)
    values = state.experiments[campaign.champion].params
    surface = {}
    for name, param in spec.params.items():
        surface[name] = {**param.model_dump(mode="json", exclude_defaults=True), "value": values.get(name)}
    return {
        "campaign": campaign.id,
        "state": campaign.state.value,
        "reason": campaign.reason,
        "trouble": campaign.trouble,
        "objective": campaign.objective[:MAX_OBJECTIVE],
        "metric": spec.metric.name,
        "goal": spec.metric.goal,
        "editable": list(spec.files.editable),
        "protected": list(spec.files.protected),
        "approve": spec.policy.approve,
        "limits": {"experiments": spec.limits.experiments, "hours": spec.limits.hours},
        "proposed": state.count_proposed(campaign.id),
        "surface": surface,
    }


def _proposal(state: State, row: Proposal) -> Json:
    """Return an open proposal with what was said of it."""
    said = [plain(item) for item in state.company.critiques_on(row.id) if not item.lifted]
    return {**community.proposal_row(row), "critiques": said}


def _self(state: State, campaign: Campaign, agent: Agent) -> Json:
    """Return what a member sees from its own seat: its notes, claim, proposals, and what others hold."""
    company = state.company
    own = company.direction_of(agent.team)
    held = company.directions_of(campaign.id, DirectionState.ACTIVE)
    made = [
        row for row in state.proposals.values() if row.made_by(agent.name) and row.campaign == campaign.id
    ]
    turn = company.turn_of(agent)
    claim = None
    if turn is not None and turn.move is Move.IMPLEMENT:
        base = state.experiments[turn.base]
        claim = {
            "proposal": plain(state.proposals[turn.subject]),
            "base": base.id,
            "commit": base.promoted or base.commit,
            "expires": turn.expires,
        }
    return {
        "name": agent.name,
        "role": agent.role.value,
        "team": agent.team,
        "state": agent.state.value,
        "notes": agent.notes,
        "direction": plain(own) if own else None,
        "axes_of_others": sorted(
            {axis for row in held if own is None or row.id != own.id for axis in row.axes}
        ),
        "directives": [plain(row) for row in company.directives_for(agent)],
        "claim": claim,
        "proposals": [_outcome(state, row) for row in made[-20:]],
    }


def _outcome(state: State, row: Proposal) -> Json:
    experiment = state.experiments.get(row.experiment)
    return {
        "id": row.id,
        "title": row.title,
        "axis": row.axis,
        "state": row.state.value,
        "reason": row.reason,
        "experiment": brief(state, experiment) if experiment else None,
    }


@method("proposal")
async def proposal(context: Context, caller: Caller, params: Params) -> Any:
    """Return a proposal in full: its words, its whole change, and every critique of it."""
    del caller
    state, ident = context.state, params.need("id", str)
    row = state.proposals.get(ident)
    if row is None:
        msg = f"there is no proposal {ident!r}"
        raise RefusedError(msg, "the board lists those that are open")
    return {**plain(row), "critiques": [plain(item) for item in state.company.critiques_on(row.id)]}


@method("files")
async def files(context: Context, caller: Caller, params: Params) -> Any:
    """Return the paths of an experiment's files, or with `path` a piece of one.

    A campaign's name stands for its champion. `offset` counts characters; `more` tells that the file goes on.
    """
    del caller
    state = context.state
    row = the_experiment(state, params.need("id", str))
    commit = row.promoted or row.commit
    if not commit:
        msg = f"{row.id} has no commit"
        raise RefusedError(msg, f"`arctl show {row.id}` says why")
    campaign = state.campaigns[row.campaign]
    prefix, spec = campaign.prefix, state.spec(campaign.id)
    path = params.get("path", str, "")
    if not path:
        listed = await context.archive.paths(campaign.id, commit)
        inside = sorted(
            item.removeprefix(prefix)
            for item in listed
            if item.startswith(prefix) and not hides(campaign, item)
        )
        editable = [
            item
            for item in inside
            if matches(spec.files.editable, item) and not matches(spec.files.protected, item)
        ]
        return {
            "id": row.id,
            "commit": commit,
            "editable": editable[:MAX_PATHS],
            "others": [item for item in inside if item not in set(editable)][:MAX_PATHS],
            "total": len(inside),
        }
    hidden = hides(campaign, prefix + path)
    text = None if hidden else await context.archive.file(campaign.id, commit, prefix + path)
    if text is None:
        msg = f"{row.id} has no text file {path!r}"
        raise RefusedError(msg, "ask without a path for those there are")
    offset = max(0, params.get("offset", int, 0))
    piece = text[offset : offset + MAX_PIECE]
    more = offset + len(piece) < len(text)
    return {"id": row.id, "commit": commit, "path": path, "text": piece, "offset": offset, "more": more}
