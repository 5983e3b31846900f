"""A pane: a titled list of rows with a cursor, painted line by line, moved through with one hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from arctl.tui.data.query import Query
from arctl.tui.data.route import is_id
from arctl.tui.keys.actions import Scope
from arctl.tui.keys.registry import bindings
from arctl.tui.look.lines import Line, Row, difference, plain, without_first_cell
from arctl.tui.look.scene import Listing, Scene, place_of
from arctl.tui.widgets.paint import TONE_CLASSES, paint

#: The scene of a pane before it was shown one.
NOTHING_YET = Scene()


class Pane(ScrollView, can_focus=True):
    """A list of rows; subclasses say which rows and which title a scene gives.

    Rows are laid out anew only where `depends` gives other values than before, and repainted only in the
    cells in which they differ.
    """

    BINDINGS = bindings(Scope.LIST)
    #: Where its keys work, beyond those of every list: for the key line and the help.
    SCOPES: ClassVar[tuple[Scope, ...]] = (Scope.LIST,)
    COMPONENT_CLASSES: ClassVar[set[str]] = {*TONE_CLASSES, "pane--cursor"}
    #: What is said in place of rows; names the next command.
    EMPTY = "nothing yet"
    #: The keys that the lower border names.
    HINTS = ""
    #: Seconds after which the clock changes what is shown, and rows are laid out anew; 0 for never.
    BEAT: ClassVar[float] = 0.0
    #: Lines on top that stay where they are while the rest scrolls: the names of the columns.
    HEAD: ClassVar[int] = 0

    class Moved(Message):
        """Somebody put the cursor on another row."""

        def __init__(self, pane: Pane, key: str) -> None:
            super().__init__()
            self.pane, self.key = pane, key

    class Entered(Message):
        """Somebody wants to see what a row stands for."""

        def __init__(self, pane: Pane, key: str) -> None:
            super().__init__()
            self.pane, self.key = pane, key

    def __init__(self, name: str) -> None:
        super().__init__(id=name)
        self.scene = NOTHING_YET
        self.filter = ""
        #: Keys of rows that were marked, in the order of marking.
        self.marks: dict[str, None] = {}
        self._rows: Sequence[Row] = ()
        self._seen: dict[int, Line] = {}
        self._basis: tuple[object, ...] = ()
        self._at = 0
        #: At the top the cursor stays with what is newest; anywhere else it stays with its row.
        self._moved = False
        self._stale = False
        #: What is said in place of rows.
        self._said = ""
        self._frame = ("", "")

    # -- what subclasses say -----------------------------------------------------------------------------

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return the rows of a scene on `width` cells."""
        raise NotImplementedError

    def heading(self, scene: Scene) -> str:
        """Return the pane's title."""
        raise NotImplementedError

    def head(self, scene: Scene, width: int) -> Line:
        """Return the line that stays on top, where `HEAD` is 1."""
        del scene, width
        return ()

    def depends(self, scene: Scene) -> tuple[object, ...]:
        """Return what the rows are made from; while these are the same objects, the rows are the same."""
        return (scene.view,)

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return what has to be asked of the daemon for these rows."""
        del scene
        return ()

    def hints(self, scene: Scene) -> str:
        """Return the keys that the lower border names."""
        del scene
        return self.HINTS

    def resting(self, scene: Scene) -> str:
        """Return the row that the cursor rests on until somebody moves it; "" for the top one."""
        del scene
        return ""

    def empty(self, scene: Scene) -> str:
        """Return what is said in place of rows."""
        del scene
        return self.EMPTY

    def subject(self, scene: Scene) -> str:
        """Return what keys act on where no row is under the cursor: what is open, else the campaign."""
        return scene.route.id or f"campaign:{scene.view.chosen}"

    def height_wanted(self, scene: Scene) -> int:
        """Return how many rows it would like to have."""
        del scene
        return max(1, len(self._rows))

    def forget(self, scene: Scene) -> None:
        """Begin anew: something else is open now."""
        del scene
        self.filter = ""
        self.marks.clear()
        self._moved = False
        self._at = 0
        self._basis = ()
        self._seen = {}
        self.scroll_to(y=0, animate=False, immediate=True)
        self.refresh()

    # -- showing -----------------------------------------------------------------------------------------

    @property
    def key(self) -> str:
        """Return the key under the cursor, "" where there is none."""
        return self._rows[self._at].key if self._at < len(self._rows) else ""

    def hold(self) -> None:
        """Stay with the row under the cursor from now on, wherever it goes."""
        self._moved = True

    def beside(self, step: int) -> str:
        """Return the key of the row below (1) or above (-1) the cursor, "" where there is none."""
        at = self._at + step
        return self._rows[at].key if 0 <= at < len(self._rows) else ""

    @property
    def acts_on(self) -> str:
        """Return the key of what keys act on."""
        return self.key or self.subject(self.scene)

    @property
    def keys_shown(self) -> list[str]:
        """Return the keys of all rows, in their order; empty ones left out."""
        if isinstance(self._rows, Listing):
            return [key for key in self._rows.keys if key]
        return [row.key for row in self._rows if row.key]

    def copied(self) -> str:
        """Return what is copied of the row under the cursor: its id, else its text."""
        if self._at >= len(self._rows):
            return ""
        row = self._rows[self._at]
        return row.key if is_id(row.key) else plain(row.line).strip()

    def axis(self, key: str) -> str:
        """Return the axis of a row, where rows have one."""
        del key
        return ""

    @property
    def in_sight(self) -> range:
        """Return the places of the rows that can be seen."""
        top = int(self.scroll_offset.y)
        return range(top, top + max(1, self.scrollable_content_region.height - self.HEAD))

    @property
    def text(self) -> str:
        """Return the whole pane as plain text, for the pager."""
        return "\n".join(plain(row.line).rstrip() for row in self._rows)

    def show(self, scene: Scene) -> None:
        """Show a scene; only what is different is laid out and painted again."""
        self.scene = scene
        self.lay_out()

    def lay_out(self, *, anew: bool = False) -> None:
        """Bring rows, cursor, title and scroll position in line with the scene."""
        scene, width = self.scene, self.scrollable_content_region.width
        if width <= 0:
            return
        basis = (width, self.filter, scene.glyphs, scene.route, tuple(self.marks), *self.depends(scene))
        if self.BEAT:
            basis = (*basis, scene.now // self.BEAT)
        same = not anew and len(basis) == len(self._basis)
        if not (same and all(new is old or new == old for new, old in zip(basis, self._basis, strict=True))):
            self._basis = basis
            self._take(self._filtered(self.rows(scene, width)), width)
        self._framed(scene)
        # A refusal changes no row, but what is said in place of rows.
        stale, said = not scene.view.live, "" if self._rows else self._nothing()
        if (stale, said) != (self._stale, self._said):
            self._stale, self._said = stale, said
            self.refresh()
        self._repaint()

    def _take(self, found: Sequence[Row], width: int) -> None:
        key, at, many = self.key, self._at, len(self._rows)
        self._rows = found
        self._at = self._place(key)
        if many != len(found) or self.virtual_size.width != width:
            self.virtual_size = Size(width, len(found) + self.HEAD)
        if not found or not many:
            self.refresh()
        if at != self._at:
            self._touch(at, self._at)
            if self._moved and key:
                # Rows came in above: the row under the cursor stays where it was on the screen.
                self.scroll_to(y=self.scroll_offset.y + self._at - at, animate=False, immediate=True)
            else:
                self._reveal()

    def _framed(self, scene: Scene) -> None:
        title = self.heading(scene)
        if self.filter:
            title += f"  /{self.filter}"
        if self.marks:
            title += f"  {len(self.marks)} marked"
            hidden = sum(place_of(self._rows, key) is None for key in self.marks) if self.filter else 0
            title += f", {hidden} hidden" if hidden else ""
        hints = self.hints(scene)
        if (title, hints) != self._frame:
            self._frame = (title, hints)
            self.border_title = Content(f" {title} ") if title else None
            self.border_subtitle = Content(f" {hints} ") if hints else None

    def _filtered(self, found: Sequence[Row]) -> Sequence[Row]:
        """Leave out the rows that do not pass the filter; lists that ask the daemon for it do it there."""
        inverse, wanted = self.filter.startswith("!"), self.filter.lstrip("!").lower()
        if not wanted:
            return found  # a lone ! leaves out nothing yet
        return [row for row in found if (wanted in plain(row.line).lower()) != inverse]

    def _place(self, key: str) -> int:
        wanted = key if self._moved else self.resting(self.scene)
        if wanted and (at := place_of(self._rows, wanted)) is not None:
            return at
        return min(self._at if self._moved else 0, max(0, len(self._rows) - 1))

    def _repaint(self) -> None:
        """Compare what can be seen with what was painted, and repaint the cells that differ."""
        seen = {}
        for index in self.in_sight:
            new = self._rows[index].line if index < len(self._rows) else ()
            seen[index] = new
            old = self._seen.get(index)
            if old is None or old is new:
                continue
            first, count = difference(old, new) if old and new else (0, 0 if old == new else self.size.width)
            if count:
                self._touch(index, first=first, count=count)
        self._seen = seen

    def _touch(self, *indices: int, first: int = 0, count: int = 0) -> None:
        """Repaint rows, or `count` cells of them from `first` on, as far as they can be seen."""
        top, size = self.scroll_offset.y, self.scrollable_content_region.size
        for index in indices:
            if 0 <= index - top < size.height - self.HEAD:
                width = count or size.width
                self.refresh(Region(first, index - top + self.HEAD, width, 1))

    def render_line(self, y: int) -> Strip:
        """Paint one line."""
        width, base = self.scrollable_content_region.width, self.rich_style
        if y < self.HEAD:
            return paint(self, self.head(self.scene, width), width, base, stale=self._stale)
        index = y - self.HEAD + int(self.scroll_offset.y)
        if not self._rows and y == self.HEAD:
            return paint(self, ((" " + self._said, "dim"),), width, base)
        if index >= len(self._rows):
            return Strip.blank(width, base)
        row = self._rows[index]
        self._seen[index] = row.line
        if index == self._at and self.has_focus:
            base += self.get_component_rich_style("pane--cursor", partial=True)
        line = row.line
        if row.key and row.key in self.marks:
            line = (("+", "warn"), *without_first_cell(line))
        return paint(self, line, width, base, stale=self._stale)

    def _nothing(self) -> str:
        """Say why there is no row; before the first connection not even that is known."""
        view = self.scene.view
        if view is NOTHING_YET.view:
            return ""
        if not view.host and view.playback is None:
            return "not connected yet"
        if self.filter:
            return f"nothing here passes the filter {self.filter!r}; Esc takes it away"
        for query in self.wants(self.scene):
            answer = view.answer(query)
            if answer.error:
                return answer.error
            if answer.at < 0 and answer.reply is None:
                return "asking …"
        return self.empty(self.scene)

    # -- moving ------------------------------------------------------------------------------------------

    def move(self, to: int) -> None:
        """Put the cursor on a row, as far as there are rows."""
        to = max(0, min(to, len(self._rows) - 1))
        self._moved = to > 0
        if to == self._at or not self._rows:
            return
        before, self._at = self._at, to
        self._touch(before, to)
        self._reveal()
        self.post_message(self.Moved(self, self.key))

    def _reveal(self) -> None:
        """Scroll as far as is needed to see the cursor."""
        sight = self.in_sight
        top = min(self._at, max(sight.start, self._at - len(sight) + 1))
        if top != sight.start:
            self.scroll_to(y=top, animate=False, immediate=True)

    def watch_scroll_y(self, old: float, new: float) -> None:
        """Look at what came into sight: rows may have to be fetched for it."""
        super().watch_scroll_y(old, new)
        self._seen = {}

    def action_down(self) -> None:
        """Go down."""
        self.move(self._at + 1)

    def action_up(self) -> None:
        """Go up."""
        self.move(self._at - 1)

    def action_first(self) -> None:
        """Go to the top."""
        self.move(0)

    def action_last(self) -> None:
        """Go to the bottom."""
        self.move(len(self._rows) - 1)

    def action_half_down(self) -> None:
        """Go down half a page."""
        self.move(self._at + max(1, self.size.height // 2))

    def action_half_up(self) -> None:
        """Go up half a page."""
        self.move(self._at - max(1, self.size.height // 2))

    def action_next_match(self) -> None:
        """Go to the next row that has the filter's text."""
        self.seek(1)

    def action_previous_match(self) -> None:
        """Go to the row before that has the filter's text."""
        self.seek(-1)

    def seek(self, step: int) -> None:
        """Go to the next match in one direction, and on from the other end."""
        self.move((self._at + step) % max(1, len(self._rows)))

    def action_enter(self) -> None:
        """Ask to see what the row stands for."""
        self.post_message(self.Entered(self, self.key))

    def on_click(self, event: events.Click) -> None:
        """Choose a row with the mouse; twice opens it."""
        offset = event.get_content_offset(self)
        at = offset.y - self.HEAD + int(self.scroll_offset.y) if offset is not None else -1
        if offset is not None and offset.y >= self.HEAD and at < len(self._rows):
            self.move(at)
            if event.chain == 2:
                self.action_enter()

    def on_resize(self) -> None:
        """Lay out anew; Textual may have painted the new size already, with the rows as they were."""
        self.lay_out()

    def on_focus(self) -> None:
        """Show the cursor."""
        self._touch(self._at)

    def on_blur(self) -> None:
        """Hide the cursor."""
        self._touch(self._at)
