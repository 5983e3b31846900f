"""Directions: those that are worked on, those that wait with their support, and how the others ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arctl.tui.data.query import Query
from arctl.tui.data.reading import inner, listed, real, whole, word, yes
from arctl.tui.look.columns import Column, laid, titled
from arctl.tui.look.lines import Line, Row, Span, Tone
from arctl.tui.look.scene import Scene
from arctl.tui.panes import asked
from arctl.tui.panes.headed import Headed


class DirectionsPane(Headed):
    """The directions of the chosen campaign: active, standing, proposed, then the ended ones."""

    HEAD = 1
    BEAT = 5.0
    EMPTY = "no directions yet; `arctl direction TITLE --axis AXIS` proposes one"
    HINTS = "Enter open  p pause  r redirect  x kill"

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the query of the company."""
        return asked.company(scene.view.chosen)

    def titles(self, width: int) -> Line:
        """Name the columns."""
        return titled(_columns(width), width)

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


def _columns(width: int) -> list[Column]:
    return [
        Column("ID", 5),
        Column("DIRECTION", 0 if width < 80 else max(20, width // 4)),
        Column("STATE", 9),
        Column("RECORD", 10),
        Column("BY", 9, least=60),
        Column("AGE", 3, right=True),
        Column("WHY", least=80),
    ]


def held_or(data: Any, state: str) -> tuple[str, Tone]:
    """Return a direction's state, or that it is paused."""
    return ("PAUSED", "warn") if yes(data, "held") else asked.state_of(state)


def _active(data: Any, scene: Scene, width: int) -> Row:
    row, known = inner(data, "direction"), inner(data, "record")
    why = f"{whole(known, 'finished')} in vain since, {whole(known, 'open')} open" if known else ""
    fields: list[Span] = [
        (word(row, "id"), "accent"),
        (word(row, "title"), ""),
        held_or(row, "active"),
        (f"{whole(known, 'accepted')} kept", ""),
        (word(data, "name"), "strong"),
        (asked.ago(scene, real(row, "since")), "dim"),
        (f"{why}; on {axes}" if (axes := asked.axes_of(row)) else why, "dim"),
    ]
    return Row(word(row, "id"), laid(_columns(width), fields, width))


def _standing(data: Any, scene: Scene, width: int) -> Row:
    objected = whole(data, "objected")
    why = "nobody has a word about it yet" if yes(data, "cold") else "waits for a free team"
    fields: list[Span] = [
        (word(data, "id"), "accent"),
        (word(data, "title"), ""),
        held_or(data, word(data, "state")),
        (f"+{whole(data, 'endorsed')} -{objected}", "bad" if objected else ""),
        (word(data, "author"), ""),
        (asked.ago(scene, real(data, "created")), "dim"),
        (word(data, "reason") or f"{why}; on {asked.axes_of(data)}", "dim"),
    ]
    return Row(word(data, "id"), laid(_columns(width), fields, width))


def _ended(data: Any, scene: Scene, width: int) -> Row:
    kept, state, end = whole(data, "accepted"), word(data, "state"), word(data, "dead_end")
    fields: list[Span] = [
        (word(data, "id"), "dim"),
        (word(data, "title"), "dim"),
        (asked.state_of(state)[0], "warn" if end or state in ("falsified", "killed") else "dim"),
        (f"{kept}/{whole(data, 'experiments')} kept", "good" if kept else "dim"),
        (word(data, "author"), "dim"),
        (asked.ago(scene, real(data, "created")), "dim"),
        (f"{end} {word(data, 'reason')}".strip(), "dim"),
    ]
    return Row(word(data, "id"), laid(_columns(width), fields, width))
