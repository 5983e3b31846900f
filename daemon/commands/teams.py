"""Teams, directions and proposals: the company as it works now, and one of them in full."""

from __future__ import annotations

from typing import Any

from arctl.daemon import clock
from arctl.daemon.commands import community
from arctl.daemon.commands.base import Caller, Context, Params, method, plain, the_campaign
from arctl.daemon.commands.community import Json
from arctl.daemon.commands.paging import ROOM, fitting
from arctl.daemon.decide.teams.forming import cold, support
from arctl.daemon.decide.teams.record import record, untried
from arctl.daemon.life.talking import talks
from arctl.daemon.rows import (
    ALIVE,
    Campaign,
    Direction,
    DirectionState,
    Proposal,
    Team,
    TeamState,
)
from arctl.daemon.state import State
from arctl.errors import RefusedError

#: Ended directions and teams that one answer carries at most, the newest.
MAX_ENDED = 200


@method("teams")
async def teams(context: Context, caller: Caller, params: Params) -> Any:
    """Return a campaign's teams and directions, or of `id` all that is known (a team, direction, proposal).

    `all` adds the directions and teams that have ended, the newest ones.
    """
    del caller
    state, ident = context.state, params.get("id", str, "")
    company = state.company
    name = params.get("campaign", str, "")
    if ident and ident not in state.campaigns:
        if (team := company.teams.get(ident)) is not None:
            return _team(state, team)
        if (direction := company.directions.get(ident)) is not None:
            return _direction(state, direction)
        if (proposal := state.proposals.get(ident)) is not None:
            return _proposal(state, proposal)
        if (team := _called(state, ident, name)) is not None:
            return _team(state, team)
        msg = f"there is no campaign, team, direction or proposal {ident!r}"
        raise RefusedError(msg, "`arctl teams` lists them; ids look like t1, h2, p3")
    campaign = the_campaign(state, ident or name)
    return _listing(state, campaign, everything=params.get("all", bool, False))


def _called(state: State, name: str, campaign: str) -> Team | None:
    """Return the team of this name: the newest, where several campaigns have one."""
    rows = [row for row in state.company.teams.values() if row.name == name]
    rows = [row for row in rows if not campaign or row.campaign == campaign]
    return rows[-1] if rows else None


def _listing(state: State, campaign: Campaign, *, everything: bool) -> Json:
    company, spec = state.company, state.spec(campaign.id)
    rank = community.places(state, campaign.id)
    going = company.teams_of(campaign.id)
    known = {team.id for team in going}
    others = [row for row in state.open_proposals(campaign.id) if row.team not in known]
    waiting = company.directions_of(campaign.id, DirectionState.STANDING, DirectionState.PROPOSED)
    turn = community.turns(state, campaign.id)
    loose = [agent for agent in company.agents_of(campaign.id) if agent.team not in known]
    found = {
        "kind": "teams",
        "campaign": campaign.id,
        "state": campaign.state.value,
        "metric": spec.metric.name,
        "goal": spec.metric.goal,
        "talks": talks(state, campaign.id),
        "stall_after": spec.teams.stall_after,
        "falsify_after": spec.teams.falsify_after,
        "off": list(spec.teams.off),
        "approve": spec.policy.approve,
        "teams": [community.team_entry(state, campaign, team, rank) for team in going],
        "loose": [community.member(state, agent) for agent in loose],
        "others": community.lines(state, others, rank),
        # What was built and waits for its first run, in the order in which it gets it.
        "unstarted": [
            {**community.experiment_line(state, state.experiments[ident]), "rank": place}
            for ident, place in list(turn.items())[: community.MAX_QUEUE]
        ],
        "discussion": discussion(state, campaign),
        "discussions": len(company.discussions_of(campaign.id)),
        "standing": fitting((_waiting(state, row) for row in waiting), MAX_ENDED, ROOM // 4),
        "now": clock.now(),
    }
    if everything:
        found["ended"] = _ended(state, campaign)
    return found


def discussion(state: State, campaign: Campaign) -> Json | None:
    """Return the discussion that goes on: its round, who is asked, who was, what is proposed in it."""
    row = state.company.discussion(campaign.id)
    if row is None:
        return None
    open_turns = [turn for turn in state.company.asked(campaign.id) if turn.subject == row.id]
    return {**plain(row), "waiting": [{"agent": turn.agent, "since": turn.created} for turn in open_turns]}


def _waiting(state: State, row: Direction) -> Json:
    backing = support(state, row)
    return {
        **community.direction_brief(state, row),
        "endorsed": backing.endorsed,
        "objected": backing.objected,
        "cold": cold(state, row),
    }


def _ended(state: State, campaign: Campaign) -> Json:
    company = state.company
    over = [row for row in company.all_directions(campaign.id) if row.state not in ALIVE]
    gone = [row for row in company.all_teams(campaign.id) if row.state is TeamState.RETIRED]
    directions = fitting(
        (community.direction_brief(state, row) | _tried(state, row) for row in reversed(over)),
        MAX_ENDED,
        ROOM // 4,
    )
    return {
        "directions": directions[::-1],
        "directions_total": len(over),
        "teams": [plain(row) for row in gone[-MAX_ENDED:]],
        "teams_total": len(gone),
    }


def _tried(state: State, row: Direction) -> Json:
    end = community.dead_end_of(state, row)
    return {
        "experiments": state.count_of_direction(row.id),
        "accepted": state.records.accepted(row.id),
        "dead_end": end.id if end is not None and not end.revived else "",
    }


# -- one in full -----------------------------------------------------------------------------------------


def _team(state: State, team: Team) -> Json:
    campaign = state.campaigns[team.campaign]
    spec = state.spec(campaign.id)
    rows = [state.experiments[ident] for ident in state.records.of_team(team.id)]
    held = dict.fromkeys(row.direction for row in rows if row.direction)
    held.update(dict.fromkeys([team.direction] if team.direction else []))
    directions = [state.company.directions[ident] for ident in held if ident in state.company.directions]
    entry = community.team_entry(state, campaign, team, community.places(state, campaign.id))
    return {
        "kind": "team",
        "campaign": campaign.id,
        "stall_after": spec.teams.stall_after,
        "falsify_after": spec.teams.falsify_after,
        "team": entry,
        "directions": fitting(
            (community.direction_brief(state, row) | _tried(state, row) for row in directions[-MAX_ENDED:]),
            MAX_ENDED,
            ROOM // 4,
        ),
        "experiments": [community.experiment_line(state, row) for row in rows[-community.MAX_ROWS :]],
        "total": len(rows),
        "directives": _directives(state, {campaign.id, team.id, team.direction}),
        "now": clock.now(),
    }


def _direction(state: State, row: Direction) -> Json:
    company, spec = state.company, state.spec(row.campaign)
    rows = state.of_direction(row.id)
    rank = community.places(state, row.campaign)
    team = company.teams.get(row.team)
    proposals = [item for item in state.open_proposals(row.campaign) if item.direction == row.id]
    children = [item for item in company.all_directions(row.campaign) if row.id in item.parents]
    parents = [company.directions[ident] for ident in row.parents if ident in company.directions]
    base = state.experiments.get(row.base)
    end = community.dead_end_of(state, row)
    critiques = company.critiques_on(row.id)
    return {
        "kind": "direction",
        "campaign": row.campaign,
        "stall_after": spec.teams.stall_after,
        "falsify_after": spec.teams.falsify_after,
        "direction": _waiting(state, row),
        "record": plain(record(state, team, row)) if team is not None else None,
        "untried": untried(state, row),
        "base": community.experiment_line(state, base) if base is not None else None,
        "critiques": [plain(item) for item in critiques[-community.MAX_QUEUE :]],
        "experiments": [community.experiment_line(state, item) for item in rows[-community.MAX_ROWS :]],
        "total": len(rows),
        "queue": community.lines(state, proposals, rank),
        "parents": [_named(item) for item in parents],
        "children": [_named(item) for item in children],
        "dead_end": plain(end) if end is not None else None,
        "directives": _directives(state, {row.campaign, row.team, row.id}),
        "now": clock.now(),
    }


def _named(row: Direction) -> Json:
    return {"id": row.id, "title": row.title, "state": row.state.value, "reason": row.reason}


def _proposal(state: State, row: Proposal) -> Json:
    company = state.company
    experiment = state.experiments.get(row.experiment)
    direction, team = company.directions.get(row.direction), company.teams.get(row.team)
    directive = company.directives.get(row.directive)
    turns = [turn for turn in company.asked(row.campaign) if turn.subject == row.id]
    return {
        "kind": "proposal",
        "campaign": row.campaign,
        "approve": state.spec(row.campaign).policy.approve,
        "proposal": community.proposal_row(row),
        "rank": community.places(state, row.campaign).get(row.id),
        "team": team.name if team is not None else "",
        "direction": _named(direction) if direction is not None else None,
        "critiques": [plain(item) for item in company.critiques_on(row.id)[-community.MAX_QUEUE :]],
        "near": near(state, row),
        "experiment": community.experiment_line(state, experiment) if experiment is not None else None,
        "directive": plain(directive) if directive is not None else None,
        "asked": [{"agent": turn.agent, "move": turn.move.value, "since": turn.created} for turn in turns],
        "now": clock.now(),
    }


def near(state: State, row: Proposal) -> list[Json]:
    """Return what a proposal is near to, each with how it ended."""
    found = []
    for ident in row.near:
        if (experiment := state.experiments.get(ident)) is not None:
            line = community.experiment_line(state, experiment)
            found.append({**line, "state": experiment.verdict or experiment.state.value})
        elif (proposal := state.proposals.get(ident)) is not None:
            found.append({"id": ident, "title": proposal.title, "state": proposal.state.value})
    return found


def _directives(state: State, targets: set[str]) -> list[Json]:
    names = targets - {""}
    campaigns = {state.company.teams[ident].campaign for ident in names if ident in state.company.teams}
    campaigns |= names & set(state.campaigns)
    rows = [row for name in sorted(campaigns) for row in state.company.directives_of(name)]
    newest = (plain(row) for row in reversed(rows) if row.target in names)
    return fitting(newest, community.MAX_QUEUE, ROOM // 4)[::-1]
