"""Experiments: a list by windows however long it is, sorted and filtered by the daemon."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arctl.format import NA, duration
from arctl.tui.data.query import Query, query
from arctl.tui.data.reading import inner, listed, real, whole, word, words, yes
from arctl.tui.look.lines import Cell, Line, Row, Tone, lay
from arctl.tui.look.scene import Listing, Scene
from arctl.tui.look.words import NO_CAMPAIGN, better, effect, mean, sign, standing
from arctl.tui.widgets.kinds import QueuePane

#: Rows of one window, and rows around what is seen that are fetched with it.
WINDOW, MARGIN = 100, 30
#: Windows that are remembered.
KEPT = 24
#: Orders, and the column that each of them is: `new` is the order of the ids.
SORTS = (("new", False), ("verdict", False), ("mean", False), ("effect", False), ("effect", True),
         ("seconds", False), ("title", False), ("new", True))  # fmt: skip
COLUMNS = {
    "id": "new",
    "verdict": "verdict",
    "mean": "mean",
    "effect": "effect",
    "time": "seconds",
    "title": "title",
}


class ExperimentsPane(QueuePane):
    """The experiments of the chosen campaign; only what is in sight is fetched and laid out."""

    HEAD = 1
    HINTS = "Enter open  / filter  s sort  Space mark  R rerun  d dead end"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._order = 0
        self._windows: dict[int, None] = {0: None}
        self._asked: tuple[object, ...] = ()

    # -- windows -----------------------------------------------------------------------------------------

    def window(self, scene: Scene, number: int) -> Query:
        """Return the query of one window."""
        text = self.filter.removeprefix("!").strip()
        sort, turned = SORTS[self._order]
        given: dict[str, Any] = {
            "text": text or None,
            "not": True if text and self.filter[0] == "!" else None,
        }
        return query(
            "experiments",
            campaign=scene.view.chosen,
            sort=sort,
            reverse=True if turned else None,
            offset=number * WINDOW,
            limit=WINDOW,
            **given,
        )

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the windows that are in sight, and what lies around."""
        if not scene.view.chosen:
            return []
        sight, last = self.in_sight, max(0, len(self._rows) - 1)
        first = max(0, sight.start - MARGIN) // WINDOW
        numbers = range(first, min(last, sight.stop + MARGIN) // WINDOW + 1) or range(1)
        for number in numbers:
            self._windows.pop(number, None)
            self._windows[number] = None
        for number in list(self._windows)[:-KEPT]:
            del self._windows[number]
        return [self.window(scene, number) for number in numbers]

    def _known(self, scene: Scene) -> tuple[dict[int, Any], Any]:
        """Return the windows that still fit together, and the newest answer of them."""
        found = {}
        newest, at = None, -1.0
        for number in self._windows:
            answer = scene.view.answer(self.window(scene, number))
            if answer.reply is not None:
                found[number] = answer.reply
                if answer.at > at:
                    newest, at = answer.reply, answer.at
        # Where more came in since, what lies in the other windows has moved.
        total = whole(newest, "total")
        return {number: reply for number, reply in found.items() if whole(reply, "total") == total}, newest

    def depends(self, scene: Scene) -> tuple[object, ...]:
        """Return the windows."""
        known, newest = self._known(scene)
        return (newest, self._order, *(item for pair in known.items() for item in pair))

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return all rows; those that were not fetched yet say so."""
        known, newest = self._known(scene)
        total = min(whole(newest, "total"), 10_000_000)
        keys = [""] * total
        lists = {number: listed(reply, "experiments") for number, reply in known.items()}
        for number, found in lists.items():
            for place, data in enumerate(found[: max(0, total - number * WINDOW)]):
                keys[number * WINDOW + place] = word(data, "id")
        teams = inner(newest, "teams")
        champion = word(newest, "champion")

        def make(at: int) -> Line:
            number, place = divmod(at, WINDOW)
            found = lists.get(number, ())
            if place >= len(found):
                return lay([Cell(" …", 0, "dim")], width)
            return experiment_line(
                found[place], word(teams, word(found[place], "team")), champion, scene, width
            )

        return Listing(keys, make)

    def _filtered(self, found: Sequence[Row]) -> Sequence[Row]:
        """Leave the filter to the daemon: it knows the rows that are not here."""
        return found

    def watch_scroll_y(self, old: float, new: float) -> None:
        """Ask for what came into sight."""
        super().watch_scroll_y(old, new)
        asked = tuple(self.wants(self.scene))
        if asked != self._asked:
            self._asked = asked
            self.post_message(self.Moved(self, self.key))

    def action_sort(self) -> None:
        """Sort by the next column."""
        self._order = (self._order + 1) % len(SORTS)
        self._windows = {0: None}
        self.move(0)
        self.lay_out(anew=True)
        self.refresh()
        self.post_message(self.Moved(self, self.key))

    def axis(self, key: str) -> str:
        """Return the axis of a row."""
        for reply in self._known(self.scene)[0].values():
            for data in listed(reply, "experiments"):
                if word(data, "id") == key:
                    return word(data, "axis")
        return ""

    # -- words -------------------------------------------------------------------------------------------

    def heading(self, scene: Scene) -> str:
        """Return the title: how many, and in which order."""
        _, newest = self._known(scene)
        if newest is None:
            return "Experiments"
        sort, turned = SORTS[self._order]
        metric = word(newest, "metric")
        goal = f"  {word(newest, 'goal')} {metric}" if metric else ""
        return f"Experiments ({whole(newest, 'total')})  {order_words(sort, turned)} first{goal}"

    def head(self, scene: Scene, width: int) -> Line:
        """Name the columns; the one that sorts has an arrow."""
        sort, turned = SORTS[self._order]
        arrow = scene.glyphs.up if turned else scene.glyphs.down

        def name(text: str) -> str:
            return text.upper() + (arrow if COLUMNS.get(text) == sort else "")

        names = ["id", "verdict", "mean", "effect", "n", "time", "team", "agent", "title", "why"]
        return lay(columns([name(text) for text in names], ["dim"] * 10, "", "dim", width), width)

    def empty(self, scene: Scene) -> str:
        """Name the next command."""
        if not scene.view.campaigns:
            return NO_CAMPAIGN
        return "no experiment yet: the baseline is made first"


def order_words(sort: str, turned: bool) -> str:
    """Say in which order the list is."""
    told = {
        "new": ("newest", "oldest"), "effect": ("best effect", "worst effect"),
        "mean": ("best mean", "worst mean"), "seconds": ("longest", "shortest"),
        "title": ("title A", "title Z"), "verdict": ("verdict A", "verdict Z"),
    }  # fmt: skip
    return told[sort][turned]


def columns(texts: Sequence[str], tones: Sequence[Tone], glyph: str, tone: Tone, width: int) -> list[Cell]:
    """Return the cells of a row for the room there is: what matters least goes first."""
    ident, verdict, mean_, effect_, n, time, team, agent, title, reason = texts
    wide = width - 40
    found = [
        Cell(f" {glyph}", 2, tone),
        Cell(ident, 7, tones[0]),
        Cell(verdict, 13, tones[1]),
        Cell(mean_, 8, tones[2], right=True),
        Cell(effect_, 8, tones[3], right=True),
    ]
    if wide >= 25:
        found.append(Cell(n, 2, tones[4], right=True))
    if wide >= 32:
        found.append(Cell(time, 6, tones[5], right=True))
    if wide >= 62:
        found.append(Cell(team, 8, tones[6]))
    if wide >= 78:
        found.append(Cell(agent, 8, tones[7]))
    if wide >= 70:
        left = wide - 11 - 9 * (wide >= 62) - 9 * (wide >= 78)
        return [*found, Cell(title, max(24, left * 2 // 5), tones[8]), Cell(reason, 0, tones[9])]
    return [*found, Cell(title, 0, tones[8])]


def experiment_line(data: Any, team: str, champion: str, scene: Scene, width: int) -> Line:
    """Lay out one experiment."""
    verdict, state = word(data, "verdict"), word(data, "state")
    state = "quarantine" if yes(data, "quarantined") else state
    running, held = bool(listed(data, "running")), yes(data, "held")
    glyph, tone = sign(verdict, state, scene.glyphs, running=running, held=held)
    stands, how = standing(verdict, state, running=running, held=held)
    ident, gain, seconds = word(data, "id"), real(data, "effect"), real(data, "seconds")
    if ident == champion:
        glyph, tone = scene.glyphs.champion, "good"
    reason = word(data, "reason") or ", ".join(words(data, "devices"))
    runs, took = str(whole(data, "runs") or NA), duration(seconds) if seconds else NA
    author, title = word(data, "agent"), word(data, "title")
    texts = [ident, stands, mean(real(data, "mean")), effect(gain), runs, took, team, author, title, reason]
    tones: list[Tone] = ["accent", how, "", better(gain), "dim", "dim", "dim", "dim", "", "dim"]
    return lay(columns(texts, tones, glyph, tone, width), width)
