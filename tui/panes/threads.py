"""The forum's threads: who began them, how many posts, what is new, and where a question waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arctl.tui.data.query import Query, query
from arctl.tui.data.reading import listed, real, whole, word, yes
from arctl.tui.data.route import is_id
from arctl.tui.data.times import since
from arctl.tui.keys.actions import Scope
from arctl.tui.keys.registry import bindings
from arctl.tui.look.lines import Cell, Line, Row, Tone, lay
from arctl.tui.look.scene import Scene
from arctl.tui.look.words import NO_CAMPAIGN
from arctl.tui.panes.tables import Table, dim_names

#: Threads that are listed, and posts that a search shows, at most.
MOST = 200
#: A text shorter than this is looked for among the threads alone.
SEARCHED = 3

#: Kinds of posts that stand out.
KINDS: dict[str, Tone] = {
    "objection": "bad",
    "question": "warn",
    "answer": "good",
    "directive": "accent",
    "report": "good",
    "decision": "second",
    "direction": "second",
}


def forum_query(campaign: str) -> Query:
    """Return the query of a campaign's threads."""
    return query("forum", campaign=campaign, limit=MOST)


def directives_query(campaign: str) -> Query:
    """Return the query of all directives, the ended ones as well."""
    return query("directives", campaign=campaign, all=True)


def thread_query(post: str) -> Query:
    """Return the query of the thread that a post belongs to."""
    return query("forum", thread=post)


class ThreadsPane(Table):
    """The threads of the chosen campaign, the newest first."""

    BINDINGS = bindings(Scope.FORUM)
    SCOPES = (Scope.LIST, Scope.FORUM)
    EMPTY = "nobody has said anything yet; a begins a thread"
    BEAT = 5.0

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._questions = False
        #: Up to when each thread was read (seconds since the epoch), and since when threads count as new.
        self._read: dict[str, float] = {}
        self._since: float | None = None

    # -- what is known -----------------------------------------------------------------------------------

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the queries of the threads, of what is open, and of a search."""
        campaign = scene.view.chosen
        if not campaign:
            return []
        found = [forum_query(campaign)]
        if (search := self._search(campaign)) is not None:
            found.append(search)
        if scene.route.id[:1] == "i":
            found.append(directives_query(campaign))
        if post := self._post(scene):
            found.append(thread_query(post))
        return found

    def _search(self, campaign: str) -> Query | None:
        text = self.filter.strip()
        if len(text) < SEARCHED or text.startswith("!"):
            return None
        return query("forum", campaign=campaign, search=text, limit=50)

    def _post(self, scene: Scene) -> str:
        """Return the post that is open; of a directive the one that began its thread."""
        ident = scene.route.id
        if ident[:1] == "i" and is_id(ident):
            found = scene.view.answer(directives_query(scene.view.chosen)).reply
            rows = listed(found, "directives")
            unknown = ident if found is not None else ""  # never another thread in its stead
            return next((word(row, "thread") for row in rows if word(row, "id") == ident), unknown)
        return ident if ident[:1] == "m" and is_id(ident) else ""

    def home(self, scene: Scene) -> str:
        """Return the thread of what is open."""
        post = self._post(scene)
        if not post:
            return ""
        return word(scene.view.answer(thread_query(post)).reply, "thread") or post

    def depends(self, scene: Scene) -> tuple[object, ...]:
        """Return the answers, and what was read."""
        replies = tuple(scene.view.answer(each).reply for each in self.wants(scene))
        return (*replies, len(replies), self.chosen(scene), self._questions, tuple(self._read.items()))

    # -- rows --------------------------------------------------------------------------------------------

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return a row for each thread, the newest post on top, then posts that a search found."""
        threads = listed(scene.view.answer(forum_query(scene.view.chosen)).reply, "threads")[::-1]
        if self._since is None and threads:
            self._since = max(real(row, "latest") or 0.0 for row in threads)
        shown = [row for row in threads if yes(row, "open") or not self._questions]
        rows = super()._filtered([Row(word(row, "thread"), self._line(row, scene, width)) for row in shown])
        return [*rows, *self._found(scene, width, {row.key for row in rows})]

    def names(self, scene: Scene, width: int) -> Line:
        """Name the columns."""
        del scene
        cells = [Cell("", 3), Cell("", 5), Cell("thread"), Cell("by", 8)]
        cells += [Cell("n", 3, right=True), Cell("last", 4, right=True)]
        if width >= 70:
            cells.insert(2, Cell("kind", 9))
        return dim_names(cells, width)

    def _filtered(self, found: Sequence[Row]) -> Sequence[Row]:
        return found

    def _line(self, data: Any, scene: Scene, width: int) -> Line:
        sign, tone = self._sign(data, scene)
        kind = word(data, "kind")
        ago = since(scene.now - (real(data, "latest") or scene.now))
        cells = [
            Cell(self.sign(scene, word(data, "thread")) + sign, 3, tone),
            Cell(word(data, "thread"), 5, "dim"),
            Cell(word(data, "text"), 0, "strong" if self.unread(data) else ""),
            Cell(word(data, "author"), 8, "accent"),
            Cell(str(whole(data, "posts")), 3, right=True),
            Cell(ago, 4, "dim", right=True),
        ]
        if width >= 70:
            cells.insert(2, Cell(kind, 9, KINDS.get(kind, "dim")))
        return lay(cells, width)

    def _sign(self, data: Any, scene: Scene) -> tuple[str, Tone]:
        if yes(data, "open"):
            return "!", "warn"
        return ("*", "accent") if self.unread(data) else (" ", "")

    def unread(self, data: Any) -> bool:
        """Tell whether a thread has something that came since it was read."""
        until = self._read.get(word(data, "thread"), self._since)
        return until is not None and (real(data, "latest") or 0.0) > until

    def _found(self, scene: Scene, width: int, known: set[str]) -> list[Row]:
        """Return the posts that a search found beyond the threads that begin with the text."""
        search = self._search(scene.view.chosen)
        posts = listed(scene.view.answer(search).reply, "posts") if search is not None else []
        found = []
        for post in posts:
            ident = word(post, "id")
            if not ident or ident in known or self._questions:
                continue
            cells = [
                Cell(self.sign(scene, ident) + scene.glyphs.arrow[:1], 3, "dim"),
                Cell(ident, 5, "dim"),
                Cell(word(post, "text")),
                Cell(word(post, "author"), 8, "accent"),
                Cell(since(scene.now - (real(post, "created") or scene.now)), 8, "dim", right=True),
            ]
            found.append(Row(ident, lay(cells, width)))
        return found

    # -- the frame ---------------------------------------------------------------------------------------

    def heading(self, scene: Scene) -> str:
        """Return the title: how many there are, how many wait, how many are new."""
        reply = scene.view.answer(forum_query(scene.view.chosen)).reply
        threads = listed(reply, "threads")
        total, waiting = whole(reply, "total"), sum(yes(row, "open") for row in threads)
        new = sum(self.unread(row) for row in threads)
        title = (
            f"Threads ({total})" if total <= len(threads) else f"Threads (newest {len(threads)} of {total})"
        )
        if waiting:
            title += f"  {waiting} wait{'s' if waiting == 1 else ''} for you"
        if new:
            title += f"  {new} new"
        return f"{title}  only questions" if self._questions else title

    def hints(self, scene: Scene) -> str:
        """Name the keys."""
        del scene
        return f"Enter open  u unread  ! {'all' if self._questions else 'questions'}  / search"

    def empty(self, scene: Scene) -> str:
        """Say what is missing."""
        if self._questions:
            return "no question waits for you; ! shows all threads"
        return self.EMPTY if scene.view.chosen else NO_CAMPAIGN

    # -- keys --------------------------------------------------------------------------------------------

    def read(self, thread: str) -> None:
        """Remember that a thread was read up to what is known of it now."""
        reply = self.scene.view.answer(forum_query(self.scene.view.chosen)).reply
        for row in listed(reply, "threads"):
            if word(row, "thread") == thread:
                self._read[thread] = real(row, "latest") or 0.0

    def move(self, to: int) -> None:
        """Put the cursor on a thread: it is shown beside, so it is read."""
        super().move(to)
        self.read(self.key)
        self.lay_out()

    def action_enter(self) -> None:
        """Open the thread."""
        self.read(self.key)
        super().action_enter()

    def action_questions(self) -> None:
        """Show only threads in which a question waits, or all again."""
        self._questions = not self._questions
        self.opened()
        self.lay_out(anew=True)

    def action_unread(self) -> None:
        """Go to the next thread with something new."""
        reply = self.scene.view.answer(forum_query(self.scene.view.chosen)).reply
        new = {word(row, "thread") for row in listed(reply, "threads") if self.unread(row)}
        many = len(self._rows)
        for step in range(1, many + 1):
            at = (self._at + step) % many
            if self._rows[at].key in new:
                self.move(at)
                return
        self.notify("nothing new since you looked", markup=False)
