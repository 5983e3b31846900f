"""Directions: those that are worked on, those that wait with their support, and how the others ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arctl.tui.data.query import Query
from arctl.tui.data.reading import inner, listed, real, whole, word, yes
from arctl.tui.look.lines import Cell, Line, Row, Tone, lay
from arctl.tui.look.scene import Scene
from arctl.tui.panes import asked
from arctl.tui.panes.headed import Headed


class DirectionsPane(Headed):
    """The directions of the chosen campaign: active, standing, proposed, then the ended ones."""

    HEAD = 1
    TICKS = True
    EMPTY = "no directions yet; `arctl direction TITLE --axis AXIS` proposes one"
    HINTS = "Enter open  p pause  r redirect  x kill"

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the query of the company."""
        return asked.company(scene.view.chosen)

    def titles(self, width: int) -> Line:
        """Name the columns."""
        return lay(_columns(("ID", "DIRECTION", "STATE", "RECORD", "BY", "AGE", "WHY"), width, ()), width)

    def body(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return a row for each direction."""
        reply = asked.reply(scene, self.wants(scene))
        going = [_active(data, scene, width) for data in listed(reply, "teams") if inner(data, "direction")]
        waiting = [_standing(data, scene, width) for data in listed(reply, "standing")]
        over = [_ended(data, scene, width) for data in listed(inner(reply, "ended"), "directions")[::-1]]
        return [*going, *waiting, *over]

    def heading(self, scene: Scene) -> str:
        """Return the title: how many are at work, wait, and ended."""
        reply = asked.reply(scene, self.wants(scene))
        if not reply:
            return "Directions"
        active = sum(1 for data in listed(reply, "teams") if inner(data, "direction"))
        over = whole(inner(reply, "ended"), "directions_total")
        counts = ((active, "active"), (len(listed(reply, "standing")), "waiting"), (over, "ended"))
        return "Directions  " + (", ".join(f"{many} {name}" for many, name in counts if many) or "none")


def _columns(texts: Sequence[str], width: int, tones: Sequence[Tone]) -> list[Cell]:
    ident, title, state, support, by, age, why = texts
    cells = [
        (Cell(" " + ident, 5), 0),
        (Cell(title, 0 if width < 80 else max(20, width // 4)), 1),
        (Cell(state, 9), 2),
        (Cell(support, 10), 3),
    ]
    if width >= 60:
        cells.append((Cell(by, 9), 4))
    cells.append((Cell(age, 3, right=True), 5))
    if width >= 80:
        cells.append((Cell(why), 6))
    return [
        Cell(cell.text, cell.width, tones[at] if at < len(tones) else "dim", cell.right) for cell, at in cells
    ]


def held_or(data: Any, state: str) -> tuple[str, Tone]:
    """Return a direction's state, or that it is paused."""
    return ("PAUSED", "warn") if yes(data, "held") else asked.state_of(state)


def _active(data: Any, scene: Scene, width: int) -> Row:
    row, known = inner(data, "direction"), inner(data, "record")
    state, tone = held_or(row, "active")
    tried = f"{whole(known, 'accepted')} kept"
    open_ = whole(known, "open")
    why = f"{whole(known, 'finished')} in vain since, {open_} open" if known else ""
    texts = (
        word(row, "id"), word(row, "title"), state, tried, word(data, "name"),
        asked.ago(scene, real(row, "since")), f"{why}; on {axes}" if (axes := asked.axes_of(row)) else why,
    )  # fmt: skip
    return Row(
        word(row, "id"),
        lay(_columns(texts, width, ("accent", "", tone, "", "strong", "dim", "dim")), width),
    )


def _standing(data: Any, scene: Scene, width: int) -> Row:
    state, tone = held_or(data, word(data, "state"))
    support = f"+{whole(data, 'endorsed')} -{whole(data, 'objected')}"
    why = "nobody has a word about it yet" if yes(data, "cold") else "waits for a free team"
    texts = (
        word(data, "id"), word(data, "title"), state, support, word(data, "author"),
        asked.ago(scene, real(data, "created")), word(data, "reason") or f"{why}; on {asked.axes_of(data)}",
    )  # fmt: skip
    tones: tuple[Tone, ...] = ("accent", "", tone, "bad" if whole(data, "objected") else "", "", "dim", "dim")
    return Row(word(data, "id"), lay(_columns(texts, width, tones), width))


def _ended(data: Any, scene: Scene, width: int) -> Row:
    kept, tried = whole(data, "accepted"), whole(data, "experiments")
    state = word(data, "state")
    end = word(data, "dead_end")
    why = word(data, "reason")
    texts = (
        word(data, "id"), word(data, "title"), asked.state_of(state)[0], f"{kept}/{tried} kept",
        word(data, "author"), asked.ago(scene, real(data, "created")), f"{end} {why}".strip(),
    )  # fmt: skip
    tone: Tone = "warn" if end or state in ("falsified", "killed") else "dim"
    tones: tuple[Tone, ...] = ("dim", "dim", tone, "good" if kept else "dim", "dim", "dim", "dim")
    return Row(word(data, "id"), lay(_columns(texts, width, tones), width))
