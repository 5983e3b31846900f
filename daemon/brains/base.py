"""What a brain is: it is asked a question, as plain data, and answers with plain data.

A brain never touches the ledger, git or processes of runs. To add one, write a class that is made with
`(settings, services)` and has `answer`, and name it under the entry point group `arctl.brains`; or derive
from `RuledBrain`, and write `propose` alone.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from arctl.daemon.brains import rules
from arctl.daemon.rows import Move
from arctl.daemon.thought import Services
from arctl.daemon.turns import Question, Reply
from arctl.experiments.company import Brain as Settings

#: Brains take their time: they have threads of their own, so that nothing else waits for one.
_THREADS = ThreadPoolExecutor(4, thread_name_prefix="brain")


class Brain(Protocol):
    """One way of thinking; one instance serves one agent of one campaign."""

    async def answer(self, question: Question) -> Reply:
        """Answer a question; raises `BrainFault` where that fails. Cancelled when nobody waits for it."""


class RuledBrain:
    """A brain that follows rules: `propose` is its own, the other moves have answers by rule.

    Its methods are called in a worker thread and may take their time.
    """

    def __init__(self, settings: Settings, services: Services | None = None) -> None:
        self.settings = settings
        self.services = services

    async def answer(self, question: Question) -> Reply:
        """Answer by the method of the move."""
        method = {
            Move.DISCUSS: self.discuss,
            Move.PROPOSE: self.propose,
            Move.CRITIQUE: self.critique,
            Move.IMPLEMENT: self.implement,
            Move.REPAIR: self.implement,
            Move.REFLECT: self.reflect,
        }[question.move]
        return await asyncio.get_running_loop().run_in_executor(_THREADS, method, question)

    def propose(self, question: Question) -> Reply:
        """Return proposals; at most `question.want` are taken."""
        raise NotImplementedError

    def discuss(self, question: Question) -> Reply:
        """Propose directions from the axes that are free, and judge those of others."""
        return rules.discuss(question)

    def critique(self, question: Question) -> Reply:
        """Endorse what differs from all that was tried, object to what repeats it."""
        return rules.critique(question)

    def implement(self, question: Question) -> Reply:
        """Write no code."""
        return Reply(declined=f"the {self.settings.kind} brain writes no code")

    def reflect(self, question: Question) -> Reply:
        """Have nothing to add to the evidence."""
        del question
        return Reply()
