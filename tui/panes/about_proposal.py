"""A proposal in full: its words, where it stands in the queue and why, its change, and what is near it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arctl.format import count
from arctl.tui.data.query import Query, query
from arctl.tui.data.reading import block, inner, listed, real, whole, word, words, yes
from arctl.tui.look.lines import Cell, Line, Row, Tone, lay, padded
from arctl.tui.look.scene import Scene
from arctl.tui.look.words import effect, verdict
from arctl.tui.panes import asked
from arctl.tui.panes.headed import Headed
from arctl.tui.panes.prose import Prose, ProsePane

#: Lines of a patch that are laid out at most; `git show` of its experiment has all of it.
MOST_LINES = 5000


def full(ident: str) -> Query:
    """Return the query of a proposal's whole change."""
    return query("proposal", id=ident)


def _wants(scene: Scene) -> list[Query]:
    return [asked.one(scene.route.id)] if scene.route.id else []


class ProposalPane(ProsePane):
    """Where the open proposal stands, and what its author says of it."""

    EMPTY = "this proposal is not known; `arctl teams` lists the queues"
    HINTS = "J/K move  e edit  S stash  A approve"

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the query of the proposal."""
        return _wants(scene)

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return where it stands, then its words."""
        reply = asked.reply(scene, _wants(scene))
        row = inner(reply, "proposal")
        if not row:
            return []
        text = Prose(width)
        _standing(text, reply, scene)
        text.section("Idea", f"{word(row, 'agent')}, {asked.past(scene, real(row, 'created'))}")
        text.words(block(row, "hypothesis") or "no hypothesis was written down")
        moved = " ".join(each for each in (word(row, "axis"), word(row, "move")) if each)
        for label, told in (
            ("moves", moved), ("expected", block(row, "expected")), ("if it works", block(row, "if_works")),
            ("if it fails", block(row, "if_fails")), ("costs", block(row, "cost")),
            ("differs", block(row, "difference")), ("source", word(row, "source")),
        ):  # fmt: skip
            text.fact(label, told)
        return text.rows

    def axis(self, key: str) -> str:
        """Return the axis of the proposal."""
        del key
        return word(inner(asked.reply(self.scene, _wants(self.scene)), "proposal"), "axis")

    def heading(self, scene: Scene) -> str:
        """Return the title."""
        row = inner(asked.reply(scene, _wants(scene)), "proposal")
        return f"Proposal {word(row, 'id')}  {asked.state_of(word(row, 'state'))[0]}" if row else "Proposal"


def _standing(text: Prose, reply: Any, scene: Scene) -> None:
    """Write where it stands in the queue, and why; where it ran, what came of it."""
    row, experiment = inner(reply, "proposal"), inner(reply, "experiment")
    state = word(row, "state")
    rank = real(reply, "rank")
    place = f"place {int(rank)}" if rank is not None else ""
    text.section("Where it stands", place)
    name, tone = asked.state_of(state)
    if experiment:
        told = word(experiment, "verdict")
        ident = word(experiment, "id")
        said, tone = verdict(told) if told else ("under way", "accent")
        gain = real(experiment, "effect")
        said += f", effect {effect(gain)}" if gain is not None else ""
        text.fact("became", f"{ident} {said}", tone, ident)
    else:
        why, why_tone = asked.waits({**row, "rank": reply.get("rank")}, approve=yes(reply, "approve"))
        text.fact("state", name, tone)
        text.fact("because", why, why_tone)
    for item in listed(reply, "asked"):
        ago = asked.past(scene, real(item, "since"))
        text.fact("asked now", f"{word(item, 'agent')} to {word(item, 'move')}, {ago} ago", "accent",
                  word(item, "agent"))  # fmt: skip
    marks = [name for name in ("urgent", "approved", "pinned", "uncritiqued") if yes(row, name)]
    text.fact("marked", ", ".join(marks))
    if tries := whole(row, "tries"):
        text.fact("written", f"in vain {count(tries, 'time')}", "warn")
    text.fact("writer", word(row, "writer"))
    team, direction = word(reply, "team"), inner(reply, "direction")
    text.fact("team", f"{word(row, 'team')} {team}" if team else "", "", word(row, "team"))
    if direction:
        ident = word(direction, "id")
        text.fact("direction", f"{ident} {word(direction, 'title')}, {word(direction, 'state')}", "", ident)
    if directive := inner(reply, "directive"):
        ident = word(directive, "id")
        text.fact("directive", f"{ident} {word(directive, 'text')}", "warn", ident)
    text.fact("builds on", word(row, "base"), "accent", word(row, "base"))
    text.fact("anew from", word(row, "of"), "accent", word(row, "of"))


class ChangePane(ProsePane):
    """What the open proposal changes: values beside the champion's, or the patch with its colours."""

    BEAT = 0.0
    HINTS = "{ } hunks  w wrap  / search"

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the queries of the change, and of the values that the champion has."""
        if not scene.route.id:
            return []
        return [full(scene.route.id), query("board", campaign=asked.open_campaign(scene))]

    def depends(self, scene: Scene) -> tuple[object, ...]:
        """Return the change, the champion's values and whether lines are broken."""
        change = inner(scene.view.answer(full(scene.route.id)).reply, "change")
        return (change, self._surface(scene), self.wrapped)

    def _surface(self, scene: Scene) -> Any:
        wanted = self.wants(scene)
        return inner(scene.view.answer(wanted[1]).reply, "surface") if len(wanted) > 1 else {}

    def rows(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return the change as its kind asks for."""
        change = inner(scene.view.answer(full(scene.route.id)).reply, "change")
        text = Prose(width)
        match word(change, "kind"):
            case "params":
                _values(text, inner(change, "values"), self._surface(scene), scene)
            case "patch":
                _patch(text, block(change, "patch"), wrapped=self.wrapped)
            case "edits":
                for at, edit in enumerate(listed(change, "edits")):
                    text.section(f"{word(edit, 'path')}" + (f"  edit {at + 1}" if at else ""))
                    _side(text, block(edit, "old"), "-", "removed")
                    _side(text, block(edit, "new"), "+", "added")
            case "merge":
                text.fact("merges", word(change, "of") or ", ".join(words(change, "of")))
                text.fact("commit", word(change, "commit"))
        return text.rows

    def heading(self, scene: Scene) -> str:
        """Return the title: what kind of change it is, and how large."""
        change = inner(scene.view.answer(full(scene.route.id)).reply, "change")
        match word(change, "kind"):
            case "params":
                return f"Change  {count(len(inner(change, 'values')), 'value')}"
            case "patch":
                lines = block(change, "patch").splitlines()
                more = sum(line.startswith("+") and not line.startswith("+++") for line in lines)
                less = sum(line.startswith("-") and not line.startswith("---") for line in lines)
                return f"Change  patch +{more} -{less}"
            case "edits":
                return f"Change  {count(len(listed(change, 'edits')), 'edit')}"
            case "merge":
                return "Change  a merge"
        return "Change"

    def empty(self, scene: Scene) -> str:
        """Say that nobody wrote it yet."""
        kind = word(inner(scene.view.answer(full(scene.route.id)).reply, "change"), "kind")
        return "nobody has written its change yet: an experimenter does, or e here" if kind == "idea" else (
            "no change is known"
        )  # fmt: skip


def _values(text: Prose, values: Any, surface: Any, scene: Scene) -> None:
    """Write each value beside what the champion has, and its range."""
    for name in values:
        known = inner(surface, name)
        low, high = real(known, "low"), real(known, "high")
        span = f"[{low:g} .. {high:g}]" if low is not None and high is not None else ""
        label, old, new = (
            word({"it": str(each)}, "it") for each in (name, known.get("value", "?"), values[name])
        )
        cells = [
            Cell(" " + label, min(24, max(8, len(label) + 1))), Cell(old, 12, "removed", right=True),
            Cell(scene.glyphs.arrow, len(scene.glyphs.arrow), "dim"), Cell(new, 12, "added"),
            Cell(span, 0, "dim"),
        ]  # fmt: skip
        text.cells(f"axis:{label}", cells)


def _side(text: Prose, told: str, sign: str, tone: Tone) -> None:
    for line in told.splitlines()[:MOST_LINES]:
        text.line(((sign, tone), (line.expandtabs(4), tone)))


def _patch(text: Prose, patch: str, *, wrapped: bool) -> None:
    """Write a unified difference; files and hunks are sections."""
    lines = patch.splitlines()
    for number, line in enumerate(lines[:MOST_LINES]):
        said = line.expandtabs(4)
        if line.startswith("diff --git") or (line.startswith("--- ") and not patch.startswith("diff")):
            text.line(
                ((" " + said.removeprefix("diff --git ").removeprefix("--- "), "strong"),),
                f"section:file{number}",
            )
        elif line.startswith(("index ", "--- ", "+++ ", "new file", "deleted file")):
            text.line(((" " + said, "dim"),))
        elif line.startswith("@@"):
            text.line(((" " + said, "accent"),), f"section:hunk{number}")
        else:
            tone: Tone = "added" if line.startswith("+") else "removed" if line.startswith("-") else ""
            if wrapped:
                text.words(said, tone)
            else:
                text.line(((" " + said, tone),))
    if len(lines) > MOST_LINES:
        text.line(((f" … {len(lines) - MOST_LINES} lines more: o shows all of it", "dim"),))


class NearPane(Headed):
    """What the open proposal is near to, each with how it ended."""

    EMPTY = "nothing that was tried or waits is near it"
    HINTS = "Enter open"

    def wants(self, scene: Scene) -> Sequence[Query]:
        """Return the query of the proposal."""
        return _wants(scene)

    def body(self, scene: Scene, width: int) -> Sequence[Row]:
        """Return a row for each, and what of this one is different."""
        reply = asked.reply(scene, _wants(scene))
        found = [Row(word(row, "id"), _near_line(row, width)) for row in listed(reply, "near")]
        differs = word(inner(reply, "proposal"), "difference")
        if found and differs:
            found.append(Row("", padded(((f"    differs: {differs}", "dim"),), width)))
        return found

    def heading(self, scene: Scene) -> str:
        """Return the title."""
        return f"Near it ({len(listed(asked.reply(scene, _wants(scene)), 'near'))})"


def _near_line(row: Any, width: int) -> Line:
    state = word(row, "state")
    name, tone = verdict(state)
    if tone == "dim" and not word(row, "verdict"):
        name, tone = asked.state_of(state)
    gain = real(row, "effect")
    cells = [
        Cell(" " + word(row, "id"), 6, "accent"), Cell(name, 12, tone),
        Cell(effect(gain) if gain is not None else "", 8, right=True), Cell(word(row, "title")),
    ]  # fmt: skip
    return lay(cells, width)
