"""How a direction that stalled goes on in others: split into what paid and what was not tried, or merged."""

from __future__ import annotations

from arctl.daemon.actions import Step
from arctl.daemon.decide.teams.forming import take_up
from arctl.daemon.decide.teams.record import record, spent, touches, untried
from arctl.daemon.rows import (
    Campaign,
    Direction,
    DirectionState,
    Event,
    Experiment,
    ProposalState,
    Team,
    TeamState,
    Verdict,
    bump,
)
from arctl.daemon.state import State
from arctl.experiments.effects import covers, parts


def split(state: State, campaign: Campaign, team: Team, direction: Direction, why: str, now: float) -> Step:
    """Go on with the axes that paid, and put those that were not tried on the list of their own."""
    rows = state.of_direction(direction.id)
    paid = _axes(direction, [row for row in rows if row.verdict == Verdict.ACCEPTED])
    left = untried(state, direction)
    if not paid or len(paid) == len(direction.axes) or not set(paid) < set(direction.axes):
        return Step()
    ids = state.ids()
    going = _child(ids.new("h")[0], direction, paid, now)
    team, going = take_up(team, going, now)
    step = Step(rows=[bump(direction, state=DirectionState.SPLIT, team="", reason=why), going, team])
    names = ", ".join(paid)
    text = f"{direction.id} is split, {why}: team {team.name} goes on with {names} as {going.id}"
    if left:
        other = _child(ids.new("h")[0], direction, left, now)
        step.rows.append(bump(other, state=DirectionState.STANDING))
        text += f"; {', '.join(left)} waits as {other.id}"
    step.events.append(Event("direction.split", campaign.id, direction.id, text, data={"into": going.id}))
    for row in state.open_proposals(campaign.id):
        if row.direction == direction.id and not row.urgent:
            # What is being written is finished, and counts for those who go on.
            keeps = _within(row.axis, paid) or row.state is ProposalState.CLAIMED
            new = (
                bump(row, direction=going.id) if keeps else bump(row, state=ProposalState.PARKED, reason=text)
            )
            step.rows.append(new)
            if not keeps:
                said = f"{row.id} {row.title} is parked: {text}"
                step.events.append(Event("proposal.parked", campaign.id, row.id, said))
    return step


def _axes(direction: Direction, rows: list[Experiment]) -> list[str]:
    tried = [parts(row.axis) for row in rows]
    return [axis for axis in direction.axes if any(touches(axis, names) for names in tried)]


def _within(axis: str, axes: list[str]) -> bool:
    """Tell whether every part of an axis lies on one of these."""
    return all(any(covers(outer, part) for outer in axes) for part in parts(axis))


def _child(ident: str, parent: Direction, axes: list[str], now: float) -> Direction:
    names = ", ".join(axes)
    return Direction(
        id=ident,
        campaign=parent.campaign,
        created=now,
        author=parent.author,
        title=names,
        hypothesis=f"{parent.hypothesis} (narrowed to {names})",
        axes=tuple(axes),
        prediction=parent.prediction,
        falsifier=parent.falsifier,
        base=parent.base,
        parents=(parent.id,),
        by_hand=parent.by_hand,
    )


def merge(state: State, campaign: Campaign, team: Team, direction: Direction, why: str, now: float) -> Step:
    """Join two stalled teams whose axes both paid: what they do together was never looked at."""
    limit = state.spec(campaign.id).teams.stall_after
    for other in state.company.teams_of(campaign.id):
        theirs = state.company.directions.get(other.direction)
        if (
            other.id == team.id
            or theirs is None
            or other.held
            or theirs.held
            or theirs.base != direction.base
        ):
            continue
        known = record(state, other, theirs)
        if not known.accepted or (known.finished < limit and not spent(state, other, known)):
            continue
        ids = state.ids()
        axes = list(dict.fromkeys((*direction.axes, *theirs.axes)))
        joint = _child(ids.new("h")[0], direction, axes, now)
        names = f"{direction.title} with {theirs.title}"
        words = f"{direction.title} and {theirs.title} act on each other: both paid, together never tried."
        team, joint = take_up(
            team, bump(joint, title=names, hypothesis=words, parents=(direction.id, theirs.id)), now
        )
        step = Step(rows=[team, joint, bump(other, state=TeamState.RETIRED, direction="", reason=why)])
        for row in (direction, theirs):
            step.rows.append(
                bump(row, state=DirectionState.MERGED, team="", reason=f"merged into {joint.id}")
            )
        for agent in state.company.members(other):
            step.rows.append(bump(agent, team=team.id, exhausted=""))
        text = f"{direction.id} and {theirs.id} are merged into {joint.id}, {why}: team {team.name}"
        data = {"into": joint.id, "from": [direction.id, theirs.id]}
        step.events.append(Event("direction.merged", campaign.id, joint.id, text, data=data))
        step.events.append(
            Event("team.retired", campaign.id, other.id, f"team {other.name} joins {team.name}")
        )
        for waiting in state.open_proposals(campaign.id):
            if waiting.direction in (direction.id, theirs.id):
                step.rows.append(bump(waiting, direction=joint.id, team=team.id))
        return step
    return Step()
