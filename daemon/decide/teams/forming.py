"""Which directions stand, and which team takes up which: no two teams on one axis, each with a cold one."""

from __future__ import annotations

from dataclasses import dataclass

from arctl.daemon.actions import Step
from arctl.daemon.decide.teams.asking import analysts
from arctl.daemon.life.binding import axis_is_dead
from arctl.daemon.life.talking import new_post
from arctl.daemon.rows import (
    Agent,
    Campaign,
    Direction,
    DirectionState,
    Discussion,
    Event,
    PostKind,
    Role,
    Stance,
    Team,
    TeamState,
    bump,
)
from arctl.daemon.state import Ids, State
from arctl.experiments.effects import clash, covers

NAMES = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa")


@dataclass(frozen=True, slots=True)
class Support:
    """How others stand to a direction."""

    endorsed: int
    objected: int

    @property
    def stands(self) -> bool:
        """Whether it is taken up: nobody objects, or more endorse than object."""
        return not self.objected or self.endorsed > self.objected


def support(state: State, direction: Direction) -> Support:
    """Count the standing opinions of others than the author, each person's latest."""
    latest = {
        (row.by_hand, row.author): row.stance
        for row in state.company.critiques_on(direction.id)
        if not row.lifted and (row.by_hand, row.author) != (direction.by_hand, direction.author)
    }
    endorsed = sum(stance is Stance.ENDORSE for stance in latest.values())
    return Support(endorsed, sum(stance is Stance.OBJECT for stance in latest.values()))


def cold(state: State, direction: Direction) -> list[str]:
    """Return the axes of a direction on which nothing was ever tried."""
    tried = state.tried_axes(direction.campaign)
    return [axis for axis in direction.axes if not any(covers(axis, name) for name in tried)]


def suits(state: State, direction: Direction, held: set[str]) -> bool:
    """Tell whether a team may take a direction up beside those that hold these axes."""
    if clash(direction.axes, held):
        return False
    if not direction.axes or direction.base or cold(state, direction):
        return True
    if direction.by_hand:
        return True
    # Where nothing cold is left to take up, what is not closed is open.
    ends = state.dead_ends_of(direction.campaign)
    alive = [axis for axis in direction.axes if not axis_is_dead(ends, axis)]
    return bool(alive) and not _somewhere_cold(state, direction.campaign, held)


def _somewhere_cold(state: State, campaign: str, held: set[str]) -> bool:
    """Tell whether a direction with an axis that was never tried is there for a team beside those."""
    waiting = state.company.directions_of(campaign, DirectionState.PROPOSED, DirectionState.STANDING)
    return any(not row.held and cold(state, row) and not clash(row.axes, held) for row in waiting)


def form(state: State, campaign: Campaign, discussion: Discussion, now: float) -> Step:
    """Have teams form around the directions that stand, at most one for each analyst."""
    step = Step()
    ids = state.ids()
    standing = []
    for row in state.company.directions_of(campaign.id, DirectionState.PROPOSED, DirectionState.STANDING):
        backing = support(state, row)
        if row.state is DirectionState.PROPOSED and not backing.stands:
            reason = f"{backing.objected} object, {backing.endorsed} endorse"
            step.rows.append(bump(row, state=DirectionState.RETIRED, reason=reason))
            text = f"{row.id} {row.title} does not stand: {reason}"
            step.events.append(Event("direction.retired", campaign.id, row.id, text))
            continue
        standing.append((row, backing))
    standing.sort(key=lambda item: _rank(state, *item))
    people = [row for row in analysts(state, campaign.id) if row.role is Role.ANALYST]
    going = [team for team in state.company.teams_of(campaign.id) if team.direction]
    chosen = _choose(state, [row for row, _ in standing], going, len(people) - len(going))
    for row, _ in standing:
        if row not in chosen and row.state is not DirectionState.STANDING:
            step.rows.append(bump(row, state=DirectionState.STANDING))
    step.extend(_assign(state, ids, campaign, chosen, going, now))
    names = "; ".join(f"{row.title} ({row.id})" for row in chosen) or "none"
    words = f"Directions taken up: {names}."
    links = [row.id for row in chosen]
    step.rows.append(
        new_post(
            state, ids, campaign.id, author="arctl", kind=PostKind.DECISION, text=words, now=now,
            parent=discussion.thread, links=links,
        )
    )  # fmt: skip
    return step


def around_waiting(state: State, campaign: Campaign, now: float) -> Step:
    """Have teams form around directions that wait, without a discussion: nobody has one."""
    waiting = state.company.directions_of(campaign.id, DirectionState.STANDING)
    waiting.sort(key=lambda row: _rank(state, row, support(state, row)))
    people = [
        row
        for row in state.company.agents_of(campaign.id)
        if row.role in (Role.ANALYST, Role.SOLO) and not row.outside
    ]
    going = [team for team in state.company.teams_of(campaign.id) if team.direction]
    chosen = _choose(state, waiting, going, len(people) - len(going))
    return _assign(state, state.ids(), campaign, chosen, going, now) if chosen else Step()


def _rank(state: State, row: Direction, backing: Support) -> tuple[bool, int, int, int]:
    """A person's first, then by support, by cold axes, by age."""
    return not row.by_hand, backing.objected - backing.endorsed, -len(cold(state, row)), int(row.id[1:])


def _choose(state: State, standing: list[Direction], going: list[Team], most: int) -> list[Direction]:
    chosen: list[Direction] = []
    held = {axis for team in going for axis in state.company.directions[team.direction].axes}
    for row in standing:
        if len(chosen) < most and not row.held and suits(state, row, held):
            chosen.append(row)
            held |= set(row.axes)
    return chosen


def _assign(
    state: State, ids: Ids, campaign: Campaign, chosen: list[Direction], going: list[Team], now: float
) -> Step:
    """Give each direction to a team that has none, then to new ones; teams left without are dissolved."""
    step = Step()
    idle = [team for team in state.company.teams_of(campaign.id) if not team.direction]
    known = len(state.company.all_teams(campaign.id))
    teams = list(going)
    for number, direction in enumerate(chosen):
        if number < len(idle):
            team = idle[number]
        else:
            name = _name(known + number - len(idle))
            team = Team(ids.new("t")[0], campaign.id, name, created=now)
        team, row = take_up(team, direction, now)
        teams.append(team)
        step.rows.extend((team, row))
        text = f"team {team.name} takes up {row.id} {row.title}: {row.hypothesis}"
        data = {"direction": row.id, "axes": list(row.axes)}
        step.events.append(Event("team.formed", campaign.id, team.id, text, data=data))
    for team in idle[len(chosen) :]:
        step.rows.append(bump(team, state=TeamState.RETIRED, direction="", reason="no direction is left"))
        text = f"team {team.name} is dissolved: no direction is left for it"
        step.events.append(Event("team.retired", campaign.id, team.id, text))
    step.rows.extend(_seated(state, campaign, teams))
    return step


def _seated(state: State, campaign: Campaign, teams: list[Team]) -> list[Agent]:
    """Place everybody: who has a team that goes on stays, others go where fewest are of their role."""
    moved: dict[str, Agent] = {}
    everybody = state.company.agents_of(campaign.id)
    there = {team.id for team in teams}
    for agent in everybody:
        # Who joined from outside is no team's hands: it stays where it is, as long as that is there.
        if agent.outside and agent.team and agent.team not in there:
            moved[agent.id] = bump(agent, team="")
    for role in Role:
        people = [row for row in everybody if row.role is role and not row.outside]
        places: dict[str, list[Agent]] = {team.id: [] for team in teams}
        homeless: list[Agent] = []
        for agent in people:
            places.get(agent.team, homeless).append(agent)
        for agent in homeless:
            if places:
                _move(agent, min(places, key=lambda ident: len(places[ident])), places, moved)
            elif agent.team:
                moved[agent.id] = bump(agent, team="")
        while places and not min(map(len, places.values())) and max(map(len, places.values())) > 1:
            # A team without one of a role takes from the fullest.
            fullest = max(places, key=lambda ident: len(places[ident]))
            empty = min(places, key=lambda ident: len(places[ident]))
            _move(places[fullest].pop(), empty, places, moved)
    return list(moved.values())


def _move(agent: Agent, team: str, places: dict[str, list[Agent]], moved: dict[str, Agent]) -> None:
    agent = bump(agent, team=team, exhausted="")
    places[team].append(agent)
    moved[agent.id] = agent


def _name(number: int) -> str:
    return NAMES[number] if number < len(NAMES) else f"team-{number + 1}"


def take_up(team: Team, direction: Direction, now: float) -> tuple[Team, Direction]:
    """Return a team and the direction that it holds from now on."""
    return (
        bump(team, direction=direction.id, since=now, reason=""),
        bump(direction, state=DirectionState.ACTIVE, team=team.id, since=now, reason=""),
    )
