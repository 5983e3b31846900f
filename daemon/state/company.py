"""Who is there and what is talked about: agents, teams, directions, turns, critiques, posts, directives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from arctl.daemon.rows import (
    ALIVE,
    Agent,
    AgentState,
    Critique,
    Deed,
    Direction,
    DirectionState,
    Directive,
    DirectiveState,
    Discussion,
    Move,
    Post,
    Team,
    TeamState,
    Turn,
    TurnState,
)

Member = Agent | Team | Direction | Discussion | Turn | Critique | Post | Directive | Deed


@dataclass
class Company:
    """The rows of the community and their indices; changed by `apply` alone."""

    agents: dict[str, Agent] = field(default_factory=dict)
    teams: dict[str, Team] = field(default_factory=dict)
    directions: dict[str, Direction] = field(default_factory=dict)
    discussions: dict[str, Discussion] = field(default_factory=dict)
    turns: dict[str, Turn] = field(default_factory=dict)
    critiques: dict[str, Critique] = field(default_factory=dict)
    posts: dict[str, Post] = field(default_factory=dict)
    directives: dict[str, Directive] = field(default_factory=dict)
    deeds: dict[str, Deed] = field(default_factory=dict)

    _names: dict[tuple[str, str], str] = field(default_factory=dict)
    _agents_of: dict[str, list[str]] = field(default_factory=dict)
    _teams_of: dict[str, list[str]] = field(default_factory=dict)
    _directions_of: dict[str, list[str]] = field(default_factory=dict)
    _discussions_of: dict[str, list[str]] = field(default_factory=dict)
    _posts_of: dict[str, list[str]] = field(default_factory=dict)
    _directives_of: dict[str, list[str]] = field(default_factory=dict)
    _critiques_on: dict[str, list[str]] = field(default_factory=dict)
    _asked: dict[str, dict[str, None]] = field(default_factory=dict)
    _questions: dict[str, dict[str, None]] = field(default_factory=dict)
    _threads: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    _said: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def apply(self, row: Member) -> None:
        """Take a row as it now is."""
        match row:
            case Agent():
                self._names[row.campaign, row.name] = row.id
                _list(self._agents_of, row.campaign, row.id, self.agents)
                self.agents[row.id] = row
            case Team():
                _list(self._teams_of, row.campaign, row.id, self.teams)
                self.teams[row.id] = row
            case Direction():
                _list(self._directions_of, row.campaign, row.id, self.directions)
                self.directions[row.id] = row
            case Discussion():
                _list(self._discussions_of, row.campaign, row.id, self.discussions)
                self.discussions[row.id] = row
            case Turn():
                self._take_turn(row)
            case Critique():
                _list(self._critiques_on, row.subject, row.id, self.critiques)
                self.critiques[row.id] = row
            case Post():
                self._take_post(row)
            case Directive():
                _list(self._directives_of, row.campaign, row.id, self.directives)
                self.directives[row.id] = row
            case Deed():
                self.deeds[row.id] = row

    def _take_turn(self, row: Turn) -> None:
        asked = self._asked.setdefault(row.campaign, {})
        if row.state is TurnState.ASKED:
            asked[row.id] = None
            self.turns[row.id] = row
        else:
            # Only open turns are kept: those that are over stand in the ledger.
            asked.pop(row.id, None)
            self.turns.pop(row.id, None)

    def _take_post(self, row: Post) -> None:
        _list(self._posts_of, row.campaign, row.id, self.posts)
        if row.id not in self.posts:
            self._said.setdefault((row.campaign, row.author), []).append(row.id)
            threads = self._threads.setdefault(row.campaign, {})
            # The order is that of the newest posts.
            top = row.thread or row.id
            posts = threads[top] = threads.pop(top, [])
            posts.append(row.id)
        questions = self._questions.setdefault(row.campaign, {})
        if row.open:
            questions[row.id] = None
        else:
            questions.pop(row.id, None)
        self.posts[row.id] = row

    # -- agents ----------------------------------------------------------------------------------------

    def agents_of(self, campaign: str) -> list[Agent]:
        """Return a campaign's agents that were not retired, in the order in which they came."""
        rows = (self.agents[ident] for ident in self._agents_of.get(campaign, ()))
        return [row for row in rows if row.state is not AgentState.RETIRED]

    def everybody(self, campaign: str) -> list[Agent]:
        """Return a campaign's agents, retired ones too."""
        return [self.agents[ident] for ident in self._agents_of.get(campaign, ())]

    def named(self, campaign: str, name: str) -> Agent | None:
        """Return the agent of a campaign that is called so."""
        ident = self._names.get((campaign, name))
        return self.agents[ident] if ident else None

    def members(self, team: Team) -> list[Agent]:
        """Return the agents of a team."""
        return [row for row in self.agents_of(team.campaign) if row.team == team.id]

    # -- teams and directions --------------------------------------------------------------------------

    def teams_of(self, campaign: str) -> list[Team]:
        """Return the teams that exist, oldest first."""
        rows = (self.teams[ident] for ident in self._teams_of.get(campaign, ()))
        return [row for row in rows if row.state is TeamState.ACTIVE]

    def all_teams(self, campaign: str) -> list[Team]:
        """Return all teams there ever were, oldest first."""
        return [self.teams[ident] for ident in self._teams_of.get(campaign, ())]

    def directions_of(self, campaign: str, *states: DirectionState) -> list[Direction]:
        """Return a campaign's directions in any of the states (all that are alive by default)."""
        wanted = frozenset(states) or ALIVE
        rows = (self.directions[ident] for ident in self._directions_of.get(campaign, ()))
        return [row for row in rows if row.state in wanted]

    def all_directions(self, campaign: str) -> list[Direction]:
        """Return all directions there ever were, oldest first."""
        return [self.directions[ident] for ident in self._directions_of.get(campaign, ())]

    def direction_of(self, team: str) -> Direction | None:
        """Return the direction that a team (its id) holds."""
        row = self.teams.get(team)
        return self.directions.get(row.direction) if row is not None else None

    def discussion(self, campaign: str) -> Discussion | None:
        """Return the discussion that is going on, if any."""
        for ident in reversed(self._discussions_of.get(campaign, ())):
            row = self.discussions[ident]
            return row if row.closed is None else None
        return None

    def discussions_of(self, campaign: str) -> list[Discussion]:
        """Return all discussions, oldest first."""
        return [self.discussions[ident] for ident in self._discussions_of.get(campaign, ())]

    # -- turns -----------------------------------------------------------------------------------------

    def asked(self, campaign: str) -> Iterator[Turn]:
        """Yield the turns that are open, oldest first."""
        for ident in list(self._asked.get(campaign, ())):
            yield self.turns[ident]

    def turn_of(self, agent: Agent) -> Turn | None:
        """Return the turn that an agent is at, if any."""
        return next((turn for turn in self.asked(agent.campaign) if turn.agent == agent.name), None)

    def turn_on(self, campaign: str, subject: str, move: Move) -> Turn | None:
        """Return the open turn that is about a subject."""
        return next(
            (turn for turn in self.asked(campaign) if turn.subject == subject and turn.move is move), None
        )

    # -- talk ------------------------------------------------------------------------------------------

    def critiques_on(self, subject: str) -> list[Critique]:
        """Return what was thought of a proposal or a direction, oldest first."""
        return [self.critiques[ident] for ident in self._critiques_on.get(subject, ())]

    def posts_of(self, campaign: str) -> list[Post]:
        """Return a campaign's posts, oldest first."""
        return [self.posts[ident] for ident in self._posts_of.get(campaign, ())]

    def questions(self, campaign: str) -> list[Post]:
        """Return the questions that wait for a person, oldest first."""
        known = sorted(self._questions.get(campaign, ()), key=lambda ident: int(ident[1:]))
        return [self.posts[ident] for ident in known]

    def threads(self, campaign: str) -> dict[str, list[str]]:
        """Return the ids of each thread's posts, the thread with the newest post last; not to be changed."""
        return self._threads.get(campaign, {})

    def said_by(self, campaign: str, author: str) -> Sequence[str]:
        """Return the ids of somebody's posts, oldest first."""
        return self._said.get((campaign, author), ())

    def latest_posts(self, campaign: str, count: int) -> list[Post]:
        """Return a campaign's newest posts, oldest first."""
        return [self.posts[ident] for ident in self._posts_of.get(campaign, ())[-count:]]

    def directives_of(self, campaign: str) -> list[Directive]:
        """Return a campaign's directives, oldest first."""
        return [self.directives[ident] for ident in self._directives_of.get(campaign, ())]

    def directives_for(self, agent: Agent) -> list[Directive]:
        """Return the directives that an agent's work is under: its campaign's, team's and direction's.

        One that is done stays in force, as what people said, until they withdraw it.
        """
        team = self.teams.get(agent.team)
        held = {agent.campaign, agent.team, team.direction if team else ""} - {""}
        rows = (row for row in self.directives_of(agent.campaign) if row.target in held)
        return [row for row in rows if row.state is not DirectiveState.WITHDRAWN]


def _list(index: dict[str, list[str]], key: str, ident: str, known: dict[str, object] | object) -> None:
    if isinstance(known, dict) and ident not in known:
        index.setdefault(key, []).append(ident)
