"""The deck: written ideas as patches, drawn in the order of their names."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from arctl.daemon.brains import rules
from arctl.daemon.brains.base import RuledBrain
from arctl.daemon.thought import Services
from arctl.daemon.turns import Draft, Question, Reply
from arctl.errors import ArctlError
from arctl.experiments.company import Brain as Settings
from arctl.experiments.effects import covers

FIELDS = ("title", "hypothesis", "axis", "move", "expected", "if-works", "if-fails")


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
    """Read a patch with its header; raises `ArctlError` with the line that is wrong.

    The header is `key: value` lines, closed by a line `---`; an indented line continues the one above.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path.name} cannot be read: {error}"
        raise ArctlError(msg, "it must be a UTF-8 text file") from error
    fields: dict[str, str] = {}
    lines = text.splitlines(keepends=True)
    key = ""
    for number, line in enumerate(lines, start=1):
        if line.strip() == "---":
            patch = "".join(lines[number:])
            break
        name, colon, value = line.partition(":")
        if line[:1].isspace() and key:
            fields[key] += " " + line.strip()
        elif colon and name.strip() in FIELDS:
            key = name.strip()
            fields[key] = value.strip()
        elif line.strip():
            msg = f"{path.name}:{number}: {line.strip()[:40]!r} is no header line"
            raise ArctlError(msg, f"write one of {', '.join(FIELDS)}, then a line --- before the diff")
    else:
        msg = f"{path.name}: the header is not closed"
        raise ArctlError(msg, "put a line --- between the header and the diff")
    if not fields.get("title"):
        msg = f"{path.name}: there is no title"
        raise ArctlError(msg, "begin the header with a line `title: …`")
    return Draft(
        title=fields["title"],
        change={"kind": "patch", "patch": patch},
        hypothesis=fields.get("hypothesis", ""),
        axis=fields.get("axis", ""),
        move=fields.get("move", ""),
        expected=fields.get("expected", ""),
        if_works=fields.get("if-works", ""),
        if_fails=fields.get("if-fails", ""),
        source=path.name,
    )
