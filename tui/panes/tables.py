"""Tables: lists whose first row names the columns; the cursor rests below it."""

from __future__ import annotations

from collections.abc import Sequence

from arctl.tui.data.times import wall
from arctl.tui.look.lines import Row, plain
from arctl.tui.look.scene import Scene
from arctl.tui.widgets.pane import Pane

#: Seconds after which a moment is written with its day.
DAY = 86_400


def moment(at: float | None, now: float) -> str:
    """Write when something was in five or six characters: `12:04`, and the day where it is longer ago."""
    if not at:
        return ""
    return wall(at, "%H:%M") if abs(now - at) < DAY else wall(at, "%d %b")


class Table(Pane):
    """A list under a row of column names, which the cursor does not enter and the filter does not hide.

    `chosen` is the row that the page's other panes are about: the one under the cursor once it was moved,
    before that what is open.
    """

    #: Whether somebody put the cursor on a row since the page was opened.
    steered = False

    def home(self, scene: Scene) -> str:
        """Return the row of what is open; "" where none of them is."""
        return scene.route.id

    def chosen(self, scene: Scene) -> str:
        """Return the key of the row that the other panes are about."""
        if self.steered and self.key:
            return self.key
        return self.home(scene) or self.key or self._first_key()

    def sign(self, scene: Scene, key: str) -> str:
        """Return what marks the row that the other panes are about."""
        return scene.glyphs.here if key and key == self.chosen(scene) else " "

    def resting(self, scene: Scene) -> str:
        """Rest on what is open, else on the first row below the names."""
        return self.home(scene) or self._first_key()

    def opened(self) -> None:
        """Let the cursor go to what is open by now."""
        self.steered = self._moved = False

    def move(self, to: int) -> None:
        """Put the cursor on a row below the names."""
        first = next((at for at, row in enumerate(self._rows[:2]) if row.key), 0)
        self.steered = True
        super().move(max(to, first))
        self._moved = self._at > first
        if self._at == first:
            self.scroll_to(y=0, animate=False, immediate=True)

    def forget(self, scene: Scene) -> None:
        """Keep the place: what is open is beside the list, not in its stead."""
        if scene.route.id:
            self.opened()
        else:
            self.steered = self._moved = self._at > 1

    def seek(self, step: int) -> None:
        """Go to the next row in one direction, and on from the other end."""
        first = 1 if self._rows and not self._rows[0].key else 0
        many = max(1, len(self._rows) - first)
        self.move(first + (self._at - first + step) % many)

    def _first_key(self) -> str:
        return next((row.key for row in self._rows[:2] if row.key), "")

    def _filtered(self, found: Sequence[Row]) -> Sequence[Row]:
        if not self.filter:
            return found
        inverse, wanted = self.filter.startswith("!"), self.filter.lstrip("!").lower()
        kept = [row for row in found if row.key and (wanted in plain(row.line).lower()) != inverse]
        return [*(row for row in found[:1] if not row.key), *kept] if kept else []
