"""The desk of one turn: it carries out the tools that a model calls, and collects what it hands in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from arctl.daemon.brains.anthropic import given as bounds
from arctl.daemon.brains.anthropic.drafts import Drafting
from arctl.daemon.brains.anthropic.files import Files, Overlay
from arctl.daemon.brains.anthropic.given import Given, MisuseError
from arctl.daemon.brains.anthropic.lookup import Lookup
from arctl.daemon.brains.anthropic.tools import KINDS, OFFERED
from arctl.daemon.brains.anthropic.words import cut, line
from arctl.daemon.rows import STANCES, Move
from arctl.daemon.thought import Services
from arctl.daemon.turns import Acknowledgement, DirectionDraft, Opinion, Question, Reply, Words
from arctl.experiments import edits
from arctl.experiments.edits import Edit, EditError

#: Characters that the tools of one turn return at most, and of one call among them.
MAX_TOLD, MAX_RESULT = 400_000, 60_000
MAX_POSTS, MAX_OPINIONS = 6, 30


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a tool says to the model."""

    text: str
    error: bool = False


class Desk:
    """Holds what one turn has handed in so far; `over` as soon as it is finished or declined."""

    def __init__(self, question: Question, services: Services, touched: tuple[str, ...] = ()) -> None:
        self._question = question
        campaign, library = question.campaign, services.library
        start = base = Files(library, campaign, question.commit)
        if question.move is Move.REPAIR and question.experiment is not None and question.experiment.commit:
            # Edited as it crashed; what is handed in is the difference to its own base.
            start = Files(library, campaign, question.experiment.commit)
            base = Files(library, campaign, f"{question.experiment.commit}^")
        self._start, self._touched = start, touched
        self._overlay = Overlay(campaign, start, base)
        self._drafting = Drafting(question, start)
        self._told = 0
        self._directions: list[DirectionDraft] = []
        self._opinions: dict[str, Opinion] = {}
        self._posts: list[Words] = []
        self._acknowledged: dict[str, Acknowledgement] = {}
        self._notes: str | None = None
        self._exhausted = False
        self._declined = ""
        self.over = False
        self._lookup = Lookup(question, services, self._overlay)
        self._acting: dict[str, Callable[[Given], Awaitable[str]]] = {
            "propose": self._drafting.propose,
            "propose_direction": self._propose_direction,
            "judge": self._judge,
            "edit_file": self._edit_file,
            "write_file": self._write_file,
            "post": self._post,
            "ask_human": self._ask_human,
            "acknowledge": self._acknowledge,
            "note_to_self": self._note,
            "finish": self._finish,
            "decline": self._decline,
        }

    async def use(self, name: Any, values: Any) -> Outcome:
        """Carry out one call; an error tells the model what to mend."""
        offered = OFFERED[self._question.move]
        if name not in offered:
            return Outcome(f"no tool is called {line(str(name), 60)}; there are: {', '.join(offered)}", True)
        try:
            if name in self._acting:
                return Outcome(await self._acting[name](Given(values)))
            if self._told > MAX_TOLD:
                return Outcome("you have read enough for one turn: hand in what you have, or decline", True)
            text = cut(await self._lookup.tools[name](Given(values)), MAX_RESULT)
        except MisuseError as error:
            return Outcome(str(error), True)
        except EditError as error:
            return Outcome(f"{error.message}. {error.remedy}".strip(), True)
        self._told += len(text)
        return Outcome(text)

    @property
    def complete(self) -> bool:
        """Whether nothing more is wanted, so that another call of the model would be wasted."""
        return self._question.move is Move.CRITIQUE and self._judged and not self._waiting

    @property
    def handed_in(self) -> bool:
        """Whether whole answers were handed in that stand by themselves, finished or not."""
        return bool(self._drafting.drafts or self._directions or self._opinions)

    async def reply(self, note: str = "") -> Reply:
        """Return what was handed in."""
        if self._declined:
            return Reply(
                declined=self._declined, posts=tuple(self._posts), notes=self._notes, note=note,
                acknowledged=tuple(self._acknowledged.values()),
            )  # fmt: skip
        writes = self._question.move in (Move.IMPLEMENT, Move.REPAIR) and self.over
        return Reply(
            drafts=tuple(self._drafting.drafts),
            directions=tuple(self._directions),
            opinions=tuple(self._opinions.values()),
            change=await self._overlay.change(self._touched) if writes else None,
            posts=tuple(self._posts),
            acknowledged=tuple(self._acknowledged.values()),
            notes=self._notes,
            exhausted=self._exhausted,
            note=note,
        )

    # -- answering -----------------------------------------------------------------------------------------

    async def _propose_direction(self, given: Given) -> str:
        question = self._question
        mine = any(row.made_by(question.agent.name) for row in question.directions)
        # In a later round one's own direction may be put in other words, where it was objected to.
        if len(self._directions) >= max(question.want, 1 if mine and question.round > 1 else 0):
            msg = f"you have proposed {len(self._directions)} directions, and no more are wanted now"
            raise MisuseError(msg)
        axes = tuple(dict.fromkeys(bounds.axis(axis) for axis in given.titles("axes", 12)))
        if not axes:
            msg = "axes is empty: name the dotted axes to work on"
            raise MisuseError(msg)
        draft = DirectionDraft(
            title=given.title("title", need=True),
            hypothesis=given.text("hypothesis", need=True),
            axes=axes,
            prediction=given.text("prediction"),
            falsifier=given.text("falsifier"),
            first=given.titles("first", 8),
        )
        self._directions.append(draft)
        return "noted"

    async def _judge(self, given: Given) -> str:
        subject = given.title("subject", need=True, limit=20)
        authors = self._judged_here()
        if subject not in authors:
            msg = f"{subject!r} is not up for judgement; there are: {', '.join(list(authors)[:40]) or 'none'}"
            raise MisuseError(msg)
        if authors[subject] == self._question.agent.name:
            msg = f"{subject} is your own"
            raise MisuseError(msg)
        if subject not in self._opinions and len(self._opinions) >= MAX_OPINIONS:
            msg = "you have judged enough in one turn"
            raise MisuseError(msg)
        stance = STANCES[given.choice("stance", tuple(STANCES))]
        self._opinions[subject] = Opinion(subject, stance, given.text("reason", need=True), given.links())
        return "noted"

    def _judged_here(self) -> dict[str, str]:
        """Return what may be judged in this turn, by id, and whose it is."""
        question = self._question
        if question.move is Move.CRITIQUE:
            return {question.proposal.id: question.proposal.agent} if question.proposal else {}
        return {row.id: row.author for row in question.directions}

    async def _edit_file(self, given: Given) -> str:
        path = edits.inside(given.title("path", need=True, limit=401))
        edit = Edit(path, given.body("old"), given.body("new"))
        return await self._write(edit)

    async def _write_file(self, given: Given) -> str:
        path = edits.inside(given.title("path", need=True, limit=401))
        return await self._write(Edit(path, new=given.body("text"), whole=True))

    async def _write(self, edit: Edit) -> str:
        # Read as a change carries it, so that its limits hold here, too.
        (checked,) = edits.read({"edits": [edit.to_json()]})
        await self._overlay.edit(checked)
        return f"{edit.path} is changed"

    # -- talking -------------------------------------------------------------------------------------------

    async def _post(self, given: Given) -> str:
        usual = "reflection" if self._question.move is Move.REFLECT else "note"
        return self._say(given, given.choice("kind", ("", *KINDS)) or usual)

    async def _ask_human(self, given: Given) -> str:
        return self._say(given, "question")

    def _say(self, given: Given, kind: str) -> str:
        if len(self._posts) >= MAX_POSTS:
            msg = f"{MAX_POSTS} posts are enough for one turn"
            raise MisuseError(msg)
        parent = given.links("parent")[:1]
        text = given.text("text", need=True)
        self._posts.append(Words(text, kind, parent[0] if parent else "", given.links()))
        return "posted when the turn ends"

    async def _acknowledge(self, given: Given) -> str:
        ident = given.title("directive", need=True, limit=20)
        known = [row.id for row in self._question.directives]
        if ident not in known:
            msg = f"there is no directive {ident!r} for you; there are: {', '.join(known[:20]) or 'none'}"
            raise MisuseError(msg)
        plan, report = given.text("plan"), given.text("report")
        if not plan and not report:
            msg = "say in plan what you will do, or in report what came of it"
            raise MisuseError(msg)
        done = given.flag("done")
        self._acknowledged[ident] = Acknowledgement(ident, plan, report, done, given.links("keep"))
        return "noted"

    async def _note(self, given: Given) -> str:
        self._notes = given.text("text", limit=bounds.NOTES)
        return "kept for your next turns"

    # -- ending --------------------------------------------------------------------------------------------

    async def _finish(self, given: Given) -> str:
        self._exhausted = given.flag("exhausted") and self._question.move is Move.PROPOSE
        if missing := await self._missing():
            self._exhausted = False
            raise MisuseError(missing)
        self.over = True
        return "finished"

    async def _decline(self, given: Given) -> str:
        self._declined = given.title("reason", need=True, limit=1000)
        self.over = True
        return "declined"

    @property
    def _judged(self) -> bool:
        proposal = self._question.proposal
        return proposal is not None and proposal.id in self._opinions

    @property
    def _waiting(self) -> list[str]:
        """The directives that are not acknowledged yet."""
        rows = self._question.directives
        return [row.id for row in rows if row.state == "issued" and row.id not in self._acknowledged]

    async def _missing(self) -> str:
        """Return what is still to be done before the turn can be finished."""
        move, question = self._question.move, self._question
        if move is Move.PROPOSE and self._waiting:
            return f"acknowledge {', '.join(self._waiting)} first"
        wanted = move is Move.PROPOSE and question.want > 0 and question.proposal is None
        if wanted and not (self._drafting.drafts or self._exhausted):
            return "nothing is proposed: propose something, finish with exhausted, or decline"
        if move is Move.CRITIQUE and question.proposal is not None and not self._judged:
            return f"judge {question.proposal.id} first, or decline"
        if move in (Move.IMPLEMENT, Move.REPAIR):
            if not self._overlay.touched:
                return "nothing is edited yet: edit a file, or decline"
            if await self._overlay.change(self._touched) is None:
                return "your edits leave the base as it is: make the change, or decline"
        if move is Move.REFLECT and not self._posts:
            return "say in a post what the experiment taught, or decline"
        return ""
