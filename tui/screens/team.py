"""A team: its queue and runs, what it gave up, what it found, what is said of it, and its agents now."""

from __future__ import annotations

from collections.abc import Sequence

from arctl.format import number
from arctl.tui.data.query import Query
from arctl.tui.data.reading import inner, listed, real, whole, word
from arctl.tui.data.route import Route, Screen
from arctl.tui.look.lines import Line
from arctl.tui.look.plan import WIDE, Node, Slot, columns, rows
from arctl.tui.look.scene import Scene
from arctl.tui.panes import asked
from arctl.tui.panes.closed import ClosedPane
from arctl.tui.panes.directives import TheseDirectivesPane, headline_of
from arctl.tui.panes.history import HistoryPane
from arctl.tui.panes.members import AgentsNowPane
from arctl.tui.panes.mentions import MentionsPane
from arctl.tui.panes.queue import TeamWorkPane
from arctl.tui.panes.roster import kept
from arctl.tui.panes.teams import team_state
from arctl.tui.screens.about import About
from arctl.tui.widgets.page import Crumb
from arctl.tui.widgets.pane import Pane


class TeamPage(About):
    """One team."""

    PAGE = "team"

    def panes(self) -> Sequence[Pane]:
        """Return the panes."""
        return [
            TeamWorkPane("queue"),
            ClosedPane("closed"),
            HistoryPane("history"),
            MentionsPane("mentions"),
            AgentsNowPane("agents"),
            TheseDirectivesPane("directives"),
        ]

    def plan(self, width: int, height: int) -> Node:
        """Share the room: the queue beside the dead ends, the history below, agents as far as they need."""
        agents = Slot("agents", fits=True, least=4, most=0.25)
        if width >= WIDE and height >= 30:
            left = rows(Slot("queue", 3, 6), Slot("history", 3, 6), agents, weight=3)
            right = rows(Slot("closed", 2, 5), Slot("directives", 2, 4), Slot("mentions", 3, 4), weight=2)
            return columns(left, right)
        top = columns(Slot("queue", 7, 5), Slot("closed", 5, 5), weight=4, least=5)
        talk = columns(Slot("mentions", 1, 4), Slot("directives", 1, 4), weight=2, least=4)
        return rows(top, Slot("history", 3, 4), talk, agents)

    def asks(self, scene: Scene) -> Sequence[Query]:
        """Return the queries of the team, and of what came of its work."""
        ident = scene.route.id
        return [asked.one(ident), kept(asked.open_campaign(scene), ident)]

    def crumbs(self, scene: Scene) -> Sequence[Crumb]:
        """Return the way: Teams > the team > its direction."""
        team = inner(scene.view.answer(asked.one(scene.route.id)).reply, "team")
        found = [("Teams", Route(Screen.TEAMS)), (word(team, "name") or scene.route.id, scene.route)]
        direction = inner(team, "direction")
        if direction:
            found.append((word(direction, "title"), Route(Screen.TEAMS, word(direction, "id"))))
        return found

    def headline(self, scene: Scene, width: int) -> Line:
        """Say how the team stands: its state, its best, what it cost, its directive."""
        reply = scene.view.answer(asked.one(scene.route.id)).reply
        team = inner(reply, "team")
        if not team:
            return ()
        state, tone = team_state(team)
        if word(team, "state") == "retired":
            state, tone = "retired", "dim"
        best = scene.view.answer(kept(asked.open_campaign(scene), scene.route.id)).reply
        top = next(iter(listed(best, "experiments")), None)
        line: Line = ((state, tone),)
        if top is not None:
            line = (*line, (f"  best {number(real(top, 'mean'), 5)} ({word(top, 'id')})", ""))
        line = (*line, (f"  {whole(best, 'total')}/{whole(reply, 'total')} kept", "dim"))
        if width >= 100:
            line = (*line, (spent_of(scene), "dim"))
        return (*line, *headline_of(listed(reply, "directives")))


def spent_of(scene: Scene) -> str:
    """Write what the open team's agents cost so far; "" where that is nothing."""
    found = listed(asked.reply(scene, asked.agents(asked.open_campaign(scene))), "agents")
    usd = sum(real(data, "usd") or 0.0 for data in found if word(data, "team") == scene.route.id)
    return f"  {asked.money(usd)}" if usd else ""
