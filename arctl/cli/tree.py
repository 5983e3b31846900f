"""`arctl tree`: what was built on what, the way to the champion as the trunk."""

from __future__ import annotations

import locale
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import click

from arctl.cli import common
from arctl.cli.lineage import ASCII, Glyphs, Lineage
from arctl.cli.look import width
from arctl.format import NA, count, number, signed, word
from arctl.text import clean

#: Leaves of one node that are drawn at most; the others are folded into a line.
SHOWN = 6
#: Levels of side branches that are drawn; what lies deeper has a page of its own.
DEPTH = 6

_BROKEN = ("crashed", "timed_out", "no_metric", "not_finite", "invalid", "lost", "out_of_scope", "conflict")
_COLOURS = {"accepted": "green", "rejected": None, "crashed": "red"}


@click.command()
@click.argument("ident", metavar="CAMPAIGN|EXPERIMENT", required=False)
@click.option("-a", "--all", "everything", is_flag=True, help="Fold nothing.")
@click.option(
    "--depth", type=click.IntRange(1, 40), default=DEPTH, show_default=True, help="Levels of side branches."
)
@click.option("--ascii", "plain", is_flag=True, help="ASCII characters only.")
@common.campaign_option
@common.json_option
def tree(
    ident: str | None, everything: bool, depth: int, plain: bool, campaign: str | None, as_json: bool
) -> None:
    """Draw the lineage: what was built on what, kept or not.

    The trunk leads from the baseline to the champion; under each of its steps hangs what was tried on it.
    Many leaves of one step are folded into a line; deep branches have a page of their own: give the
    experiment at which it begins.

    Example: arctl tree e12
    """
    found = fetch(ident, campaign)
    if as_json:
        common.document(found)
        return
    glyphs = ASCII if plain or not _can_draw() else Glyphs()
    lineage = Lineage.of(found)
    for line in drawn(lineage, glyphs, width(), depth=depth, everything=everything):
        click.echo(line)


def fetch(ident: str | None, campaign: str | None) -> common.Reply:
    """Ask for the whole lineage, page by page."""
    with common.connect() as client:
        found: common.Reply = client.call("tree", id=ident, campaign=campaign)
        while found["next"] is not None:
            more = client.call("tree", id=ident, campaign=campaign, after=found["next"])
            found["nodes"] += more["nodes"]
            found["next"] = more["next"] if more["nodes"] else None
    return found


def _can_draw() -> bool:
    """Tell whether the terminal, or whatever reads this, takes characters beyond ASCII."""
    encoding = sys.stdout.encoding or locale.getpreferredencoding(False)
    return "utf" in encoding.lower()


def drawn(
    lineage: Lineage, glyphs: Glyphs, wide: int, *, depth: int = DEPTH, everything: bool = False
) -> Iterator[str]:
    """Yield the lines of a tree: the trunk and its branches, or all that is built on one node."""
    found = lineage.found
    pen = Pen(lineage, glyphs, wide, depth, everything)
    if found["root"]:
        yield pen.line("", found["root"])
        yield from pen.branch(found["root"], "", 1)
        return
    yield clean(f"{found['campaign']}  {word(found['goal'])} {found['metric']}, {_summary(lineage)}")
    trunk = set(lineage.path)
    for step, ident in enumerate(lineage.path):
        yield pen.line("", ident)
        last = step == len(lineage.path) - 1
        side = [child for child in lineage.children[ident] if child not in trunk]
        yield from pen.hang(side, "", 1, open_below=not last)
        if not last and side:
            yield glyphs.trunk
    yield ""
    yield from pen.legend()


def _summary(lineage: Lineage) -> str:
    total = len(lineage.nodes) - 1
    kept = sum(row["verdict"] == "accepted" for row in lineage.nodes.values())
    return f"{count(total, 'experiment')}, {kept} accepted"


@dataclass(slots=True)
class Pen:
    """Draws nodes and what hangs on them."""

    lineage: Lineage
    glyphs: Glyphs
    wide: int
    depth: int
    everything: bool
    used: set[str] = field(default_factory=set)

    def branch(self, ident: str, indent: str, level: int) -> Iterator[str]:
        """Yield what is built on a node, one level deeper."""
        yield from self.hang(self.lineage.children[ident], indent, level, open_below=False)

    def hang(self, idents: list[str], indent: str, level: int, *, open_below: bool) -> Iterator[str]:
        """Yield nodes beside each other and all that hangs on them; `open_below`: the line goes on."""
        shown, folded = self._folded(idents)
        glyphs = self.glyphs
        for place, ident in enumerate(shown):
            end = place == len(shown) - 1 and not folded and not open_below
            yield self.line(indent + (glyphs.corner if end else glyphs.tee), ident)
            inner = indent + ("  " if end else glyphs.bar)
            if not self.lineage.children[ident]:
                continue
            # Where no room is left for a title, the rest has a page of its own.
            if level >= self.depth or len(inner) > self.wide - 44:
                more = count(self.lineage.below(ident), "experiment")
                yield f"{inner}{glyphs.corner}{glyphs.more} {more} on it: arctl tree {ident}"
            else:
                yield from self.branch(ident, inner, level + 1)
        if folded:
            kinds = Counter(word(row["verdict"] or row["state"]) for row in folded)
            said = ", ".join(f"{many} {kind}" for kind, many in kinds.most_common())
            edge = glyphs.tee if open_below else glyphs.corner
            yield f"{indent}{edge}{glyphs.more} {said}"

    def _folded(self, idents: list[str]) -> tuple[list[str], list[common.Reply]]:
        """Part what is drawn from what is folded: of many that led nowhere the best few are drawn."""
        nodes = self.lineage.nodes
        leaves = [
            ident
            for ident in idents
            if not self.lineage.children[ident]
            and nodes[ident]["verdict"] not in ("", "accepted")
            and ident not in self.lineage.forks
        ]
        if self.everything or len(leaves) <= SHOWN + 1:
            return idents, []
        best = set(sorted(leaves, key=lambda ident: _worth(nodes[ident]))[:SHOWN])
        folded = [ident for ident in leaves if ident not in best]
        hidden = set(folded)
        return [ident for ident in idents if ident not in hidden], [nodes[ident] for ident in folded]

    def line(self, prefix: str, ident: str) -> str:
        """Write one node: verdict, id, gain, team, title, and what is special about it."""
        row = self.lineage.nodes[ident]
        glyph, name = self._glyph(row)
        self.used.add(name)
        value = number(row["mean"], 5) if not row["base"] else signed(row["effect"])
        team, wide = self.lineage.found["teams"].get(row["team"], ""), self.lineage.teams_wide
        who = f"{self.glyphs.text(team, wide):{wide}}  " if wide else ""
        marks = self._marks(row)
        head = f"{prefix}{glyph} {ident:<4} {value if value != NA else '':>9}  "
        tail = f"  [{marks}]" if marks else ""
        room = max(12, self.wide - len(head) - len(tail) - len(who))
        title = self.glyphs.text(row["title"], room)
        best = ident == self.lineage.found["champion"]
        colour = "red" if row["verdict"] in _BROKEN else ("green" if row["verdict"] == "accepted" else None)
        text = click.style(title, bold=best or None)
        mark = click.style(glyph, fg="green" if ident in self.lineage.path else colour, bold=best or None)
        rest = head[len(prefix) + len(glyph) :]
        return f"{prefix}{mark}{rest}{click.style(who, dim=True)}{text}{click.style(tail, dim=True)}"

    def _marks(self, row: common.Reply) -> str:
        forks = self.lineage.forks.get(row["id"], [])
        marks = [
            "champion" if row["id"] == self.lineage.found["champion"] else "",
            f"{row['rebase_of']} again" if row["rebase_of"] else "",
            f"as {row['same_as']}" if row["same_as"] else "",
            "fork" if row["forked"] else "",
            "by hand" if row["by_hand"] else "",
            f"base of {', '.join(forks)}" if forks else "",
        ]
        return clean(", ".join(mark for mark in marks if mark), 40)

    def _glyph(self, row: common.Reply) -> tuple[str, str]:
        glyphs, verdict = self.glyphs, row["verdict"]
        if row["id"] in self.lineage.path:
            return glyphs.champion, "champion"
        if verdict in ("accepted", "baseline"):
            return glyphs.accepted, "accepted"
        if verdict == "rejected":
            return glyphs.rejected, "rejected"
        if verdict == "inconclusive":
            return glyphs.undecided, "undecided"
        if verdict in _BROKEN:
            return glyphs.broken, "broken"
        if verdict == "rebased":
            return glyphs.moved, "moved"
        if verdict == "duplicate":
            return glyphs.same, "same"
        return (glyphs.none, "none") if verdict else (glyphs.going, "going")

    def legend(self) -> Iterator[str]:
        """Yield lines that say what the signs mean that were drawn."""
        said = {
            "champion": "the way to the champion",
            "accepted": "accepted",
            "rejected": "rejected",
            "undecided": "inconclusive",
            "broken": "failed",
            "moved": "tried again on a newer champion",
            "same": "same as another",
            "none": "cancelled",
            "going": "open",
        }
        parts = [f"{getattr(self.glyphs, name)} {text}" for name, text in said.items() if name in self.used]
        line = ""
        for part in parts:
            if line and len(line) + 2 + len(part) > self.wide:
                yield line
                line = ""
            line += ("  " if line else "") + part
        yield line


def _worth(row: common.Reply) -> tuple[bool, float]:
    """Order leaves: those with a gain first, the best of them in front."""
    effect = row["effect"]
    return (effect is None, -(effect or 0.0))
