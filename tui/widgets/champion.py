"""The champion's progress: are we getting better, and on how much evidence."""

from __future__ import annotations

from textual.content import Content

from arctl.format import number
from arctl.tui.lines import Line, edges
from arctl.tui.plot import Progress, draw
from arctl.tui.state import View
from arctl.tui.widgets.paint import Lines


class ChampionPane(Lines):
    """The curve of the chosen campaign's champion."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._view = View()
        self._title = ""

    def show(self, view: View, now: float) -> None:
        """Show a view."""
        del now
        self._view = view
        self.lay_out()

    def lay_out(self) -> None:
        """Draw again, where the curve or the size is another one."""
        title = heading(self._view)
        if title != self._title:
            self._title = title
            self.border_title = Content(f" {title} ")
        width, height = self.size.width, self.size.height
        self.set_lines(champion_lines(self._view, width, height), stale=not self._view.live)

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.lay_out()


def progress(view: View) -> Progress:
    """Return what the curve is drawn from; a reused result was not measured twice."""
    measured = [row for row in view.experiments if row.mean is not None and row.verdict != "duplicate"]
    kept = tuple((float(row.number), row.mean) for row in measured if row.kept and row.mean is not None)
    others = tuple(
        (float(row.number), row.mean)
        for row in measured
        if row.verdict and not row.kept and row.mean is not None
    )
    last = float(max((row.number for row in view.experiments), default=0))
    return Progress(kept, others, last)


def heading(view: View) -> str:
    """Return the title: the metric, its value, and whose it is."""
    row = view.campaign
    if row is None or not row.champion:
        return "Champion"
    return f"Champion {row.champion}  {row.metric} {number(row.champion_mean, 6)}"


def champion_lines(view: View, width: int, height: int) -> list[Line]:
    """Return the drawing and, below it, what it amounts to."""
    row = view.campaign
    if row is None:
        return [((" no champion yet", "dim"),)]
    found = progress(view)
    drawn = draw(found, width, height - 1)
    if not drawn:
        return [((" the baseline is being measured", "dim"),)]
    runs = f"n={row.champion_runs}"
    left: Line = ((f" ● {row.accepted} kept", "good"), (f" of {row.experiments}", ""))
    if len(found.kept) > 1:
        gain = found.kept[-1][1] - found.kept[0][1]
        left = (*left, (f"  {gain:+.4g} vs baseline", ""))
    return [*drawn, edges(left, ((runs, "dim"),), width)]
