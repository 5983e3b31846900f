"""Steering: the keys that change something, each with its target, its question and its undo."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence

from arctl.errors import ArctlError
from arctl.format import count
from arctl.paths import Home
from arctl.places import Place
from arctl.tui.acting import targets
from arctl.tui.acting.requests import Request, about, toggled
from arctl.tui.acting.targets import Target, chain, pick
from arctl.tui.data.reading import word
from arctl.tui.data.view import View
from arctl.tui.keys.actions import Scope
from arctl.tui.keys.registry import bindings
from arctl.tui.launch import Settings
from arctl.tui.looking import Looking
from arctl.tui.widgets.pane import Pane
from arctl.tui.windows.asking import Choose, Confirm, TypeToConfirm
from arctl.tui.windows.form import Field, Form


class Steering(Looking):
    """The shell with the keys that change something."""

    BINDINGS = bindings(Scope.CONTROL)

    def __init__(self, place: Home | Place, settings: Settings) -> None:
        super().__init__(place, settings)
        self._turn = asyncio.Lock()

    # -- what a key acts on ------------------------------------------------------------------------------

    @property
    def shown(self) -> View:
        """The view that is painted: a key means what was seen when it was pressed."""
        pane = self.pane
        return pane.scene.view if pane is not None else self.source.view

    def allowed(self) -> bool:
        """Tell whether something may be changed at all; say why where it may not."""
        if why := self.source.view.fixed:
            self.say(why, "warning")
        return not why

    def meant(self, verb: str) -> Target | None:
        """Return what a verb acts on under the cursor; say why where there is nothing."""
        pane = self.pane
        if not self.allowed() or pane is None:
            return None
        found = chain(self.shown, pane.acts_on)
        target = pick(found, verb)
        if target is None:
            what = found[0].words if found else "what is under the cursor"
            kinds = ", ".join(sorted(targets.ACCEPTS[verb]))
            self.say(f"{what} is not a thing to {verb}: choose one of these first: {kinds}", "warning")
        elif target.over and verb in ("pause", "kill", "freeze"):
            if target.kind == "campaign" and verb == "pause":
                return target
            self.say(f"{target.over}; Enter shows how", "warning")
            return None
        return target

    def all_meant(self, verb: str) -> list[Target]:
        """Return what a verb acts on: all marked rows, else the one under the cursor."""
        pane = self.pane
        if pane is not None and pane.marks:
            if not self.allowed():
                return []
            picked = [pick(chain(self.shown, key), verb) for key in pane.marks]
            found = {target.id: target for target in picked if target is not None}
            if not found or (verb == "kill" and all(target.over for target in found.values())):
                self.say(f"nothing that is marked is there to {verb}; Esc takes the marks away", "warning")
            return list(found.values())
        target = self.meant(verb)
        return [target] if target is not None else []

    # -- carrying out ------------------------------------------------------------------------------------

    async def carry_out(self, request: Request, key: str = "") -> bool:
        """Ask the daemon for a change, and tell what was done and how it is taken back.

        One after the other, in the order of asking; asked twice with one key, it is done once.
        """
        try:
            async with self._turn:
                answer = await self.source.call(request.method, key=key or uuid.uuid4().hex, **request.params)
        except ArctlError as error:
            self.complain(error)
            return False
        said = word(answer, "text") or request.words
        self.say(f"{said}   (z takes it back)" if answer.get("undoable") else said)
        return True

    def later(self, *requests: Request) -> None:
        """Carry requests out without waiting for it: no key, and no window that closes, waits for the wire.

        The marks go when all were done.
        """
        if requests:
            self.run_worker(self._all(requests, self.pane), name=requests[0].method)

    async def _all(self, requests: Sequence[Request], pane: Pane | None) -> None:
        done = [await self.carry_out(request) for request in requests]
        if pane is not None and pane.marks and all(done):
            pane.marks.clear()
            pane.lay_out(anew=True)

    def ask(
        self,
        title: str,
        fields: Sequence[Field],
        request: Callable[[dict[str, str]], Request],
        *told: str,
        check: Callable[[dict[str, str]], Awaitable[None]] | None = None,
    ) -> None:
        """Ask for words and carry out what they make; a form that is refused stays open, as it was typed.

        Where no answer came, the same words handed in again are the same deed.
        """
        tried: dict[str, str] = {}

        async def hand_in(given: dict[str, str]) -> bool:
            try:
                if check is not None:
                    await check(given)
                wanted = request(given)
            except ArctlError as error:
                self.complain(error)
                return False
            key = tried.setdefault(repr(wanted.params), uuid.uuid4().hex)
            return await self.carry_out(wanted, key)

        self.push_screen(Form(title, fields, hand_in, told))

    # -- control -----------------------------------------------------------------------------------------

    def action_pause(self) -> None:
        """Pause what is meant, or let it go on; where it has ended, what it belongs to is offered."""
        pane = self.pane
        if pane is not None and not pane.marks and self.allowed() and self._offer_outer(pane.acts_on):
            return
        self.later(*(toggled(target) for target in self.all_meant("pause")))

    def _offer_outer(self, key: str) -> bool:
        """Offer to pause what an ended thing belongs to; False where the thing itself is to be paused."""
        found = [each for each in chain(self.shown, key) if each.kind in targets.ACCEPTS["pause"]]
        if not found or not found[0].over or found[0].kind == "campaign":
            return False
        levels = {each.id: each for each in found[1:] if not each.over}
        if not levels:
            return False

        def answered(ident: str | None) -> None:
            if ident:
                self.later(toggled(levels[ident]))

        verb = {ident: "resume" if each.held else "pause" for ident, each in levels.items()}
        choices = [(ident, f"{verb[ident]} {each.words}") for ident, each in levels.items()]
        self.push_screen(Choose(found[0].over, choices), answered)
        return True

    def action_freeze(self) -> None:
        """Freeze what is meant, or thaw it."""
        target = self.meant("freeze")
        if target is not None:
            still = targets.stands_still(self.source.view, target)
            self.later(about("resume", target) if still else about("pause", target, mode="freeze"))

    def action_kill(self) -> None:
        """Ask, then end what is meant: the thing itself, or what it belongs to."""
        pane = self.pane
        if pane is None:
            return
        if pane.marks:
            self._kill_all(self.all_meant("kill"))
            return
        if self.meant("kill") is None:
            return
        levels = [
            target
            for target in chain(self.shown, pane.acts_on)
            if target.kind in targets.ACCEPTS["kill"] and not target.over
        ]
        now = self.scene.now
        answers = [(_label(target), targets.cost(self.source.view, target, now)) for target in levels]

        def answered(at: int | None) -> None:
            if at is not None:
                self.later(about("kill", levels[at]))

        if len(levels) == 1:
            question, answers = f"Kill {levels[0].words}?", [("Kill it", answers[0][1])]
        else:
            question = f"Kill {levels[0].words}, or what it belongs to?"
        self.push_screen(Confirm(question, answers), answered)

    def _kill_all(self, marked: list[Target]) -> None:
        marked = [target for target in marked if not target.over]
        if not marked:
            return

        def answered(at: int | None) -> None:
            if at is not None:
                self.later(*(about("kill", target) for target in marked))

        told = []
        for target in marked:
            lines = targets.cost(self.source.view, target, self.scene.now)
            told.append(f"{target.words}: {' '.join(lines)}")
        question = f"Kill {count(len(marked), 'thing')}, as marked?"
        self.push_screen(Confirm(question, [("Kill", told)]), answered)

    def action_force_kill(self) -> None:
        """End what is meant without any grace, once its id was typed."""
        target = self.meant("kill")
        if target is None:
            return

        def answered(yes: bool | None) -> None:
            if yes:
                self.later(about("kill", target, force=True))

        cost = targets.cost(self.source.view, target, self.scene.now)
        cost.append("Its processes get no time to write anything.")
        self.push_screen(TypeToConfirm(f"Kill {target.words} by force?", cost, target.id), answered)

    def action_redirect(self) -> None:
        """Ask for an instruction to what is meant; a post is replied to instead."""
        pane = self.pane
        if pane is not None and pane.acts_on[:1] == "m" and not self.source.view.fixed:
            self._reply(pane.acts_on)
            return
        target = self.meant("redirect")
        if target is None:
            return

        told = (
            "Its analysts acknowledge it with a plan and report on it; what they had queued is set aside,"
            " what you proposed yourself stays."
        )
        fields = [Field("text", "Instruction", "what to do, or to leave alone", needed=True)]
        self.ask(f"Redirect {target.words}", fields, lambda given: about("redirect", target, **given), told)

    def _reply(self, post: str) -> None:
        def request(given: dict[str, str]) -> Request:
            return Request("say", {**given, "parent": post}, f"reply to {post}")

        self.ask(
            f"Reply to {post}", [Field("text", "Reply", "an answer closes a question", needed=True)], request
        )

    def action_say(self) -> None:
        """Begin a thread in the forum."""
        if not self.allowed():
            return

        campaign = self.source.view.chosen

        def request(given: dict[str, str]) -> Request:
            links = given.get("links", "").split()
            return Request("say", {**given, "campaign": campaign, "links": links}, "say")

        fields = [
            Field("text", "Text", "what everybody should know", needed=True),
            Field("to", "To", "a team, direction or agent; empty for all"),
            Field("links", "About", "ids, as e12 d3"),
        ]
        self.ask("Say in the forum", fields, request)

    def action_undo(self) -> None:
        """Take back what one did last."""
        if self.allowed():
            self.later(Request("undo", {}, "undo"))

    def action_redo(self) -> None:
        """Do again what was taken back last."""
        if self.allowed():
            self.later(Request("redo", {}, "redo"))


def _label(target: Target) -> str:
    """Name a target on a button: shortly, and a device as people do."""
    return target.words if target.kind == "device" else f"{target.kind} {target.id}"
