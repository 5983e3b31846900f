"""The roster: every team with its direction, its work under way, its best and its newest result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arctl.format import count
from arctl.tui.data.query import Query, query
from arctl.tui.data.reading import inner, listed, real, whole, word, words
from arctl.tui.look.columns import Column, laid, titled
from arctl.tui.look.lines import Cell, Line, Row, Span, lay
from arctl.tui.look.scene import Scene
from arctl.tui.look.words import NO_CAMPAIGN, mean, verdict
from arctl.tui.panes import asked
from arctl.tui.panes.headed import Headed
from arctl.tui.panes.teams import team_state

#: Teams that ended, of which the newest are shown.
ENDED = 6


def newest(campaign: str) -> Query:
    """Return the query of the experiments that were judged last."""
    return query("experiments", campaign=campaign, state="closed", sort="new", offset=0, limit=200)


def kept(campaign: str, team: str) -> Query:
    """Return the query of a team's best accepted experiment; its total counts them."""
    return query(
        "experiments", campaign=campaign, team=team, verdict="accepted", sort="mean", offset=0, limit=1
    )


class RosterPane(Headed):
    """All teams of the chosen campaign, and those that have ended below them."""

    HEAD = 1
    BEAT = 5.0
    HINTS = "Enter open  p pause  r redirect  x kill"

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the queries of the teams, of their results and of the dead ends."""
        campaign = scene.view.chosen
        if not campaign:
            return []
        found = asked.company(campaign)
        teams = listed(asked.reply(scene, found), "teams")
        found += [newest(campaign), query("deadends", campaign=campaign)]
        return [*found, *(kept(campaign, word(data, "id")) for data in teams[:16])]

    def titles(self, width: int) -> Line:
        """Name the columns."""
        return titled(_columns(width), width)

    def body(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return a row for each team."""
        reply = asked.reply(scene, asked.company(scene.view.chosen))
        found = [Row(word(data, "id"), roster_line(data, scene, width)) for data in listed(reply, "teams")]
        gone = listed(inner(reply, "ended"), "teams")[-ENDED:][::-1]
        return [*found, *(Row(word(data, "id"), _gone(data, scene, width)) for data in gone)]

    def heading(self, scene: Scene) -> str:
        """Return the title: how many teams, how many runs, how much is queued."""
        row = scene.view.campaign
        if row is None:
            return "Teams"
        reply = asked.reply(scene, asked.company(row.id))
        teams = listed(reply, "teams")
        said = (
            f"Teams of {row.id} ({len(teams)})  {row.state}: {count(row.running, 'run')}, {row.queued} queued"
        )
        talk = inner(reply, "discussion")
        if talk:
            said += f"  discussing, round {whole(talk, 'round')} of {whole(talk, 'rounds')}"
        return said

    def empty(self, scene: Scene) -> str:
        """Name the next command."""
        if not scene.view.campaigns:
            return NO_CAMPAIGN
        return "no teams yet: they form once the baseline is measured; `arctl agents` shows who is there"


def _columns(width: int) -> list[Column]:
    """Return the columns for the room there is."""
    return [
        Column("TEAM", 10),
        Column("DIRECTION"),
        Column("STATE", 8),
        Column("RUN", 3, right=True),
        Column("Q", 3, right=True),
        Column("DEAD", 4, right=True),
        Column("KEPT", 4, right=True),
        Column("BEST", 8, right=True),
        Column("LAST", 16 if width >= 100 else 12),
        Column("NOW", 24 if width < 150 else 40, least=110),
    ]


def roster_line(data: Any, scene: Scene, width: int) -> Line:
    """Lay out one team."""
    view = scene.view
    ident, direction = word(data, "id"), inner(data, "direction")
    campaign = word(data, "campaign") or view.chosen
    best = view.answer(kept(campaign, ident)).reply
    top = next(iter(listed(best, "experiments")), None)
    running = sum(len(listed(item, "running")) for item in listed(data, "going"))
    closed = [end for end in _ends(scene, campaign) if closes(end, direction)]
    judged = listed(view.answer(newest(campaign)).reply, "experiments")
    last = next((row for row in judged if word(row, "team") == ident), None)
    told: Span = ("", "")
    if last is not None:
        name, tone = verdict(word(last, "verdict"))
        told = (f"{asked.ago(scene, real(last, 'closed')):>3} {name}", tone)
    number, none = whole(best, "total"), scene.glyphs.discarded
    fields: list[Span] = [
        (word(data, "name"), "strong"),
        (word(direction, "title") or "no direction yet", "" if direction else "dim"),
        team_state(data),
        (str(running or none), "accent" if running else "dim"),
        (str(whole(data, "queued") or none), ""),
        (str(len(closed) or none), "dim"),
        (str(number or none), "good" if number else "dim"),
        (mean(real(top, "mean")), ""),
        told,
        (_doing(data, scene), "dim"),
    ]
    return laid(_columns(width), fields, width)


def _ends(scene: Scene, campaign: str) -> list[Any]:
    reply = scene.view.answer(query("deadends", campaign=campaign)).reply
    return reply if isinstance(reply, list) else []


def closes(end: Any, direction: Any) -> bool:
    """Tell whether a dead end lies in a direction."""
    if not direction:
        return False
    if word(end, "direction") and word(end, "direction") == word(direction, "id"):
        return True
    return asked.lies_on(word(end, "axis"), words(direction, "axes"))


def _doing(data: Any, scene: Scene) -> str:
    """Say what its members are asked just now, or what keeps all of them."""
    said = []
    for member in listed(data, "members"):
        text, tone = asked.doing(member, scene)
        if tone in ("accent", "bad"):
            said.append(f"{word(member, 'name')} {text}")
    return ", ".join(said) or "nobody is asked"


def _gone(data: Any, scene: Scene, width: int) -> Line:
    """Lay out a team that has ended."""
    reason = word(data, "reason")
    cells = [
        Cell(" " + word(data, "name"), 10, "dim"),
        Cell(f"retired: {reason or 'its direction has ended'}", 0, "dim"),
        Cell(f"formed {asked.past(scene, real(data, 'created'))}", 16, "dim", right=True),
    ]
    return lay(cells, width)
