"""The deck: written ideas as patches, drawn in the order of their names."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from arctl.daemon.brains import rules
from arctl.daemon.brains.base import RuledBrain
from arctl.daemon.thought import Services
from arctl.daemon.turns import Draft, Question, Reply
from arctl.errors import ArctlError
from arctl.experiments import cards
from arctl.experiments.company import Brain as Settings
from arctl.experiments.effects import covers
from arctl.experiments.errors import ScienceError


class DeckBrain(RuledBrain):
    """Draws each patch of a folder once, and complains of each broken one once."""

    def __init__(self, settings: Settings, services: Services | None = None) -> None:
        super().__init__(settings, services)
        self._told: set[str] = set()

    def propose(self, question: Question) -> Reply:
        """Return the next patches of the direction; those added to the folder meanwhile are found."""
        if question.proposal is not None:
            # A written idea is what it is: it is not written anew after an objection.
            return Reply()
        cards, note = self._left(question)
        mine = [card for card in cards if _within(question, card)]
        acknowledged = rules.acknowledge(question)
        return Reply(
            drafts=tuple(mine[: question.want]),
            exhausted=len(mine) <= question.want,
            note=note,
            acknowledged=acknowledged,
        )

    def discuss(self, question: Question) -> Reply:
        """Propose directions over what is left in the deck, by the first part of its axes."""
        cards, note = self._left(question)
        opinions = rules.discuss(dataclasses.replace(question, round=2)).opinions
        if question.round > 1:
            return Reply(opinions=opinions, note=note)
        heads = list(dict.fromkeys(card.axis.split(".")[0] for card in cards if card.axis))
        free = [head for head in heads if head not in question.taken]
        drafts = rules.directions(question, free, noun="cards on ")
        return Reply(directions=tuple(drafts), opinions=opinions, note=note)

    def _left(self, question: Question) -> tuple[list[Draft], str]:
        """Return the cards never drawn, in the order of their names, and what is wrong with others."""
        folder = Path(question.campaign.root) / (self.settings.deck or "deck")
        if not folder.is_dir():
            msg = f"the deck {folder} is not a folder"
            raise ArctlError(msg, "create it, or set [brain] deck to the folder that holds the patches")
        drawn = {past.source for past in question.history} | {row.source for row in question.open}
        drafts: list[Draft] = []
        notes: list[str] = []
        for path in sorted(folder.glob("*.patch")):
            if path.name in drawn:
                continue
            try:
                drafts.append(read(path))
            except ArctlError as error:
                if error.message not in self._told:
                    notes.append(f"{error.message}: left out ({error.remedy})")
                self._told.add(error.message)
        return drafts, "; ".join(notes)


def _within(question: Question, card: Draft) -> bool:
    """Tell whether a card belongs to the agent's direction and to none of another team."""
    if question.direction is not None and question.direction.axes:
        return any(covers(axis, card.axis) for axis in question.direction.axes)
    return not any(covers(axis, card.axis) for axis in question.taken)


def read(path: Path) -> Draft:
    """Read a patch with its header; raises `ArctlError` with the line that is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path.name} cannot be read: {error}"
        raise ArctlError(msg, "it must be a UTF-8 text file") from error
    try:
        card = cards.parse(text, path.name)
    except ScienceError as error:
        raise ArctlError(error.message, error.remedy) from error
    return Draft(
        title=card.title,
        change={"kind": "patch", "patch": card.patch},
        hypothesis=card.hypothesis,
        axis=card.axis,
        move=card.move,
        expected=card.expected,
        if_works=card.if_works,
        if_fails=card.if_fails,
        source=path.name,
    )
