"""Going: the keys that lead from page to page and from pane to pane, and what Enter opens."""

from __future__ import annotations

from arctl.tui.data.route import Route, Screen, home_of, is_id
from arctl.tui.shell import Shell
from arctl.tui.widgets.pane import Pane


class Going(Shell):
    """The shell with the ways between its pages."""

    # -- into what a row stands for ----------------------------------------------------------------------

    async def open(self, key: str) -> None:
        """Open what a key of a row stands for."""
        view = self.source.view
        kind, _, rest = key.partition(":")
        if kind == "campaign":
            self.source.choose(rest)
            self.say(f"showing campaign {rest}")
            return
        if kind == "device":
            row = next((row for row in view.devices if row.id == rest), None)
            key = row.experiment if row is not None and row.run else ""
            if not key:
                self.say(f"nothing runs on {row.name if row is not None else 'it'}")
                return
        if kind == "event":
            event = next((row for row in view.events if str(row.seq) == rest), None)
            key = event.subject if event is not None else ""
            if not is_id(key):
                self.say("this event is about nothing that has a page of its own")
                return
        route = home_of(key)
        if route is None:
            self.say("there is nothing to open here")
            return
        if campaign := view.thing(key).campaign:
            self.source.choose(campaign)
        await self.follow(self.trail.enter(route))

    async def on_pane_entered(self, message: Pane.Entered) -> None:
        """Open what a row stands for; its list is remembered for the siblings."""
        keys = [key for key in message.pane.keys_shown if key[:1] == message.key[:1]]
        if is_id(message.key):
            self._lists[message.key[:1]] = keys
        await self.open(message.key)

    # -- from page to page, from pane to pane ------------------------------------------------------------

    async def action_show_screen(self, name: str) -> None:
        """Show a screen's own list."""
        await self.follow(self.trail.show(Screen(name)))

    async def action_open_route(self, screen: str, ident: str) -> None:
        """Go to one of the breadcrumbs."""
        await self.follow(self.trail.enter(Route(Screen(screen), ident)))

    async def action_back(self) -> None:
        """Go back: out of a filter, then take marks away, then out of what is open."""
        pane = self.pane
        if pane is not None and pane.filter:
            pane.filter = ""
            pane.lay_out(anew=True)
            self.source.look()
        elif pane is not None and pane.marks:
            pane.marks.clear()
            pane.lay_out(anew=True)
        else:
            await self.follow(self.trail.back())

    async def action_last_view(self) -> None:
        """Go to where one was before."""
        if self.trail.before is None:
            self.say("there was no other view yet")
        await self.follow(self.trail.last())

    async def action_sibling(self, step: int) -> None:
        """Open the next of the list through which one came in."""
        here = self.trail.here.id
        keys = self._lists.get(here[:1], []) if here else []
        if here not in keys:
            self.say("open something from a list first; then [ and ] go through that list")
            return
        at = keys.index(here) + step
        if not 0 <= at < len(keys):
            self.say("this is the last one of the list" if step > 0 else "this is the first one of the list")
            return
        await self.follow(self.trail.beside(keys[at]))

    def action_focus_next(self) -> None:
        """Go to the next pane: Textual's screens have a Tab of their own, which knows of no tabs."""
        if len(self.screen_stack) > 1:
            super().action_focus_next()
        else:
            self.action_next_pane()

    def action_focus_previous(self) -> None:
        """Go to the pane before."""
        if len(self.screen_stack) > 1:
            super().action_focus_previous()
        else:
            self.action_previous_pane()

    def action_next_pane(self) -> None:
        """Go to the next pane."""
        if self.page is not None:
            self.end_filter()
            self.page.select_beside(1)
            self.source.look()
            self.flush()

    def action_previous_pane(self) -> None:
        """Go to the pane before."""
        if self.page is not None:
            self.end_filter()
            self.page.select_beside(-1)
            self.source.look()
            self.flush()
