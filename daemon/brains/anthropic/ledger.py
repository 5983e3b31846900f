"""The state of a campaign as text, bounded whatever its length: what is newest, best and nearest is kept."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from arctl.daemon.brains.anthropic.words import block, cut, line, number
from arctl.daemon.rows import DeadEnd, Direction, Post, Proposal
from arctl.daemon.turns import Past, Question
from arctl.experiments.effects import Effect, covers, parts

T = TypeVar("T")

#: How many of each are shown: all experiments up to the first figure, else the newest, best and nearest.
ALL, NEWEST, BEST, NEAREST = 60, 25, 15, 20
EFFECTS, DEAD_ENDS, DIRECTIONS, OPEN, POSTS, DIRECTIVES = 40, 60, 30, 30, 20, 20
#: The longest change of a proposal that is shown, in characters.
MAX_CHANGE = 20_000


def focus(question: Question) -> tuple[str, ...]:
    """Return the axes that the turn is about: those of its subject, else of its team's direction."""
    if question.proposal is not None and question.proposal.axis:
        return parts(question.proposal.axis)
    if question.experiment is not None and question.experiment.axis:
        return parts(question.experiment.axis)
    return question.direction.axes if question.direction is not None else ()


def near(axis: str, wanted: Iterable[str]) -> bool:
    """Tell whether an axis lies within one of others, or around it."""
    return any(covers(part, other) or covers(other, part) for part in parts(axis) for other in wanted)


def chosen(rows: tuple[Past, ...], wanted: tuple[str, ...], champion: str) -> list[Past]:
    """Return the experiments worth showing, in order: newest, best, nearest, under way, champion."""
    if len(rows) <= ALL:
        return list(rows)
    kept = {row.experiment for row in rows[-NEWEST:]} | {rows[0].experiment, champion}
    judged = [row for row in rows if row.effect is not None]
    judged.sort(key=lambda row: (row.verdict == "accepted", row.effect), reverse=True)
    kept |= {row.experiment for row in judged[:BEST]}
    kept |= {row.experiment for row in [row for row in rows if near(row.axis, wanted)][-NEAREST:]}
    kept |= {row.experiment for row in [row for row in rows if not row.verdict][-NEWEST:]}
    return [row for row in rows if row.experiment in kept]


def past(row: Past) -> str:
    """Return an experiment on one line."""
    said = [row.experiment, row.verdict or "under way"]
    if row.axis:
        said.append(f"{line(row.axis, 120)} {line(row.move, 20)}".strip())
    said.append(f"value {number(row.value)}")
    if row.effect is not None:
        said.append(f"gain {number(row.effect)}")
    if row.base:
        said.append(f"on {row.base}")
    if row.agent:
        said.append(f"by {line(row.agent, 40)}")
    text = f"{' | '.join(said)} | {line(row.title, 120)}"
    return f"{text} ({line(row.reason, 160)})" if row.reason else text


def history(question: Question) -> str:
    """Return the experiments, and how many are left out."""
    rows = question.history
    shown = chosen(rows, focus(question), question.campaign.champion)
    counts = Counter(row.verdict or "under way" for row in rows)
    head = f"{len(rows)} so far: " + ", ".join(f"{count} {name}" for name, count in counts.most_common(20))
    lines = [head, *(past(row) for row in shown)]
    if left := len(rows) - len(shown):
        lines.append(
            f"[{left} further experiments are left out: shown are the newest, the best and those near this "
            "turn's axes; list_experiments finds the others]"
        )
    return "\n".join(lines)


def some(
    rows: Iterable[T], limit: int, show: Callable[[T], str], rank: Callable[[T], Any] | None = None
) -> str:
    """Return the first `limit` rows by rank as lines, and how many are left out."""
    listed = list(rows)
    kept = sorted(listed, key=rank)[:limit] if rank is not None and len(listed) > limit else listed[:limit]
    lines = [show(row) for row in kept]
    if left := len(listed) - len(kept):
        lines.append(f"[{left} more are left out]")
    return "\n".join(lines) or "none"


def effects(question: Question) -> str:
    """Return what is known of each axis, those of the turn first."""
    wanted = focus(question)

    def show(row: Effect) -> str:
        spread = f", sd {number(row.sd)}" if row.n > 1 else ""
        return f"{line(row.axis, 120)}: tried {row.n}, kept {row.kept}, mean gain {number(row.mean)}{spread}"

    return some(question.effects, EFFECTS, show, lambda row: (not near(row.axis, wanted), -row.kept, -row.n))


def dead_ends(question: Question) -> str:
    """Return what is closed, those near the turn first."""
    wanted = focus(question)

    def show(row: DeadEnd) -> str:
        span = ""
        if row.low is not None or row.high is not None:
            span = f" from {number(row.low)} to {number(row.high)}"
        return (
            f"{row.id} {line(row.axis, 120)}{span}: {line(row.reason, 300)} Reopened by: {line(row.reopen)}"
        )

    rows = [row for row in question.dead_ends if not row.revived]
    return some(rows, DEAD_ENDS, show, lambda row: (not near(row.axis, wanted), -row.created))


def direction(row: Direction) -> str:
    """Return a direction on a few lines."""
    first = "; ".join(line(item) for item in row.first[:6])
    lines = [
        f"{row.id} ({row.state.value}, by {line(row.author, 40)}) {line(row.title)}",
        f"  axes: {', '.join(line(axis, 120) for axis in row.axes) or 'any'}",
        f"  hypothesis: {line(row.hypothesis, 600)}",
        f"  prediction: {line(row.prediction, 400)}",
        f"  falsifier: {line(row.falsifier, 400)}",
    ]
    return "\n".join(lines + ([f"  first: {first}"] if first else []))


def directions(question: Question) -> str:
    """Return the directions that are alive."""
    return some(question.directions, DIRECTIONS, direction, lambda row: -row.created)


def brief(row: Proposal) -> str:
    """Return a proposal on one line."""
    text = f"{row.id} {row.state.value} | {line(row.axis, 120)} {line(row.move, 20)}"
    return f"{text} | by {line(row.agent, 40)} | {line(row.title)}{values(row)}"


def values(row: Proposal) -> str:
    """Return the values that a proposal sets, where it sets parameters."""
    found = row.change.get("values")
    return f" | {line(json.dumps(found), 200)}" if isinstance(found, dict) else ""


def open_proposals(question: Question) -> str:
    """Return the proposals that wait."""
    wanted = focus(question)
    return some(question.open, OPEN, brief, lambda row: (not near(row.axis, wanted), -row.created))


def proposal(row: Proposal) -> str:
    """Return all of a proposal, with its change."""
    fields = {
        "hypothesis": row.hypothesis, "axis": row.axis, "move": row.move, "expected": row.expected,
        "if it works": row.if_works, "if it fails": row.if_fails, "cost": row.cost,
        "difference": row.difference, "near": ", ".join(row.near),
    }  # fmt: skip
    lines = [f"{row.id} by {line(row.agent, 40)} on {row.base}: {line(row.title)}"]
    lines += [f"{name}: {block(text, 1500)}" for name, text in fields.items() if text]
    return "\n".join([*lines, "change:", change(row)])


def change(row: Proposal) -> str:
    """Return the change of a proposal as text."""
    kind = row.change.get("kind")
    if kind == "params":
        return "\n".join(f"{line(name, 80)} = {line(str(value))}" for name, value in _pairs(row))
    if kind == "patch":
        return cut(str(row.change.get("patch", "")), MAX_CHANGE)
    if kind == "edits":
        listed = row.change.get("edits")
        found = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
        return cut("\n".join(_edit(item) for item in found), MAX_CHANGE)
    return "not written yet: an idea in words" if kind == "idea" else str(kind)


def _pairs(row: Proposal) -> list[tuple[str, object]]:
    found = row.change.get("values")
    return list(found.items()) if isinstance(found, dict) else []


def _edit(item: dict[str, object]) -> str:
    path = line(str(item.get("path")), 200)
    if item.get("delete"):
        return f"remove {path}"
    if not item.get("old"):
        return f"write {path}:\n{item.get('new', '')}"
    return f"in {path} replace:\n{item['old']}\nby:\n{item.get('new', '')}"


def directives(question: Question) -> str:
    """Return what people asked for; each is an instruction."""
    lines = []
    for row in question.directives[-DIRECTIVES:]:
        lines.append(f"{row.id} ({row.state.value}, from {line(row.author, 40)}): {block(row.text, 2000)}")
        if row.plan:
            lines.append(f"  taken up by {line(row.by, 40)}: {line(row.plan, 600)}")
    return "\n".join(lines)


def posts(question: Question) -> str:
    """Return the newest posts."""

    def show(row: Post) -> str:
        waits = ", waits for a person" if row.open else ""
        answers = f", answers {row.parent}" if row.parent else ""
        head = f"{row.id} {row.kind.value} by {line(row.author, 40)}{answers}{waits}"
        return f"{head}: {block(row.text, 600)}"

    return some(question.posts[-POSTS:], POSTS, show)
