"""Tables: lists under the names of their columns; a mark shows what the other panes of the page are about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from textual.geometry import Region

from arctl.tui.data.times import wall
from arctl.tui.keys.actions import Scope
from arctl.tui.keys.registry import bindings
from arctl.tui.look.lines import Cell, Line, lay
from arctl.tui.look.scene import Scene
from arctl.tui.widgets.kinds import QueuePane
from arctl.tui.widgets.pane import Pane

#: Seconds after which a moment is written with its day.
DAY = 86_400


def moment(at: float | None, now: float) -> str:
    """Write when something was in five or six characters: `12:04`, and the day where it is longer ago."""
    if not at:
        return ""
    return wall(at, "%H:%M") if abs(now - at) < DAY else wall(at, "%d %b")


class Table(Pane):
    """A list under the names of its columns.

    `chosen` is the row that the page's other panes are about: the one under the cursor once it was moved,
    before that what is open.
    """

    HEAD: ClassVar[int] = 1

    def __init__(self, name: str) -> None:
        super().__init__(name)
        #: Whether somebody put the cursor on a row since the page was opened.
        self.steered = False
        self._names: Line = ()

    # -- what subclasses say -----------------------------------------------------------------------------

    def names(self, scene: Scene, width: int) -> Line:
        """Return the names of the columns."""
        raise NotImplementedError

    def home(self, scene: Scene) -> str:
        """Return the row of what is open; "" where none of them is."""
        return scene.route.id

    # -- what is chosen ----------------------------------------------------------------------------------

    def chosen(self, scene: Scene) -> str:
        """Return the key of the row that the other panes are about."""
        if self.steered and self.key:
            return self.key
        return self.home(scene) or self.key

    def sign(self, scene: Scene, key: str) -> str:
        """Return what marks the row that the other panes are about."""
        return scene.glyphs.here if key and key == self.chosen(scene) else " "

    def resting(self, scene: Scene) -> str:
        """Rest on what is open."""
        return self.home(scene)

    def opened(self) -> None:
        """Let the cursor go to what is open by now."""
        self.steered = self._moved = False

    def move(self, to: int) -> None:
        """Put the cursor on a row: from now on the other panes are about it."""
        self.steered = True
        super().move(to)

    def forget(self, scene: Scene) -> None:
        """Keep the place: what is open is beside the list, not in its stead."""
        if scene.route.id:
            self.opened()
        else:
            self.steered = self._moved = self._at > 0

    # -- the names of the columns ------------------------------------------------------------------------

    def head(self, scene: Scene, width: int) -> Line:
        """Name the columns."""
        return self.names(scene, width)

    def height_wanted(self, scene: Scene) -> int:
        """Return how many lines it would like to have."""
        del scene
        return self.HEAD + max(1, len(self._rows))

    def lay_out(self, *, anew: bool = False) -> None:
        """Lay out rows, and paint the names of the columns again where they changed."""
        super().lay_out(anew=anew)
        width = self.scrollable_content_region.width
        if width > 0 and (names := self.head(self.scene, width)) != self._names:
            self._names = names
            self.refresh(Region(0, 0, width, 1))


class SortedTable(Table, QueuePane):
    """A table with several orders of its rows: `ORDERS` names each, with the key by which it sorts."""

    BINDINGS = bindings(Scope.QUEUE)
    ORDERS: ClassVar[tuple[tuple[str, Callable[[Any], Any]], ...]] = ()

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._sort = 0

    @property
    def order(self) -> tuple[str, Callable[[Any], Any]]:
        """The order by now: what it is called, and its key."""
        return self.ORDERS[self._sort]

    def depends(self, scene: Scene) -> tuple[object, ...]:
        """Return the answers, the order, and what the other panes are about."""
        return (
            self._sort,
            self.chosen(scene),
            *(scene.view.answer(each).reply for each in self.wants(scene)),
        )

    def action_sort(self) -> None:
        """Sort by the next column."""
        self._sort = (self._sort + 1) % len(self.ORDERS)
        self.lay_out(anew=True)


def dim_names(cells: Sequence[Cell], width: int) -> Line:
    """Lay out the names of columns."""
    return lay([Cell(cell.text.upper(), cell.width, "dim", cell.right) for cell in cells], width)
