"""The configuration: every parameter of an experiment beside its base's and the champion's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arctl.format import NA, number
from arctl.text import clean
from arctl.tui.data.query import Query
from arctl.tui.data.reading import inner, word
from arctl.tui.look.lines import Cell, Row, Tone, lay
from arctl.tui.look.scene import Scene
from arctl.tui.panes.shown import PartPane, champion_of, show_query, shown


def value_of(value: Any) -> str:
    """Write a parameter's value."""
    if value is None:
        return NA
    if isinstance(value, float):
        return number(value, 6)
    return clean(str(value)[:200])


class ConfigPane(PartPane):
    """Parameters: value, base's value, champion's value; what differs comes first and is marked."""

    HEAD = 1

    def others(self, scene: Scene) -> list[tuple[str, str]]:
        """Return what stands beside it: a name and an id."""
        ident = scene.route.id
        base, best = word(inner(shown(scene.view, ident), "base"), "id"), champion_of(scene.view, ident)
        found = [("base", base)] if base else []
        return [*found, ("champion", best)] if best and best not in (ident, base) else found

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the queries of the experiment and of those beside it."""
        if not scene.route.id:
            return []
        return [show_query(scene.route.id), *(show_query(ident) for _, ident in self.others(scene))]

    def _tables(self, scene: Scene) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        own = inner(inner(shown(scene.view, scene.route.id), "experiment"), "params")
        beside = [
            inner(inner(shown(scene.view, ident), "experiment"), "params") for _, ident in self.others(scene)
        ]
        return own, beside

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return a row for each parameter."""
        own, beside = self._tables(scene)
        names = list(dict.fromkeys(name for table in (own, *beside) for name in table))
        apart = {
            name for name in names if any(table and table.get(name) != own.get(name) for table in beside)
        }
        found = []
        for name in sorted(names, key=lambda name: (name not in apart, name)):
            sign = scene.glyphs.here if name in apart else " "
            tone: Tone = "accent" if name in apart else ""
            texts = [
                value_of(own.get(name)),
                *(value_of(table.get(name)) if table else "…" for table in beside),
            ]
            parts = [Cell(f"{sign}{clean(name)}", 0, tone)]
            parts += [
                Cell(text, _room(width), tone if not at else "dim", right=True)
                for at, text in enumerate(texts)
            ]
            found.append(Row("", lay(parts, width)))
        return found

    def head(self, scene: Scene, width: int) -> Any:
        """Name the columns."""
        names = [scene.route.id, *(f"{name.upper()} {ident}" for name, ident in self.others(scene))]
        parts = [
            Cell(" PARAMETER", 0, "dim"),
            *(Cell(name, _room(width), "dim", right=True) for name in names),
        ]
        return lay(parts, width)

    def height_wanted(self, scene: Scene) -> int:
        """Return how many lines it would like to have."""
        del scene
        return self.HEAD + max(1, len(self._rows))

    def heading(self, scene: Scene) -> str:
        """Return the title: how much differs."""
        own, beside = self._tables(scene)
        known = [table for table in beside if table]
        if not own:
            return "Config"
        apart = sum(any(table.get(name) != value for table in known) for name, value in own.items())
        return f"Config  {apart} of {len(own)} differ" if known else f"Config  {len(own)} parameters"

    def empty(self, scene: Scene) -> str:
        """Say why there are none."""
        del scene
        return "this campaign names no parameters ([params.NAME] in arctl.toml does)"


def _room(width: int) -> int:
    return max(8, min(18, (width - 16) // 3))
