"""Lists with titled columns and rows of several lines: the cursor rests on rows that stand for something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.geometry import Region

from arctl.tui.data.route import is_id
from arctl.tui.look.lines import Line, Row, Span
from arctl.tui.look.scene import Listing, Scene
from arctl.tui.widgets.kinds import QueuePane
from arctl.tui.widgets.pane import Pane

_MARGIN: Span = (" ", "")


class Headed(Pane):
    """A list with titled columns, where `HEAD` is 1; rows without a key belong to the one above them."""

    #: What it can be sorted by, in the order of the key `s`; the first is how the daemon tells it.
    SORTS: ClassVar[tuple[str, ...]] = ()

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._sort = 0

    # -- what subclasses say -----------------------------------------------------------------------------

    def titles(self, width: int) -> Line:
        """Return the line that names the columns."""
        del width
        return ()

    def body(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return the rows below it."""
        raise NotImplementedError

    # -- how it is done ----------------------------------------------------------------------------------

    @property
    def sorted_by(self) -> str:
        """Return what it is sorted by; "" for the daemon's own order."""
        return self.SORTS[self._sort] if self._sort else ""

    def head(self, scene: Scene, width: int) -> Line:
        """Return the titles of the columns."""
        del scene
        return (*self.titles(width - 1), _MARGIN)

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return the rows, with a blank before the right border."""
        return [Row(row.key, (*row.line, _MARGIN)) for row in self.body(scene, width - 1)]

    def depends(self, scene: Scene) -> tuple[object, ...]:
        """Return the answers, the campaigns and the order."""
        view = scene.view
        return (*(view.answer(each).reply for each in self.wants(scene)), view.campaigns, self._sort)

    def resting(self, scene: Scene) -> str:
        """Rest on the first row that stands for something."""
        del scene
        return self._first_key

    def height_wanted(self, scene: Scene) -> int:
        """Return how many lines it would like to have."""
        del scene
        return max(1, len(self._rows)) + self.HEAD

    @property
    def acts_on(self) -> str:
        """Return the id under the cursor, else what is open: a row of another kind is no thing to act on."""
        return self.key if is_id(self.key) else self.subject(self.scene)

    def move(self, to: int) -> None:
        """Put the cursor on a row that stands for something, in the direction of the move."""
        many = len(self._rows)
        if not many:
            return
        to = max(0, min(to, many - 1))
        step = 1 if to > self._at else -1
        found = next((at for at in _along(to, step, many) if self._rows[at].key), None)
        if found is None:
            found = next((at for at in _along(to, -step, many) if self._rows[at].key), to)
        super().move(found)
        self._moved = self.key != self._first_key

    def _reveal(self) -> None:
        """Bring the row into sight with the lines that belong to it."""
        end = self._at + 1
        while end < min(len(self._rows), self._at + 8) and not self._rows[end].key:
            end += 1
        lines = min(end - self._at, self.scrollable_content_region.height - self.HEAD)
        region = Region(0, self._at, 1, max(1, lines) + self.HEAD)
        self.scroll_to_region(region, animate=False, immediate=True)

    @property
    def _first_key(self) -> str:
        keys = self._rows.keys if isinstance(self._rows, Listing) else (row.key for row in self._rows)
        return next((key for key in keys if key), "")

    def action_sort(self) -> None:
        """Sort by the next column."""
        if len(self.SORTS) < 2:
            self.notify("this list has one order only", markup=False)
            return
        self._sort = (self._sort + 1) % len(self.SORTS)
        self._moved = False
        self.lay_out(anew=True)
        self.refresh()


class HeadedQueue(Headed, QueuePane):
    """A list with headings whose rows can be marked, moved and set aside."""


def _along(start: int, step: int, many: int) -> range:
    return range(start, many if step > 0 else -1, step)


def link(data: str) -> str:
    """Return an id as a key; what is no id stands for nothing."""
    return data if is_id(data) else ""
