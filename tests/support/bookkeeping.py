"""An engine's book-keeping around a gateway, without the rest of it: the real reducers and state."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from arctl.daemon import facts
from arctl.daemon.actions import Step
from arctl.daemon.models import Clock, Gateway
from arctl.daemon.reduce import calls
from arctl.daemon.rows import Agent, Call, CallState, Campaign, CampaignState, Event, Role, Row
from arctl.daemon.state import State, load
from arctl.daemon.thought import ModelReply, ModelRequest
from arctl.experiments.company import Brain
from arctl.paths import Home

SPEC = """\
[run]
command = "true"
[metric]
name = "loss"
[seed]
env = "SEED"
[files]
editable = ["train.py"]
"""


class Time:
    """A clock that stands still until somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def clock(self) -> Clock:
        return Clock(lambda: self.now, lambda: 1.7e9 + self.now, self.sleep, lambda: 0.5)


class Book:
    """Keeps the rows of calls as the engine would, and makes requests of a gateway."""

    def __init__(self, root: Path, budget: str = "", *, url: str | None = None, model: str = "local") -> None:
        self.state = State()
        self.time = Time()
        self.events: list[Event] = []
        self.settings = Brain(kind="anthropic", model=model, base_url=url, timeout=60)
        self.gateway = Gateway(Home(root), self.ask, self.report, clock=self.time.clock())
        self.rows: list[Row] = []
        campaign = Campaign("toy", "/x", f"{SPEC}[budget]\n{budget}", CampaignState.RUNNING, 0.0)
        self._write(Step(rows=[campaign]))
        for number, name in enumerate(("ada", "bo"), 1):
            self._write(Step(rows=[Agent(f"a{number}", "toy", name, Role.SOLO, "anthropic", 0.0, team="t1")]))

    def _write(self, step: Step) -> Step:
        for row in step.rows:
            self.state.apply(row)
            self.rows.append(row)
        self.events += step.events
        return step

    async def ask(self, fact: facts.ReserveCall) -> Any:
        step = self._write(calls.reserve(self.state, fact, 1.7e9 + self.time.now))
        answer = step.answers[0]
        if answer.error is not None:
            raise answer.error
        return answer.result

    def report(self, fact: facts.SettleCall) -> None:
        self._write(calls.settle(self.state, fact, 1.7e9 + self.time.now))

    def request(self, *, agent: str = "ada", text: str = "Hello.", **changed: Any) -> ModelRequest:
        known = {"max_tokens", "tools", "system", "tool_choice", "messages"}
        more = {key: changed.pop(key) for key in list(changed) if key in known}
        settings = self.settings.model_copy(update=changed)
        more.setdefault("system", ({"type": "text", "text": "You are brief."},))
        more.setdefault("messages", ({"role": "user", "content": text},))
        return ModelRequest("toy", agent, "q1", settings, **more)

    async def call(self, **more: Any) -> ModelReply:
        return await self.gateway.call(self.request(**more))

    def again(self) -> State:
        """Return the state as the next daemon builds it from the rows."""
        newest: dict[tuple[type, str], Row] = {}
        for row in self.rows:
            newest[type(row), row.id] = row
        return load(newest.values())

    @property
    def calls(self) -> list[Call]:
        newest: dict[str, Call] = {}
        for row in self.rows:
            if isinstance(row, Call):
                newest[row.id] = row
        return list(newest.values())

    @property
    def states(self) -> list[CallState]:
        return [call.state for call in self.calls]

    def edited(self, budget: str) -> None:
        """Change the campaign's budget, as an edit of arctl.toml does."""
        row = self.state.campaigns["toy"]
        self._write(Step(rows=[dataclasses.replace(row, spec=f"{SPEC}[budget]\n{budget}")]))
