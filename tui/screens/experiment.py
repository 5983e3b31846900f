"""An experiment's page: its verdict and evidence, curve, difference, critiques, log, lineage and notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arctl.tui.data.query import Query
from arctl.tui.data.reading import inner, listed, real, word, yes
from arctl.tui.data.route import Route, Screen
from arctl.tui.data.times import clock
from arctl.tui.look.lines import Line, Span
from arctl.tui.look.plan import LOW, NARROW, WIDE, Box, Node, Slot, arrange, columns, rows
from arctl.tui.look.scene import Scene
from arctl.tui.look.words import standing
from arctl.tui.panes.config import ConfigPane
from arctl.tui.panes.critiques import CritiquesPane
from arctl.tui.panes.curve import CurvePane, curve_query
from arctl.tui.panes.diff import DiffPane
from arctl.tui.panes.lineage import LineagePane
from arctl.tui.panes.logtail import LogTailPane
from arctl.tui.panes.notes import NotesPane
from arctl.tui.panes.shown import show_query, shown
from arctl.tui.panes.verdict import VerdictPane
from arctl.tui.widgets.page import Crumb, Page
from arctl.tui.widgets.pane import Pane

#: Panes that are seen at once on a middling terminal; any other takes the log's place while it is chosen.
ALWAYS = ("verdict", "curve", "diff")
#: Rows of a terminal that is wide but low: two columns, no more.
SHORT = 44


class ExperimentPage(Page):
    """One experiment."""

    PAGE = "experiment"

    def __init__(self) -> None:
        super().__init__()
        #: Which pane stands where several share one place.
        self._guest = "log"

    def panes(self) -> Sequence[Pane]:
        """Return the panes, in the order of Tab."""
        return [
            VerdictPane("verdict"), CurvePane("curve"), DiffPane("diff"), LogTailPane("log"),
            CritiquesPane("critiques"), LineagePane("lineage"), ConfigPane("config"), NotesPane("notes"),
        ]  # fmt: skip

    def wants(self, scene: Scene) -> list[Query]:
        """Return the queries of the panes that are seen; the experiment itself always."""
        ident = scene.route.id
        return list(dict.fromkeys([*([show_query(ident)] if ident else []), *super().wants(scene)]))

    # -- room --------------------------------------------------------------------------------------------

    def plan(self, width: int, height: int) -> Node:
        """Share the room: nearly all at once on a big terminal, else four panes."""
        if width >= WIDE and height >= SHORT:
            left = rows(
                Slot("diff", 4), Slot("config", fits=True, least=5, most=0.25), Slot("log", 3), weight=1
            )
            middle = rows(Slot("curve", 1), Slot("verdict", fits=True, least=8, most=0.5), weight=1)
            right = rows(
                Slot("critiques", fits=True, least=5, most=0.25),
                Slot("lineage", 1, 6),
                Slot("notes", 1, 6),
                weight=1,
            )
            return columns(left, middle, right)
        if width >= WIDE:
            return columns(
                rows(Slot("diff", 3), Slot("log", 2)),
                rows(Slot("curve", 3), Slot("verdict", 2)),
                Slot(self.guest if self.guest != "log" else "lineage"),
            )
        top = columns(Slot("diff"), Slot("curve"), weight=5, least=8)
        return rows(top, columns(Slot("verdict"), Slot(self.guest), weight=4, least=8))

    @property
    def guest(self) -> str:
        """The pane in the place that several share: the one that was chosen last."""
        if self.current not in ALWAYS:
            self._guest = self.current
        return self._guest

    def narrow(self, current: str) -> Node | None:
        """Show one pane at a time; below the curve the log goes on."""
        if current == "curve" and self.size.height >= 16:
            return rows(Slot("curve", 2), Slot("log", 1, 5))
        return Slot(current)

    def boxes(self, width: int, height: int) -> dict[str, Box]:
        """Return where each pane is; where not all are seen, a line of tabs names the others."""
        if width < NARROW or height < LOW - 4 or (width >= WIDE and height >= SHORT):
            return super().boxes(width, height)
        needs = {name: pane.height_wanted(self.scene) for name, pane in self._panes.items()}
        found = arrange(self.plan(width, height - 1), Box(0, 1, width, max(0, height - 1)), needs, 2)
        return {**found, "tabs": Box(0, 0, width, 1)}

    def select_beside(self, step: int) -> None:
        """Go to the next pane; those that are not seen come into sight."""
        names = list(self._panes)
        self.select(names[(names.index(self.current) + step) % len(names)])

    # -- words -------------------------------------------------------------------------------------------

    def crumbs(self, scene: Scene) -> Sequence[Crumb]:
        """Return the way in: the list, the team, the direction."""
        ident = scene.route.id
        reply = shown(scene.view, ident)
        company = inner(reply, "company")
        team, direction = inner(company, "team"), inner(company, "direction")
        found: list[Crumb] = [("Experiments", Route(Screen.EXPERIMENTS))]
        if team and self.size.width >= NARROW:
            found.append((word(team, "name"), Route(Screen.TEAMS, word(team, "id"))))
        if direction and self.size.width >= NARROW:
            found.append((word(direction, "title")[:24], Route(Screen.TEAMS, word(direction, "id"))))
        title = word(inner(reply, "experiment"), "title") or scene.view.thing(ident).title
        return [*found, (f"{ident} {title}".strip(), scene.route)]

    def headline(self, scene: Scene, width: int) -> Line:
        """Say how it stands, where it runs and how far it is, and what it was built on."""
        reply = shown(scene.view, scene.route.id)
        row = inner(reply, "experiment")
        if not row:
            return ()
        runs = [run for run in listed(reply, "runs") if word(run, "state") in ("launching", "running")]
        said, tone = standing(
            word(row, "verdict"), word(row, "state"), running=bool(runs), held=yes(row, "held")
        )
        spans: list[Span] = [(said, tone)]
        spans += [(f"  {_where(run, scene)}", "accent") for run in runs[-2:]]
        if runs and (step := _step(scene)):
            spans.append((f"  step {step}", ""))
        base = word(inner(reply, "base"), "id")
        if base and width >= NARROW:
            spans.append((f"  base {base}", "dim"))
            if commit := word(row, "commit"):
                spans.append((f"  {commit[:8]}", "dim"))
        if yes(reply, "champion"):
            spans.append((f"  {scene.glyphs.champion} champion", "good"))
        return tuple(spans)


def _where(run: Any, scene: Scene) -> str:
    """Say on which device a run is, for how long, and how long it may."""
    device = next((row for row in scene.view.devices if row.run == word(run, "id")), None)
    started = real(run, "started")
    told = word(run, "device_name")
    if started is not None:
        told += f" {clock(scene.now - started)}"
    if device is not None and device.limit is not None:
        told += f"/{clock(device.limit)}"
    if device is not None and device.frozen is not None:
        told += " FROZEN"
    return told.strip()


def _step(scene: Scene) -> str:
    """Return the last step that was printed."""
    reply = scene.view.answer(curve_query(scene.view, scene.route.id)).reply
    ends = [pair[1] for pair in inner(reply, "extents").values() if isinstance(pair, list) and len(pair) > 1]
    steps = [end for end in ends if isinstance(end, int | float)]
    return f"{max(steps):.0f}" if steps else ""
