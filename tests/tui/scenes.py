"""Scenes for tests of panes: a view with replies in it, as they come from the daemon, and hostile texts."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len

from arctl.tui.data import view as views
from arctl.tui.data.query import Answer, Query
from arctl.tui.data.route import Route, Screen
from arctl.tui.data.view import Link, Phase, View
from arctl.tui.look.glyphs import SETS
from arctl.tui.look.lines import Row, plain
from arctl.tui.look.scene import Scene

NOW = 1_795_281_000.0
WIDTHS = (78, 58, 38, 118)
EVIL = "\x1b[2J\x1b]0;x\x07[red]\u202e\u200b\x00日本 e\u0301\u0301" + "w" * 10_000
RAW = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


def scene(replies: dict[Query, Any], screen: Screen, ident: str = "", glyphs: str = "braille") -> Scene:
    """Return a scene of a campaign in which the daemon has answered these queries."""
    view = View(Link(Phase.LIVE), host="ws-01", chosen="bowl")
    answers = {asked: Answer(reply, at=1.0) for asked, reply in replies.items()}
    return Scene(views.with_answers(view, answers), Route(screen, ident), NOW, SETS[glyphs])


def texts(rows: Sequence[Row]) -> list[str]:
    """Return rows as text, without blanks at their ends."""
    return [plain(row.line).rstrip() for row in rows]


def hostile(reply: Any, keep: Sequence[str] = ()) -> Any:
    """Return a reply with a hostile text in place of every text but those that are ids or keywords."""
    if isinstance(reply, dict):
        return {key: value if key in keep else hostile(value, keep) for key, value in reply.items()}
    if isinstance(reply, list):
        return [hostile(value, keep) for value in reply]
    return EVIL if isinstance(reply, str) else copy.copy(reply)


def assert_harmless(rows: Sequence[Row], width: int) -> None:
    """Fail where a row is not exactly as wide as the pane, or has anything raw in it."""
    assert rows
    for row in rows:
        text = plain(row.line)
        assert cell_len(text) == width, f"{cell_len(text)} cells: {text[:200]!r}"
        assert not RAW.search(text), f"raw: {text[:200]!r}"
        assert len(text) < 20 * width
