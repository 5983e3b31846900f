"""What `arctl tree` draws and with which signs: what is built on what, and the way to the champion."""

from __future__ import annotations

from dataclasses import dataclass, field

from arctl.cli import common
from arctl.text import clean


@dataclass(frozen=True, slots=True)
class Glyphs:
    """What lines and verdicts are drawn with."""

    tee: str = "├─"
    corner: str = "╰─"
    bar: str = "│ "
    trunk: str = "│"
    champion: str = "★"
    accepted: str = "●"
    rejected: str = "✗"
    undecided: str = "~"
    broken: str = "!"
    going: str = "○"
    moved: str = "↻"
    same: str = "="
    none: str = "·"
    more: str = "…"
    ascii: bool = False

    def text(self, text: str, wide: int) -> str:
        """Return foreign text as it can be drawn, cut to a width."""
        if not self.ascii:
            return clean(text, wide)
        line = clean(text.replace("→", "->").replace("…", "..")).encode("ascii", "replace").decode()
        return line if len(line) <= wide else f"{line[: wide - 2]}.."


ASCII = Glyphs("|-", "`-", "| ", "|", "#", "+", "x", "~", "!", "o", ">", "=", ".", "..", ascii=True)


@dataclass(slots=True)
class Lineage:
    """The nodes of a campaign and what is built on each, in the order in which it was made."""

    found: common.Reply
    nodes: dict[str, common.Reply]
    children: dict[str, list[str]]
    path: list[str]
    forks: dict[str, list[str]] = field(default_factory=dict)
    #: How wide the column of the teams is; 0 where there are none.
    teams_wide: int = 0
    _sizes: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, found: common.Reply) -> Lineage:
        """Read a daemon's answer."""
        nodes = {row["id"]: row for row in found["nodes"]}
        children: dict[str, list[str]] = {ident: [] for ident in nodes}
        for row in found["nodes"]:
            if row["base"] in children:
                children[row["base"]].append(row["id"])
        lineage = cls(found, nodes, children, [ident for ident in found["path"] if ident in nodes])
        names = {clean(found["teams"].get(row["team"], "")) for row in found["nodes"]}
        lineage.teams_wide = min(10, max((len(name) for name in names), default=0))
        for fork in found["forks"]:
            if fork["alive"]:
                lineage.forks.setdefault(fork["base"], []).append(fork["id"])
        return lineage

    def below(self, ident: str) -> int:
        """Count what is built on a node, directly or not."""
        if not self._sizes:
            # Bases are older than what is built on them: from the newest on, each size is known in time.
            for row in reversed(self.found["nodes"]):
                own = row["id"]
                self._sizes[own] = sum(1 + self._sizes.get(child, 0) for child in self.children[own])
        return self._sizes.get(ident, 0)
