"""The tools of a person: only where the person started the server with `--operator`."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from arctl.mcp.link import Link
from arctl.mcp.words import answer

Target = Annotated[
    str,
    Field(description="A campaign, team (t1), direction (h2), agent, experiment (e12), run or device"),
]
Reason = Annotated[str, Field(description="Why; it is recorded")]
Proposals = Annotated[list[str], Field(description="Proposals by id, such as p4", min_length=1)]
#: Stands behind each reason, so that the record says by what way a person's word came.
WAY = "through MCP"


class Operating:
    """Tools that act in the name of whoever started the server."""

    TOOLS = ("pause", "resume", "kill", "redirect", "say", "answer", "approve", "reject", "undo")

    def __init__(self, link: Link) -> None:
        self._link = link

    async def pause(
        self,
        target: Target,
        reason: Reason = "",
        drain: Annotated[bool, Field(description="Let what was begun come to its verdict")] = False,
    ) -> str:
        """Start nothing more of a target. Acts in the person's name."""
        return await self._do("pause", reason, target=target, mode="drain" if drain else "hold")

    async def resume(self, target: Target, reason: Reason = "") -> str:
        """Let a target go on. Acts in the person's name."""
        return await self._do("resume", reason, target=target)

    async def kill(self, target: Target, reason: Reason) -> str:
        """End a target now; what was measured stays recorded. It cannot be undone. Ask the person first."""
        return await self._do("kill", reason, target=target)

    async def redirect(
        self,
        target: Target,
        text: Annotated[str, Field(description="The instruction, in the person's words")],
        reason: Reason = "",
    ) -> str:
        """Give a campaign, team or direction an instruction that its agents acknowledge and work under."""
        return await self._do("redirect", reason, target=target, text=text)

    async def say(
        self,
        text: str,
        campaign: Annotated[str, Field(description="Empty for the only one, or the one that runs")] = "",
        to: Annotated[str, Field(description="A team, direction or agent that it is meant for")] = "",
    ) -> str:
        """Say something in the forum in the person's name."""
        return await self._do("say", "", text=text, campaign=campaign or None, to=to or None)

    async def answer(
        self, question: Annotated[str, Field(description="The question's post, such as m12")], text: str
    ) -> str:
        """Answer an agent's question in the person's name; it waits no longer."""
        return await self._do("say", "", text=text, parent=question)

    async def approve(self, proposals: Proposals, reason: Reason = "") -> str:
        """Agree to proposals in the person's name: they may run, also over an objection."""
        return await self._do("approve", reason, proposals=proposals)

    async def reject(self, proposals: Proposals, reason: Reason = "") -> str:
        """Withdraw proposals of which no experiment was made yet."""
        return await self._do("reject", reason, proposals=proposals)

    async def undo(
        self, deed: Annotated[str, Field(description="A deed, such as u7; empty for the newest")] = ""
    ) -> str:
        """Take back what was done last in the person's name, or a named deed, where that can be undone."""
        return await self._do("undo", "", target=deed or None)

    async def _do(self, verb: str, reason: str, **params: Any) -> str:
        said = f"{reason} ({WAY})" if reason else WAY
        told: Any = await self._link.do(verb, reason=said, **params)
        return answer(told)
