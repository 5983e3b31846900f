"""The lineage: what an experiment was built on, from the baseline on, and what was built on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arctl.tui.data.query import Query, query
from arctl.tui.data.reading import listed, real, whole, word, words, yes
from arctl.tui.look.lines import Cell, Line, Row, lay
from arctl.tui.look.scene import Scene
from arctl.tui.look.words import better, effect, mean, sign, standing
from arctl.tui.panes.shown import PartPane

#: How deep a row is set in at most: a long lineage stays in its columns.
DEEPEST = 6


def lineage_query(ident: str) -> Query:
    """Return the query of what lies around an experiment in the tree."""
    return query("tree", id=ident, around=True)


class LineagePane(PartPane):
    """Ancestors and children as a tree; the one that is open is marked."""

    HINTS = "Enter open"

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the query of the lineage."""
        return [lineage_query(scene.route.id)] if scene.route.id else []

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return a row for each ancestor, the experiment itself, and each child, the newest first."""
        reply = scene.view.answer(lineage_query(scene.route.id)).reply
        path = set(words(reply, "path"))
        nodes = [node for node in listed(reply, "nodes") if isinstance(node, dict)]
        ancestors = [node for node in nodes if word(node, "id") in path]
        children = [node for node in nodes if word(node, "id") not in path][::-1]
        champion = word(reply, "champion")
        found = []
        for depth, node in enumerate(ancestors):
            branch = scene.glyphs.tree[1] if depth else ""
            found.append(Row(word(node, "id"), node_line(node, branch, depth - 1, champion, scene, width)))
        for place, node in enumerate(children):
            last = place == len(children) - 1
            branch = scene.glyphs.tree[1 if last else 0]
            found.append(
                Row(word(node, "id"), node_line(node, branch, len(ancestors) - 1, champion, scene, width))
            )
        if (more := whole(reply, "children") - len(children)) > 0:
            found.append(
                Row("", lay([Cell(f"   … and {more} older ones: `arctl tree` shows all", 0, "dim")], width))
            )
        return found

    def resting(self, scene: Scene) -> str:
        """Rest on the experiment itself."""
        return scene.route.id

    def heading(self, scene: Scene) -> str:
        """Return the title: how far from the baseline, and how much was built on it."""
        reply = scene.view.answer(lineage_query(scene.route.id)).reply if scene.route.id else None
        if reply is None:
            return "Lineage"
        steps, children = len(words(reply, "path")) - 1, whole(reply, "children")
        return f"Lineage  {max(0, steps)} from the baseline, {children} built on it"


def node_line(node: Any, branch: str, depth: int, champion: str, scene: Scene, width: int) -> Line:
    """Lay out one experiment of the tree."""
    ident, verdict, state = word(node, "id"), word(node, "verdict"), word(node, "state")
    running = yes(node, "running")
    glyph, tone = sign(verdict, state, scene.glyphs, running=running, held=False)
    if ident == champion:
        glyph, tone = scene.glyphs.champion, "good"
    stands, how = standing(verdict, state, running=running, held=False)
    here = ident == scene.route.id
    indent = "  " * max(0, min(DEEPEST, depth))
    gain = real(node, "effect")
    cells = [Cell(scene.glyphs.here if here else " ", 1, "accent")]
    if branch:
        cells.append(Cell(f"{indent}{branch}", len(indent) + len(branch), "dim"))
    cells += [
        Cell(glyph, 1, tone),
        Cell(ident, max(4, len(ident)), "strong" if here else "accent"),
        Cell(word(node, "title"), 0, "strong" if here else ""),
        Cell(effect(gain) if gain is not None else "", 8, better(gain), right=True),
    ]
    if width >= 52:
        cells.append(Cell(mean(real(node, "mean")), 8, right=True))
    if width >= 66:
        cells.append(Cell(stands, 12, how))
    return lay(cells, width)
