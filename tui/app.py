"""The application: composes the views, shows the feed's view once a second, and carries out keys."""

from __future__ import annotations

import time
import uuid
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.notifications import SeverityLevel
from textual.widgets import ContentSwitcher

from arctl.errors import ArctlError
from arctl.paths import Home
from arctl.text import clean
from arctl.tui import theme
from arctl.tui.feed import Feed
from arctl.tui.keys import Scope, bindings
from arctl.tui.launch import Settings
from arctl.tui.screens.experiment import ExperimentWindow
from arctl.tui.screens.overview import Overview
from arctl.tui.screens.window import Confirm, Help
from arctl.tui.targets import Target, target, verb_for
from arctl.tui.widgets.frame import Banner, Header, KeyLine
from arctl.tui.widgets.pane import Pane

#: Seconds between two looks at the feed.
PERIOD = 1.0


class ArctlApp(App[None]):
    """Mission control in a terminal."""

    CSS_PATH = "app.tcss"
    TITLE = "arctl"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS = bindings(Scope.EVERYWHERE, Scope.CONTROL)
    ESCAPE_TO_MINIMIZE: ClassVar[bool] = False

    def __init__(self, home: Home, settings: Settings) -> None:
        # Said at once: the filter for NO_COLOR is chosen here, and Textual's own would paint black on black.
        super().__init__(ansi_color=True if settings.no_color else None)
        self.settings = settings
        self.feed = Feed(home, readonly=settings.readonly, changed=self.flush)
        self._now = time.time()
        self.register_theme(theme.NIGHT)
        self.theme = theme.PLAIN if settings.no_color else theme.NIGHT.name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Return the colours that every theme has besides Textual's."""
        return theme.EXTRA

    def compose(self) -> ComposeResult:
        """Put the views in place; a switcher, because changing screens costs 50 ms."""
        yield Header(self.settings.host_label)
        yield Banner(id="banner")
        with ContentSwitcher(initial="overview", id="views"):
            yield Overview()
        yield KeyLine()

    def on_mount(self) -> None:
        """Start the feed and look at it every second."""
        self.query_one("#experiments").focus()
        self.flush()
        self.run_worker(self.feed.run(), name="feed", exclusive=True)
        self.set_interval(PERIOD, self.flush)

    def on_resize(self) -> None:
        """Lay out the frame for the new width."""
        self.call_after_refresh(self.flush)

    # -- showing -----------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Show what the feed has by now; what is the same as before is not painted again."""
        if not self.is_attached or not self.screen_stack:
            return
        view = self.feed.view
        # Cut off, clocks stand still with everything else.
        now = self._now = time.time() if view.live else self._now
        base = self.screen_stack[0]
        with self.batch_update():
            for part in base.query("*"):
                if isinstance(part, Header | Banner | KeyLine | Overview):
                    part.show(view, now)

    def on_pane_moved(self, message: Pane.Moved) -> None:
        """List the experiments of the campaign under the cursor."""
        if message.pane.id == "campaigns" and message.key:
            self.feed.choose(message.key)

    async def on_pane_entered(self, message: Pane.Entered) -> None:
        """Open what a row stands for."""
        chosen = target(self.feed.view, message.pane.id or "", message.key)
        if chosen.id and chosen.kind == "campaign":
            self.query_one("#experiments").focus()
        elif not chosen.shows:
            self.say(chosen.why or "there is nothing to open here")
        else:
            try:
                reply = await self.feed.call("show", id=chosen.shows)
            except ArctlError as error:
                self.complain(error)
            else:
                self.push_screen(ExperimentWindow(reply))

    # -- keys --------------------------------------------------------------------------------------------

    def action_help(self) -> None:
        """Show the keys."""
        self.push_screen(Help())

    def action_show_view(self, name: str) -> None:
        """Switch to another view."""
        self.query_one(ContentSwitcher).current = name

    def action_next_pane(self) -> None:
        """Go to the next pane."""
        self.screen.focus_next(Pane)

    def action_previous_pane(self) -> None:
        """Go to the pane before."""
        self.screen.focus_previous(Pane)

    def action_detach(self) -> None:
        """Leave; the daemon goes on."""
        self.exit(message="detached; the daemon goes on, `arctl tui` comes back")

    def action_resync(self) -> None:
        """Ask for everything anew, or connect now."""
        self.feed.resync()
        self.say("asking for everything anew" if self.feed.view.live else "trying to connect now")

    async def action_pause(self) -> None:
        """Pause what is under the cursor, or let it go on."""
        chosen = self._target()
        if chosen is not None:
            await self._control(verb_for(self.feed.view, chosen), chosen)

    def action_kill(self) -> None:
        """Ask, then end what is under the cursor."""
        chosen = self._target()
        if chosen is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.run_worker(self._control("kill", chosen), name="kill")

        self.push_screen(Confirm(f"Kill {chosen.words}?", list(chosen.cost), "Kill it"), answered)

    def _target(self) -> Target | None:
        """Return what a changing key acts on; say why where it cannot act."""
        view, pane = self.feed.view, self.focused
        if not view.live:
            self.say(f"cut off from the daemon: {view.link.reason or 'not connected yet'}", "warning")
            return None
        if view.readonly:
            self.say("this session is read-only; attach without --readonly to change something", "warning")
            return None
        if not isinstance(pane, Pane):
            self.say("choose something first: Tab goes from pane to pane", "warning")
            return None
        chosen = target(view, pane.id or "", pane.key)
        if not chosen.id:
            self.say(chosen.why, "warning")
            return None
        return chosen

    async def _control(self, verb: str, chosen: Target) -> None:
        try:
            answer = await self.feed.call(verb, target=chosen.id, key=uuid.uuid4().hex)
        except ArctlError as error:
            self.complain(error)
        else:
            self.say(str(answer.get("text") or f"{verb}: {chosen.words}"))

    # -- telling -----------------------------------------------------------------------------------------

    def say(self, text: str, severity: SeverityLevel = "information") -> None:
        """Tell something in passing."""
        self.notify(clean(text), severity=severity, markup=False)

    def complain(self, error: ArctlError) -> None:
        """Tell why something was not done, and what to do about it."""
        self.say(f"{error.message}: {error.remedy}" if error.remedy else error.message, "warning")
