"""A proposal: its words, its change, who is for and against it, what is near it, and when it runs."""

from __future__ import annotations

from collections.abc import Sequence

from arctl.tui.data.reading import inner, word, yes
from arctl.tui.data.route import Route, Screen
from arctl.tui.look.lines import Line
from arctl.tui.look.plan import WIDE, Node, Slot, columns, rows
from arctl.tui.look.scene import Scene
from arctl.tui.panes import asked
from arctl.tui.panes.about_direction import OpinionsPane
from arctl.tui.panes.about_proposal import ChangePane, NearPane, ProposalPane
from arctl.tui.screens.about import About
from arctl.tui.widgets.page import Crumb
from arctl.tui.widgets.pane import Pane


class ProposalPage(About):
    """One proposal."""

    PAGE = "proposal"

    def panes(self) -> Sequence[Pane]:
        """Return the panes."""
        return [ProposalPane("about"), ChangePane("change"), OpinionsPane("critique"), NearPane("near")]

    def plan(self, width: int, height: int) -> Node:
        """Share the room: its words beside its change, the critique and what is near it below."""
        del height
        near = Slot("near", fits=True, least=3, most=0.3)
        if width >= WIDE:
            return columns(Slot("about", 2), Slot("change", 3), rows(Slot("critique"), near, weight=2))
        return columns(Slot("about", 1), rows(Slot("change", 3, 5), Slot("critique", 2, 4), near))

    def crumbs(self, scene: Scene) -> Sequence[Crumb]:
        """Return the way: Teams > its team > its direction > the proposal."""
        reply = scene.view.answer(asked.one(scene.route.id)).reply
        row, direction = inner(reply, "proposal"), inner(reply, "direction")
        found = [("Teams", Route(Screen.TEAMS))]
        if word(reply, "team"):
            found.append((word(reply, "team"), Route(Screen.TEAMS, word(row, "team"))))
        if direction:
            found.append((word(direction, "title"), Route(Screen.TEAMS, word(direction, "id"))))
        return [*found, (f"{scene.route.id} {word(row, 'title')}".strip(), scene.route)]

    def headline(self, scene: Scene, width: int) -> Line:
        """Say where it stands and why."""
        del width
        reply = scene.view.answer(asked.one(scene.route.id)).reply
        row, experiment = inner(reply, "proposal"), inner(reply, "experiment")
        if not row:
            return ()
        state, tone = asked.state_of(word(row, "state"))
        if experiment:
            said = f"became {word(experiment, 'id')}, {word(experiment, 'verdict') or 'under way'}"
            return ((said.replace("_", " "), "accent"),)
        why, why_tone = asked.waits({**row, "rank": reply.get("rank")}, approve=yes(reply, "approve"))
        return ((f"{state}  ", tone), (why, why_tone))
