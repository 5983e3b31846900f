"""The tools of a member: an outside agent joins a campaign and works under the rules that bind everyone."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from arctl.errors import UsageError
from arctl.mcp.link import Link
from arctl.mcp.words import answer, fence

Campaign = Annotated[str, Field(description="The campaign; empty for the one joined last")]
Values = Annotated[
    dict[str, Any] | None, Field(description='Parameters to set, as {"LR": 0.03}; the board lists them')
]
Patch = Annotated[str, Field(description="A unified difference against the base, as git diff writes it")]
Edits = Annotated[
    list[dict[str, Any]] | None,
    Field(description="Edits {path, old, new}: old stands in the file exactly once; empty old: a new file"),
]
Proposal = Annotated[str, Field(description="A proposal, such as p3")]
Hypothesis = Annotated[str, Field(description="Why it should work, in a sentence or two")]
Axis = Annotated[
    str, Field(description="What it moves, dotted, as optimizer.lr; by default the values' names")
]
Move = Annotated[
    Literal["", "up", "down", "replace", "remove", "structural"], Field(description="Which way it moves")
]
Difference = Annotated[str, Field(description="In what it differs from the tried ones that are near it")]


class Acting:
    """Tools for a member; each needs `join` first."""

    TOOLS = (
        "join", "leave", "propose", "revise", "withdraw", "critique", "propose_direction", "post", "claim",
        "submit", "release", "keep_notes",
    )  # fmt: skip

    def __init__(self, link: Link) -> None:
        self._link = link

    async def join(
        self,
        name: Annotated[str, Field(description="Your name; the same name is the same member")],
        role: Annotated[
            Literal["analyst", "experimenter"],
            Field(description="An analyst proposes and judges; an experimenter writes the code of ideas"),
        ] = "analyst",
        campaign: Annotated[str, Field(description="Empty for the only one, or the one that runs")] = "",
        team: Annotated[str, Field(description="A team by name or id; empty to work without one")] = "",
        model: Annotated[str, Field(description="What you think with, for the record")] = "",
    ) -> str:
        """Join a campaign as a member, or come back.

        You work under everyone's rules: critique before compute, dead ends bind, duplicates are not run
        again. Read the board next.
        """
        told = await self._link.do(
            "member.join", name=name, role=role, campaign=campaign or None, team=team or None,
            model=model or None,
        )  # fmt: skip
        self._link.joined(str(told["campaign"]), str(told["member"]))
        return answer(told)

    async def leave(self, campaign: Campaign = "", reason: str = "") -> str:
        """Leave a campaign; what you had claimed returns to the queue. You may come back under your name."""
        home, _ = self._link.member(campaign)
        told = await self._link.visit("leave", home, reason=reason or None)
        self._link.left(home)
        return answer(told)

    async def propose(
        self,
        hypothesis: Hypothesis,
        values: Values = None,
        patch: Patch = "",
        edits: Edits = None,
        title: Annotated[str, Field(description="What it changes, in a few words")] = "",
        axis: Axis = "",
        move: Move = "",
        expected: Annotated[str, Field(description="The effect that you expect")] = "",
        if_works: Annotated[str, Field(description="What follows if it works")] = "",
        if_fails: Annotated[str, Field(description="What follows if it fails")] = "",
        cost: Annotated[str, Field(description="What it costs to run, next to the base")] = "",
        difference: Difference = "",
        campaign: Campaign = "",
    ) -> str:
        """Propose an experiment on the champion, or on your team's base.

        Give values of parameters, a patch or edits; none of them for an idea that an experimenter will write.
        The answer says where it stands: `pending` waits for a critique, `ready` for a slot, `objected` for
        your revision, `refused` lies in a dead end.
        """
        words = {
            "title": title, "hypothesis": hypothesis, "axis": axis, "move": move, "expected": expected,
            "if_works": if_works, "if_fails": if_fails, "cost": cost, "difference": difference,
        }  # fmt: skip
        change = _change(values, patch, edits) or {"kind": "idea"}
        return answer(await self._link.visit("propose", campaign, change=change, **_said(words)))

    async def revise(
        self,
        proposal: Proposal,
        hypothesis: str = "",
        values: Values = None,
        patch: Patch = "",
        edits: Edits = None,
        title: str = "",
        difference: Difference = "",
        campaign: Campaign = "",
    ) -> str:
        """Write a proposal of yours anew after an objection; what you leave out stays as it was."""
        words = _said({"hypothesis": hypothesis, "title": title, "difference": difference})
        change = _change(values, patch, edits)
        told = await self._link.visit("revise", campaign, proposal=proposal, change=change, **words)
        return answer(told)

    async def withdraw(self, proposal: Proposal, reason: str = "", campaign: Campaign = "") -> str:
        """Give up a proposal of yours of which no experiment was made yet."""
        return answer(await self._link.visit("withdraw", campaign, proposal=proposal, reason=reason or None))

    async def critique(
        self,
        subject: Annotated[str, Field(description="A proposal (p3), or a direction (h2) under discussion")],
        stance: Literal["endorse", "object", "revise"],
        reason: Annotated[str, Field(description="Why, with the experiments that say so")],
        links: Annotated[list[str] | None, Field(description="Ids of the evidence, as e12 or d3")] = None,
        campaign: Campaign = "",
    ) -> str:
        """Judge somebody else's proposal or direction before compute is spent.

        An objection blocks until it is answered; read the proposal in full first.
        """
        told = await self._link.visit(
            "critique", campaign, subject=subject, stance=stance, reason=reason, links=links or None
        )
        return answer(told)

    async def propose_direction(
        self,
        title: str,
        hypothesis: Hypothesis,
        axes: Annotated[list[str], Field(description="What it moves; no other team's axes")],
        prediction: Annotated[str, Field(description="What will be seen if it is right")],
        falsifier: Annotated[str, Field(description="What would show that it is wrong")],
        first: Annotated[list[str] | None, Field(description="What to try first")] = None,
        campaign: Campaign = "",
    ) -> str:
        """Propose a direction: to the discussion that goes on, else for the next free team."""
        told = await self._link.visit(
            "direction", campaign, title=title, hypothesis=hypothesis, axes=axes, prediction=prediction,
            falsifier=falsifier, first=first or None,
        )  # fmt: skip
        return answer(told)

    async def post(
        self,
        text: str,
        kind: Annotated[
            Literal["note", "question", "answer", "reflection"],
            Field(description="A question waits for a person"),
        ] = "note",
        reply_to: Annotated[str, Field(description="The post that it replies to, such as m12")] = "",
        links: Annotated[list[str] | None, Field(description="Ids of what it speaks of")] = None,
        campaign: Campaign = "",
    ) -> str:
        """Say something in the forum, where every agent and every person of the campaign reads it."""
        told = await self._link.visit(
            "post", campaign, text=text, kind=kind, parent=reply_to or None, links=links or None
        )
        return answer(told)

    async def claim(
        self,
        proposal: Annotated[str, Field(description="An idea; empty for the oldest that waits")] = "",
        campaign: Campaign = "",
    ) -> str:
        """Claim an idea to write its change, as an experimenter.

        The claim is a lease of 15 minutes, prolonged by every call of yours; when it ends, somebody else may
        write the idea. Read the base's files, then submit.
        """
        told = await self._link.visit("claim", campaign, proposal=proposal or None)
        idea = await self._link.ask("proposal", id=told["proposal"])
        names = ("title", "hypothesis", "axis", "move", "expected", "cost", "difference")
        words = "\n".join(f"{name}: {idea[name]}" for name in names if idea[name])
        return f"{answer(told)}\n\n{fence('the idea', words)}"

    async def submit(
        self,
        patch: Patch = "",
        edits: Edits = None,
        values: Values = None,
        campaign: Campaign = "",
    ) -> str:
        """Hand in the change for your claim; it is built on the base, checked, and run."""
        change = _change(values, patch, edits)
        if change is None:
            raise UsageError("there is no change", "give patch, edits or values; or release the claim")
        return answer(await self._link.visit("submit", campaign, change=change))

    async def release(self, reason: str = "", campaign: Campaign = "") -> str:
        """Let your claim go; the idea returns to the queue."""
        return answer(await self._link.visit("release", campaign, reason=reason or None))

    async def keep_notes(self, text: str, campaign: Campaign = "") -> str:
        """Keep notes of your own, written anew; you get them back when you join again (4000 characters)."""
        return answer(await self._link.visit("note", campaign, text=text))


def _said(words: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in words.items() if text}


def _change(
    values: dict[str, Any] | None, patch: str, edits: list[dict[str, Any]] | None
) -> dict[str, Any] | None:
    """Return the one change that was given; None where there is none."""
    given: list[dict[str, Any]] = []
    if values:
        given.append({"kind": "params", "values": values})
    if patch:
        given.append({"kind": "patch", "patch": patch})
    if edits:
        given.append({"kind": "edits", "edits": edits})
    if len(given) > 1:
        msg = "a change is values, a patch or edits"
        raise UsageError(msg, "give one of them: one idea, one change")
    return given[0] if given else None
