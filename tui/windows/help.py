"""The help: every key from the registry, those that work here first, then commands and glyphs."""

from __future__ import annotations

from collections.abc import Sequence

from arctl.format import wrapped
from arctl.tui.acting.commands import COMMANDS
from arctl.tui.keys.actions import Scope, written
from arctl.tui.keys.registry import of
from arctl.tui.look.glyphs import Glyphs
from arctl.tui.look.lines import Line, fit
from arctl.tui.look.words import legend
from arctl.tui.windows.window import Reading


class Help(Reading):
    """Every key, every command, and the glyphs."""

    def __init__(self, here: Sequence[Scope], glyphs: Glyphs) -> None:
        super().__init__("Keys and commands")
        self._here = tuple(here)
        self._glyphs = glyphs

    def lines(self, width: int) -> list[Line]:
        """Return the actions by where they work, then the commands, then the glyphs."""
        return [*help_lines(width, self._here), *legend_lines(width, self._glyphs)]


def help_lines(width: int, here: Sequence[Scope]) -> list[Line]:
    """Lay out the registry as help: first what works where one is, each scope once."""
    lines: list[Line] = []
    order = dict.fromkeys([*here, *Scope])
    for scope in order:
        title = f"{scope.value}{'  (here)' if scope in here else ''}"
        lines += [(), ((title, "strong"),)]
        for action in of(scope):
            keys = " ".join(map(written, action.keys))
            for index, text in enumerate(wrapped(action.help, max(20, width - 14))):
                lines.append(((f" {fit('' if index else keys, 12)} ", "accent"), (text, "")))
    lines += [(), (("commands, after :", "strong"),)]
    for command in COMMANDS:
        for index, text in enumerate(wrapped(f"{command.usage}", max(20, width - 4))):
            lines.append((((" " if index == 0 else "    ") + text, "accent"),))
        lines.append(((f"    {command.help}", "dim"),))
    return lines[1:]


def legend_lines(width: int, glyphs: Glyphs) -> list[Line]:
    """Lay out what the glyphs say."""
    lines: list[Line] = [(), (("glyphs", "strong"),)]
    for glyph, meaning in legend(glyphs):
        for index, text in enumerate(wrapped(meaning, max(20, width - 10))):
            lines.append(((f" {fit('' if index else glyph, 8)} ", "accent"), (text, "")))
    return lines
