"""An agent in full: what it thinks with, what troubles it, its notes, its turns, its proposals, its posts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arctl.format import duration
from arctl.format import word as written
from arctl.tui.data.query import Query
from arctl.tui.data.reading import block, inner, listed, real, whole, word
from arctl.tui.data.times import wall
from arctl.tui.look.columns import Column, laid, titled
from arctl.tui.look.lines import Line, Row, Span, Tone
from arctl.tui.look.scene import Scene
from arctl.tui.look.words import effect, verdict
from arctl.tui.panes import asked
from arctl.tui.panes.headed import Headed, HeadedQueue, link
from arctl.tui.panes.mentions import post_row
from arctl.tui.panes.prose import Prose, ProsePane

#: Counts of an agent's record, in the order in which they are told.
COUNTS = ("accepted", "rejected", "inconclusive", "crashed", "timed_out", "going", "refused", "withdrawn")
TURNS: dict[str, Tone] = {
    "answered": "",
    "asked": "accent",
    "failed": "bad",
    "lost": "warn",
    "withdrawn": "dim",
}

_TURN_COLUMNS = (
    Column("WHEN", 6),
    Column("ASKED TO", 9),
    Column("ABOUT", 6),
    Column("WENT", 9),
    Column("TOOK", 6, right=True),
    Column("NOTE"),
)


def _wants(scene: Scene) -> list[Query]:
    return [asked.agent(scene.route.id)] if scene.route.id else []


class AgentPane(ProsePane):
    """Who the open agent is, and how it stands."""

    EMPTY = "this agent is not known; `arctl agents --all` lists them"
    HINTS = "p pause  x retire"

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the query of the agent."""
        return _wants(scene)

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return its work now, its trouble with what to do, its record, its cost and its notes."""
        reply = asked.reply(scene, _wants(scene))
        row = inner(reply, "agent")
        if not row:
            return []
        text = Prose(width)
        name, record = word(row, "name"), inner(row, "record")
        text.section("Now", word(row, "state"))
        said, tone = asked.doing(row, scene)
        text.fact("does", said, tone, link(word(inner(row, "asked"), "subject")))
        beat = real(inner(row, "asked"), "beat")
        text.fact("last heard", asked.past(scene, beat or real(row, "seen") or None))
        if word(row, "trouble"):
            text.fact("what to do", f"mend it, then p here (or `arctl resume {name}`) asks it again", "warn")
        if whole(row, "failures"):
            text.fact("failed", f"{whole(row, 'failures')} turns in a row", "warn")
        text.section("Who")
        text.fact("role", word(row, "role"))
        text.fact("brain", word(row, "brain"))
        text.fact("model", word(row, "model"))
        if word(row, "team"):
            text.fact("team", f"{word(row, 'team')} {word(row, 'team_name')}", "", word(row, "team"))
        direction = inner(reply, "direction")
        if direction:
            ident = word(direction, "id")
            text.fact("direction", f"{ident} {word(direction, 'title')}", "", ident)
        text.section("Record", f"{whole(row, 'turns')} turns")
        text.fact("proposals", _counts(record))
        tokens = whole(row, "tokens")
        told = (
            f"{asked.thousands(tokens)} tokens, {asked.money(real(row, 'usd'))}" if tokens else "nothing yet"
        )
        text.fact("cost", told)
        for item in listed(reply, "directives"):
            text.fact("directive", f"{word(item, 'id')} {word(item, 'state')}: {word(item, 'text')}", "warn",
                      word(item, "id"))  # fmt: skip
        text.section("Notes")
        text.words(block(reply, "notes") or "it keeps no notes yet", "" if block(reply, "notes") else "dim")
        return text.rows

    def heading(self, scene: Scene) -> str:
        """Return the title."""
        row = inner(asked.reply(scene, _wants(scene)), "agent")
        return f"{word(row, 'name')}  {word(row, 'role')}" if row else "Agent"


def _counts(record: Any) -> str:
    """Write a record: how many were made, and what came of them."""
    told = [f"{whole(record, name)} {written(name)}" for name in COUNTS if whole(record, name)]
    return ", ".join([f"{whole(record, 'made')} made", *told])


class FatesPane(HeadedQueue):
    """The open agent's proposals, and what became of each."""

    HEAD = 1
    EMPTY = "it has proposed nothing yet"
    HINTS = "Enter open  S stash  A approve"

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the query of the agent."""
        return _wants(scene)

    def titles(self, width: int) -> Line:
        """Name the columns."""
        return titled(_fate_columns(width), width)

    def body(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return a row for each proposal, newest first."""
        rows = listed(asked.reply(scene, _wants(scene)), "proposals")[::-1]
        return [Row(word(row, "id"), _fate(row, width)) for row in rows]

    def heading(self, scene: Scene) -> str:
        """Return the title."""
        return f"Proposals ({whole(asked.reply(scene, _wants(scene)), 'proposals_total')})"


def _fate_columns(width: int) -> list[Column]:
    return [
        Column("ID", 6),
        Column("TITLE", 0 if width < 80 else max(20, width // 3)),
        Column("BECAME", 12),
        Column("EXP", 6),
        Column("EFFECT", 8, right=True),
        Column("WHY", least=80),
    ]


def _fate(row: Any, width: int) -> Line:
    told = word(row, "verdict")
    became = verdict(told) if told else asked.state_of(word(row, "state"))
    if not told and word(row, "experiment"):
        became = "under way", "accent"
    gain = real(row, "effect")
    fields: list[Span] = [
        (word(row, "id"), "accent"),
        (word(row, "title"), ""),
        became,
        (word(row, "experiment"), "accent"),
        (effect(gain) if gain is not None else "", ""),
        (("wrote its change; " if row.get("wrote") else "") + word(row, "reason"), "dim"),
    ]
    return laid(_fate_columns(width), fields, width)


class TurnsPane(Headed):
    """What the open agent was asked, and how it went, newest first."""

    HEAD = 1
    BEAT = 5.0
    EMPTY = "it was asked nothing yet"
    HINTS = "Enter what it was about"

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the query of the agent."""
        return _wants(scene)

    def titles(self, width: int) -> Line:
        """Name the columns."""
        return titled(_TURN_COLUMNS, width)

    def body(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return a row for each turn; Enter opens what it was about."""
        rows = listed(asked.reply(scene, _wants(scene)), "turns")[::-1]
        return [
            Row(link(word(row, "subject")) or f"turn:{word(row, 'id')}", _turn(row, scene, width))
            for row in rows
        ]

    @property
    def acts_on(self) -> str:
        """Keys act on the agent: a turn is no thing to pause or kill."""
        return self.subject(self.scene)

    def heading(self, scene: Scene) -> str:
        """Return the title."""
        row = inner(asked.reply(scene, _wants(scene)), "agent")
        return f"Turns  the newest of {whole(row, 'turns')}" if row else "Turns"


def _turn(row: Any, scene: Scene, width: int) -> Line:
    state, begun, ended = word(row, "state"), real(row, "created"), real(row, "ended")
    took = None if begun is None else (ended if ended is not None else scene.now) - begun
    note = ": ".join(each for each in (written(word(row, "fault")), word(row, "note")) if each)
    fields: list[Span] = [
        (wall(begun, "%H:%M"), "dim"),
        (word(row, "move"), ""),
        (word(row, "subject"), "accent"),
        (state, TURNS.get(state, "")),
        (duration(took), "dim"),
        (note, "bad" if state == "failed" else "dim"),
    ]
    return laid(_TURN_COLUMNS, fields, width)


class PostsPane(Headed):
    """What the open agent said in the forum, newest first."""

    EMPTY = "it has said nothing in the forum yet"
    HINTS = "Enter thread  r reply"

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the query of the agent."""
        return _wants(scene)

    def body(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return a row for each post."""
        return [post_row(data, width) for data in listed(asked.reply(scene, _wants(scene)), "posts")[::-1]]

    def heading(self, scene: Scene) -> str:
        """Return the title."""
        return f"Posts ({whole(asked.reply(scene, _wants(scene)), 'posts_total')})"
