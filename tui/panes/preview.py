"""The experiment under the cursor of the list: its verdict in a sentence, a small curve, what it changed."""

from __future__ import annotations

from collections.abc import Sequence

from arctl.tui.data.query import Query
from arctl.tui.data.reading import inner, word
from arctl.tui.look.curves import Series, draw, legend
from arctl.tui.look.lines import Line, Row, line, padded, wrap
from arctl.tui.look.scene import Scene
from arctl.tui.panes.curve import curve_of, curve_query, drawn_metric
from arctl.tui.panes.shown import champion_of, labelled, show_query, shown
from arctl.tui.panes.verdict import sentence, summary
from arctl.tui.widgets.pane import Pane


class PreviewPane(Pane):
    """What is under the cursor of a list of experiments."""

    EMPTY = "nothing is under the cursor"
    HINTS = "Enter opens it"

    def __init__(self, name: str, listing: Pane) -> None:
        super().__init__(name)
        self._listing = listing

    @property
    def ident(self) -> str:
        """The experiment that is shown."""
        return self._listing.key

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the queries of the experiment, and of the curves that are drawn."""
        if not self.ident:
            return []
        found = [show_query(self.ident)]
        if shown(scene.view, self.ident) is not None:
            found += [curve_query(scene.view, self.ident)]
            best = champion_of(scene.view, self.ident)
            if best and best != self.ident:
                found.append(curve_query(scene.view, best))
        return found

    def depends(self, scene: Scene) -> tuple[object, ...]:
        """Return what is shown and the size."""
        answers = tuple(scene.view.answer(each).reply for each in self.wants(scene))
        return (self.ident, self.size.height, *answers)

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return the words, and the curve in what room is left."""
        reply = shown(scene.view, self.ident)
        row = inner(reply, "experiment")
        if not row:
            return []
        lines = [*wrap(" " + word(row, "title"), width - 1, "strong", most=2), *sentence(reply, scene, width)]
        lines += summary(reply, scene, width)
        change = word(reply, "change")
        lines += labelled("change", change if change != word(row, "title") else "", width)[:3]
        hypothesis = word(inner(reply, "proposal"), "hypothesis")
        lines += labelled("idea", hypothesis, width)[:3]
        room = self.scrollable_content_region.height - len(lines) - 1
        lines += self._curve(scene, width, min(room, 16))
        return [Row("", padded(each, width)) for each in lines]

    def _curve(self, scene: Scene, width: int, height: int) -> list[Line]:
        """Return a small drawing with its legend, where the run printed anything to draw."""
        best = champion_of(scene.view, self.ident)
        metric = drawn_metric(scene.view, self.ident, 0)
        series: list[Series] = []
        for ident in dict.fromkeys(filter(None, (self.ident, best))):
            one = curve_of(scene.view, ident, metric)
            if one is not None:
                series.append(one)
        if height < 5 or not series or not metric:
            return []
        told = legend(series, scene.glyphs, width)
        drawn = draw(series, width, height - len(told), scene.glyphs)
        return [line(f" {metric}", "dim"), *drawn, *told] if drawn else []

    def heading(self, scene: Scene) -> str:
        """Return the title."""
        return self.ident or "Experiment"

    def subject(self, scene: Scene) -> str:
        """Keys act on what is shown."""
        return self.ident or super().subject(scene)

    def action_enter(self) -> None:
        """Open what is shown."""
        self.post_message(self.Entered(self._listing, self.ident))
