"""The application: the shell and its steering, with the palette and what is chosen in it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from typing import Any

from arctl.errors import ArctlError, UsageError
from arctl.paths import expanded
from arctl.tui.acting.commands import BY_NAME, Typed, matching, typed
from arctl.tui.acting.requests import Request
from arctl.tui.acting.targets import ACCEPTS, chain, pick
from arctl.tui.data.route import Screen, home_of, is_id, is_screen
from arctl.tui.keys.registry import elsewhere, find
from arctl.tui.look.glyphs import SETS, glyphs
from arctl.tui.look.theme import THEMES
from arctl.tui.proposing import patch_of
from arctl.tui.source.replay import factor, moment
from arctl.tui.telling import Telling
from arctl.tui.widgets.bars import use_bars
from arctl.tui.widgets.pane import Pane
from arctl.tui.windows.asking import Choose, TypeToConfirm
from arctl.tui.windows.palette import Palette


class ArctlApp(Telling):
    """Mission control in a terminal."""

    # -- the palette -------------------------------------------------------------------------------------

    async def _check_bindings(self, key: str, priority: bool = False) -> bool:
        """Open a line to type in before the next key is looked at.

        Textual hands keys to the focused pane, one behind the other: what is typed behind a / or : would
        still be keys of the pane, and a p among them would pause something.
        """
        if priority and len(self.screen_stack) == 1 and isinstance(self.focused, Pane):
            if key in _of("app.filter"):
                self.action_filter()
                return True
            if key in _of("app.palette"):
                self.action_palette()
                return True
        found = await super()._check_bindings(key, priority)
        if not found and not priority and len(self.screen_stack) == 1 and (where := elsewhere(key)):
            self.say(where)
        return found

    def action_palette(self) -> None:
        """Open the line for commands."""

        def answered(text: str | None) -> None:
            if text:
                self.run_worker(self.command(text), name="command")

        self.push_screen(Palette(self.offers), answered)

    def offers(self, name: str, last: str) -> Sequence[tuple[str, str]]:
        """Return what an operand of a command may be."""
        view = self.source.view
        fixed: dict[str, Iterable[str]] = {
            "theme": THEMES,
            "glyphs": SETS,
            "campaign": {row.id: row.state for row in view.campaigns},
            "prompt": ("propose", "critique", "implement", "repair", "reflect", "discuss"),
        }
        if name in fixed:
            return [(each, "") for each in matching(last, fixed[name])]
        command = BY_NAME.get(name)
        kinds = ACCEPTS.get(command.verb or name) if command is not None else None
        if kinds is None and name != "go":
            return []
        found = (
            {row.id: f"campaign, {row.state}" for row in view.campaigns}
            if kinds and "campaign" in kinds
            else {}
        )
        for thing in reversed(list(view.things.values())):
            if kinds is None or thing.kind in kinds:
                found[thing.id] = f"{thing.kind} {thing.title}".strip()
        if kinds and "device" in kinds:
            found |= {row.name: "device" for row in view.devices}
        if name == "go":
            found = {screen.value: "screen" for screen in Screen} | found
        wanted = last.lower()
        offered = [each for each in found.items() if each[0].startswith(last) or wanted in each[1].lower()]
        return sorted(offered, key=lambda each: each[0] != last)

    async def command(self, text: str) -> None:
        """Carry out a line of the palette."""
        if is_id(text) or is_screen(text):
            text = f"go {text}"
        try:
            given = typed(text)
            if given.command.method:
                await self._ask(given)
            else:
                await self._own(given)
        except ArctlError as error:
            self.complain(error)

    async def _ask(self, given: Typed) -> None:
        command = given.command
        if command.changes and not self.allowed():
            return
        match command.name:
            case "kill" if not {*given.operands, *given.params} - {"force"}:  # nothing named: asked as x does
                self.action_force_kill() if given.params else self.action_kill()
            case "stop":
                self._stop(given)
            case "export":
                await self.export(expanded(given.operands["FILE"]))
            case "checkout":
                await self.checkout(given.operands["FOLDER"])
            case "prompt":
                await self.show_prompt(given.operands["MOVE"], given.params)
            case "costs":
                await self.show_costs(given.params)
            case _:
                await self.carry_out(self._request(given))

    def _request(self, given: Typed) -> Request:
        """Return what was typed as a request; what is not named is what is under the cursor."""
        command, target = given.command, given.operands.get("TARGET", "")
        if command.method in ("pause", "resume") and given.params.get("all"):
            target = "all"
        if command.verb and not target and not given.params.get("all"):
            pane = self.pane
            found = pick(chain(self.shown, pane.acts_on if pane is not None else ""), command.verb)
            if found is None:
                msg = f"there is nothing under the cursor to {command.name}"
                raise UsageError(msg, f"write {command.usage}")
            target = found.id
        request = given.request(target)
        if path := request.params.get("patch"):
            request.params["patch"] = patch_of(path)
        # What one did last is taken back whichever campaign is shown, as by the key.
        if not target and command.name not in ("undo", "redo"):
            request.params["campaign"] = self.source.view.chosen
        return request

    def _stop(self, given: Typed) -> None:
        params: dict[str, Any] = {"mode": given.params.get("mode", "drain")}

        def answered(yes: bool | None) -> None:
            if yes:
                self.later(Request("stop", params, "the daemon ends"))

        now = params["mode"] == "now"
        cost = ["Runs under way are stopped and queued again." if now else "Runs under way end first."]
        cost.append("`arctl start` lets everything go on where it stood; q alone leaves the daemon running.")
        self.push_screen(TypeToConfirm("Stop the daemon?", cost, "stop"), answered)

    async def _own(self, given: Typed) -> None:
        """Carry out what the interface does by itself."""
        name, operands = given.command.name, given.operands
        match name:
            case "help":
                self.action_help()
            case "detach":
                self.action_detach()
            case "go":
                await self._go(operands["WHERE"])
            case "campaign":
                await self._choose(operands["NAME"])
            case "filter":
                pane = self.pane
                if pane is not None:
                    pane.filter = operands.get("TEXT", "")
                    pane.lay_out(anew=True)
                    self.source.look()
            case "at" | "speed":
                self._time(name, next(iter(operands.values())))
            case "theme":
                if operands["THEME"] not in THEMES:
                    msg = f"there is no theme {operands['THEME']!r}"
                    raise UsageError(msg, f"use one of {', '.join(THEMES)}")
                self.theme = THEMES[operands["THEME"]]
            case "glyphs":
                self.glyphs = glyphs(operands["GLYPHS"])
                self.set_class(self.glyphs.name == "ascii", "-ascii")
                use_bars(plain=self.glyphs.name == "ascii")
                self.refresh_css(animate=False)
                self.flush()

    def _time(self, name: str, said: str) -> None:
        """Go to a moment of a replay, or let it run faster."""
        source, played = self.replay, self.source.view.playback
        if source is None or played is None:
            return
        if name == "at":
            source.go(moment(said, played.begin, played.end, played.at))
        else:
            source.speed(factor(said))

    async def _go(self, where: str) -> None:
        if is_screen(where):
            await self.action_show_screen(where)
        elif home_of(where) is not None:
            await self.open(where)
        else:
            named = [thing for thing in self.source.view.things.values() if thing.title == where]
            if not named:
                msg = f"nothing here is called {where!r}"
                raise UsageError(msg, "ids look like e12, t1, h2, m5; names are those of teams and agents")
            await self.open(named[-1].id)

    # -- campaigns and needs -----------------------------------------------------------------------------

    def action_campaign(self) -> None:
        """Choose among the campaigns."""
        rows = self.source.view.campaigns
        if not rows:
            self.say(self.source.view.unseen or "there is no campaign yet: start one with `arctl start PATH`")
            return

        def answered(name: str | None) -> None:
            if name:
                self.run_worker(self.command(f"campaign {shlex.quote(name)}"), name="campaign")

        found = [(row.id, f"{row.id}   {row.state}   {row.metric}") for row in rows]
        self.push_screen(Choose("Campaigns", found), answered)

    async def _choose(self, name: str) -> None:
        if all(row.id != name for row in self.source.view.campaigns):
            known = ", ".join(row.id for row in self.source.view.campaigns)
            msg = f"there is no campaign {name!r}"
            raise UsageError(msg, f"campaigns: {known or 'none yet'}")
        if self.trail.here.id:
            # What is open belongs to the campaign that is left; while it is open, that one is shown.
            await self.follow(self.trail.show(self.trail.here.screen))
        self.source.choose(name)
        self.flush()


def _of(name: str) -> tuple[str, ...]:
    """Return the keys of an action."""
    action = find(name)
    return action.keys if action is not None else ()
