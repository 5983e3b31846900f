"""Critiques: what others said of an idea before it ran, and what it was near to."""

from __future__ import annotations

from collections.abc import Sequence

from arctl.format import word as written
from arctl.tui.data.reading import inner, listed, real, word, words
from arctl.tui.data.times import wall
from arctl.tui.look.lines import Cell, Line, Row, edges, lay, padded, wrap
from arctl.tui.look.scene import Scene
from arctl.tui.look.words import stance
from arctl.tui.panes.shown import PartPane, shown


class CritiquesPane(PartPane):
    """The thread before compute was spent."""

    HINTS = "{ } next  Enter link"

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return who said what, in their order, then what is near to it."""
        company = inner(shown(scene.view, scene.route.id), "company")
        found: list[Row] = []
        for item in listed(company, "critiques"):
            glyph, tone = stance(word(item, "stance"), scene.glyphs)
            left: Line = (
                (f" {glyph} ", tone),
                (word(item, "author"), "strong"),
                (f" {written(word(item, 'stance'))}", tone),
            )
            right: Line = ((wall(real(item, "created"), "%H:%M "), "dim"),)
            found.append(Row("section:" + word(item, "id"), padded(edges(left, right, width), width)))
            lines = wrap(word(item, "reason"), width - 1, indent="   ", most=40)
            if lifted := word(item, "lifted"):
                lines += wrap(f"lifted: {lifted}", width - 1, "good", indent="   ", most=10)
            found += [Row("", padded(line, width)) for line in lines]
            found += [Row(link, lay([Cell(f"   {scene.glyphs.arrow} {link}", 0, "accent")], width))
                      for link in words(item, "links")[:8]]  # fmt: skip
        near = listed(company, "near")
        if near:
            found.append(Row("section:near", lay([Cell(" near to it", 0, "dim")], width)))
        for item in near:
            parts = [Cell("   " + word(item, "id"), 9, "accent"), Cell(word(item, "title")),
                     Cell(written(word(item, "state")), 10, "dim")]  # fmt: skip
            found.append(Row(word(item, "id"), lay(parts, width)))
        return found

    def heading(self, scene: Scene) -> str:
        """Return the title: how many said what."""
        said = [
            word(item, "stance")
            for item in listed(inner(shown(scene.view, scene.route.id), "company"), "critiques")
        ]
        told = ", ".join(f"{said.count(name)} {written(name)}" for name in dict.fromkeys(said))
        return f"Critique  {told}" if told else "Critique"

    def empty(self, scene: Scene) -> str:
        """Say why there is none."""
        reply = shown(scene.view, scene.route.id)
        if reply is not None and not inner(reply, "proposal"):
            return "the baseline is nobody's idea"
        return "nobody has said anything about the idea"
