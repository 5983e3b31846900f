"""The brain itself: asks the model, carries out its tools, and goes on until the turn is over."""

from __future__ import annotations

import dataclasses

from arctl.daemon.brains import prompts
from arctl.daemon.brains.anthropic import render
from arctl.daemon.brains.anthropic.desk import Desk, Outcome
from arctl.daemon.brains.anthropic.papers import gather
from arctl.daemon.brains.anthropic.words import line
from arctl.daemon.rows import Json, Move
from arctl.daemon.thought import BrainFault, ModelReply, ModelRequest, Services
from arctl.daemon.turns import Question, Reply
from arctl.errors import ArctlError
from arctl.experiments.company import Brain as Settings

#: Calls of tools in one message that are carried out.
MAX_CALLS = 12
#: What a model is told that ends without having answered, or whose words were cut.
NUDGE = "Nothing was handed in. Answer with the tools and call finish, or call decline and say why."
CUT = "Your last reply was cut off, and nothing of it was used. Say less at once: one small tool call."
#: Blocks that a conversation is given back; of others the API knows what they are for.
_KEPT: dict[str, tuple[str, ...]] = {
    "text": ("type", "text"),
    "tool_use": ("type", "id", "name", "input"),
    "thinking": ("type", "thinking", "signature"),
    "redacted_thinking": ("type", "data"),
}


class AnthropicBrain:
    """A language model with tools; one instance serves one agent."""

    def __init__(self, settings: Settings, services: Services | None = None) -> None:
        if services is None:
            raise ArctlError("the anthropic brain needs the daemon's services", "run it under the daemon")
        self._settings, self._services = settings, services

    async def answer(self, question: Question) -> Reply:
        """Answer a question; raises `BrainFault` where the model gives no usable answer."""
        texts = prompts.load(question.move, question.campaign)
        papers = await gather(question, self._services.library, self._services.log_tail)
        rendered = render.render(question, papers, texts)
        desk = Desk(question, self._services, papers.touched)
        reply = await _Turn(question, self._settings, self._services, rendered, desk).go()
        return dataclasses.replace(reply, prompt=rendered.version)


class _Turn:
    """One conversation."""

    def __init__(
        self,
        question: Question,
        settings: Settings,
        services: Services,
        rendered: render.Rendered,
        desk: Desk,
    ) -> None:
        self._question, self._settings, self._services = question, settings, services
        self._rendered, self._desk = rendered, desk
        self._messages: list[Json] = list(rendered.messages)
        self._nudged = self._shortened = False

    async def go(self) -> Reply:
        """Go on until the turn is over, its steps are used up, or the model fails."""
        for step in range(self._settings.steps):
            self._services.beat(self._question.turn.id)
            try:
                reply = await self._services.model(self._request())
            except BrainFault as fault:
                if fault.kind == "truncated" and not self._shortened:
                    self._shortened = True
                    self._add(render.text_block(CUT))
                    continue
                if self._desk.handed_in:
                    return await self._desk.reply(f"the turn ended early: {line(fault.message, 300)}")
                raise
            if (done := await self._take(reply, self._settings.steps - step - 1)) is not None:
                return done
        return await self._unfinished(f"the turn's {self._settings.steps} steps were used up")

    def _request(self) -> ModelRequest:
        return ModelRequest(
            campaign=self._question.campaign.id,
            agent=self._question.agent.name,
            turn=self._question.turn.id,
            settings=self._settings,
            system=self._rendered.system,
            messages=render.moving(self._messages),
            tools=self._rendered.tools,
            max_tokens=self._settings.max_tokens,
        )

    async def _take(self, reply: ModelReply, left: int) -> Reply | None:
        """Act on a reply; return the answer where the turn is over."""
        if reply.stop_reason == "refusal":
            return await self._refused(reply)
        if reply.stop_reason in ("max_tokens", "model_context_window_exceeded"):
            raise BrainFault("truncated", "the reply was cut off", "raise [brain] max_tokens")
        said = [_kept(block) for block in reply.content]
        content = [block for block in said if block is not None]
        if content:
            self._messages.append({"role": "assistant", "content": content})
        if reply.stop_reason == "tool_use":
            calls = [block for block in content if block["type"] == "tool_use"]
            if calls:
                return await self._work(calls, left)
        elif reply.stop_reason == "pause_turn" and content:
            self._add(render.text_block("Go on."))
            return None
        if self._desk.handed_in:
            return await self._desk.reply()
        if self._nudged:
            return await self._unfinished("the model ended its turn without an answer")
        self._nudged = True
        self._add(render.text_block(NUDGE))
        return None

    async def _work(self, calls: list[Json], left: int) -> Reply | None:
        """Carry out calls of tools and give back what they say."""
        results: list[Json] = []
        failed = False
        for number, call in enumerate(calls):
            if number >= MAX_CALLS:
                outcome = Outcome(f"at most {MAX_CALLS} tools are called at once: call this one again", True)
            elif call["name"] == "finish" and failed:
                outcome = Outcome("not finished, for a call before this failed: mend it, then finish", True)
            elif self._desk.over:
                outcome = Outcome("the turn is over already", True)
            else:
                outcome = await self._desk.use(call["name"], call["input"])
            failed = failed or outcome.error
            results.append(_result(call["id"], outcome))
        if self._desk.over or (self._desk.complete and not failed):
            return await self._desk.reply()
        if left == 1:
            results.append(render.text_block("This is your last step: hand in what you have and finish."))
        self._add(*results)
        return None

    def _add(self, *blocks: Json) -> None:
        """Say something to the model, in the message that is the user's turn to write."""
        last = self._messages[-1]
        if last["role"] == "user":
            self._messages[-1] = {"role": "user", "content": [*last["content"], *blocks]}
        else:
            self._messages.append({"role": "user", "content": list(blocks)})

    async def _refused(self, reply: ModelReply) -> Reply:
        words = " ".join(str(block.get("text", "")) for block in reply.content if block.get("type") == "text")
        why = f"the model refused{': ' + line(words, 300) if words.strip() else ''}"
        if self._desk.handed_in:
            return await self._desk.reply(why)
        return Reply(declined=why)

    async def _unfinished(self, why: str) -> Reply:
        """Return what stands by itself; a subject is parked, without one the agent failed."""
        if self._desk.handed_in:
            return await self._desk.reply(why)
        if self._question.move in (Move.IMPLEMENT, Move.REPAIR):
            return Reply(declined=why)
        if self._question.move is Move.REFLECT:
            return await self._desk.reply(why)
        raise BrainFault(
            "no_answer", why, "look at [brain] model and steps; `arctl prompt show` prints what it is told"
        )


def _kept(block: Json) -> Json | None:
    """Return a block as it may be given back to the API; None for one that it would refuse."""
    keys = _KEPT.get(str(block.get("type")))
    if keys is None or any(key not in block for key in keys):
        return None
    if block["type"] == "text" and not str(block["text"]).strip():
        return None
    return {key: block[key] for key in keys}


def _result(ident: str, outcome: Outcome) -> Json:
    found: Json = {"type": "tool_result", "tool_use_id": ident, "content": outcome.text}
    return {**found, "is_error": True} if outcome.error else found
