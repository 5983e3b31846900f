"""The champion's progress: are we getting better, and on how much evidence."""

from __future__ import annotations

from collections.abc import Sequence

from arctl.format import number
from arctl.tui.data.query import Query, query
from arctl.tui.data.reading import listed, real
from arctl.tui.keys.actions import Scope
from arctl.tui.keys.registry import bindings
from arctl.tui.look.lines import Line, Row, edges
from arctl.tui.look.progress import Progress, draw
from arctl.tui.look.scene import Scene
from arctl.tui.widgets.pane import Pane

#: Most that one looks closer: each step halves what is seen.
MOST_ZOOM = 8


def progress_query(campaign: str) -> Query:
    """Return the query of a campaign's progress."""
    return query("progress", campaign=campaign)


def progress(reply: object) -> Progress:
    """Read what the curve is drawn from."""
    return Progress(_points(reply, "kept"), _points(reply, "others"), real(reply, "last") or 0.0)


def _points(reply: object, name: str) -> tuple[tuple[float, float], ...]:
    pairs = [item[:2] for item in listed(reply, name) if isinstance(item, list) and len(item) > 1]
    return tuple((float(x), float(y)) for x, y in pairs if _number(x) and _number(y))


def _number(value: object) -> bool:
    return isinstance(value, int | float)


class ChampionPane(Pane):
    """The curve of the chosen campaign's champion over its experiments."""

    BINDINGS = bindings(Scope.CURVE)
    SCOPES = (Scope.LIST, Scope.CURVE)
    EMPTY = "the baseline is being measured"
    HINTS = "Enter champion  +/- zoom"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._zoom = 0

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the query of the progress."""
        return [progress_query(scene.view.chosen)] if scene.view.chosen else []

    def depends(self, scene: Scene) -> tuple[object, ...]:
        """Return the curve and the size."""
        answers = tuple(scene.view.answer(each).reply for each in self.wants(scene))
        return (*answers, scene.view.campaign, self.size.height, self._zoom)

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return the drawing and, below it, what it amounts to."""
        row = scene.view.campaign
        height = self.scrollable_content_region.height
        if row is None or height < 3:
            return []
        reply = scene.view.answer(progress_query(row.id)).reply
        found = progress(reply)
        drawn = draw(found, width, height - 1, scene.glyphs, self._zoom)
        if not drawn:
            return []
        left: Line = ((f" {scene.glyphs.kept} {row.accepted} kept", "good"),)
        left = (*left, (f" of {row.experiments}", ""))
        if len(found.kept) > 1:
            left = (*left, (f"  {found.kept[-1][1] - found.kept[0][1]:+.4g} vs baseline", ""))
        told = edges(left, ((f"n={row.champion_runs} ", "dim"),), width)
        return [Row("", line) for line in (*drawn, told)]

    def heading(self, scene: Scene) -> str:
        """Return the title: the metric, its value, and whose it is."""
        row = scene.view.campaign
        if row is None or not row.champion:
            return "Champion"
        return f"Champion {row.champion}  {row.metric} {number(row.champion_mean, 6)}"

    def empty(self, scene: Scene) -> str:
        """Say what there is to wait for."""
        return self.EMPTY if scene.view.campaigns else "no campaign yet"

    def subject(self, scene: Scene) -> str:
        """Keys act on the campaign."""
        return f"campaign:{scene.view.chosen}"

    def action_enter(self) -> None:
        """Open the champion."""
        row = self.scene.view.campaign
        if row is not None and row.champion:
            self.post_message(self.Entered(self, row.champion))

    def action_zoom(self, step: int) -> None:
        """Look closer at the newest experiments, from further off, or at all of them."""
        self._zoom = 0 if step == 0 else max(0, min(MOST_ZOOM, self._zoom + step))
        self.lay_out(anew=True)

    def action_metric(self) -> None:
        """Say that there is one metric here."""
        self.notify("this is the campaign's metric; open an experiment for its other curves", markup=False)

    def action_logarithmic(self) -> None:
        """Say that there is no other scale here."""
        self.notify("progress is drawn on a linear scale; curves of experiments know L", markup=False)

    def action_compare(self) -> None:
        """Say where curves are compared."""
        self.notify("open an experiment (Enter): c there compares its curve with others", markup=False)
