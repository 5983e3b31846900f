"""Kinds of panes: queues whose rows are marked and moved, and texts that are searched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from arctl.tui.keys.actions import Scope
from arctl.tui.keys.registry import bindings
from arctl.tui.look.lines import Line, Row, Span, plain
from arctl.tui.widgets.pane import Pane


class QueuePane(Pane):
    """A pane whose rows can be marked, moved, stashed and sorted."""

    BINDINGS = bindings(Scope.QUEUE)
    SCOPES: ClassVar[tuple[Scope, ...]] = (Scope.LIST, Scope.QUEUE)

    def action_mark(self) -> None:
        """Mark the row, or unmark it, and go on to the next."""
        if self.scene.view.playback is not None:
            self.app.action_play()  # type: ignore[attr-defined]  # nothing is marked in what is past
            return
        if not self.key:
            return
        if self.key in self.marks:
            del self.marks[self.key]
        else:
            self.marks[self.key] = None
        self._touch(self._at)
        self.action_down()
        self.lay_out()

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.notify("this list has one order only", markup=False)


class TextPane(Pane):
    """A pane with a text: `/` searches in it instead of leaving lines out."""

    BINDINGS = bindings(Scope.TEXT)
    SCOPES: ClassVar[tuple[Scope, ...]] = (Scope.LIST, Scope.TEXT)
    wrapped = True

    def _filtered(self, found: Sequence[Row]) -> Sequence[Row]:
        wanted = self.filter.lower()
        if not wanted:
            return found
        return [Row(row.key, marked(row.line, wanted)) for row in found]

    def seek(self, step: int) -> None:
        """Go to the next line with the text that is searched for."""
        wanted, many = self.filter.lower(), len(self._rows)
        for distance in range(1, many + 1):
            at = (self._at + step * distance) % many
            if wanted in plain(self._rows[at].line).lower():
                self.move(at)
                return

    def action_section(self, step: int) -> None:
        """Go to the next section in one direction: a row whose key begins with `section:`."""
        at = self._at + step
        while 0 <= at < len(self._rows):
            if self._rows[at].key.startswith("section:"):
                self.move(at)
                return
            at += step

    def action_wrap(self) -> None:
        """Break long lines, or cut them."""
        self.wrapped = not self.wrapped
        self.lay_out(anew=True)


def marked(line: Line, wanted: str) -> Line:
    """Return a line in which each place that has the text stands out."""
    found: list[Span] = []
    for text, tone in line:
        left = text
        while (at := left.lower().find(wanted)) >= 0:
            found += [(left[:at], tone), (left[at : at + len(wanted)], "match")]
            left = left[at + len(wanted) :]
        found.append((left, tone))
    return tuple(piece for piece in found if piece[0])
