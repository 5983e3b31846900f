"""The scene: all that a pane may look at when it lays out its lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from arctl.tui.data.route import Route
from arctl.tui.data.view import View
from arctl.tui.look.glyphs import BRAILLE, Glyphs
from arctl.tui.look.lines import Line, Row


@dataclass(frozen=True, slots=True)
class Scene:
    """What is known, what is open, the time (seconds since the epoch), and the glyphs to draw with."""

    view: View = field(default_factory=View)
    route: Route = field(default_factory=Route)
    now: float = 0.0
    glyphs: Glyphs = BRAILLE


class Listing(Sequence[Row]):
    """Rows that are laid out when they are looked at: a list of a hundred thousand costs what is seen of it.

    `keys` names the rows; `make` lays one out by its place.
    """

    def __init__(self, keys: Sequence[str], make: Callable[[int], Line]) -> None:
        self.keys = keys
        self._make = make
        self._made: dict[int, Row] = {}

    def __len__(self) -> int:
        return len(self.keys)

    def __getitem__(self, at):  # type: ignore[no-untyped-def]  # one row or several, as of any sequence
        if isinstance(at, slice):
            return [self[index] for index in range(*at.indices(len(self)))]
        if at < 0 or at >= len(self.keys):
            raise IndexError(at)
        found = self._made.get(at)
        if found is None:
            found = self._made[at] = Row(self.keys[at], self._make(at))
        return found


def place_of(rows: Sequence[Row], key: str) -> int | None:
    """Return where the row of a key is; None where there is none."""
    if isinstance(rows, Listing):
        try:
            return rows.keys.index(key)
        except ValueError:
            return None
    return next((at for at, row in enumerate(rows) if row.key == key), None)
