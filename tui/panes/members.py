"""Members: who there is, what each thinks with, what it does now, what came of it, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from arctl.tui.data.query import Query
from arctl.tui.data.reading import block, inner, listed, real, whole, word
from arctl.tui.look.columns import Column, laid, titled
from arctl.tui.look.lines import Line, Row, Span, padded
from arctl.tui.look.scene import Scene
from arctl.tui.panes import asked
from arctl.tui.panes.headed import Headed


class AgentsPane(Headed):
    """The agents of the chosen campaign."""

    HEAD = 1
    SORTS: ClassVar[tuple[str, ...]] = ("team", "name", "kept", "usd")
    BEAT = 5.0
    EMPTY = "no agents yet: they come with the campaign; `arctl agents` lists them"
    HINTS = "Enter open  p pause  x retire"

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the query of the agents."""
        return asked.agents(asked.open_campaign(scene))

    def members(self, scene: Scene) -> list[Any]:
        """Return the agents, in the order that was chosen."""
        found = listed(asked.reply(scene, self.wants(scene)), "agents")
        match self.sorted_by:
            case "name":
                return sorted(found, key=lambda data: word(data, "name"))
            case "kept":
                return sorted(found, key=lambda data: -whole(inner(data, "record"), "accepted"))
            case "usd":
                return sorted(found, key=lambda data: -(real(data, "usd") or 0.0))
        return sorted(found, key=lambda data: word(data, "team_name"))

    def titles(self, width: int) -> Line:
        """Name the columns."""
        return titled(_columns(width), width)

    def body(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return a row for each agent."""
        return [Row(word(data, "id"), agent_line(data, scene, width)) for data in self.members(scene)]

    def heading(self, scene: Scene) -> str:
        """Return the title: how many there are, and how many are at work."""
        reply = asked.reply(scene, self.wants(scene))
        if reply is None:
            return "Agents"
        found = listed(reply, "agents")
        busy = sum(1 for data in found if inner(data, "asked"))
        spent = sum(real(data, "usd") or 0.0 for data in found)
        said = f"Agents ({len(found)})" + (f"  {busy} asked now" if found else "")
        said += f", {asked.money(spent)}" if spent else ""
        return said + (f"  by {self.sorted_by}" if self.sorted_by else "")


def _columns(width: int) -> list[Column]:
    return [
        Column("NAME", 10),
        Column("ROLE", 12 if width >= 70 else 8),
        Column("TEAM", 8, least=48),
        Column("MODEL", 20 if width >= 110 else 12, least=84),
        Column("NOW"),
        Column("KEPT", 5, right=True),
        Column("TURNS", 5, right=True, least=84),
        Column("TOKENS", 6, right=True, least=64),
        Column("USD", 6, right=True, least=64),
    ]


def agent_line(data: Any, scene: Scene, width: int) -> Line:
    """Lay out one agent."""
    said, tone = asked.doing(data, scene)
    record = inner(data, "record")
    fields: list[Span] = [
        (word(data, "name"), "strong"),
        (word(data, "role"), "dim"),
        (word(data, "team_name") or "-", ""),
        (thinks_with(data), "dim"),
        (said, tone),
        (asked.tally(record), "good" if whole(record, "accepted") else "dim"),
        (str(whole(data, "turns")), "dim"),
        (asked.thousands(whole(data, "tokens")), "dim"),
        (asked.money(real(data, "usd")), "dim"),
    ]
    return laid(_columns(width), fields, width)


def thinks_with(data: Any) -> str:
    """Write brain and model in one."""
    brain, model = word(data, "brain"), word(data, "model")
    return f"{brain} {model}".strip()


class AgentsNowPane(AgentsPane):
    """The agents of the team that is open: what each is asked, how long, and its last words."""

    SORTS = ()
    EMPTY = "nobody is in this team any more"

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the queries of the team, of its campaign's agents, and of each member."""
        team = scene.route.id
        if not team:
            return []
        found = [*asked.agents(asked.open_campaign(scene)), asked.one(team)]
        return [*found, *member_queries(scene, team)]

    def members(self, scene: Scene) -> list[Any]:
        """Return the members of the team."""
        found = listed(asked.reply(scene, asked.agents(asked.open_campaign(scene))), "agents")
        return [data for data in found if word(data, "team") == scene.route.id]

    def body(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return for each member a row, and one with what it said last."""
        found = []
        for data in self.members(scene):
            ident = word(data, "id")
            found.append(Row(ident, agent_line(data, scene, width)))
            if said := last_words(scene.view.answer(asked.agent(ident)).reply):
                found.append(Row("", padded(((" " * 11, ""), (f'"{said}"', "dim")), width)))
        return found

    def heading(self, scene: Scene) -> str:
        """Return the title."""
        found = self.members(scene)
        if not found:
            return "Agents"
        busy = sum(1 for data in found if inner(data, "asked"))
        tokens = sum(whole(data, "tokens") for data in found)
        said = f"Agents ({len(found)})"
        if busy:
            said += f"  {busy} asked"
        if tokens:
            spent = asked.money(sum(real(data, "usd") or 0.0 for data in found))
            said += f"  {asked.thousands(tokens)} tokens, {spent}"
        return said


def member_queries(scene: Scene, team: str) -> list[Query]:
    """Return the queries of a team's members in full."""
    members = listed(inner(scene.view.answer(asked.one(team)).reply, "team"), "members")
    return [asked.agent(word(data, "id")) for data in members[:8] if word(data, "id")]


def last_words(reply: Any) -> str:
    """Return what an agent said last: its newest post, else the last line of its notes."""
    posts = listed(reply, "posts")
    text = (
        block(posts[-1], "text") if posts else block(inner(reply, "agent"), "notes") or block(reply, "notes")
    )
    lines = [line.strip() for line in text[:2000].splitlines() if line.strip()]
    return " ".join(lines[:3]) if posts else (lines[-1] if lines else "")
