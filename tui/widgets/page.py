"""A page: the panes of one screen, laid out by a plan for the room there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.geometry import NULL_OFFSET, NULL_SPACING, Region, Size
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from arctl.tui.data.query import Query
from arctl.tui.data.route import Route
from arctl.tui.data.view import View
from arctl.tui.look.lines import Line, Span, fit, plain
from arctl.tui.look.plan import LOW, NARROW, Box, Node, Slot, arrange, rows
from arctl.tui.look.scene import Scene
from arctl.tui.widgets.paint import Lines
from arctl.tui.widgets.pane import Pane

#: A crumb of the way in: what it says, and where it leads.
Crumb = tuple[str, Route]


class Planned(Layout):
    """Textual's layout of a page: each pane where the plan has it, the others nowhere."""

    name = "planned"

    def arrange(
        self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True
    ) -> ArrangeResult:
        """Place the children of a page."""
        del greedy
        boxes = parent.boxes(size.width, size.height) if isinstance(parent, Page) else {}
        return [
            WidgetPlacement(
                Region(box.x, box.y, box.width, box.height), NULL_OFFSET, NULL_SPACING, child, 0, False, False
            )
            for child in children
            if (box := boxes.get(child.id or "")) is not None and box.width > 0 and box.height > 0
        ]


class Tabs(Lines):
    """The titles of a narrow page's panes, the one that is seen in brackets."""


class Page(Widget):
    """A page; subclasses say which panes it has, and how they share its room."""

    #: The page of a route, as `Route.page` names it.
    PAGE: ClassVar[str] = ""
    _LAYOUT = Planned()

    def __init__(self) -> None:
        super().__init__(id=f"page-{self.PAGE}")
        self.scene = Scene()
        self._panes: dict[str, Pane] = {}
        self._current = ""
        self._plan: tuple[object, ...] = ()

    # -- what subclasses say -----------------------------------------------------------------------------

    def panes(self) -> Sequence[Pane]:
        """Return new panes, in the order of Tab."""
        raise NotImplementedError

    def plan(self, width: int, height: int) -> Node:
        """Return how the panes share the room; those left out are not seen."""
        raise NotImplementedError

    def narrow(self, current: str) -> Node | None:
        """Return the plan of a small terminal, where it shows one pane at a time; None for the usual plan."""
        del current
        return None

    def crumbs(self, scene: Scene) -> Sequence[Crumb]:
        """Return the way to what is open, outermost first."""
        del scene
        return ()

    def headline(self, scene: Scene, width: int) -> Line:
        """Return what the line of breadcrumbs says about what is open."""
        del scene, width
        return ()

    def wants(self, scene: Scene) -> list[Query]:
        """Return what has to be asked of the daemon for the panes that are seen."""
        return [query for pane in self.seen for query in pane.wants(scene)]

    def first(self) -> str:
        """Return the pane that has the focus when the page is opened."""
        return next(iter(self._panes))

    # -- Textual -----------------------------------------------------------------------------------------

    @property
    def layout(self) -> Layout:
        """Return the layout that follows the plan."""
        return self._LAYOUT

    def compose(self) -> ComposeResult:
        """Put the panes in place."""
        for pane in self.panes():
            self._panes[pane.id or ""] = pane
            yield pane
        yield Tabs(id="tabs")

    def boxes(self, width: int, height: int) -> dict[str, Box]:
        """Return where each pane is now."""
        compact = self._compact(width, height)
        frame = 1 if compact else 2
        node = self.narrow(self.current) if compact else None
        top = 1 if node is not None and len(self._panes) > 1 else 0
        if node is None:
            node = self.plan(width, height)
        needs = {name: pane.height_wanted(self.scene) for name, pane in self._panes.items()}
        found = arrange(node, Box(0, top, width, max(0, height - top)), needs, frame)
        if top:
            found["tabs"] = Box(0, 0, width, 1)
        return found

    def _compact(self, width: int, height: int) -> bool:
        return width < NARROW or height < LOW - 4

    @property
    def current(self) -> str:
        """Return the pane that was chosen last."""
        return self._current or (self.first() if self._panes else "")

    @property
    def seen(self) -> list[Pane]:
        """Return the panes that the plan has room for, in the order of Tab."""
        boxes = self.boxes(self.size.width, self.size.height)
        return [pane for name, pane in self._panes.items() if name in boxes]

    def pane(self, name: str) -> Pane:
        """Return a pane by its name."""
        return self._panes[name]

    # -- showing -----------------------------------------------------------------------------------------

    def show(self, scene: Scene) -> None:
        """Show a scene; the plan is worked out anew where a pane needs another height."""
        if scene.route != self.scene.route:
            self.opened(scene)
        self.scene = scene
        self._replan()
        for pane in self.seen:
            pane.show(scene)
        self._replan()
        self._tabs()

    def opened(self, scene: Scene) -> None:
        """Forget what belonged to what was open before."""
        for pane in self._panes.values():
            pane.forget(scene)

    def unmark(self) -> None:
        """Take all marks away."""
        for pane in self._panes.values():
            pane.marks.clear()

    def _replan(self) -> None:
        width, height = self.size.width, self.size.height
        plan = tuple(sorted((name, box) for name, box in self.boxes(width, height).items()))
        if plan != self._plan:
            self._plan = plan
            # Textual keeps how the children of a widget were placed until its ancestors say otherwise.
            self._clear_arrangement_cache()
            self.refresh(layout=True)

    def _tabs(self) -> None:
        spans: list[Span] = [(" ", "")]
        for name, pane in self._panes.items():
            title = pane.heading(self.scene).split("  ")[0].strip() or name
            here = name == self.current
            spans.append((f"[{title}]" if here else f" {title} ", "accent" if here else "dim"))
        line = tuple(spans)
        width = self.size.width
        # Lines are compared cell by cell: one that grows shorter has to say what it leaves empty.
        left = width - cell_len(plain(line))
        line = (*line, (" " * left, "")) if left >= 0 else ((fit(plain(line), width), "dim"),)
        for tabs in self.query(Tabs):  # there is none before the page is put together
            tabs.set_lines([line])

    def select(self, name: str) -> None:
        """Give a pane the focus; where one is seen at a time, it becomes that one."""
        if name in self._panes:
            self._current = name
            # At once: a pane that is put away while it has the focus would hand it to another.
            self.screen.set_focus(self._panes[name], scroll_visible=False)
            self._replan()
            self._panes[name].show(self.scene)
            self._tabs()

    def select_beside(self, step: int) -> None:
        """Give the next pane the focus, or the one before."""
        names = list(self._panes)
        boxes = self.boxes(self.size.width, self.size.height)
        single = self._compact(self.size.width, self.size.height) and self.narrow(self.current) is not None
        reach = names if single else [name for name in names if name in boxes]
        at = reach.index(self.current) if self.current in reach else 0
        self.select(reach[(at + step) % len(reach)])

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Remember which pane was used last."""
        if event.widget.id in self._panes:
            self._current = event.widget.id
        self._tabs()

    def on_resize(self) -> None:
        """Lay out anew, and fill what came into sight."""
        self.show(self.scene)


def alone(current: str, *below: Slot) -> Node:
    """Return the plan of a small terminal: the current pane, and what always stays below it."""
    rest = tuple(slot for slot in below if slot.pane != current)
    return rows(Slot(current), *rest)


def campaign_of(view: View, ident: str = "") -> str:
    """Return the campaign that a page is about: that of what is open, else the chosen one."""
    return (view.thing(ident).campaign if ident else "") or view.chosen
