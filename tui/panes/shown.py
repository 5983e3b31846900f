"""What the panes of one experiment share: the query of it, and what keys act on in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arctl.tui.data.query import Query, query
from arctl.tui.data.reading import inner, listed, word
from arctl.tui.data.route import is_id
from arctl.tui.data.view import View
from arctl.tui.look.lines import Line, Tone, fit, plain, wrap
from arctl.tui.look.scene import Scene
from arctl.tui.widgets.kinds import TextPane


def show_query(ident: str) -> Query:
    """Return the query of an experiment in full."""
    return query("show", id=ident)


def shown(view: View, ident: str) -> Any:
    """Return what is known of an experiment; None before the first answer."""
    return view.answer(show_query(ident)).reply if ident else None


def champion_of(view: View, ident: str) -> str:
    """Return the champion of an experiment's campaign; "" where that is not known."""
    name = word(inner(shown(view, ident), "experiment"), "campaign") or view.thing(ident).campaign
    return next((row.champion for row in view.campaigns if row.id == name), "")


def runs_of(reply: Any) -> list[Any]:
    """Return the runs of an experiment that have begun, the oldest first."""
    return [run for run in listed(reply, "runs") if isinstance(run, dict) and run.get("started") is not None]


def labelled(label: str, text: str, width: int, tone: Tone = "", size: int = 12) -> list[Line]:
    """Write a text behind a label, broken into lines; nothing where it is empty."""
    if not text:
        return []
    found: list[Line] = []
    for at, line in enumerate(wrap(text, max(12, width - size - 1), most=60)):
        head = fit(" " + label, size) if not at else " " * size
        found.append(((head, "dim"), (plain(line), tone)))
    return found


class PartPane(TextPane):
    """A part of an experiment's page: where the cursor is on no id, keys act on the experiment."""

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the query of the experiment."""
        return [show_query(scene.route.id)] if scene.route.id else []

    def depends(self, scene: Scene) -> tuple[object, ...]:
        """Return what is known of the experiment."""
        return (*(scene.view.answer(each).reply for each in self.wants(scene)), self.wrapped)

    @property
    def acts_on(self) -> str:
        """Return what keys act on: a section or a line is no thing of its own."""
        return self.key if is_id(self.key) else self.subject(self.scene)
