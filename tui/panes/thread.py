"""One thread of the forum: its posts as a tree, what they speak of as links, and how its directive stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.cells import cell_len

from arctl.tui.data.query import Query
from arctl.tui.data.reading import block, listed, real, word, words, yes
from arctl.tui.data.route import is_id
from arctl.tui.keys.actions import Scope
from arctl.tui.keys.registry import bindings
from arctl.tui.look.lines import Cell, Line, Row, Span, Tone, lay, padded, wrap
from arctl.tui.look.scene import Scene
from arctl.tui.look.words import DIRECTIVES, better, effect, verdict
from arctl.tui.panes.tables import moment
from arctl.tui.panes.threads import KINDS, ThreadsPane, directives_query, forum_query, thread_query
from arctl.tui.widgets.kinds import TextPane

#: Cells that a reply is set in, and how deep replies are told apart.
STEP, DEEPEST = 2, 6
#: Lines of one post at most.
LONGEST = 400


class ThreadPane(TextPane):
    """The posts of the thread under the list's cursor."""

    BINDINGS = bindings(Scope.FORUM)
    SCOPES = (Scope.LIST, Scope.TEXT, Scope.FORUM)
    EMPTY = "choose a thread in the list; a begins one"
    HINTS = "r reply  Enter follow link  { } post  w wrap"

    def __init__(self, name: str, threads: ThreadsPane) -> None:
        super().__init__(name)
        self._threads = threads
        self._shown = ""

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the query of the thread, and of the directives where it is about one."""
        thread = self._threads.chosen(scene)
        if not thread:
            return []
        found = [thread_query(thread)]
        return [*found, directives_query(scene.view.chosen)] if self._directs(scene, thread) else found

    def _directs(self, scene: Scene, thread: str) -> bool:
        posts = listed(scene.view.answer(thread_query(thread)).reply, "posts")
        return any(word(post, "kind") == "directive" for post in posts)

    def depends(self, scene: Scene) -> tuple[object, ...]:
        """Return the thread and the directives, and what is known of the links in it."""
        thread = self._threads.chosen(scene)
        replies = [scene.view.answer(each).reply for each in self.wants(scene)]
        posts = listed(replies[0], "posts") if replies else []
        links = dict.fromkeys(link for post in posts for link in words(post, "links"))
        return (thread, self.wrapped, len(replies), *replies, tuple(map(scene.view.things.get, links)))

    def show(self, scene: Scene) -> None:
        """Show a scene; another thread begins at its top."""
        thread = self._threads.chosen(scene)
        if thread != self._shown:
            self._shown = thread
            kept = self.filter
            self.forget(scene)
            self.filter = kept
        super().show(scene)

    # -- rows --------------------------------------------------------------------------------------------

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return the directive that it is about, then the posts, replies set in below what they answer."""
        thread = self._threads.chosen(scene)
        posts = listed(scene.view.answer(thread_query(thread)).reply, "posts") if thread else []
        found: list[Row] = []
        for data in listed(scene.view.answer(directives_query(scene.view.chosen)).reply, "directives"):
            if posts and word(data, "thread") == thread:
                found += directive_rows(data, scene, width)
        for depth, post in _tree(posts):
            if found:
                found.append(Row("", padded((), width)))
            found += self._post(post, depth, scene, width)
        return found

    def _post(self, post: Any, depth: int, scene: Scene, width: int) -> list[Row]:
        ident, kind = word(post, "id"), word(post, "kind")
        indent = " " * (1 + STEP * min(depth, DEEPEST if width >= 60 else 2))
        tone: Tone = KINDS.get(kind, "dim")
        head: list[Span] = [
            (indent, ""),
            (word(post, "author"), "accent"),
            (f"  {moment(real(post, 'created'), scene.now)}  ", "dim"),
            (ident, "dim"),
        ]
        if kind not in ("", "note"):
            head.append((f"  {kind}", tone))
        if yes(post, "open"):
            head.append((f"  {scene.glyphs.question} waits for an answer: r replies", "warn"))
        found = [Row(ident, padded(tuple(head), width))]
        inner, text = indent + "  ", block(post, "text")
        if self.wrapped:
            lines = wrap(text, width - 1, indent=inner, most=LONGEST)
        else:
            lines = [((inner + piece, ""),) for piece in text.splitlines()[:LONGEST]]
        found += [Row("", padded(each, width)) for each in lines]
        found += [Row(link, link_line(link, scene, width, inner)) for link in words(post, "links")]
        return found

    # -- the frame ---------------------------------------------------------------------------------------

    def heading(self, scene: Scene) -> str:
        """Return the title: which thread, and by whom."""
        thread = self._threads.chosen(scene)
        posts = listed(scene.view.answer(thread_query(thread)).reply, "posts") if thread else []
        if not posts:
            return f"Thread {thread}".rstrip()
        authors = list(dict.fromkeys(word(post, "author") for post in posts))
        told = ", ".join(authors[:4]) + (" …" if len(authors) > 4 else "")
        return f"Thread {thread}  {told}"

    def empty(self, scene: Scene) -> str:
        """Say what is missing."""
        reply = scene.view.answer(forum_query(scene.view.chosen)).reply
        return self.EMPTY if listed(reply, "threads") else "posts, replies, and how directives stand"

    def subject(self, scene: Scene) -> str:
        """Keys on a line of a post act on the post."""
        for at in range(min(self._at, len(self._rows) - 1), -1, -1):
            if self._rows[at].key[:1] == "m":
                return self._rows[at].key
        return self._threads.chosen(scene) or super().subject(scene)

    # -- keys --------------------------------------------------------------------------------------------

    def action_enter(self) -> None:
        """Follow the link under the cursor."""
        if self.key and self.key[:1] != "m":
            super().action_enter()
        else:
            self.notify("this line is no link; r replies to the post", markup=False)

    def action_section(self, step: int) -> None:
        """Go to the next post in one direction."""
        at = self._at + step
        while 0 <= at < len(self._rows):
            if self._rows[at].key[:1] == "m":
                self.move(at)
                return
            at += step

    def action_questions(self) -> None:
        """Leave out of the list what does not wait for a person."""
        self._threads.action_questions()

    def action_unread(self) -> None:
        """Go on to the next thread with something new."""
        self._threads.action_unread()


def link_line(ident: str, scene: Scene, width: int, indent: str = " ") -> Line:
    """Lay out a link: its id, what it is, and what is known of it."""
    thing = scene.view.thing(ident)
    told, tone = verdict(thing.verdict) if thing.verdict else (thing.state, "dim")
    if not is_id(ident):
        return padded(((f"{indent}{scene.glyphs.arrow} {ident}", "dim"),), width)
    head = f"{indent}{scene.glyphs.arrow} {ident}"
    cells = [Cell(head, max(cell_len(indent) + 8, cell_len(head)), "accent")]
    if thing.kind:
        cells.append(Cell(thing.kind, 10, "dim"))
    cells.append(Cell(thing.title or "", 0))
    if told and width >= 44:
        cells.append(Cell(told, 12, tone))
    return lay(cells, width)


def evidence_line(ident: str, gain: float | None, scene: Scene, width: int) -> Line:
    """Lay out an experiment as evidence: its verdict, its effect, its title."""
    thing = scene.view.thing(ident)
    told, tone = verdict(thing.verdict) if thing.verdict else (thing.state, "dim")
    return lay(
        [
            Cell(f" {scene.glyphs.arrow} {ident}", 10, "accent"),
            Cell(told, 12, tone),
            Cell(effect(gain), 8, better(gain), right=True),
            Cell(f" {thing.title}"),
        ],
        width,
    )


def directive_rows(data: Any, scene: Scene, width: int) -> list[Row]:
    """Return how a directive stands: issued, acknowledged, done, its plan, what it set aside, its report."""
    ident, state = word(data, "id"), word(data, "state")
    target = scene.view.thing(word(data, "target"))
    named = f"{word(data, 'target')} {target.title}".strip()
    title = padded(((f" {ident} for {named}", "strong"), (f"  {state}", DIRECTIVES.get(state, ""))), width)
    found = [Row(ident, title)]
    spans: list[Span] = []
    for told, at, by in (
        ("issued", real(data, "created"), word(data, "author")),
        ("acknowledged", real(data, "acknowledged"), word(data, "by")),
        ("withdrawn" if state == "withdrawn" else "done", real(data, "ended"), ""),
    ):
        sign = scene.glyphs.good if at else scene.glyphs.queued
        who = f" {by}" if at and by else ""
        spans += [(f"  {sign} {told}", "good" if at else "dim"), (who, "")]
        spans.append((f" {moment(at, scene.now)}" if at else "", "dim"))
    found.append(Row("", padded(tuple(spans), width)))
    for label in ("plan", "report"):
        if text := block(data, label):
            lines = wrap(f"{label}: {text}", width - 1, indent="  ", most=40)
            found += [Row("", padded(each, width)) for each in lines]
    parked = words(data, "parked")
    if parked:
        found.append(Row("", padded(((f"  set aside by it: {len(parked)} queued", "warn"),), width)))
        found += [Row(each, link_line(each, scene, width, "  ")) for each in parked[:20]]
    return found


def _tree(posts: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    """Yield posts with their depth: each below what it answers, in the order in which they came."""
    known = {word(post, "id") for post in posts}
    below: dict[str, list[Any]] = {}
    for post in posts:
        parent = word(post, "parent")
        below.setdefault(parent if parent in known and parent != word(post, "id") else "", []).append(post)
    left = [(0, post) for post in reversed(below.pop("", []))]
    while left:
        depth, post = left.pop()
        yield depth, post
        left += [(depth + 1, reply) for reply in reversed(below.pop(word(post, "id"), []))]
    # Replies in a circle hang on nothing: they are shown all the same.
    for rest in below.values():
        for post in rest:
            yield 1, post
