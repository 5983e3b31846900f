"""Log lines: what one log or several say, followed or gone back through, searched, and by how loud it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len

from arctl.tui.data.query import Query
from arctl.tui.data.reading import real, whole, word, yes
from arctl.tui.data.times import wall
from arctl.tui.keys.actions import Scope
from arctl.tui.keys.registry import bindings
from arctl.tui.look.lines import Line, Row, Span, Tone, fit, padded, wrap
from arctl.tui.look.scene import Listing, Scene, place_of
from arctl.tui.panes.logbook import KEPT, Book, Entry, labels
from arctl.tui.panes.sources import DAEMON, SourcesPane, key_of, listed_sources, size
from arctl.tui.widgets.kinds import TextPane, marked

_LOUD: tuple[Tone, ...] = ("", "warn", "bad")
#: Rows from an end at which what lies beyond is fetched.
NEAR = 30


class LogPane(TextPane):
    """The lines of the logs that were chosen."""

    BINDINGS = bindings(Scope.LOG)
    SCOPES: ClassVar[tuple[Scope, ...]] = (Scope.LIST, Scope.TEXT, Scope.LOG)
    wrapped = False

    def __init__(self, name: str, sources: SourcesPane) -> None:
        super().__init__(name)
        self._sources = sources
        self._book = Book((), merged=True)
        self._following = True
        self._times = True
        self._loud = False
        self._shown: list[Entry] = []
        #: Cells for whose line it is.
        self._column = 12
        self._hunt: tuple[Query, int] | None = None
        #: Where the line begins to which a search goes, until that line is there.
        self._aim: int | None = None
        self._moved = True

    # -- what is asked -----------------------------------------------------------------------------------

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the queries of what is in sight: behind the last line, before the first, a search."""
        self._absorb(scene)
        book, seen = self._book, self.in_sight
        near = self._following or seen.stop >= len(self._rows) - NEAR or not book.total
        found = [book.tail()] if near else []
        full = self._loud and book.total >= KEPT
        if seen.start < NEAR and not full and (not self._following or book.total < NEAR * 4):
            found.append(book.back())
        if self._hunt is not None:
            found.append(self._hunt[0])
        return [each for each in found if each is not None]

    def _absorb(self, scene: Scene) -> None:
        """Take in what was answered since the last look."""
        view, sources = scene.view, self._sources
        shown, merged = sources.shown(scene), not sources.single(scene)
        if merged != self._book.merged or (not merged and shown != self._book.sources):
            self._book = Book(shown, merged=merged)
            self._following, self._hunt = True, None
        elif merged:
            self._book.follow(shown, picked=bool(sources.picked))
        book = self._book
        tail, back = book.tail(), book.back()
        if tail is not None and (reply := view.answer(tail).reply) is not None:
            book.take_tail(tail, reply)
            if self._following and book.more and not merged:
                book.go(None)  # it grows faster than it is read: on to its end
        if back is not None and (reply := view.answer(back).reply) is not None:
            book.take_back(back, reply)
        if self._hunt is not None and (reply := view.answer(self._hunt[0]).reply) is not None:
            self._found(reply)

    def _found(self, reply: object) -> None:
        """Go where a search ended, or on with it."""
        _, step = self._hunt or (None, 1)
        self._hunt = None
        if (offset := real(reply, "offset")) is not None:
            self._following = False
            self._aim = int(offset)
            self._book.go(self._aim)
        elif yes(reply, "more"):
            self._hunt = (self._book.find(self.filter, whole(reply, "at"), backward=step < 0), step)
        else:
            where = "above" if step < 0 else "below"
            self.notify(f"no line further {where} has {self.filter!r}", markup=False)

    def depends(self, scene: Scene) -> tuple[object, ...]:
        """Return the lines and how they are shown."""
        self._absorb(scene)
        told = scene.view.answer(self._sources.wants(scene)[0]).reply
        return (self._book, self._book.version, self._times, self._loud, self.wrapped, told)

    # -- rows --------------------------------------------------------------------------------------------

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return a row for each line, laid out when it is looked at; several where long lines are broken."""
        entries = [entry for entry in self._book.entries if entry.loud or not self._loud]
        named = labels(listed_sources(scene), self._book.sources) if self._book.merged else {}
        used = {named.get(entry.source, entry.source) for entry in entries[-KEPT // 10 :]}
        self._column = max(6, min(20, width // 4, max(map(cell_len, used), default=6)))
        if not self.wrapped:
            self._shown = entries
            keys = [f"line:{entry.number}" for entry in entries]
            return Listing(keys, lambda at: self._line(entries[at], named, width))
        rows: list[Row] = []
        self._shown = []
        for entry in entries:
            head = self._head(entry, named)
            taken = sum(cell_len(text) for text, _ in head)
            for at, piece in enumerate(wrap(entry.text, width - taken, _LOUD[entry.loud], most=40)):
                front = head if not at else ((" " * taken, ""),)
                key = f"line:{entry.number}" if not at else ""
                rows.append(Row(key, self._lit(padded((*front, *piece), width))))
                self._shown.append(entry)
        return rows

    def _line(self, entry: Entry, named: dict[str, str] | object, width: int) -> Line:
        head = self._head(entry, named)
        return self._lit(padded((*head, (entry.text, _LOUD[entry.loud])), width))

    def _lit(self, line: Line) -> Line:
        return marked(line, self.filter.lower()) if self.filter else line

    def _head(self, entry: Entry, named: object) -> tuple[Span, ...]:
        found: list[Span] = [(" ", "")]
        if self._times and (self._book.merged or self._book.sources == (DAEMON,)):
            found.append((fit(wall(entry.at), 9), "dim"))
        if self._book.merged and isinstance(named, dict):
            found.append((fit(named.get(entry.source, entry.source), self._column) + " ", "accent"))
        return tuple(found)

    def _filtered(self, found: Sequence[Row]) -> Sequence[Row]:
        return found

    def _take(self, found: Sequence[Row], width: int) -> None:
        self._moved = True
        before, gap = self._at, self._at - int(self.scroll_offset.y)
        super()._take(found, width)
        height = max(1, self.scrollable_content_region.height)
        number = None if self._aim is None else self._book.first_at(self._aim)
        at = None if number is None else place_of(found, f"line:{number}")
        if at is not None:
            self._at, self._aim, gap = at, None, height // 4
        elif self._following and found:
            self._at, gap = len(found) - 1, height - 1
        self._touch(before, self._at)
        # By force: where there was too little for a scrollbar before, there is none yet to scroll with.
        top = max(0, self._at - gap)
        if top != int(self.scroll_offset.y):
            self.scroll_to(y=top, force=True, animate=False, immediate=True)
            self.refresh()

    def on_mouse_scroll_up(self) -> None:
        """Stand still: somebody looks at what was before."""
        self._following = False

    def _nothing(self) -> str:
        return self.empty(self.scene) if self._book.total else super()._nothing()

    def forget(self, scene: Scene) -> None:
        """Begin at the end of what is open now."""
        super().forget(scene)
        self._following, self._moved = True, True

    # -- the frame ---------------------------------------------------------------------------------------

    def heading(self, scene: Scene) -> str:
        """Return the title: whose lines, how many, whether they are followed."""
        book = self._book
        if book.merged:
            what = f"{len(book.sources)} chosen" if self._sources.picked else "All that grow"
            said = f"{what}  {', '.join(book.sources[:6])}{' …' if len(book.sources) > 6 else ''}"
        else:
            rows = listed_sources(scene)
            data = next((row for row in rows if word(row, "id") in book.sources), None)
            label = word(data, "label") if word(data, "id") != DAEMON else ""
            said = f"Log {book.sources[0]} {label}".rstrip()
            if total := whole(data, "bytes") or book.size:
                said += f"  {size(total)}"
                if not self._following and self._rows:
                    seen = min(1.0, self.in_sight.stop / len(self._rows))
                    said += f"  at {100 * (book.start + (book.end - book.start) * seen) / total:.0f} %"
        if self._loud:
            said += "  only warnings and errors"
        if self._hunt is not None:
            said += "  searching …"
        ended = book.done and not book.merged
        return f"{said}  {'ended' if ended else 'following' if self._following else 'standing still'}"

    def hints(self, scene: Scene) -> str:
        """Name the keys."""
        del scene
        follow = "stand still" if self._following else "follow"
        return f"f {follow}  / search  ! {'all' if self._loud else 'level'}  w wrap  t time  S sources"

    def empty(self, scene: Scene) -> str:
        """Say why there is no line."""
        if self._loud and self._book.total:
            return f"no warning or error in these {self._book.total} lines; ! shows all"
        return "nothing was written yet" if self._book.sources else "no log is chosen: S chooses one"

    # -- moving ------------------------------------------------------------------------------------------

    def move(self, to: int) -> None:
        """Put the cursor on a line; at the very end it stays with what is new."""
        super().move(to)
        self._moved = True
        self._following = self._at >= len(self._rows) - 1 and not self._book.more

    def action_first(self) -> None:
        """Go to where the log begins."""
        self._following = False
        if not self._book.merged and self._book.start > 0:
            self._book.go(0)
            self._at = 0
            self.lay_out()
        self.move(0)
        # By force: of lines that have just come there is no scrollbar yet, and nothing to scroll with.
        self.scroll_to(y=0, force=True, animate=False, immediate=True)
        self._following = False
        self.post_message(self.Moved(self, self.key))

    def action_last(self) -> None:
        """Go to where the log ends, and stay there."""
        if not self._book.merged and self._book.more:
            self._book.go(None)
        self._following = True
        super().move(len(self._rows) - 1)
        self.post_message(self.Moved(self, self.key))

    def seek(self, step: int) -> None:
        """Go to the next line with what is searched for; the daemon looks through what is not in memory."""
        wanted, many = self.filter.lower(), len(self._shown)
        if not wanted:
            self.notify("nothing is searched for: / takes a text", markup=False)
            return
        at = self._at + step
        while 0 <= at < many:
            if wanted in self._shown[at].text.lower() and self._shown[at] is not self._shown[self._at]:
                self.move(at)
                self._following = False
                return
            at += step
        if self._book.merged:
            self.notify(
                "no further line in memory has it; Enter on one source searches all of it", markup=False
            )
        else:
            edge = self._book.start if step < 0 else self._book.end
            self._hunt = (self._book.find(self.filter, edge, backward=step < 0), step)
            self.post_message(self.Moved(self, self.key))

    # -- keys --------------------------------------------------------------------------------------------

    @property
    def acts_on(self) -> str:
        """Keys act on the run whose line is under the cursor."""
        source = self._shown[self._at].source if self._at < len(self._shown) else ""
        return key_of(source) if source[:1] == "r" else self.subject(self.scene)

    def action_enter(self) -> None:
        """Open the experiment that wrote the line."""
        run = self._shown[self._at].source if self._at < len(self._shown) else ""
        experiment = self.scene.view.thing(run).experiment
        if experiment:
            self.post_message(self.Entered(self, experiment))
        else:
            self.notify("no experiment wrote this line", markup=False)

    def action_follow(self) -> None:
        """Stay with what is new, or stand still."""
        if self._following:
            self._following = False
            self.lay_out()
        else:
            self.action_last()

    def action_times(self) -> None:
        """Show when lines came, or not."""
        self._times = not self._times
        if not self._book.merged and self._book.sources != (DAEMON,):
            self.notify("a run's log does not say when its lines came", markup=False)
        self.lay_out(anew=True)

    def action_level(self) -> None:
        """Show only warnings and errors, or all lines again."""
        self._loud = not self._loud
        self.lay_out(anew=True)

    def action_sources(self) -> None:
        """Go to the list of logs."""
        self.post_message(SourcesPane.Asked(self, "sources"))
