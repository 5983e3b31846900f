"""The difference: what an experiment changed on its base, file by file and hunk by hunk."""

from __future__ import annotations

from collections.abc import Sequence

from arctl.tui.data.query import Pace, Query, query
from arctl.tui.data.reading import block, inner, word
from arctl.tui.look.lines import Line, Row, Span, Tone, fit, padded
from arctl.tui.look.scene import Scene
from arctl.tui.look.syntax import Changed, files, parse
from arctl.tui.panes.shown import PartPane, show_query, shown

#: Rows that a long line is broken into at most.
MOST_PIECES = 20


def diff_query(scene: Scene) -> Query:
    """Return the query of the difference; a commit's never changes."""
    made = word(inner(shown(scene.view, scene.route.id), "experiment"), "commit")
    return query("diff", Pace.ONCE if made else Pace.EVENTS, id=scene.route.id)


class DiffPane(PartPane):
    """What changed; `{` and `}` go from hunk to hunk."""

    wrapped = False
    HINTS = "{ } hunk  w wrap  / search  y copy"

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the query of the difference, once it is known whether there is a commit."""
        if not scene.route.id:
            return []
        first = show_query(scene.route.id)
        return [first, diff_query(scene)] if shown(scene.view, scene.route.id) is not None else [first]

    def changed(self, scene: Scene) -> tuple[Changed, ...]:
        """Return the lines of the difference."""
        if not scene.route.id:
            return ()
        return parse(block(scene.view.answer(diff_query(scene)).reply, "diff"))

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return the lines with their numbers where there is room."""
        changed = self.changed(scene)
        gain = {each.name: each for each in files(changed)}
        gutter = len(str(max((each.number or 0 for each in changed), default=0))) + 1 if width >= 44 else 0
        found: list[Row] = []
        for place, each in enumerate(changed):
            if each.kind == "file":
                found.append(Row(f"section:{place}", padded(_file(each, gain), width)))
            elif each.kind == "hunk":
                found.append(Row(f"section:{place}", padded(((" ", ""), *each.spans), width)))
            else:
                found += [Row("", part) for part in self._line(each, gutter, width)]
        return found

    def _line(self, each: Changed, gutter: int, width: int) -> list[Line]:
        tone: Tone = "added" if each.kind == "+" else "removed" if each.kind == "-" else ""
        number = str(each.number) if each.number is not None else ""
        head: Line = (
            ((fit(number, gutter, right=True), "dim"), (f" {each.kind} ", tone))
            if gutter
            else ((f"{each.kind} ", tone),)
        )
        room = width - sum(len(text) for text, _ in head)
        if not self.wrapped or len(each.text) <= room:
            return [padded((*head, *each.spans), width)]
        blank: Line = ((" " * (width - room), ""),)
        parts = _broken(each.spans, max(8, room))
        return [padded((*(head if not at else blank), *part), width) for at, part in enumerate(parts)]

    def heading(self, scene: Scene) -> str:
        """Return the title: how many files, and how many lines came and went."""
        found = files(self.changed(scene))
        if not found:
            return "Diff"
        what = found[0].name if len(found) == 1 else f"{len(found)} files"
        base = word(inner(shown(scene.view, scene.route.id), "base"), "id")
        gain = f"+{sum(each.added for each in found)} -{sum(each.removed for each in found)}"
        return f"Diff  {what} {gain}" + (f"  on {base}" if base else "")

    def empty(self, scene: Scene) -> str:
        """Say why there is none."""
        return word(scene.view.answer(diff_query(scene)).reply, "note") or "its commit is not made yet"


def _file(each: Changed, gain: object) -> Line:
    known = gain.get(each.spans[0][0]) if isinstance(gain, dict) else None
    spans: list[Span] = [(" ", ""), each.spans[0]]
    if known is not None:
        spans += [(f"  +{known.added}", "added"), (f" -{known.removed}", "removed")]
    return (*spans, *each.spans[1:])


def _broken(spans: Sequence[Span], room: int) -> list[Line]:
    """Break a line of several colours into pieces of so many letters."""
    found: list[list[Span]] = [[]]
    left = room
    for text, tone in spans:
        rest = text
        while rest:
            piece, rest = rest[:left], rest[left:]
            found[-1].append((piece, tone))
            left -= len(piece)
            if left <= 0:
                if len(found) >= MOST_PIECES:
                    found[-1].append(("…", "dim"))
                    return [tuple(each) for each in found]
                found.append([])
                left = room
    return [tuple(each) for each in found if each]
