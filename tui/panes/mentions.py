"""Mentions: what was said in the forum by a team, to it, or about it, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arctl.tui.data.query import Query, query
from arctl.tui.data.reading import inner, listed, real, word
from arctl.tui.data.times import wall
from arctl.tui.look.lines import Cell, Row, lay
from arctl.tui.look.scene import Scene
from arctl.tui.panes import asked
from arctl.tui.panes.headed import Headed
from arctl.tui.panes.members import member_queries
from arctl.tui.panes.threads import KINDS


class MentionsPane(Headed):
    """Posts that name the open team, and those of its members."""

    BEAT = 5.0
    HINTS = "r reply  Enter thread"

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the queries of the team, of the posts with its name, and of its members."""
        ident = scene.route.id
        if not ident:
            return []
        name = self._called(scene)
        found = [asked.one(ident)]
        if name:
            campaign = asked.open_campaign(scene)
            found.append(query("forum", campaign=campaign, search=f'"{name}"', limit=40))
        return [*found, *member_queries(scene, ident)]

    def _called(self, scene: Scene) -> str:
        return word(inner(scene.view.answer(asked.one(scene.route.id)).reply, "team"), "name")

    def posts(self, scene: Scene) -> list[Any]:
        """Return the posts, each once, the newest on top."""
        found: dict[str, Any] = {}
        for wanted in self.wants(scene)[1:]:
            for data in listed(scene.view.answer(wanted).reply, "posts"):
                found[word(data, "id")] = data
        return sorted(found.values(), key=lambda data: -(real(data, "created") or 0.0))

    def body(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return a row for each post."""
        return [post_row(data, width) for data in self.posts(scene)]

    def heading(self, scene: Scene) -> str:
        """Return the title."""
        name = self._called(scene)
        return f"Forum ({len(self.posts(scene))})  {name} and its members" if name else "Forum"

    def empty(self, scene: Scene) -> str:
        """Name the next command."""
        name = self._called(scene) or "the team"
        return f"nobody spoke of {name} yet; `arctl say` begins a thread"


def post_row(data: Any, width: int) -> Row:
    """Lay out one post on one line."""
    kind = word(data, "kind")
    cells = [
        Cell(" " + word(data, "id"), 6, "accent"),
        Cell(wall(real(data, "created"), "%H:%M"), 5, "dim"),
        Cell(word(data, "author"), 9, "strong"),
    ]
    if width >= 70:
        cells.append(Cell(kind, 10, KINDS.get(kind, "dim")))
    cells.append(Cell(word(data, "text")))
    return Row(word(data, "id"), lay(cells, width))
