"""The brain itself: from a question to a run of the command, and from what it left to a reply."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from arctl.daemon import sandbox
from arctl.daemon.brains.command import answer, cage, process, task
from arctl.daemon.brains.command.install import locate
from arctl.daemon.brains.command.patches import below
from arctl.daemon.brains.command.place import ANSWER, MAX_ANSWER, MAX_NOTES, NOTES, Place
from arctl.daemon.brains.command.profiles import PROFILES, Said
from arctl.daemon.brains.command.verdict import judge
from arctl.daemon.rows import Move
from arctl.daemon.thought import BrainFault, Services
from arctl.daemon.turns import Draft, Question, Reply, Words
from arctl.errors import ArctlError
from arctl.experiments.company import Brain as Settings
from arctl.text import clean, clean_block

log = logging.getLogger(__name__)

#: Seconds between two signs of life.
BEAT = 20.0
#: Of the time of a turn this much is kept for reading what was left: a share, and at most so many seconds.
RESERVE = (0.1, 10.0)
#: Bytes of a crashed run's log that are told.
LOG_TAIL = 20_000
#: Moves that write code.
WRITING = frozenset({Move.PROPOSE, Move.IMPLEMENT, Move.REPAIR})


class CommandBrain:
    """Runs a coding agent for each question; it keeps nothing from turn to turn."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self.settings = settings
        self.services = services

    async def answer(self, question: Question) -> Reply:
        """Answer by what the command leaves; raises `BrainFault`. Cancelled, it kills the command at once."""
        begun = asyncio.get_running_loop().time()
        inside = await self._sandboxed()
        turn, prefix = question.turn.id, question.campaign.prefix
        place = await asyncio.to_thread(Place.of, self.services.scratch, turn, prefix)
        beating = asyncio.create_task(self._beat(turn))
        try:
            ended, said = await self._work(question, place, begun, inside=inside)
            try:
                judge(self.settings, ended, said, place.log)
                return await self._take(question, place, said)
            except BrainFault as fault:
                # What failed was paid for, too.
                fault.extra = said.cost
                raise
        finally:
            beating.cancel()
            try:
                await asyncio.shield(asyncio.to_thread(place.remove))
            except OSError as error:
                log.warning("%s could not be removed: %s", place.folder, error)

    async def _beat(self, turn: str) -> None:
        while True:
            self.services.beat(turn)
            await asyncio.sleep(BEAT)

    async def _sandboxed(self) -> bool:
        """Tell whether there is a sandbox; raises `BrainFault` where there is none and one is wanted."""
        try:
            await asyncio.to_thread(sandbox.check)
        except sandbox.SandboxError as error:
            if self.settings.allow_unsandboxed:
                return False
            remedy = f"{error.remedy}; or set [brain] allow_unsandboxed = true, and it may do what you may do"
            raise BrainFault("no_sandbox", error.message, remedy, human=True) from error
        return True

    # -- the command at work ---------------------------------------------------------------------------

    async def _work(
        self, question: Question, place: Place, begun: float, *, inside: bool
    ) -> tuple[process.Ended, Said]:
        """Run the command; return how it ended and what it said; raises `BrainFault` if it cannot start."""
        settings, campaign = self.settings, question.campaign
        profile = PROFILES[settings.profile]
        if not settings.command:
            msg = "the command brain has no command"
            raise BrainFault(
                "not_installed", msg, 'set [brain] command = ["claude"], or your own', human=True
            )
        search = cage.search_path(campaign)
        words, seen = locate(settings.command, search, Path(campaign.root))
        tail = await self.services.log_tail(question.run, LOG_TAIL) if question.run else ""
        await self.services.library.export(campaign.id, start(question), place.tree)
        told = (task.as_text(question, tail), task.as_json(question, tail))
        path = await asyncio.to_thread(place.lay, *told)
        asked = profile.ask(words, str(path), settings, inside=inside)
        room = cage.Cage(settings, campaign, place, tuple(seen), asked.env)
        stdin = place.folder / "prompt" if asked.prompt else None
        if stdin is not None:
            stdin.write_text(asked.prompt, encoding="utf-8")
        spent = asyncio.get_running_loop().time() - begun
        reserve = min(RESERVE[0] * settings.timeout, RESERVE[1])
        try:
            ended = await process.run(
                room.inside(asked.words) if inside else room.outside(asked.words),
                cwd=place.at,
                env=room.environment(inside=inside),
                stdin=stdin,
                log=place.log,
                timeout=max(0.1, settings.timeout - reserve - spent),
            )
        except (OSError, ValueError) as error:
            msg = f"{settings.command[0]} could not be started: {error}"
            raise BrainFault("not_installed", msg, "set [brain] command right", human=True) from error
        return ended, await asyncio.to_thread(profile.read, ended.output)

    # -- what it left ----------------------------------------------------------------------------------

    async def _take(self, question: Question, place: Place, said: Said) -> Reply:
        raw = await asyncio.to_thread(place.left, ANSWER, MAX_ANSWER)
        notes = await asyncio.to_thread(place.left, NOTES, MAX_NOTES)
        subject = question.proposal.id if question.proposal is not None else ""
        reply = answer.parse(raw, subject) if raw is not None else Reply()
        if notes is not None and reply.notes is None:
            reply = replace(reply, notes=clean_block(notes.decode("utf-8", "replace"))[:16_000].strip())
        patch = ""
        if question.move in WRITING and not reply.declined:
            patch = await self._patch(question, place)
        reply = _complete(question.move, reply, patch, said, answered=raw is not None)
        return replace(reply, prompt=task.version(question), extra=said.cost)

    async def _patch(self, question: Question, place: Place) -> str:
        """Return what the command changed, as a patch on the base; empty where it changed nothing."""
        library, campaign, begun = self.services.library, question.campaign.id, start(question)
        known = frozenset(await library.paths(campaign, begun))
        try:
            await asyncio.to_thread(place.tidy, known)
            patch = await library.changes(campaign, begun, place.tree)
            if patch and begun != question.commit:
                patch = await library.changes(campaign, question.commit, place.tree)
        except BrainFault:
            raise
        except (ArctlError, OSError) as error:
            msg = f"what the command left cannot be read: {clean(str(error), 300)}"
            raise BrainFault("malformed", msg, f"its output is in {place.log}") from error
        if len(patch) > answer.MAX_CHANGE:
            msg = f"the change that the command left has {len(patch) / 1e6:.1f} MB"
            raise BrainFault("oversize", msg, "have it leave out data, logs and checkpoints")
        return below(patch, question.campaign.prefix)


def start(question: Question) -> str:
    """Return the commit whose files the command is given: those that crashed, for a repair."""
    crashed = question.experiment if question.move is Move.REPAIR else None
    return crashed.commit if crashed is not None and crashed.commit else question.commit


def _complete(move: Move, reply: Reply, patch: str, said: Said, *, answered: bool) -> Reply:
    """Return the reply with the change in it; raises `BrainFault` where there is no answer at all."""
    change = {"kind": "patch", "patch": patch}
    if reply.declined:
        return reply
    if move in (Move.IMPLEMENT, Move.REPAIR):
        if not patch:
            raise _nothing("changed no file", said)
        return replace(reply, change=change)
    if move is Move.REFLECT and not answered and said.text:
        return replace(reply, posts=(Words(said.text[:8_000], "reflection"),))
    if move is Move.PROPOSE and patch:
        if not answered:
            return replace(reply, drafts=(Draft(_title(reply, said), change),))
        reply = replace(reply, drafts=tuple(_filled(reply.drafts, change)))
    if not answered or (move is Move.CRITIQUE and not reply.opinions):
        raise _nothing("left no opinion" if answered else "left neither an answer nor a change", said)
    return replace(reply, drafts=tuple(_filled(reply.drafts, {"kind": "idea"})))


def _filled(drafts: tuple[Draft, ...], change: dict[str, str]) -> Iterator[Draft]:
    """Yield proposals; the first that says nothing of its change has this one, for an idea all of them."""
    for draft in drafts:
        if draft.change:
            yield draft
        else:
            yield replace(draft, change=change)
            if change["kind"] == "patch":
                change = {"kind": "idea"}


def _title(reply: Reply, said: Said) -> str:
    """Return a title for a change that has none: the first words of the notes, or of what was said."""
    for text in (reply.notes or "", said.text):
        for line in text.splitlines():
            if words := clean(line.strip("#*- "), 120):
                return words
    return "A change without a title"


def _nothing(what: str, said: Said) -> BrainFault:
    words = f'; it said: "{clean(said.text, 300)}"' if said.text else ""
    return BrainFault("empty", f"the command {what}{words}", "see whether it can do what it is asked by hand")
