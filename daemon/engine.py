"""The loop: facts come in, are written down, and lead to actions; it holds no rules of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any, Protocol

from arctl.daemon import actions, clock, facts
from arctl.daemon.actions import Action, Answer, Step
from arctl.daemon.decide import decide
from arctl.daemon.reduce import reduce
from arctl.daemon.rows import Run
from arctl.daemon.state import State
from arctl.daemon.store import (
    Batch,
    LedgerBusyError,
    LedgerDamagedError,
    LedgerError,
    LedgerFullError,
    Writer,
)
from arctl.errors import ArctlError

log = logging.getLogger(__name__)

#: Facts taken into one transaction at most.
MAX_FACTS = 512
#: Seconds between attempts to write when the ledger cannot be written.
RETRY = 1.0

#: What is shown of each kind of trouble with the ledger.
_KINDS: dict[type[LedgerError], str] = {
    LedgerFullError: "the disk is full",
    LedgerBusyError: "the ledger is locked",
    LedgerDamagedError: "the ledger is damaged",
}


class Actor(Protocol):
    """Carries out the actions of one room."""

    async def handle(self, action: Any) -> None:
        """Carry out one action; what comes of it is reported as facts."""


class Engine:
    """Owns the state and the inbox; nothing else changes the state."""

    def __init__(self, state: State, writer: Writer, actors: dict[type[Any], Actor]) -> None:
        self.state = state
        #: Why the ledger cannot be written at the moment; empty when it can.
        self.trouble = ""
        self.last_event = 0
        self._writer = writer
        self._actors = actors
        self._inbox: asyncio.Queue[facts.Fact] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._keys: dict[str, str] = {}
        self._asked: dict[str, asyncio.Future[Any]] = {}
        self._bell: asyncio.Event = asyncio.Event()
        self._leaving = asyncio.Event()
        self._over = ""

    # -- for actors and the server -------------------------------------------------------------------

    def report(self, fact: facts.Fact) -> None:
        """Put a fact into the inbox; from any thread."""
        self._loop.call_soon_threadsafe(self._inbox.put_nowait, fact)

    async def ask(self, ticket: str, fact: facts.Fact, key: str = "") -> Any:
        """Report a client's request and wait until its outcome is written; `key` keeps the answer."""
        if (same := self._asked.get(key)) is not None:
            # The same command again while the first is under way: one answer for both.
            return await asyncio.shield(same)
        future: asyncio.Future[Any] = self._loop.create_future()
        self._waiting[ticket] = future
        if key:
            self._keys[ticket] = key
            self._asked[key] = future
        self.report(fact)
        try:
            # Shielded: a client that hangs up takes back neither its command nor anybody else's answer.
            return await asyncio.shield(future)
        finally:
            future.add_done_callback(lambda _: self._answered(ticket, key))

    def _answered(self, ticket: str, key: str) -> None:
        self._waiting.pop(ticket, None)
        self._keys.pop(ticket, None)
        self._asked.pop(key, None)

    def leave(self) -> None:
        """Have the daemon end at once and leave its runs running; also while the ledger cannot be written."""
        self._leaving.set()
        self.report(facts.Detach())

    async def news(self) -> None:
        """Wait until more events were written."""
        await self._bell.wait()

    def take_in(self, fact: facts.Fact) -> Step:
        """Apply a fact before the loop begins, and return what `run` is to write of it."""
        return self._reduced(fact)

    # -- the loop ------------------------------------------------------------------------------------

    async def run(self, first: Step, earlier: Step | None = None) -> str:
        """Go round until a decision says to leave; return why. `earlier` is what was taken in before that."""
        ticking = asyncio.create_task(self._tick())
        try:
            self._apply(first)
            await self._settle([earlier or Step(), first])
            while not self._over:
                await self._settle([self._reduced(fact) for fact in await self._facts()])
        finally:
            ticking.cancel()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(ticking, *self._tasks, return_exceptions=True)
        return self._over

    async def _facts(self) -> list[facts.Fact]:
        found = [await self._inbox.get()]
        while len(found) < MAX_FACTS and not self._inbox.empty():
            found.append(self._inbox.get_nowait())
        return found

    def _reduced(self, fact: facts.Fact) -> Step:
        """Apply a fact to the state at once; its consequences wait until it is written."""
        step = reduce(self.state, fact, clock.now())
        self._apply(step)
        return step

    def _apply(self, step: Step) -> None:
        for row in step.rows:
            self.state.apply(row)
        for mark in step.marks:
            self.state.remember(mark)

    async def _settle(self, steps: list[Step]) -> None:
        """Decide until nothing is left to decide, write all of it in one transaction, then act on it."""
        total = Step()
        for step in steps:
            total.extend(step)
        while step := decide(self.state, clock.now()):
            self._apply(step)
            total.extend(step)
            if any(isinstance(action, actions.Shutdown) for action in step.actions):
                break
        if not await self._write(total):
            return
        for action in total.actions:
            self._act(action)
        for answer in total.answers:
            self._tell(answer)

    async def _write(self, total: Step) -> bool:
        """Write, and keep trying while there is no room: nothing is acted on that is not written down.

        False when the daemon has to leave before that; what was not written happens again at the next start.
        """
        answers = [
            (self._keys[answer.ticket], answer.result)
            for answer in total.answers
            if answer.error is None and answer.ticket in self._keys
        ]
        batch = Batch(total.rows, total.events, total.results, total.points, answers, clock.now())
        if not batch:
            return True
        while True:
            try:
                last = await self._writer.write(batch)
                break
            except LedgerError as error:
                if not self.trouble:
                    log.error("%s; %s", error.message, error.remedy)
                kind = _KINDS.get(type(error), "the ledger is stuck")
                self.trouble = f"{kind}: {error.message}; {error.remedy}"
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._leaving.wait(), RETRY)
                if self._leaving.is_set():
                    self._over = "left while the ledger could not be written"
                    return False
        if self.trouble:
            log.warning("the ledger can be written again")
            self.trouble = ""
        if last:
            self.last_event = last
            self._bell.set()
            self._bell = asyncio.Event()
        return True

    def _act(self, action: Action) -> None:
        if isinstance(action, actions.Shutdown):
            self._over = action.reason
            return
        task = asyncio.create_task(self._carried_out(action), name=type(action).__name__)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carried_out(self, action: Action) -> None:
        try:
            await self._actors[type(action)].handle(action)
        except ArctlError as error:
            self.report(_failed(action, error.message, error.remedy))
        except Exception as error:  # the boundary of the loop: whatever fails is told, and the daemon goes on
            log.exception("%s failed", type(action).__name__)
            self.report(_failed(action, f"{type(error).__name__}: {error}", ""))

    def _tell(self, answer: Answer) -> None:
        future = self._waiting.get(answer.ticket)
        if future is None or future.done():
            return
        if answer.error is not None:
            future.set_exception(answer.error)
        else:
            future.set_result(answer.result)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self._inbox.put_nowait(facts.Tick())


def _failed(action: Action, error: str, remedy: str) -> facts.Fact:
    """Return the fact that an action failed, with whatever it was about."""
    ticket = getattr(action, "ticket", "")
    if ticket:
        return facts.CampaignRefused(ticket, error, remedy)
    run = getattr(action, "run", "")
    campaign = getattr(action, "campaign", None)
    experiment = getattr(action, "experiment", None)
    return facts.ActionFailed(
        action=type(action).__name__,
        campaign=campaign.id if campaign is not None else "",
        run=run.id if isinstance(run, Run) else run,
        experiment=experiment.id if experiment is not None else getattr(run, "experiment", ""),
        error=error,
        remedy=remedy,
    )
