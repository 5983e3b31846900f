"""Teams: one row each, with its direction, how it stands, its queue, what it found, and what it does now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arctl.tui.data.query import Query, query
from arctl.tui.data.reading import inner, listed, real, whole, word, yes
from arctl.tui.data.times import since
from arctl.tui.look.lines import Cell, Line, Row, Tone, lay
from arctl.tui.look.scene import Scene
from arctl.tui.look.words import NO_CAMPAIGN
from arctl.tui.panes import asked
from arctl.tui.widgets.pane import Pane


def teams_query(campaign: str) -> Query:
    """Return the query of a campaign's teams."""
    return query("teams", campaign=campaign)


class TeamsPane(Pane):
    """The teams of the chosen campaign, and what waits for a person."""

    BEAT = 5.0
    HINTS = "Enter open  p pause  r redirect  x kill"

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the query of the teams."""
        return [teams_query(scene.view.chosen)] if scene.view.chosen else []

    def depends(self, scene: Scene) -> tuple[object, ...]:
        """Return the teams and the campaigns."""
        return (*(scene.view.answer(each).reply for each in self.wants(scene)), scene.view.campaigns)

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return a row for each campaign where there are several, then the chosen one's teams and needs."""
        view, found = scene.view, []
        for row in view.campaigns:
            if len(view.campaigns) > 1 or row.id != view.chosen:
                here = scene.glyphs.here if row.id == view.chosen else " "
                said = f"kept {row.accepted} of {row.experiments}"
                cells = [Cell(f"{here}{row.id}", 14, "strong"), Cell(row.state, 9), Cell(said)]
                found.append(Row(f"campaign:{row.id}", lay(cells, width)))
        reply = view.answer(teams_query(view.chosen)).reply
        found += [Row(word(data, "id"), team_line(data, scene, width)) for data in listed(reply, "teams")]
        found += [Row(word(data, "id"), _loose(data, scene, width)) for data in listed(reply, "loose")]
        talk = inner(reply, "discussion")
        if talk:
            said = (
                f"discussing, round {whole(talk, 'round')} of {whole(talk, 'rounds')}: {word(talk, 'reason')}"
            )
            found.append(Row(word(talk, "thread"), lay([Cell(" forum", 10, "accent"), Cell(said)], width)))
        chosen = view.campaign
        if chosen is not None and chosen.needs:
            first = chosen.needs[0]
            cells = [Cell(" human", 10, "warn"), Cell(f"{first.text}  (! shows all)", 0, "warn")]
            found.append(Row(first.subjects[0] if first.subjects else "", lay(cells, width)))
        return found

    def heading(self, scene: Scene) -> str:
        """Return the title."""
        row = scene.view.campaign
        return f"Teams of {row.id} ({len(row.teams)})" if row is not None else "Teams"

    def empty(self, scene: Scene) -> str:
        """Name the next command."""
        if not scene.view.campaigns:
            return NO_CAMPAIGN
        return "no teams yet: they form once the baseline is measured"


def team_line(data: Any, scene: Scene, width: int) -> Line:
    """Lay out one team."""
    direction, known = inner(data, "direction"), inner(data, "record")
    title = word(direction, "title") or "no direction yet"
    state, tone = team_state(data)
    running = [item for item in listed(data, "going") if listed(item, "running")]
    cells = [
        Cell(" " + word(data, "name"), 9, "strong"),
        Cell(title),
        Cell(state, 8, tone),
        Cell(f"{len(running)} run", 6, "accent" if running else "dim", right=True),
        Cell(f"{whole(data, 'queued')} q", 5, right=True),
    ]
    if width >= 64:
        cells.append(Cell(f"{whole(known, 'accepted')}/{whole(known, 'finished')} kept", 10, right=True))
    if width >= 84:
        cells.append(Cell(_doing(data, scene.now), 26, "dim"))
    return lay(cells, width)


def team_state(data: Any) -> tuple[str, Tone]:
    """Say how a team stands."""
    members = listed(data, "members")
    if yes(data, "held") or yes(inner(data, "direction"), "held"):
        return "PAUSED", "warn"
    if members and all(word(member, "trouble") for member in members):
        return "BLOCKED", "bad"
    return "working" if inner(data, "direction") else "waiting", "good" if inner(data, "direction") else "dim"


def _doing(data: Any, now: float) -> str:
    """Say what its members are asked just now."""
    said = []
    for member in listed(data, "members"):
        turn = inner(member, "asked")
        if turn:
            ago = since(now - (real(turn, "since") or now))
            said.append(f"{word(member, 'name')} {word(turn, 'move')} {ago}")
    return ", ".join(said)


def _loose(data: Any, scene: Scene, width: int) -> Line:
    said, tone = asked.doing(data, scene)
    cells = [
        Cell(" " + word(data, "name"), 9, "strong"),
        Cell(word(data, "role"), 13, "dim"),
        Cell(said, 0, tone),
    ]
    return lay(cells, width)
