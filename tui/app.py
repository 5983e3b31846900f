"""The application: the shell and its steering, with the palette and what is chosen in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from arctl.errors import ArctlError, UsageError
from arctl.tui.acting.commands import COMMANDS, Typed, matching, typed
from arctl.tui.acting.requests import Request
from arctl.tui.acting.targets import ACCEPTS, chain, pick
from arctl.tui.data.reading import block, listed, real, whole, word
from arctl.tui.data.route import Screen, home_of, is_id
from arctl.tui.keys.registry import find
from arctl.tui.look.glyphs import SETS, glyphs
from arctl.tui.look.lines import Line, line, wrap
from arctl.tui.look.theme import THEMES
from arctl.tui.proposing import Proposing, patch_of
from arctl.tui.source.replay import moment
from arctl.tui.widgets.bars import use_bars
from arctl.tui.widgets.pane import Pane
from arctl.tui.windows.asking import Choose, TypeToConfirm
from arctl.tui.windows.palette import Palette
from arctl.tui.windows.window import Told


class ArctlApp(Proposing):
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
        return await super()._check_bindings(key, priority)

    def action_palette(self, begun: str = "") -> None:
        """Open the line for commands."""

        def answered(text: str | None) -> None:
            if text:
                self.run_worker(self.command(text), name="command")

        self.push_screen(Palette(self.offers, begun), answered)

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
        command = next((each for each in COMMANDS if each.name == name), None)
        kinds = ACCEPTS.get(command.verb) if command is not None else None
        if kinds is None and name not in ("go", "rollback", "undo"):
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
        return [
            (ident, said) for ident, said in found.items() if ident.startswith(last) or wanted in said.lower()
        ]

    async def command(self, text: str) -> None:
        """Carry out a line of the palette."""
        if is_id(text) or text in {screen.value for screen in Screen}:
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
            case "stop":
                self._stop(given)
            case "export":
                await self._export(Path(given.operands["FILE"]).expanduser())
            case "checkout":
                folder = Path(given.operands["FOLDER"]).expanduser().absolute()
                params = {"campaign": self.source.view.chosen, "folder": str(folder)}
                answer = await self.source.call("champion.checkout", **params)
                self.say(f"{word(answer, 'champion')} is in {word(answer, 'folder')}")
            case "prompt":
                await self._prompt(given)
            case "costs":
                await self._costs(given)
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
        if command.name == "fork" or "campaign" in request.params:
            return request
        if path := request.params.get("patch"):
            request.params["patch"] = patch_of(path)
        if not target:
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

    async def _export(self, path: Path) -> None:
        pieces, after = [], 0
        while True:
            reply = await self.source.call("export", campaign=self.source.view.chosen, after=after)
            pieces.append(str(reply.get("text", "")))
            if reply.get("next") is None:
                break
            after = whole(reply, "next")
        try:
            path.write_text("".join(pieces))
        except OSError as error:
            msg = f"{path} cannot be written: {error}"
            raise UsageError(msg, "name a file in a folder of yours") from error
        self.say(f"the ledger is in {path}")

    async def _prompt(self, given: Typed) -> None:
        params = {"campaign": self.source.view.chosen, "move": given.operands["MOVE"], **given.params}
        reply = await self.source.call("prompt", **params)
        lines: list[Line] = [line(f"{word(reply, 'agent')}, {word(reply, 'version')}", "strong"), ()]
        lines += wrap(block(reply, "system"), 100)
        for message in listed(reply, "messages"):
            lines += [(), line(word(message, "role"), "strong"), *wrap(block(message, "content"), 100)]
        self.push_screen(Told("What it would be told", lines))

    async def _costs(self, given: Typed) -> None:
        reply = await self.source.call("costs", campaign=self.source.view.chosen, **given.params)
        lines: list[Line] = []
        for row in listed(reply, "rows"):
            usd = real(row, "usd")
            text = f"{word(row, 'name') or '-':<16} {whole(row, 'calls'):>6} calls {usd or 0:>9.4f} USD"
            lines.append(line(f"{text} {whole(row, 'input'):>9} in {whole(row, 'output'):>8} out"))
        lines += [
            line(f"{word(row, 'cap')}: {real(row, 'spent') or 0:g} of {real(row, 'limit') or 0:g}")
            for row in listed(reply, "caps")
        ]
        self.push_screen(Told("Costs", lines or [line("no model was called yet")]))

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
                self._choose(operands["NAME"])
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
            return
        try:
            source.speed(max(0.1, float(said.removeprefix("x"))))
        except ValueError as error:
            msg = f"{said!r} is no number"
            raise UsageError(msg, "write :speed 60 for a minute a second") from error

    async def _go(self, where: str) -> None:
        if where in {screen.value for screen in Screen}:
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
            self.say("there is no campaign yet: start one with `arctl start PATH`")
            return

        def answered(name: str | None) -> None:
            if name:
                self._choose(name)

        found = [(row.id, f"{row.id}   {row.state}   {row.metric}") for row in rows]
        self.push_screen(Choose("Campaigns", found), answered)

    def _choose(self, name: str) -> None:
        if all(row.id != name for row in self.source.view.campaigns):
            known = ", ".join(row.id for row in self.source.view.campaigns)
            msg = f"there is no campaign {name!r}"
            raise UsageError(msg, f"campaigns: {known or 'none yet'}")
        self.source.choose(name)
        if self.trail.here.id:
            # What is open belongs to the campaign that was shown before.
            self.run_worker(self.follow(self.trail.show(self.trail.here.screen)), name="leave")
        self.flush()

    def action_needs(self) -> None:
        """Show what waits for a person, with what to do."""
        lines: list[Line] = []
        width = max(40, min(100, self.size.width - 10))
        for row in self.source.view.campaigns:
            for need in row.needs:
                lines += [line(f"{row.id}: {need.kind}", "warn"), *wrap(need.text, width, indent="  ")]
                lines += [*wrap(need.remedy, width, "dim", "  "), ()]
            for wait in row.waits:
                lines += [line(f"{row.id} waits", "strong"), *wrap(wait.text, width, indent="  ")]
                lines += [*wrap(wait.remedy, width, "dim", "  "), ()]
        self.push_screen(Told("What needs you", lines or [line("nothing waits for you")]))


def _of(name: str) -> tuple[str, ...]:
    """Return the keys of an action."""
    action = find(name)
    return action.keys if action is not None else ()
