"""The curve: a run against the champion's and others', on a plane that can be looked at closer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from arctl.tui.data.query import Pace, Query, query
from arctl.tui.data.reading import inner, listed, word, words
from arctl.tui.data.view import View
from arctl.tui.keys.actions import Scope
from arctl.tui.keys.registry import bindings
from arctl.tui.look.curves import Series, draw, legend
from arctl.tui.look.lines import Row, padded
from arctl.tui.look.scene import Scene
from arctl.tui.panes.shown import champion_of, runs_of, show_query, shown
from arctl.tui.widgets.pane import Pane

#: Columns of a curve that are asked for at first and at most, and lines that are drawn at most.
COLUMNS, MOST_COLUMNS, MOST_LINES = 400, 2000, 4
MOST_ZOOM = 8


def curve_query(view: View, ident: str, zoom: int = 0) -> Query:
    """Return the query of the newest curve of an experiment, or of a run; it grows while that runs."""
    width = min(MOST_COLUMNS, COLUMNS * 2**zoom)
    reply = shown(view, ident)
    runs = runs_of(reply)
    going = word(runs[-1], "state") != "ended" if runs else reply is not None
    pace = Pace.SECOND if runs and going else Pace.EVENTS if going else Pace.ONCE
    return query("curve", pace, id=word(runs[-1], "id") if runs else ident, width=width)


def drawn_metric(view: View, ident: str, turn: int, zoom: int = 0) -> str:
    """Return which metric is drawn: the first one, or after `turn` presses another."""
    names = words(view.answer(curve_query(view, ident, zoom)).reply, "metrics")
    return names[turn % len(names)] if names else ""


def curve_of(view: View, ident: str, metric: str, zoom: int = 0) -> Series | None:
    """Return the curve of an experiment's newest run; None where there is none."""
    reply = view.answer(curve_query(view, ident, zoom)).reply
    return read(reply, metric, f"{word(reply, 'experiment')} {word(reply, 'run')}")


def read(reply: Any, metric: str, name: str) -> Series | None:
    """Read one curve of a reply."""
    # The metric's name was cleaned to be shown; the reply has it as it was printed.
    names = dict(zip(words(reply, "metrics"), listed(reply, "metrics"), strict=False))
    found = listed(inner(reply, "curves"), names.get(metric, metric))
    points = tuple(
        (float(item[0]), _value(item[1]))
        for item in found
        if isinstance(item, list) and len(item) > 1 and _value(item[0]) is not None
    )
    return Series(name, points) if points else None


def _value(value: Any) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if known else None


class CurvePane(Pane):
    """The learning curve of what is open, beside others."""

    BINDINGS = bindings(Scope.CURVE)
    SCOPES = (Scope.LIST, Scope.CURVE)
    HINTS = "m metric  L log  +/- zoom  0 all  c compare"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._zoom = 0
        self._log = False
        self._turn = 0
        self._against = 0

    def forget(self, scene: Scene) -> None:
        """Begin with all of the curve, beside the champion's."""
        super().forget(scene)
        self._zoom = self._against = 0

    def choices(self, scene: Scene) -> list[tuple[str, tuple[str, ...]]]:
        """Return what it can be compared with: a name, and the experiments or runs."""
        ident, view = scene.route.id, scene.view
        reply = shown(view, ident)
        best, base = champion_of(view, ident), word(inner(reply, "base"), "id")
        found: list[tuple[str, tuple[str, ...]]] = []
        if best and best != ident:
            found.append((f"champion {best}", (best,)))
        if base and base not in (best, ident):
            found.append((f"base {base}", (base,)))
            if found[0][1] != (base,):
                found.append((f"champion {best} and base {base}", (best, base)))
        if own := tuple(word(run, "id") for run in runs_of(reply)[:-1])[-3:]:
            found.append(("its other runs", own))
        marked = tuple(key for key in self._marked() if key.startswith("e") and key != ident)[:3]
        if marked:
            found.insert(0, (f"marked {', '.join(marked)}", marked))
        return [*found, ("nothing", ())]

    def _marked(self) -> Sequence[str]:
        """Return what is marked in the list of experiments."""
        if not self.is_attached:
            return ()
        found = self.screen.query("#page-experiments #experiments").results(Pane)
        return [key for pane in found for key in pane.marks]

    def _others(self, scene: Scene) -> tuple[str, tuple[str, ...]]:
        choices = self.choices(scene)
        return choices[self._against % len(choices)]

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the queries of the curves that are drawn."""
        ident = scene.route.id
        if not ident:
            return []
        if shown(scene.view, ident) is None:
            return [show_query(ident)]
        others = self._others(scene)[1]
        found = [show_query(other) for other in others if other.startswith("e")]
        return [
            show_query(ident),
            *found,
            *(curve_query(scene.view, each, self._zoom) for each in (ident, *others)),
        ]

    def depends(self, scene: Scene) -> tuple[object, ...]:
        """Return the curves, the size, and how they are looked at."""
        answers = tuple(scene.view.answer(each).reply for each in self.wants(scene))
        region = self.scrollable_content_region
        return (*answers, region.height, self._zoom, self._log, self._turn, self._others(scene))

    def series(self, scene: Scene) -> tuple[str, list[Series]]:
        """Return the metric, and the lines that are drawn, the own one first."""
        metric = drawn_metric(scene.view, scene.route.id, self._turn, self._zoom)
        found = []
        for ident in (scene.route.id, *self._others(scene)[1]):
            one = curve_of(scene.view, ident, metric, self._zoom)
            if one is not None:
                found.append(one)
        return metric, found[:MOST_LINES]

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return the drawing and whose lines they are."""
        height = self.scrollable_content_region.height
        metric, series = self.series(scene)
        if not metric or not series:
            return []
        told = legend(series, scene.glyphs, width)[: max(1, height // 4)]
        drawn = draw(series, width, height - len(told), scene.glyphs, self._zoom, logarithmic=self._log)
        if not drawn:
            return [
                Row(
                    "",
                    padded(
                        ((" no value above 0 to draw on a logarithmic scale: L goes back", "dim"),), width
                    ),
                )
            ]
        return [Row("", padded(each, width)) for each in (*drawn, *told)]

    def height_wanted(self, scene: Scene) -> int:
        """Take a quarter of the room where it must choose."""
        del scene
        return 14

    def heading(self, scene: Scene) -> str:
        """Return the title: which metric, beside whose, and how it is looked at."""
        if not scene.route.id:
            return "Curve"
        metric = drawn_metric(scene.view, scene.route.id, self._turn, self._zoom)
        if not metric:
            return "Curve"
        name, others = self._others(scene)
        told = f"Curve  {metric}" + (f"  vs {name}" if others else "")
        if self._log:
            told += "  log"
        if self._zoom:
            told += f"  last 1/{2**self._zoom}"
        return told

    def empty(self, scene: Scene) -> str:
        """Say why there is none."""
        if not runs_of(shown(scene.view, scene.route.id)):
            return "no run has begun yet"
        return "its log has no line like `step 100 | loss: 1.23` yet; [progress] pattern in arctl.toml helps"

    def action_metric(self) -> None:
        """Draw the next metric."""
        self._turn += 1
        self.lay_out()

    def action_logarithmic(self) -> None:
        """Draw on a logarithmic scale, and back."""
        self._log = not self._log
        self.lay_out()

    def action_zoom(self, step: int) -> None:
        """Look closer at the end, from further off, or at all of it."""
        self._zoom = max(0, min(MOST_ZOOM, self._zoom + step)) if step else 0
        self.post_message(self.Moved(self, self.key))
        self.lay_out()

    def action_compare(self) -> None:
        """Draw another beside it."""
        self._against += 1
        choices = self.choices(self.scene)
        name = choices[self._against % len(choices)][0]
        more = "" if len(choices) > 2 else "; Space marks others in the list of experiments"
        self.notify(f"compared with {name}{more}", markup=False)
        self.post_message(self.Moved(self, self.key))
        self.lay_out()
