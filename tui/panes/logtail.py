"""The end of a run's log, followed while it runs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from arctl.tui.data.query import Pace, Query, query
from arctl.tui.data.reading import block, real, whole, word, yes
from arctl.tui.keys.actions import Scope
from arctl.tui.keys.registry import bindings
from arctl.tui.look.lines import Line, Row, Tone, fit, line, padded, wrap
from arctl.tui.look.scene import Scene
from arctl.tui.panes.shown import PartPane, runs_of, show_query, shown

#: Lines of a log that are kept in sight; the screen of logs has all of it.
LINES = 200
_TROUBLE = re.compile(
    r"\b(error|exception|traceback|warn(ing)?|fail(ed|ure)?|fatal|nan|oom|out of memory)\b", re.I
)


class LogTailPane(PartPane):
    """The newest lines of the newest run, or of another one."""

    BINDINGS = bindings(Scope.LOG)
    SCOPES = (Scope.LIST, Scope.TEXT, Scope.LOG)
    wrapped = False
    HINTS = "f follow  S run  / search  w wrap  Enter whole log"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._follow = True
        self._turn = 0
        self._only_trouble = False

    def forget(self, scene: Scene) -> None:
        """Follow the newest run."""
        super().forget(scene)
        self._follow, self._turn = True, 0

    def run(self, scene: Scene) -> Any:
        """Return the run whose log is shown; None where none has begun."""
        runs = runs_of(shown(scene.view, scene.route.id))
        return runs[-1 - self._turn % len(runs)] if runs else None

    def logs_query(self, scene: Scene) -> Query | None:
        """Return the query of the log's end; it grows while the run does, and somebody follows it."""
        run = self.run(scene)
        if run is None:
            return None
        going = word(run, "state") != "ended" and self._follow
        pace = Pace.SECOND if going else Pace.ONCE
        return query("logs", pace, id=word(run, "id"), before=-1, lines=LINES)

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the query of the log."""
        if not scene.route.id:
            return []
        asked = self.logs_query(scene)
        return [show_query(scene.route.id), *([asked] if asked is not None else [])]

    def depends(self, scene: Scene) -> tuple[object, ...]:
        """Return the log and how it is shown."""
        asked = self.logs_query(scene)
        reply = scene.view.answer(asked).reply if asked is not None else None
        return (reply, self.wrapped, self._only_trouble, self._follow)

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return the lines; what looks like trouble stands out."""
        asked = self.logs_query(scene)
        reply = scene.view.answer(asked).reply if asked is not None else None
        at, found = whole(reply, "start"), []
        for raw in block(reply, "text").split("\n"):
            key, at = f"line:{at}", at + len(raw.encode()) + 1
            tone: Tone = "warn" if _TROUBLE.search(raw[:2000]) else ""
            if not raw or (self._only_trouble and not tone):
                continue
            lines: list[Line] = (
                wrap(raw, width - 1, tone, most=20) if self.wrapped else [line(fit(raw, width - 1), tone)]
            )
            found += [
                Row(key if not part else "", padded(((" ", ""), *each), width))
                for part, each in enumerate(lines)
            ]
        return found

    def _place(self, key: str) -> int:
        """Stay at the end while following, with the line otherwise."""
        last = max(0, len(self._rows) - 1)
        return last if self._follow else min(super()._place(key), last)

    def lay_out(self, *, anew: bool = False) -> None:
        """Lay out anew; the end stays in sight while it is followed."""
        super().lay_out(anew=anew)
        if self._follow and self.scroll_offset.y < self.max_scroll_y:
            self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True)

    def move(self, to: int) -> None:
        """Go to a line; away from the end nothing is followed any more."""
        self._follow = to >= len(self._rows) - 1
        super().move(to)
        self._moved = True

    def heading(self, scene: Scene) -> str:
        """Return the title: whose log, and whether it is followed."""
        run = self.run(scene)
        if run is None:
            return "Log"
        asked = self.logs_query(scene)
        reply = scene.view.answer(asked).reply if asked is not None else None
        size = real(reply, "size")
        told = f"Log  {word(run, 'id')}" + (f" {_size(size)}" if size else "")
        if yes(reply, "done"):
            told += " ended"
        else:
            told += " follow ON" if self._follow else " follow off"
        return told + ("  warnings and errors" if self._only_trouble else "")

    def empty(self, scene: Scene) -> str:
        """Say why there is none."""
        if self.run(scene) is None:
            return "no run has begun yet"
        return "no warning and no error in its last lines" if self._only_trouble else "it has printed nothing"

    def action_follow(self) -> None:
        """Stay with what is new, or stand still."""
        self._follow = not self._follow
        if self._follow:
            self.move(len(self._rows) - 1)
        self.lay_out(anew=True)
        self.post_message(self.Moved(self, self.key))

    def action_times(self) -> None:
        """Say where the times are."""
        self.notify("a run's log has only the times that it printed itself; 7 shows all logs", markup=False)

    def action_sources(self) -> None:
        """Show the log of the run before."""
        self._turn += 1
        run = self.run(self.scene)
        if run is None or len(runs_of(shown(self.scene.view, self.scene.route.id))) < 2:
            self.notify("it has no other run", markup=False)
        self._follow = True
        self.post_message(self.Moved(self, self.key))
        self.lay_out(anew=True)

    def action_level(self) -> None:
        """Show only lines that look like trouble, or all."""
        self._only_trouble = not self._only_trouble
        self.lay_out(anew=True)

    def action_enter(self) -> None:
        """Open the whole log."""
        run = self.run(self.scene)
        if run is not None:
            self.post_message(self.Entered(self, word(run, "id")))


def _size(size: float) -> str:
    return (
        f"{size:.0f} B"
        if size < 1024
        else f"{size / 1024:.0f} KiB"
        if size < 2**20
        else f"{size / 2**20:.1f} MiB"
    )
