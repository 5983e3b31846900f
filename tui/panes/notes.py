"""Notes on an experiment: the words of the proposal, what was said of it later, and what happened to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arctl.format import word as written
from arctl.tui.data.reading import block, inner, listed, real, word, yes
from arctl.tui.data.times import wall
from arctl.tui.look.lines import Cell, Line, Row, lay, line, padded, wrap
from arctl.tui.look.scene import Scene
from arctl.tui.panes.shown import PartPane, labelled, shown

#: Lines of a post that are repeated.
POST_LINES = 12
_FIELDS = (
    ("hypothesis", "hypothesis"), ("expected", "expected"), ("if works", "if_works"),
    ("if fails", "if_fails"), ("source", "source"), ("differs", "difference"), ("cost", "cost"),
)  # fmt: skip


class NotesPane(PartPane):
    """Why it was tried, what was said of it, and its events."""

    HINTS = "{ } section  Enter open"

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return proposal, posts and events."""
        reply = shown(scene.view, scene.route.id)
        if not inner(reply, "experiment"):
            return []
        found = _idea(reply, width)
        posts = listed(inner(reply, "company"), "posts")
        if posts:
            found.append(Row("section:posts", lay([Cell(" what was said of it", 0, "dim")], width)))
        for post in posts:
            found += _post(post, width)
        events = listed(reply, "events")
        if events:
            found.append(Row("section:events", lay([Cell(" what happened", 0, "dim")], width)))
        for event in reversed(events):
            parts = [Cell(" " + wall(real(event, "at"), "%H:%M:%S"), 9, "dim"), Cell(word(event, "text"))]
            found.append(Row(word(event, "subject"), lay(parts, width)))
        return found

    def heading(self, scene: Scene) -> str:
        """Return the title: whose idea it was."""
        reply = shown(scene.view, scene.route.id)
        whose = word(inner(reply, "proposal"), "agent")
        posts = len(listed(inner(reply, "company"), "posts"))
        told = f"  by {whose}" if whose else ""
        return f"Notes{told}" + (f", {posts} post{'s' if posts != 1 else ''}" if posts else "")


def _idea(reply: Any, width: int) -> list[Row]:
    """Return the proposal's words, with links to whose it is."""
    proposal, company = inner(reply, "proposal"), inner(reply, "company")
    if not proposal:
        return []
    found = [Row("section:idea", lay([Cell(" the idea", 0, "dim")], width))]
    for label, name in _FIELDS:
        found += [Row("", padded(each, width)) for each in labelled(label, word(proposal, name), width)]
    whose = f"{word(proposal, 'id')} by {word(proposal, 'agent')} ({word(proposal, 'brain')})"
    found += _linked("proposed", whose, word(proposal, "id"), width)
    for label, name, text in (
        ("team", "team", "name"),
        ("direction", "direction", "title"),
        ("directive", "directive", "text"),
    ):
        thing = inner(company, name)
        if thing:
            found += _linked(label, f"{word(thing, 'id')} {word(thing, text)}", word(thing, "id"), width)
    if yes(proposal, "urgent"):
        found += [
            Row("", padded(each, width)) for each in labelled("urgent", "a person asked for it first", width)
        ]
    return found


def _linked(label: str, text: str, key: str, width: int) -> list[Row]:
    return [Row(key, padded(each, width)) for each in labelled(label, text, width)]


def _post(post: Any, width: int) -> list[Row]:
    ident = word(post, "id")
    head: Line = lay(
        [Cell(" " + wall(real(post, "created"), "%H:%M"), 6, "dim"), Cell(word(post, "author"), 12, "strong"),
         Cell(written(word(post, "kind")), 0, "dim")], width
    )  # fmt: skip
    body = wrap(block(post, "text"), width - 1, indent="   ", most=POST_LINES)
    return [Row(ident, head), *(Row("", padded(each or line(""), width)) for each in body)]
