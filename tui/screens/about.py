"""Pages about one thing: a team, a direction, an agent, a proposal."""

from __future__ import annotations

from collections.abc import Sequence

from arctl.tui.data.query import Query
from arctl.tui.look.plan import Node
from arctl.tui.look.scene import Scene
from arctl.tui.panes import asked
from arctl.tui.widgets.page import Page, alone


class About(Page):
    """A page about what its route names; small terminals show one of its panes at a time."""

    def asks(self, scene: Scene) -> Sequence[Query]:
        """Return the queries of the headline and the breadcrumbs, where something is open."""
        return [asked.one(scene.route.id)]

    def narrow(self, current: str) -> Node:
        """Show one pane at a time."""
        return alone(current)

    def wants(self, scene: Scene) -> list[Query]:
        """Return what the headline wants, and the panes."""
        own = self.asks(scene) if scene.route.id else []
        return list(dict.fromkeys([*own, *super().wants(scene)]))
