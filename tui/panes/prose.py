"""Texts with sections: headings, labelled facts, paragraphs and links, each line as wide as its pane."""

from __future__ import annotations

from collections.abc import Sequence

from arctl.tui.data.route import is_id
from arctl.tui.look.lines import Cell, Line, Row, Tone, edges, fit, lay, padded, wrap
from arctl.tui.look.scene import Scene
from arctl.tui.widgets.kinds import TextPane

#: Cells of a label in front of what it labels.
LABEL = 12


class Prose:
    """Rows of a text for a width, written one piece after another."""

    def __init__(self, width: int) -> None:
        self.width = width
        self.rows: list[Row] = []

    def section(self, title: str, aside: str = "") -> None:
        """Begin a section; `aside` stands at its right end."""
        if self.rows:
            self.gap()
        name = f"section:{title}"
        self.rows.append(Row(name, beside(((" " + title, "strong"),), aside + " ", self.width)))

    def gap(self) -> None:
        """Leave a line free."""
        self.rows.append(Row("", ((" " * self.width, ""),)))

    def fact(self, label: str, text: str, tone: Tone = "", key: str = "") -> None:
        """Write a fact behind its label, over several lines where it is long; nothing where there is none."""
        if not text:
            return
        room = LABEL if self.width >= 40 else 0
        pieces = wrap(text, max(8, self.width - room - 2), tone) if room else wrap(text, self.width - 2, tone)
        for at, piece in enumerate(pieces):
            head: Line = ((fit(f" {label}" if at == 0 else "", room + 1), "dim"),) if room else ((" ", ""),)
            self._add(key if at == 0 else "", (*head, *piece))

    def words(self, text: str, tone: Tone = "", indent: str = " ") -> None:
        """Write a paragraph."""
        for piece in wrap(text, max(8, self.width - 1), tone, indent):
            self._add("", piece)

    def cells(self, key: str, cells: Sequence[Cell]) -> None:
        """Write a line of cells that can be entered."""
        self.rows.append(Row(key if is_id(key) or ":" in key else "", lay(cells, self.width)))

    def line(self, line: Line, key: str = "") -> None:
        """Write a line as it is, cut or filled to the width."""
        self._add(key, line)

    def _add(self, key: str, line: Line) -> None:
        self.rows.append(Row(key, padded(line, self.width)))


def beside(left: Line, right: str, width: int) -> Line:
    """Put a line at the left edge and a few words at the right one, which get half of it at most."""
    words = right if len(right) <= width // 2 else fit(right, width // 2)
    return padded(edges(left, ((words, "dim"),), width), width)


class ProsePane(TextPane):
    """A text about what is open; keys act on the id under the cursor, else on what is open."""

    BEAT = 5.0

    def depends(self, scene: Scene) -> tuple[object, ...]:
        """Return the answers and the campaigns."""
        return (*(scene.view.answer(each).reply for each in self.wants(scene)), scene.view.campaigns)

    @property
    def acts_on(self) -> str:
        """Return the id under the cursor, else what is open: a heading is no thing to act on."""
        return self.key if is_id(self.key) else self.subject(self.scene)
