"""When a direction does not pay: refuted, split, merged, given up, or the whole campaign talks again."""

from __future__ import annotations

from collections import Counter

from arctl.daemon.actions import Step
from arctl.daemon.decide.supply import limit_met
from arctl.daemon.decide.teams.discussion import begin, heard
from arctl.daemon.decide.teams.forming import around_waiting, suits, take_up
from arctl.daemon.decide.teams.moves import merge, split
from arctl.daemon.decide.teams.record import record, spent, still, untried
from arctl.daemon.life.binding import BY_RULE, axis_is_dead
from arctl.daemon.life.releasing import withdrawn
from arctl.daemon.life.talking import new_post, talks
from arctl.daemon.rows import (
    JUDGED,
    Campaign,
    CampaignState,
    DeadEnd,
    Direction,
    DirectionState,
    Event,
    Move,
    PostKind,
    ProposalState,
    Role,
    Team,
    TeamState,
    bump,
)
from arctl.daemon.state import State

#: Experiments on each of its axes before a direction counts as refuted, unless the axis was closed before:
#: one way says nothing of the other.
BOTH_WAYS = 2


def regroup(state: State, now: float) -> Step:
    """Find the first team whose direction does not pay, and do something about it."""
    if state.stopping:
        return Step()
    for campaign in state.campaigns.values():
        if campaign.state is not CampaignState.RUNNING:
            continue
        if not talks(state, campaign.id):
            if step := _alone(state, campaign, now):
                return step
            continue
        if state.company.discussion(campaign.id) is not None:
            continue
        if step := _house(state, campaign):
            return step
        teams = state.company.teams_of(campaign.id)
        # What ended is still written down; nobody sets out anew once a limit is met.
        over = limit_met(state, campaign, now)
        for team in teams:
            direction = state.company.directions.get(team.direction)
            if direction is None:
                if not over and not team.held and (step := _occupy(state, campaign, team, now)):
                    return step
            elif (
                not team.held and not direction.held and (step := _end(state, campaign, team, direction, now))
            ):
                return step
        if not over and (step := _talk_again(state, campaign, teams, now)):
            return step
    return Step()


def _end(state: State, campaign: Campaign, team: Team, direction: Direction, now: float) -> Step:
    teams = state.spec(campaign.id).teams
    known = record(state, team, direction)
    done = spent(state, team, known)
    if "regroup" in teams.off and not done:
        return Step()
    # What went on from a direction that paid has kept its word already; it can only stall.
    doubtful = not known.accepted and not direction.parents
    enough = known.rejected >= teams.falsify_after
    # One of which something was measured may be about to refute the refutation.
    if doubtful and enough and not known.measured and not _left(state, direction):
        why = f"its prediction failed: {known.rejected} rejected, none accepted"
        return _falsify(state, campaign, team, direction, why, now)
    if known.finished >= teams.stall_after:
        why = f"{known.finished} experiments without an acceptance"
    elif done:
        why = "nobody of the team has more to propose"
    else:
        return Step()
    if known.accepted and not done and (step := split(state, campaign, team, direction, why, now)):
        return step
    if known.accepted and (step := merge(state, campaign, team, direction, why, now)):
        return step
    return _leave(state, team, direction, DirectionState.RETIRED, why, now)


def _left(state: State, direction: Direction) -> list[str]:
    """Return the axes of a direction that may yet prove it right: not closed, and not tried both ways."""
    ends = state.dead_ends_of(direction.campaign)
    return [axis for axis in untried(state, direction, BOTH_WAYS) if not axis_is_dead(ends, axis)]


def _alone(state: State, campaign: Campaign, now: float) -> Step:
    """Have a solo agent take up what a person has it look at, and go on freely when that has ended."""
    if limit_met(state, campaign, now):
        return Step()
    teams = state.company.teams_of(campaign.id)
    for team in teams:
        direction = state.company.directions.get(team.direction)
        if direction is None:
            text = f"team {team.name} is dissolved: its direction has ended"
            step = Step(rows=[bump(team, state=TeamState.RETIRED, reason="its direction has ended")])
            step.rows.extend(bump(row, team="", exhausted="") for row in state.company.members(team))
            step.events.append(Event("team.retired", campaign.id, team.id, text))
            return step
        idle = team.held or direction.held
        if not idle and (step := _end(state, campaign, team, direction, now)):
            return step
    champion = state.experiments[campaign.champion]
    if teams or not (champion.bank or champion.values):
        return Step()
    return around_waiting(state, campaign, now)


def _falsify(
    state: State, campaign: Campaign, team: Team, direction: Direction, why: str, now: float
) -> Step:
    """Close a refuted direction as a dead end; its axes may be part of another hypothesis."""
    ids = state.ids()
    rows = [row for row in state.of_direction(direction.id) if row.verdict in JUDGED]
    end = DeadEnd(
        id=ids.new("d")[0],
        campaign=campaign.id,
        axis="",
        created=now,
        reason=f"{direction.title}: {why}",
        reopen="a new champion, nothing else left to try, or a person",
        closed_by=BY_RULE,
        evidence={
            "experiments": [row.id for row in rows],
            "effects": {row.id: row.evidence.get("effect") for row in rows},
        },
        direction=direction.id,
    )
    step = Step(rows=[end])
    step.events.append(
        Event("dead_end.closed", campaign.id, end.id, f"direction {direction.id} is a dead end: {end.reason}")
    )
    step.extend(_leave(state, team, direction, DirectionState.FALSIFIED, why, now))
    words = f"{direction.title} ({direction.id}) is refuted: {why}. {direction.falsifier}".strip()
    links = [direction.id, end.id, *(row.id for row in rows)]
    step.rows.append(
        new_post(
            state, ids, campaign.id, author="arctl", kind=PostKind.DECISION, text=words, now=now,
            team=team.id, links=links,
        )
    )  # fmt: skip
    return step


def _leave(state: State, team: Team, direction: Direction, how: DirectionState, why: str, now: float) -> Step:
    """Have a team let go of its direction; what it had queued there is withdrawn."""
    step = Step(rows=[bump(direction, state=how, team="", reason=why), bump(team, direction="", reason=why)])
    text = f"team {team.name} leaves {direction.id} {direction.title} ({how}): {why}"
    step.events.append(Event(f"direction.{how}", team.campaign, direction.id, text, data={"team": team.id}))
    for row in state.open_proposals(team.campaign):
        if row.direction == direction.id and not row.urgent:
            reason = f"{direction.id} is {how}: {why}"
            if (turn := state.company.turn_on(team.campaign, row.id, Move.IMPLEMENT)) is not None:
                step.extend(withdrawn(state, turn, reason, now, gone=(row.id,)))
            step.rows.append(bump(row, state=ProposalState.WITHDRAWN, reason=reason))
            said = f"{row.id} {row.title} is withdrawn: {reason}"
            step.events.append(Event("proposal.withdrawn", team.campaign, row.id, said))
    return step


def _occupy(state: State, campaign: Campaign, team: Team, now: float) -> Step:
    """Give a team without a direction one that waits; where none does, its people join the others."""
    held = {
        axis for row in state.company.directions_of(campaign.id, DirectionState.ACTIVE) for axis in row.axes
    }
    members = state.company.members(team)
    people = [agent for agent in members if agent.role is Role.ANALYST and not agent.outside]
    waiting = state.company.directions_of(campaign.id, DirectionState.STANDING)
    for row in sorted(waiting, key=lambda item: not item.base) if people else ():
        if not row.held and suits(state, row, held):
            team, taken = take_up(team, row, now)
            text = f"team {team.name} takes up {row.id} {row.title}: {row.hypothesis}"
            event = Event("direction.taken", campaign.id, row.id, text, data={"team": team.id})
            return Step(rows=[team, taken], events=[event])
    teams = state.company.teams_of(campaign.id)
    others = [row for row in teams if row.direction]
    if not others:
        return Step()
    if 2 * (len(teams) - len(others)) >= len(teams) and _worth_talking(state, campaign):
        return begin(state, campaign, f"team {team.name} has no direction left, and it is not alone", now)
    step = Step(rows=[bump(team, state=TeamState.RETIRED, reason="no direction is left for it")])
    hosts = [row for row in others if not row.held] or others
    for number, agent in enumerate(state.company.members(team)):
        host = hosts[number % len(hosts)]
        step.rows.append(bump(agent, team=host.id, exhausted=""))
    names = ", ".join(row.name for row in hosts)
    text = f"team {team.name} is dissolved, no direction is left for it; its people join {names}"
    step.events.append(Event("team.retired", campaign.id, team.id, text))
    return step


def _talk_again(state: State, campaign: Campaign, teams: list[Team], now: float) -> Step:
    """Open a new discussion when no team has a direction any more, unless the last one led to nothing."""
    if any(team.direction for team in teams):
        return Step()
    if step := around_waiting(state, campaign, now):
        return step
    if not _worth_talking(state, campaign):
        return Step()
    reason = (
        "every direction has ended. Look at the ledger again: what interacts, what could be scaled up, "
        "what could be made simpler at equal metric"
    )
    return begin(state, campaign, reason, now)


def _worth_talking(state: State, campaign: Campaign) -> bool:
    """Tell whether anything was tried since people talked last: otherwise they would say the same again."""
    before = state.company.discussions_of(campaign.id)
    if not before or before[-1].closed is None or not before[-1].answers:
        return False
    return state.newest(campaign.id).created > before[-1].closed


def _house(state: State, campaign: Campaign) -> Step:
    """Give who came late, or lost a team, a place where fewest are of the role."""
    teams = [team for team in state.company.teams_of(campaign.id) if team.direction]
    for agent in state.company.agents_of(campaign.id):
        if agent.team or agent.outside or agent.role is Role.SOLO or not teams:
            continue
        peers = Counter(row.team for row in state.company.agents_of(campaign.id) if row.role is agent.role)
        team = min(teams, key=lambda row: (row.held, peers[row.id], row.id))
        text = f"{agent.name} joins team {team.name}"
        event = Event("agent.seated", campaign.id, agent.id, text, data={"team": team.id})
        return Step(rows=[bump(agent, team=team.id, exhausted="")], events=[event])
    return Step()


def explored(state: State, campaign: Campaign) -> bool:
    """Tell whether a campaign has talked, tried, and has no direction left that anybody believes in."""
    company = state.company
    before = company.discussions_of(campaign.id)
    if not before or before[-1].closed is None or not heard(state, before[-1]):
        return False
    if open_directions(state, campaign) or _worth_talking(state, campaign):
        return False
    return not any(still(row.state) for row in state.open_proposals(campaign.id))


def open_directions(state: State, campaign: Campaign) -> bool:
    """Tell whether there is a direction that somebody works in, or would take up, or a person holds back."""
    company = state.company
    if company.directions_of(campaign.id, DirectionState.ACTIVE):
        return True
    waiting = company.directions_of(campaign.id, DirectionState.STANDING)
    return any(row.held or suits(state, row, set()) for row in waiting)
