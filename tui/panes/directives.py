"""Directives: what a person asked for, who took it up with which plan, and how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arctl.format import count
from arctl.tui.data.query import Query, query
from arctl.tui.data.reading import listed, real, word, words
from arctl.tui.look.lines import Line, Row, Tone, padded, wrap
from arctl.tui.look.scene import Scene
from arctl.tui.look.words import DIRECTIVES
from arctl.tui.panes import asked
from arctl.tui.panes.headed import Headed
from arctl.tui.panes.prose import beside

#: Lines of a plan or report that a list repeats.
MOST_LINES = 3
#: Directives that are over, of which the newest are shown below those that stand.
OVER = 20


class DirectivesPane(Headed):
    """The directives of the chosen campaign: those that stand, then the newest that are over."""

    BEAT = 5.0
    EMPTY = "none stands; r (or `arctl redirect t1 TEXT`) gives one"
    HINTS = "Enter thread  r redirect  :withdraw"

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the queries of the directives, and of the queue that they stand over."""
        campaign = asked.open_campaign(scene)
        if not campaign:
            return []
        return [query("directives", campaign=campaign, all=True), *asked.company(campaign)]

    def directives(self, scene: Scene) -> list[Any]:
        """Return the directives, those that stand first, each kind with the newest on top."""
        found = listed(asked.reply(scene, self.wants(scene)), "directives")[::-1]
        standing = [data for data in found if word(data, "state") in ("issued", "acknowledged")]
        return [*standing, *[data for data in found if data not in standing][:OVER]]

    def body(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return the lines of each directive."""
        queue = _queue(scene, asked.open_campaign(scene))
        return [row for data in self.directives(scene) for row in directive_rows(data, scene, width, queue)]

    def heading(self, scene: Scene) -> str:
        """Return the title: how many stand, and how many nobody took up yet."""
        if asked.reply(scene, self.wants(scene)) is None:
            return "Directives"
        found = self.directives(scene)
        waiting = sum(1 for data in found if word(data, "state") == "issued")
        standing = waiting + sum(1 for data in found if word(data, "state") == "acknowledged")
        said = f"Directives ({standing})"
        if waiting:
            said += f"  {waiting} not taken up yet"
        return said


class TheseDirectivesPane(DirectivesPane):
    """The directives for the team, direction or agent that is open, and for what it belongs to."""

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the queries of what is open and of the campaign's directives."""
        ident = scene.route.id
        if not ident:
            return []
        return [asked.agent(ident) if ident[0] == "a" else asked.one(ident), *super().wants(scene)]

    def directives(self, scene: Scene) -> list[Any]:
        """Return those of what is open, with the parked proposals that the campaign's list tells."""
        found = listed(asked.reply(scene, self.wants(scene)[:1]), "directives")
        known = {
            word(data, "id"): data for data in listed(asked.reply(scene, self.wants(scene)[1:]), "directives")
        }
        return [known.get(word(data, "id"), data) for data in found[::-1]]

    def empty(self, scene: Scene) -> str:
        """Name the next command."""
        return f"none stands; r (or `arctl redirect {scene.route.id or 't1'} TEXT`) gives one"


def _queue(scene: Scene, campaign: str) -> list[Any]:
    reply = asked.reply(scene, asked.company(campaign))
    found = [item for team in listed(reply, "teams") for item in listed(team, "queue")]
    return [*found, *listed(reply, "others")]


def directive_rows(data: Any, scene: Scene, width: int, queue: Sequence[Any]) -> list[Row]:
    """Lay out one directive: its words, who acknowledged it, the plan, the progress, the report."""
    ident, state = word(data, "id"), word(data, "state")
    tone = DIRECTIVES.get(state, "")
    target = word(data, "target")
    whose = scene.view.thing(target).title
    who = f"{word(data, 'author')} {asked.past(scene, real(data, 'created'))}"
    left: Line = ((f" {ident} ", "accent"), (f"{'not taken up yet' if state == 'issued' else state} ", tone),
                  (f"to {target} {whose}".rstrip(), "dim"))  # fmt: skip
    found = [Row(ident, beside(left, who, width))]
    over = state in ("done", "withdrawn")
    found += _lines("", word(data, "text"), width, "dim" if over else "strong")
    if by := word(data, "by"):
        when = asked.past(scene, real(data, "acknowledged"))
        found += _lines(f"{by}, {when}:" if when else f"{by}:", word(data, "plan") or "took it up", width)
    if progress := _progress(data, queue):
        found += _lines("so far:", progress, width, "dim")
    if report := word(data, "report"):
        found += _lines("report:", report, width, "good")
    return found


def _progress(data: Any, queue: Sequence[Any]) -> str:
    """Say what waits under it in the queue, and what it set aside."""
    if word(data, "state") not in ("issued", "acknowledged"):
        return ""
    under = sum(1 for item in queue if word(item, "directive") == word(data, "id"))
    said = [f"{count(under, 'proposal')} queued under it"] if under else []
    if parked := words(data, "parked"):
        more = f" and {len(parked) - 6} more" if len(parked) > 6 else ""
        said.append(f"set aside {', '.join(parked[:6])}{more}")
    return "; ".join(said)


def _lines(label: str, text: str, width: int, tone: Tone = "") -> list[Row]:
    """Return a labelled text on at most a few lines."""
    pieces = wrap(f"{label} {text}".strip(), max(8, width), tone, "    ", MOST_LINES)
    found: list[Line] = []
    for at, piece in enumerate(pieces):
        told = piece[0][0] if piece else ""
        if at == 0 and label and told.strip().startswith(label):
            found.append((("    " + label, "dim"), (told[4 + len(label) :], tone)))
        else:
            found.append(piece)
    return [Row("", padded(line, width)) for line in found]


def headline_of(found: Sequence[Any]) -> Line:
    """Return the directive that stands as a piece of a headline."""
    data = asked.directive_for(found)
    if data is None:
        return ()
    state = "not taken up yet" if word(data, "state") == "issued" else word(data, "state")
    return ((f"  {word(data, 'id')} {state}: ", "warn"), (f'"{word(data, "text")}"', ""))
