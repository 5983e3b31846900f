"""The deck: written ideas as patches, drawn in the order of their names."""

from __future__ import annotations

from pathlib import Path

from arctl.daemon.brains.base import Reply, Situation
from arctl.daemon.facts import Draft
from arctl.errors import ArctlError

FIELDS = ("title", "hypothesis", "axis", "move", "expected", "if-works", "if-fails")


class DeckBrain:
    """Draws each patch of a folder once, and complains of each broken one once."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def propose(self, situation: Situation) -> Reply:
        """Return the next patches; those added to the folder meanwhile are found."""
        folder = situation.root / (situation.spec.brain.deck or "deck")
        if not folder.is_dir():
            msg = f"the deck {folder} is not a folder"
            raise ArctlError(msg, "create it, or set [brain] deck to the folder that holds the patches")
        drawn = {past.source for past in situation.history}
        drafts: list[Draft] = []
        notes: list[str] = []
        for path in sorted(folder.glob("*.patch")):
            if path.name in drawn:
                continue
            if len(drafts) == situation.want:
                return Reply(tuple(drafts), note="; ".join(notes))
            try:
                drafts.append(read(path))
            except ArctlError as error:
                if error.message not in self._told:
                    notes.append(f"{error.message}: left out ({error.remedy})")
                self._told.add(error.message)
        return Reply(tuple(drafts), exhausted=True, note="; ".join(notes))


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
