"""Sources: the logs there are, how much they hold and how fast they grow, and whose lines are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual.message import Message

from arctl.tui.data.query import Pace, Query, query
from arctl.tui.data.reading import real, whole, word
from arctl.tui.data.route import is_id
from arctl.tui.data.times import since
from arctl.tui.keys.actions import Scope
from arctl.tui.keys.registry import bindings
from arctl.tui.look.lines import Cell, Line, Row, Tone, lay
from arctl.tui.look.scene import Scene
from arctl.tui.panes.tables import Table, dim_names
from arctl.tui.widgets.pane import Pane

#: What stands for all logs that grow.
ALL = "all"
DAEMON = "daemon"
#: Logs that are followed at once; the daemon follows no more in one answer.
MOST = 32
#: Seconds over which a rate is told.
SPAN = 10.0


def sources_query(campaign: str) -> Query:
    """Return the query of a campaign's logs, the daemon's among them."""
    return query("log.sources", Pace.SECOND, campaign=campaign or None)


def key_of(source: str) -> str:
    """Return the key of a log's row: a run's own id, so that keys act on the run."""
    return source if is_id(source) and source[0] == "r" else f"log:{source}"


def source_of(key: str) -> str:
    """Return the log that a key or a route means."""
    return key.removeprefix("log:")


def listed_sources(scene: Scene) -> list[Any]:
    """Return the logs as the daemon tells them."""
    reply = scene.view.answer(sources_query(scene.view.chosen)).reply
    return reply if isinstance(reply, list) else []


class SourcesPane(Table):
    """The logs; marks are those whose lines are shown together."""

    BINDINGS = bindings(Scope.LOG, Scope.SOURCES)
    SCOPES: ClassVar[tuple[Scope, ...]] = (Scope.LIST, Scope.SOURCES, Scope.LOG)
    EMPTY = "no log yet: `arctl start PATH`"
    BEAT = 1.0
    HINTS = "Enter only this  Space add"

    class Asked(Message):
        """Somebody pressed a key here that another pane of the page answers."""

        def __init__(self, pane: Pane, action: str) -> None:
            super().__init__()
            self.pane, self.action = pane, action

    def __init__(self, name: str) -> None:
        super().__init__(name)
        #: The logs that were chosen one by one; none for those of the route.
        self.picked: dict[str, None] = {}
        self._grown: dict[str, list[tuple[float, int]]] = {}

    # -- which logs are shown ----------------------------------------------------------------------------

    def shown(self, scene: Scene) -> tuple[str, ...]:
        """Return the logs whose lines are shown: picked ones, else what is open, else all that grow."""
        if self.picked:
            return tuple(self.picked)[:MOST]
        open_now = source_of(scene.route.id)
        if open_now and open_now != ALL:
            return (open_now,)
        live = [word(row, "id") for row in listed_sources(scene) if word(row, "state") == "running"]
        return tuple(dict.fromkeys([DAEMON, *filter(None, live)]))[:MOST]

    def single(self, scene: Scene) -> bool:
        """Tell whether one log is shown alone: such a one is gone back through as far as it goes."""
        if self.picked:
            return len(self.picked) == 1
        return source_of(scene.route.id) not in ("", ALL)

    def home(self, scene: Scene) -> str:
        """Return the row of what is open."""
        return key_of(source_of(scene.route.id) or ALL)

    def forget(self, scene: Scene) -> None:
        """What is open replaces what was picked."""
        self.picked.clear()
        self.opened()

    # -- rows --------------------------------------------------------------------------------------------

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the query of the logs."""
        return [sources_query(scene.view.chosen)]

    def depends(self, scene: Scene) -> tuple[object, ...]:
        """Return the logs and which are shown."""
        return (*(scene.view.answer(each).reply for each in self.wants(scene)), self.shown(scene))

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return a row for all that grow together, then one for each log."""
        found = listed_sources(scene)
        if not found:
            return []
        shown, single = self.shown(scene), len(self.shown(scene)) == 1
        live = sum(word(row, "state") == "running" for row in found)
        everything = not self.picked and source_of(scene.route.id) in ("", ALL)
        mark = scene.glyphs.here if everything else " "
        told = [Cell(f"{mark} ", 2, "accent"), Cell("all that grow", 0, "strong")]
        told.append(Cell(f"{live} merged", 10, "dim", right=True))
        rows = [Row(key_of(ALL), lay(told, width))]
        for data in found:
            here = word(data, "id") in shown and not everything
            sign = (scene.glyphs.here if single else "+") if here else " "
            rows.append(Row(key_of(word(data, "id")), self._line(data, scene, width, sign)))
        return rows

    def names(self, scene: Scene, width: int) -> Line:
        """Name the columns."""
        del scene
        cells = [Cell("", 2), Cell("log"), Cell("size", 6, right=True), Cell("B/s", 7, right=True)]
        return dim_names([*cells, Cell("age", 4, right=True)] if width >= 44 else cells, width)

    def _line(self, data: Any, scene: Scene, width: int, sign: str) -> Line:
        ident, state = word(data, "id"), word(data, "state")
        live = state == "running"
        tone: Tone = "" if live else "dim" if state in ("ended", "done", "ok", "finished") else "warn"
        name = "daemon" if ident == DAEMON else f"{ident:<5} {word(data, 'label')}"
        cells = [
            Cell(f"{sign} ", 2, "accent"),
            Cell(name, 0, "" if live else "dim"),
            Cell(size(whole(data, "bytes")), 6, right=True),
        ]
        rate = self._rate(ident, whole(data, "bytes"), scene.now) if live else None
        if live:
            cells.append(Cell(size(int(rate or 0)), 7, "accent" if rate else "dim", right=True))
        else:
            cells.append(Cell(state[:7], 7, tone, right=True))
        if width >= 44:
            updated = real(data, "updated")
            age = since(scene.now - updated) if updated is not None else ""
            cells.append(Cell(age, 4, "dim", right=True))
        return lay(cells, width)

    def _rate(self, ident: str, bytes_now: int, now: float) -> float | None:
        """Return bytes a second over the last seconds; None before two looks."""
        past = self._grown.setdefault(ident, [])
        if not past or past[-1][1] != bytes_now or now - past[-1][0] >= 1:
            past.append((now, bytes_now))
        while len(past) > 2 and now - past[0][0] > SPAN:
            past.pop(0)
        spent = past[-1][0] - past[0][0]
        return max(0.0, (past[-1][1] - past[0][1]) / spent) if spent > 0 else None

    # -- the frame ---------------------------------------------------------------------------------------

    def heading(self, scene: Scene) -> str:
        """Return the title."""
        found = listed_sources(scene)
        return f"Sources ({len(found)})" if found else "Sources"

    # -- keys --------------------------------------------------------------------------------------------

    def action_pick(self) -> None:
        """Add a log to those that are shown, or take it away."""
        source = source_of(self.key)
        if not source or source == ALL:
            self.picked.clear()
        elif source in self.picked:
            del self.picked[source]
        else:
            if not self.picked and source_of(self.scene.route.id) not in ("", ALL):
                self.picked[source_of(self.scene.route.id)] = None
            if len(self.picked) >= MOST:
                self.notify(f"{MOST} logs are the most that are followed at once", markup=False)
                return
            self.picked[source] = None
        self.action_down()
        self.post_message(self.Moved(self, self.key))

    def action_enter(self) -> None:
        """Show this log alone."""
        self.picked.clear()
        super().action_enter()

    def action_sources(self) -> None:
        """Go back to the lines."""
        self.post_message(self.Asked(self, "lines"))

    def action_follow(self) -> None:
        """Stay with what is new, or stand still."""
        self.post_message(self.Asked(self, "follow"))

    def action_times(self) -> None:
        """Show when lines came, or not."""
        self.post_message(self.Asked(self, "times"))

    def action_level(self) -> None:
        """Show only warnings and errors, or all lines again."""
        self.post_message(self.Asked(self, "level"))


def size(number: int) -> str:
    """Write how many bytes in at most five characters: 812, 4.1k, 37M."""
    value = float(number)
    for unit in ("", "k", "M", "G"):
        if value < 999.5 or unit == "G":
            return f"{value:.1f}{unit}" if unit and value < 10 else f"{value:.0f}{unit}"
        value /= 1000
    return ""
