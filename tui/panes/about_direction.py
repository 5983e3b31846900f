"""A direction in full: its words, its record against what would end it, its axes, its kin, its critics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arctl.format import count
from arctl.tui.data.query import Query
from arctl.tui.data.reading import block, inner, listed, real, whole, word, words, yes
from arctl.tui.look.columns import Column, laid, titled
from arctl.tui.look.lines import Cell, Line, Row, Span, Tone, bar, lay, padded
from arctl.tui.look.scene import Scene
from arctl.tui.look.words import effect, stance, verdict
from arctl.tui.panes import asked
from arctl.tui.panes.deadends import title
from arctl.tui.panes.headed import Headed
from arctl.tui.panes.prose import Prose, ProsePane

#: Verdicts that judge an idea on its merits.
JUDGED = ("accepted", "rejected", "inconclusive")
_AXIS_COLUMNS = (
    Column("AXIS"),
    Column("TRIED", 5, right=True),
    Column("KEPT", 4, right=True),
    Column("BEST", 8, right=True),
    Column("LAST", 20),
)


class DirectionPane(ProsePane):
    """The words of the direction that is open, and how it stands."""

    EMPTY = "this direction is not known; `arctl teams --all` lists them"
    HINTS = "p pause  r redirect  x kill"

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the query of the direction."""
        return [asked.one(scene.route.id)] if scene.route.id else []

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return hypothesis, prediction, falsifier, record, kin and dead end."""
        reply = asked.reply(scene, self.wants(scene))
        row = inner(reply, "direction")
        if not row:
            return []
        text = Prose(width)
        text.section("Hypothesis", f"{word(row, 'author')}, {asked.past(scene, real(row, 'created'))}")
        text.words(block(row, "hypothesis") or "none was written down")
        text.fact("predicts", block(row, "prediction"))
        text.fact("falsified", block(row, "falsifier"))
        for at, each in enumerate(words(row, "first")):
            text.fact("first" if at == 0 else "", each)
        _record(text, reply, scene)
        if base := inner(reply, "base"):
            text.fact("built on", f"{word(base, 'id')} {word(base, 'title')}", key=word(base, "id"))
        self._kin(text, reply)
        if end := inner(reply, "dead_end"):
            text.section("Dead end", word(end, "closed_by"))
            text.fact(word(end, "id"), f"{title(end)}: {word(end, 'reason')}", "warn", word(end, "id"))
            text.fact("reopens", word(end, "reopen"))
            text.fact("evidence", ", ".join(words(inner(end, "evidence"), "experiments")))
            text.fact("revived", word(end, "revived"), "good")
        return text.rows

    def _kin(self, text: Prose, reply: Any) -> None:
        parents, children = listed(reply, "parents"), listed(reply, "children")
        if not parents and not children:
            return
        text.section("Came from and went into")
        for label, rows in (("from", parents), ("into", children)):
            for item in rows:
                state = asked.state_of(word(item, "state"))
                cells = [
                    Cell(f" {label}", 6, "dim"), Cell(word(item, "id"), 5, "accent"),
                    Cell(state[0], 10, state[1]), Cell(f"{word(item, 'title')}  {word(item, 'reason')}"),
                ]  # fmt: skip
                text.cells(word(item, "id"), cells)

    def heading(self, scene: Scene) -> str:
        """Return the title."""
        row = inner(asked.reply(scene, self.wants(scene)), "direction")
        return f"Direction {word(row, 'id')}" if row else "Direction"


def _record(text: Prose, reply: Any, scene: Scene) -> None:
    """Write how much was tried in vain, against the numbers at which it is given up."""
    row, known = inner(reply, "direction"), inner(reply, "record")
    team = word(row, "team_name")
    text.section("Record", f"{asked.state_of(word(row, 'state'))[0]}{', held by ' + team if team else ''}")
    endorsed, objected = whole(row, "endorsed"), whole(row, "objected")
    if endorsed or objected:
        text.fact("support", f"{endorsed} endorse, {objected} object", "bad" if objected >= endorsed else "")
    if word(row, "reason"):
        text.fact("why", word(row, "reason"), "warn")
    if not known:
        rows = listed(reply, "experiments")
        kept = sum(word(item, "verdict") == "accepted" for item in rows)
        text.fact("tried", f"{count(whole(reply, 'total'), 'experiment')}, {kept} kept")
        return
    kept = whole(known, "accepted")
    text.fact("kept", f"{kept} kept, {whole(known, 'rejected')} rejected, {whole(known, 'open')} open",
              "good" if kept else "")  # fmt: skip
    _gauge(text, "stalls", whole(known, "finished"), whole(reply, "stall_after"), "in vain since", scene)
    if not kept:
        rejected = whole(known, "rejected")
        _gauge(text, "fails", rejected, whole(reply, "falsify_after"), "rejected, none accepted", scene)
    if untried := words(reply, "untried"):
        text.fact("untried", ", ".join(untried), "accent")


def _gauge(text: Prose, label: str, now: int, most: int, said: str, scene: Scene) -> None:
    """Write a count against its bound, with a bar where there is room."""
    if not most:
        return
    tone: Tone = "warn" if now >= most - 1 else "accent"
    room = 12 if text.width >= 56 else 0
    piece = bar(now / most, room, scene.glyphs, tone) if room else ()
    head: Line = ((f" {label:<12}", "dim"), *piece, (" " if room else "", ""))
    text.line((*head, (f"{now} of {most} ", tone), (said, "dim")))


class AxesPane(Headed):
    """The axes of the direction that is open, with what was tried on each."""

    HEAD = 1
    EMPTY = "this direction names no axis"
    HINTS = "Enter effects of the axis"

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the query of the direction."""
        return [asked.one(scene.route.id)] if scene.route.id else []

    def titles(self, width: int) -> Line:
        """Name the columns."""
        return titled(_AXIS_COLUMNS, width)

    def body(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return a row for each axis."""
        reply = asked.reply(scene, self.wants(scene))
        rows = listed(reply, "experiments")
        names = [*words(inner(reply, "direction"), "axes")]
        others = dict.fromkeys(
            word(row, "axis") for row in rows if not asked.lies_on(word(row, "axis"), names)
        )
        found = [(name, [row for row in rows if asked.lies_on(word(row, "axis"), [name])]) for name in names]
        found += [(name, [row for row in rows if word(row, "axis") == name]) for name in others if name]
        return [Row(f"axis:{name}", _axis_line(name, mine, width)) for name, mine in found]

    def heading(self, scene: Scene) -> str:
        """Return the title."""
        reply = asked.reply(scene, self.wants(scene))
        total = whole(reply, "total")
        return f"Axes ({len(words(inner(reply, 'direction'), 'axes'))})  {count(total, 'experiment')}"

    def axis(self, key: str) -> str:
        """Return the axis of a row."""
        return key.removeprefix("axis:")


def _axis_line(name: str, rows: Sequence[Any], width: int) -> Line:
    judged = [row for row in rows if word(row, "verdict") in JUDGED]
    kept = sum(word(row, "verdict") == "accepted" for row in judged)
    gains = [gain for row in judged if (gain := real(row, "effect")) is not None]
    last = rows[-1] if rows else None
    told = (
        f"{word(last, 'id')} {verdict(word(last, 'verdict'))[0] or word(last, 'state')}"
        if last
        else "untried"
    )
    fields: list[Span] = [
        (name, ""),
        (str(len(rows)), ""),
        (str(kept), "good" if kept else "dim"),
        (effect(max(gains)) if gains else "-", ""),
        (told, "dim" if last else "accent"),
    ]
    return laid(_AXIS_COLUMNS, fields, width)


class OpinionsPane(Headed):
    """What others think of the direction or proposal that is open, and what lifted it."""

    BEAT = 5.0
    EMPTY = "nobody said a word about it yet"
    HINTS = "Enter what it points to"

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the query of what is open."""
        return [asked.one(scene.route.id)] if scene.route.id else []

    def body(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return each opinion with its reason, newest first; those that still stand keep their tone."""
        found: list[Row] = []
        for at, data in enumerate(listed(asked.reply(scene, self.wants(scene)), "critiques")[::-1]):
            found += opinion_rows(data, scene, width, at)
        return found

    def heading(self, scene: Scene) -> str:
        """Return the title: who is for it, and who against."""
        rows = listed(asked.reply(scene, self.wants(scene)), "critiques")
        against = sum(word(row, "stance") == "object" and not word(row, "lifted") for row in rows)
        said = f"Critique ({len(rows)})"
        return said + (f"  {against} objection{'s' if against != 1 else ''} standing" if against else "")


def opinion_rows(data: Any, scene: Scene, width: int, at: int) -> list[Row]:
    """Lay out one opinion: who, stance, what it points to, the reason, and what lifted it."""
    said, lifted = word(data, "stance"), word(data, "lifted")
    sign, tone = stance(said, scene.glyphs)
    links = words(data, "links")
    who = word(data, "author") + (" (a person)" if yes(data, "by_hand") else "")
    cells = [
        Cell(f" {sign} {said}", 11, "dim" if lifted else tone),
        Cell(who, 0, "strong"),
        Cell(" ".join(links[:4]), 16, "accent"),
        Cell(asked.ago(scene, real(data, "created")), 4, "dim", right=True),
    ]
    found = [Row(links[0] if links else f"opinion:{at}", lay(cells, width))]
    text = Prose(width)
    text.words(block(data, "reason") or "no reason given", "dim" if lifted else "", indent="    ")
    if lifted:
        text.words(f"lifted: {lifted}", "good", indent="    ")
    return [*found, *(Row("", padded(row.line, width)) for row in text.rows)]
