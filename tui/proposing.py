"""Proposing: ideas are written down, changed, moved in their queue, set aside, agreed to, closed off."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from arctl.errors import ArctlError, RefusedError, UsageError
from arctl.paths import expanded
from arctl.tui.acting.requests import Request, about, marking, values_of
from arctl.tui.acting.targets import Target
from arctl.tui.data.reading import inner, listed, real, word
from arctl.tui.steering import Steering
from arctl.tui.windows.form import Field


class Proposing(Steering):
    """The shell with the keys of ideas and their queue."""

    # -- the words of an idea ----------------------------------------------------------------------------

    def action_add(self) -> None:
        """Ask for an idea, and put it into the queue."""
        if self.allowed():
            self.run_worker(self._add(), name="propose")

    async def _add(self) -> None:
        campaign = self.source.view.chosen
        try:
            board = await self.source.call("board", campaign=campaign)
        except ArctlError as error:
            self.complain(error)
            return

        def request(given: dict[str, str]) -> Request:
            return _request("propose", {"campaign": campaign}, given)

        self.ask(f"Propose an experiment for {campaign}", idea_fields({}), request, *surface(board))

    def action_edit(self) -> None:
        """Ask for a proposal's new words and values."""
        if (target := self.meant("edit")) is not None:
            self.run_worker(self._edit(target), name="edit")

    async def _edit(self, target: Target) -> None:
        try:
            found = await self.source.call("proposal", id=target.id)
            board = await self.source.call("board", campaign=self.source.view.chosen)
        except ArctlError as error:
            self.complain(error)
            return
        fields = idea_fields(found)
        known = dict(inner(inner(found, "change"), "values"))
        seen = {each.name: each.value for each in fields}

        async def check(given: dict[str, str]) -> None:
            """Refuse once where somebody else changed what this would change."""
            now = await self.source.call("proposal", id=target.id)
            known.update(inner(inner(now, "change"), "values"))
            others = [each for each in idea_fields(now) if seen[each.name] != each.value]
            seen.update({each.name: each.value for each in others})
            if lost := [f"{each.label} {each.value!r}" for each in others if each.name in given]:
                msg = f"{target.id} was changed meanwhile: {', '.join(lost)}"
                raise RefusedError(msg, "Enter again puts yours in its place")

        def request(given: dict[str, str]) -> Request:
            return _request("edit", {"target": target.id}, given, known)

        self.ask(f"Edit {target.words}", fields, request, *surface(board), check=check)

    # -- the queue ---------------------------------------------------------------------------------------

    def action_move(self, way: str) -> None:
        """Let what is meant run earlier or later."""
        target, pane = self.meant("move"), self.pane
        if target is None or pane is None:
            return
        # What is seen may be one team's part of the queue: the neighbour that is seen is what counts.
        beside = pane.beside(1 if way == "down" else -1)
        pane.hold()  # pressed again, the key means the same one
        if beside[:1] == target.id[:1]:
            place = "after" if way == "down" else "before"
            request = about("move", target, to=place, other=beside)
        else:
            request = about("move", target, to=way)
        self.later(request)

    def action_stash(self) -> None:
        """Set what is meant aside, or take it back."""
        view, requests = self.source.view, []
        for target in self.all_meant("stash"):
            aside = target.held or view.thing(target.id).state in ("stashed", "parked")
            requests.append(about("unstash" if aside else "stash", target))
        self.later(*requests)

    def action_approve(self) -> None:
        """Agree to proposals."""
        if found := self.all_meant("approve"):
            self.later(Request("approve", {"proposals": [target.id for target in found]}))

    def action_rerun(self) -> None:
        """Try again what failed."""
        self.later(*(about("rerun", target) for target in self.all_meant("rerun")))

    def action_revive(self) -> None:
        """Open a dead end again."""
        if (target := self.meant("revive")) is not None:
            self.later(about("revive", target))

    def action_dead_end(self) -> None:
        """Ask for the range and the reason, then close the axis of what is meant."""
        pane = self.pane
        if not self.allowed() or pane is None:
            return
        axis, campaign = pane.axis(pane.key) or "", self.source.view.chosen
        fields = [
            Field("axis", "Axis", "LR, or optimizer.lr", axis, needed=True),
            Field("low", "From", "a number; empty for no bound"),
            Field("high", "To", "a number; empty for no bound"),
            Field("reason", "Why", "what was seen"),
        ]
        told = "What is queued inside it is refused at once; D on the dead end opens it again."
        self.ask("Mark a dead end", fields, lambda given: marking(campaign, given), told)


def _request(
    method: str, params: dict[str, object], given: dict[str, str], known: Iterable[str] = ()
) -> Request:
    """Return what a form asks for: of the values that are known, those taken out are set no more."""
    words = {name: text for name, text in given.items() if name not in ("values", "patch")}
    if path := given.get("patch"):
        params["patch"] = patch_of(path)
        known = ()
    if values := values_of(given["values"], known) if "values" in given else {}:
        params["values"] = values
    return Request(method, {**params, **words}, method)


def idea_fields(known: object) -> list[Field]:
    """Return the fields of an idea, filled with what is known of it."""
    values = inner(inner(known, "change"), "values")
    said = " ".join(f"{name}={shlex.quote(str(value))}" for name, value in values.items())
    return [
        Field("values", "Set", "NAME=VALUE NAME=VALUE", said),
        Field("patch", "Patch", "a file of this machine: git diff > idea.patch"),
        Field("title", "Title", "a short name", word(known, "title")),
        Field("hypothesis", "Hypothesis", "why it should help", word(known, "hypothesis")),
        Field("axis", "Axis", "what it moves", word(known, "axis")),
        Field("expected", "Expected", "how much, on what evidence", word(known, "expected")),
        Field("if_works", "If it works", "what follows", word(known, "if_works")),
        Field("if_fails", "If it fails", "what that would tell", word(known, "if_fails")),
    ]


def surface(board: object) -> list[str]:
    """Say which parameters there are, with the champion's values and their ranges."""
    found = []
    for name, data in inner(board, "surface").items():
        low, high, choices = real(data, "low"), real(data, "high"), listed(data, "choices")
        span = f" [{low:g} … {high:g}]" if low is not None and high is not None else ""
        span += f" of {', '.join(map(str, choices))}" if choices else ""
        value = data.get("value") if isinstance(data, dict) else None
        found.append(f"{name}={value}{span}")
    return [f"Parameters: {';  '.join(found)}"] if found else []


def patch_of(path: str) -> str:
    """Read a patch of this machine; raises `UsageError` where that is impossible."""
    try:
        return expanded(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        msg = f"{path} cannot be read: {error}"
        raise UsageError(msg, "name a patch file: git diff > idea.patch") from error
