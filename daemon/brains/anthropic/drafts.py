"""Proposals as a model makes them: each is checked at once, while it can still be mended."""

from __future__ import annotations

from arctl.daemon.brains.anthropic import given as bounds
from arctl.daemon.brains.anthropic.files import Files, Overlay, check
from arctl.daemon.brains.anthropic.given import Given, MisuseError
from arctl.daemon.brains.anthropic.tools import MOVES
from arctl.daemon.brains.anthropic.words import line
from arctl.daemon.life.binding import closing_axis
from arctl.daemon.rows import Json
from arctl.daemon.specs import spec_of
from arctl.daemon.turns import Draft, Question
from arctl.experiments.effects import parts

_FORMS = ("params", "edits", "idea")


class Drafting:
    """The proposals of one turn."""

    def __init__(self, question: Question, base: Files) -> None:
        self._question, self._base = question, base
        self.drafts: list[Draft] = []

    async def propose(self, given: Given) -> str:
        """Take a proposal; raises `MisuseError` or `EditError` with what is wrong with it."""
        want = self._question.want
        if len(self.drafts) >= want:
            msg = f"you have proposed {len(self.drafts)}, and no more are wanted now: finish"
            raise MisuseError(msg)
        title = given.title("title", need=True)
        hypothesis = given.text("hypothesis", need=True)
        change = await self._change(given)
        axis = "+".join(change["values"]) if change["kind"] == "params" else given.title("axis", need=True)
        axis = bounds.axis(axis)
        if any(draft.axis == axis for draft in self.drafts):
            msg = f"you have proposed something on {axis} already: take another axis"
            raise MisuseError(msg)
        self._open(axis, change)
        draft = Draft(
            title=title,
            change=change,
            hypothesis=hypothesis,
            axis=axis,
            move=given.choice("move", ("", *MOVES)),
            expected=given.title("expected"),
            if_works=given.text("if_works", limit=1000),
            if_fails=given.text("if_fails", limit=1000),
            cost=given.title("cost"),
            difference=given.text("difference", limit=1000),
        )
        self.drafts.append(draft)
        left = want - len(self.drafts)
        return f"noted; {left} more may be proposed" if left else "noted; no more are wanted"

    async def _change(self, given: Given) -> Json:
        kind = given.choice("kind", _FORMS)
        if kind == "idea":
            return {"kind": "idea"}
        if kind == "params":
            values = bounds.values(given, spec_of(self._question.campaign).params)
            base = self._question.params
            if all(name in base and base[name] == value for name, value in values.items()):
                msg = "these are the values that the base has"
                raise MisuseError(msg)
            return {"kind": "params", "values": values}
        overlay = Overlay(self._question.campaign, self._base, self._base)
        return {"kind": "edits", "edits": await check({"edits": given.items("edits")}, overlay)}

    def _open(self, axis: str, change: Json) -> None:
        """Refuse what lies in a dead end or on an axis of another team; the daemon looks again."""
        ends = [end for end in self._question.dead_ends if not end.revived]
        for part in parts(axis):
            end = closing_axis(ends, change, part)
            if end is not None and len(parts(axis)) == 1:
                reopen = f" It is reopened by: {line(end.reopen, 200)}" if end.reopen else ""
                msg = f"{part} lies in the dead end {end.id}: {line(end.reason, 300)}.{reopen}"
                raise MisuseError(msg)
            if part in self._question.taken:
                msg = f"{part} is held by another team: leave it to them"
                raise MisuseError(msg)
