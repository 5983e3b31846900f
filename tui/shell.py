"""The shell: frame, pages and the way between them; shows the source's view once a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Container
from textual.css.query import NoMatches
from textual.events import DescendantFocus
from textual.notifications import SeverityLevel
from textual.widgets import Input

from arctl.errors import ArctlError
from arctl.paths import Home
from arctl.places import Place
from arctl.text import clean
from arctl.tui import screens
from arctl.tui.data.query import Query
from arctl.tui.data.route import Trail
from arctl.tui.keys.actions import Scope
from arctl.tui.keys.registry import bindings
from arctl.tui.launch import Settings
from arctl.tui.look import theme
from arctl.tui.look.glyphs import glyphs
from arctl.tui.look.plan import LOW, NARROW
from arctl.tui.look.scene import Scene
from arctl.tui.source.base import Source
from arctl.tui.source.live import LiveSource
from arctl.tui.source.replay import ReplaySource
from arctl.tui.widgets.bars import use_bars
from arctl.tui.widgets.entry import Entry
from arctl.tui.widgets.frame import Banner, Breadcrumbs, Header, KeyLine, ScreenTabs, Timeline
from arctl.tui.widgets.lean import LeanApp
from arctl.tui.widgets.page import Page
from arctl.tui.widgets.pane import Pane
from arctl.tui.windows.help import Help

#: Seconds between two looks at the source.
PERIOD = 1.0


class FilterLine(Entry):
    """The line in which a filter is typed; each letter counts at once.

    Enter and Escape count at once as well, without a message on the way: the next key is for the pane.
    """

    BINDINGS: ClassVar = [("escape", "leave", "leave")]

    def __init__(self, end: Callable[[], None]) -> None:
        super().__init__(id="filter", compact=True)
        self._end = end

    def action_leave(self) -> None:
        """Take the filter away and go back to the pane."""
        self.value = ""
        self._end()

    async def action_submit(self) -> None:
        """Keep the filter and go back to the pane."""
        self._end()


class Shell(LeanApp):
    """Mission control in a terminal, as far as looking goes."""

    CSS_PATH = "app.tcss"
    TITLE = "arctl"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = bindings(Scope.EVERYWHERE, Scope.REPLAY)
    ESCAPE_TO_MINIMIZE: ClassVar[bool] = False

    def __init__(self, place: Home | Place, settings: Settings) -> None:
        # Said at once: the filter for NO_COLOR is chosen here, and Textual's own would paint black on black.
        super().__init__(ansi_color=True if settings.no_color else None)
        self.settings = settings
        self.glyphs = glyphs(settings.glyphs)
        self.trail = Trail()
        self.source = self.make_source(place)
        self._now = time.time()
        self._lists: dict[str, list[str]] = {}
        #: The ledger and the campaign that marks and lists belong to.
        self._subject = ("", "")
        for each in (theme.DARK, theme.LIGHT):
            self.register_theme(each)
        self.set_class(self.glyphs.name == "ascii", "-ascii")
        use_bars(plain=self.glyphs.name == "ascii")
        self.theme = theme.PLAIN if settings.no_color else theme.THEMES[settings.theme]

    def make_source(self, place: Home | Place) -> Source:
        """Return where the view comes from."""
        if (name := self.settings.replay) != "":
            return ReplaySource(place, name, self.settings.at, changed=self.flush, wants=self.wants)
        return LiveSource(place, readonly=self.settings.readonly, changed=self.flush, wants=self.wants)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the colours that every theme has besides Textual's."""
        return theme.DEFAULTS

    def compose(self) -> ComposeResult:
        """Put the frame in place; pages come when they are first shown."""
        yield Header(self.settings.host_label)
        yield ScreenTabs()
        yield Banner(id="banner")
        yield Timeline(id="timeline")
        yield Breadcrumbs()
        yield Container(id="pages")
        yield FilterLine(self.end_filter)
        yield KeyLine()

    async def on_mount(self) -> None:
        """Show the first page, start the source and look at it every second."""
        self.query_one("#filter").display = False
        await self._shown()
        self.run_worker(self.source.run(), name="source", exclusive=True)
        self.set_interval(PERIOD, self.flush)

    def on_resize(self) -> None:
        """Lay out the frame for the new size; what the terminal made of the old one is anyone's guess."""
        self.repaint()
        self.call_after_refresh(self.flush)

    # -- showing -----------------------------------------------------------------------------------------

    @property
    def page(self) -> Page | None:
        """The page that is shown; None while it is being put in place."""
        if not self.is_attached or not self.screen_stack:
            return None
        try:
            found = self.screen_stack[0].query_one(f"#page-{self.trail.here.page}", Page)
        except NoMatches:
            return None
        return found if found.is_mounted else None

    @property
    def pane(self) -> Pane | None:
        """The pane that has the focus."""
        page = self.page
        if page is None:
            return None
        focused = self.screen_stack[0].focused
        return focused if isinstance(focused, Pane) else page.pane(page.current)

    @property
    def scene(self) -> Scene:
        """What is shown now."""
        view = self.source.view
        if view.playback is not None:
            now = view.playback.at
        else:
            # Cut off, clocks stand still with everything else.
            now = self._now = time.time() if view.live else self._now
        return Scene(view, self.trail.here, now, self.glyphs)

    def wants(self) -> Sequence[Query]:
        """Return what the page that is shown wants to know."""
        page = self.page
        return page.wants(self.scene) if page is not None else ()

    def flush(self) -> None:
        """Show what the source has by now; what is the same as before is not painted again."""
        page = self.page
        if page is None or not self.is_running:
            return  # not put in place yet, or being taken down
        self._follow_campaign()
        self._forget_strangers()
        scene = self.scene
        with self.batch_update():
            base = self.screen_stack[0]
            base.set_class(self.size.height < LOW or self.size.width < NARROW, "-compact")
            base.query_one(Header).show(scene)
            base.query_one(ScreenTabs).show(scene)
            base.query_one(Banner).show(scene)
            base.query_one(Timeline).show(scene)
            base.query_one(Breadcrumbs).show_crumbs(page.crumbs(scene), page.headline(scene, self.size.width))
            page.show(scene)
            base.query_one(KeyLine).show_keys(self.scopes, off=bool(scene.view.fixed))

    def _follow_campaign(self) -> None:
        """Show the campaign of what is open: a link may lead into another one."""
        view, ident = self.source.view, self.trail.here.id
        name = view.thing(ident).campaign if ident else ""
        if name and name != view.chosen and any(row.id == name for row in view.campaigns):
            self.source.choose(name)

    def _forget_strangers(self) -> None:
        """Let go of what belongs to another campaign or ledger: marks, the list of siblings, what is open."""
        view = self.source.view
        before, self._subject = self._subject, (view.link.epoch, view.chosen)
        if before == self._subject or not before[1]:
            return
        self._lists.clear()
        for page in self.screen_stack[0].query(Page):
            page.unmark()
        if before[0] != view.link.epoch:
            self.trail = Trail()
            self.run_worker(self._begin_anew(), name="begin anew")

    async def _begin_anew(self) -> None:
        """Put all pages in place anew: on another ledger the same ids are other things."""
        await self.screen_stack[0].query_one("#pages", Container).remove_children()
        await self._shown()

    @property
    def scopes(self) -> list[Scope]:
        """Where keys work right now."""
        pane = self.pane
        own = list(pane.SCOPES) if pane is not None else [Scope.LIST]
        replay = [Scope.REPLAY] if self.source.view.playback is not None else []
        return [*replay, *own, Scope.CONTROL, Scope.EVERYWHERE]

    # -- going from page to page -------------------------------------------------------------------------

    async def follow(self, trail: Trail) -> None:
        """Go along a trail."""
        if trail.here != self.trail.here:
            self.end_filter()
            self.trail = trail
            await self._shown()
        else:
            self.trail = trail

    async def _shown(self) -> None:
        place = self.screen_stack[0].query_one("#pages", Container)
        name = ""
        while name != self.trail.here.page:  # while a page is put in place, one may have gone on to another
            name = self.trail.here.page
            if not place.query(f"#page-{name}"):
                await place.mount(screens.page(name))
        for each in place.children:
            each.display = each.id == f"page-{name}"
        page = self.page
        if page is not None:
            page.show(self.scene)
            page.select(page.current)
        self.source.look()
        self.flush()

    def on_pane_moved(self, message: Pane.Moved) -> None:
        """Show at once what depends on the cursor."""
        del message
        self.source.look()
        self.flush()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Put the line for a filter away once a pane has the focus."""
        # The message may come late, when the line has the focus once more.
        if isinstance(event.widget, Pane) and self.screen_stack[0].focused is event.widget:
            self.screen_stack[0].query_one("#filter").display = False

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter as one types."""
        if event.input.id == "filter" and event.input.has_focus:
            self._filter(event.value)

    def _filter(self, text: str) -> None:
        if (page := self.page) is not None:
            pane = page.pane(page.current)
            pane.filter = clean(text)
            pane.lay_out()
            self.source.look()

    def end_filter(self) -> None:
        """Put the line for a filter away; what stands in it stays the filter."""
        field, page = self.screen_stack[0].query_one("#filter", FilterLine), self.page
        if field.display and page is not None:
            self._filter(field.value)
            field.display = False
            page.select(page.current)
            self.flush()

    # -- the rest ----------------------------------------------------------------------------------------

    def action_help(self) -> None:
        """Show the keys."""
        self.push_screen(Help(self.scopes, self.glyphs))

    def action_detach(self) -> None:
        """Leave; the daemon goes on."""
        self.exit(message="detached; the daemon goes on, `arctl tui` comes back")

    def action_resync(self) -> None:
        """Ask for everything anew, or connect now; and paint everything anew, for what others wrote."""
        self.repaint()
        self.source.resync()
        self.say("asking for everything anew" if self.source.view.live else "trying to connect now")

    def say(self, text: str, severity: SeverityLevel = "information") -> None:
        """Tell something in passing."""
        self.notify(clean(text), severity=severity, markup=False)

    def complain(self, error: ArctlError) -> None:
        """Tell why something was not done, and what to do about it."""
        self.say(f"{error.message}: {error.remedy}" if error.remedy else error.message, "warning")
