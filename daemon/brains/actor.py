"""The brains actor: finds the brain of an agent, puts questions to it, and reports what it answers."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from arctl.daemon.actions import AskAgent, BrainAction
from arctl.daemon.brains.base import Brain
from arctl.daemon.brains.shape import misfit
from arctl.daemon.facts import Fact, TurnAnswered, TurnFailed
from arctl.daemon.thought import BrainFault, Services
from arctl.daemon.turns import Question, Reply
from arctl.errors import ArctlError
from arctl.experiments.company import Brain as Settings

log = logging.getLogger(__name__)

GROUP = "arctl.brains"
#: Brains that an agent has side by side: one for its critiques, where those have settings of their own.
EACH = 2
#: Agents whose brains are kept; those of campaigns that are over are the first to go.
AGENTS = 256


class Brains:
    """Keeps one brain for each agent, and the tasks of those that are thinking."""

    def __init__(self, services: Services, report: Callable[[Fact], None]) -> None:
        self._services = services
        self._report = report
        self._brains: OrderedDict[tuple[str, str], list[tuple[Settings, Brain]]] = OrderedDict()
        self._thinking: dict[str, asyncio.Task[None]] = {}

    async def handle(self, action: BrainAction) -> None:
        """Put a question, or let go of one."""
        if isinstance(action, AskAgent):
            turn = action.question.turn.id
            task = asyncio.current_task()
            if task is not None:
                self._thinking[turn] = task
            try:
                await self._ask(action.question)
            finally:
                self._thinking.pop(turn, None)
        elif (task := self._thinking.get(action.turn)) is not None:
            task.cancel()

    async def _ask(self, question: Question) -> None:
        turn = question.turn.id
        # Looking for what is installed reads folders: not on the loop.
        await asyncio.to_thread(installed)
        try:
            async with asyncio.timeout(question.settings.timeout):
                reply = await self._brain(question).answer(question)
        except TimeoutError:
            message = f"no answer within {question.settings.timeout:g} s"
            self._report(TurnFailed(turn, "timeout", message, "raise [brain] timeout"))
        except BrainFault as fault:
            self._report(
                TurnFailed(
                    turn, fault.kind, fault.message, fault.remedy, fault.human, fault.retry_after, fault.extra
                )
            )
        except ArctlError as error:
            self._report(TurnFailed(turn, "refused", error.message, error.remedy, human=True))
        except Exception as error:  # the boundary: whatever a brain does, its campaign goes on
            log.exception("the brain of %s failed", question.agent.name)
            self._report(TurnFailed(turn, "broken", f"{type(error).__name__}: {error}"))
        else:
            wrong = misfit(reply, Reply)
            extra = reply.extra if isinstance(getattr(reply, "extra", None), dict) else {}
            broken = TurnFailed(turn, "broken", f"the brain answered with nonsense: {wrong}", extra=extra)
            self._report(broken if wrong else TurnAnswered(turn, reply))

    def close(self) -> None:
        """Wait for nobody who is still thinking."""
        for task in self._thinking.values():
            task.cancel()

    def _brain(self, question: Question) -> Brain:
        """Return the agent's brain for these settings; a new one when they were edited."""
        key = (question.campaign.id, question.agent.name)
        known = self._brains.setdefault(key, [])
        self._brains.move_to_end(key)
        found = next((item for item in known if item[0] == question.settings), None)
        if found is None:
            found = (question.settings, make(question.settings, self._services))
        else:
            known.remove(found)
        known.append(found)
        del known[:-EACH]
        while len(self._brains) > AGENTS:
            self._brains.popitem(last=False)
        return found[1]


@cache
def installed() -> dict[str, EntryPoint]:
    """Return the brains that are installed, by name; looked for once."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def make(settings: Settings, services: Services) -> Brain:
    """Return a new brain; raises `ArctlError` where no such brain is installed."""
    if settings.kind not in installed():
        installed.cache_clear()  # it may have been installed since
    found = installed()
    if settings.kind not in found:
        msg = f"there is no brain called {settings.kind!r}"
        raise ArctlError(msg, f"set [brain] kind to one of {', '.join(sorted(found))}")
    brain: Brain = found[settings.kind].load()(settings, services)
    return brain
