"""The one researcher that thinks in every arm: it steps along axes, and learns from what it is shown.

It knows only what its question tells it. It prefers axes that paid and axes that are new, goes on the way
that paid, turns round after a failure, takes smaller steps where larger ones failed, now and then moves two
axes at once, and never proposes what is near something that was tried, lies in a dead end, or would be
objected to by rule. A slot more or less, a team or none makes no difference to it but by what the question
says. `forgetful` it knows nothing, and draws by lot.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import dataclass

from arctl.daemon.brains import rules
from arctl.daemon.rows import Move
from arctl.daemon.turns import Draft, Past, Question, Reply
from arctl.experiments.effects import Effect, parts
from arctl.experiments.similarity import TOLERANCE

Values = dict[str, float]

#: Share of proposals that move two axes at once.
JOINT = 0.25
#: The first step on an axis, and what each failure on it leaves of the next one.
STEP = 0.3
SHRINK = 0.7
#: Attempts to find a move that was not tried.
TRIES = 30
#: Share of moves on an axis that paid which go on the same way.
FAITH = 0.8


@dataclass(frozen=True)
class Researcher:
    """How it thinks: with its memory or `forgetful`, and whether others write its `ideas` down."""

    forgetful: bool = False
    ideas: bool = False

    def answer(self, question: Question, rng: random.Random) -> Reply:
        """Answer any move."""
        match question.move:
            case Move.DISCUSS:
                return rules.discuss(question)
            case Move.CRITIQUE:
                return rules.critique(question)
            case Move.PROPOSE if question.proposal is not None:
                # It has no better words for what was objected to: it proposes something else.
                return Reply()
            case Move.PROPOSE:
                return self.propose(question, rng)
            case Move.IMPLEMENT:
                assert question.proposal is not None
                return Reply(change={"kind": "params", "values": json.loads(question.proposal.expected)})
            case _:
                return Reply()

    def propose(self, question: Question, rng: random.Random) -> Reply:
        """Return as many moves as are wanted, on different axes; exhausted when none is left."""
        axes = _open(question)
        found: list[Values] = []
        tried = Tried(question)
        for _ in range(question.want):
            values = self._by_lot(question, rng) if self.forgetful else _move(question, axes, tried, rng)
            if values is None:
                break
            tried.add(question.params, values)
            found.append(values)
            if question.direction is not None:
                axes = [axis for axis in axes if axis not in values]
        drafts = tuple(self._draft(question, values) for values in found)
        return Reply(drafts, exhausted=bool(question.want) and not drafts)

    def _by_lot(self, question: Question, rng: random.Random) -> Values:
        axes = rng.sample(sorted(question.params), 2 if rng.random() < JOINT else 1)
        return {axis: round(rng.random(), 3) for axis in axes}

    def _draft(self, question: Question, values: Values) -> Draft:
        base, axis, move = question.params, "+".join(sorted(values)), "replace"
        if len(values) == 1:
            ((name, value),) = values.items()
            move = "up" if value > base[name] else "down"
        fresh = _fresh(question, _judged(question).get(axis, []))
        return Draft(
            title=", ".join(f"{name} {base[name]:.3g} to {value:.3g}" for name, value in values.items()),
            change={"kind": "idea"} if self.ideas else {"kind": "params", "values": values},
            axis=axis,
            move=move,
            difference="the champion is another one since" if fresh else "",
            hypothesis="The champion is not at its best there.",
            expected=json.dumps(values),
        )


class Tried:
    """What was tried or is proposed: what is near one of these, or the third in vain one way, is not new."""

    def __init__(self, question: Question) -> None:
        self._values: dict[str, list[Values]] = {}
        self._moves: dict[str, list[tuple[str, str]]] = {}
        for past in question.history:
            if past.params and past.verdict not in ("cancelled", "conflict", "lost"):
                self._values.setdefault(past.axis, []).append(past.params)
            if past.verdict in ("accepted", "rejected", "inconclusive"):
                self._moves.setdefault(past.axis, []).append((past.move, past.verdict))
        for row in question.open:
            values = row.change.get("values") or (json.loads(row.expected) if row.expected else {})
            self._values.setdefault(row.axis, []).append({**question.params, **values})

    def add(self, base: Values, moved: Values) -> None:
        """Count a move as tried."""
        self._values.setdefault("+".join(sorted(moved)), []).append({**base, **moved})

    def knows(self, base: Values, moved: Values) -> bool:
        """Tell whether a move says nothing new."""
        axis = "+".join(sorted(moved))
        values = {**base, **moved}
        for other in self._values.get(axis, ()):
            if all(abs(other[name] - value) <= TOLERANCE for name, value in values.items()):
                return True
        last = self._moves.get(axis, [])[-2:]
        if len(moved) > 1 or len(last) < 2 or any(verdict == "accepted" for _, verdict in last):
            return False
        ((name, value),) = moved.items()
        way = "up" if value > base[name] else "down"
        return all(move == way for move, _ in last)


def _open(question: Question) -> list[str]:
    dead = {end.axis for end in question.dead_ends}
    axes = [axis for axis in question.params if axis not in question.taken and axis not in dead]
    return rules.allowed(question, axes)


def _move(question: Question, axes: list[str], tried: Tried, rng: random.Random) -> Values | None:
    """Return a move that says something new, or None where none is found."""
    if not axes:
        return None
    effects = {effect.axis: effect for effect in question.effects}
    history = _judged(question)
    closed = {end.axis for end in question.dead_ends}
    closed |= {axis for axis in effects if _hopeless(effects[axis]) and not _fresh(question, history[axis])}
    waiting = Counter(part for row in question.open for part in parts(row.axis))
    waiting += Counter(part for past in question.history if not past.verdict for part in parts(past.axis))
    weights = [_promise(effects.get(axis)) / (1 + waiting[axis]) for axis in axes]
    for _ in range(TRIES):
        first = rng.choices(axes, weights)[0]
        others = [axis for axis in axes if axis != first]
        if others and rng.random() < JOINT:
            second = rng.choice(others)
            moved = _jointly(question.params, first, second, history, rng)
        else:
            moved = {first: _step(question.params[first], history.get(first, []), rng)}
        moved = {name: value for name, value in moved.items() if value != question.params[name]}
        if moved and "+".join(sorted(moved)) not in closed and not tried.knows(question.params, moved):
            return moved
    return None


def _fresh(question: Question, pasts: list[Past]) -> bool:
    """Tell whether the champion is another than the one on which an axis was tried last."""
    return bool(pasts) and pasts[-1].base != question.base


def _hopeless(effect: Effect) -> bool:
    """Tell whether a critic would object by rule to another try."""
    return effect.n >= rules.TRIED and not effect.kept and effect.mean <= 0


def _judged(question: Question) -> dict[str, list[Past]]:
    found: dict[str, list[Past]] = {}
    for past in question.history:
        if past.axis and past.verdict in ("accepted", "rejected", "inconclusive", "crashed"):
            found.setdefault(past.axis, []).append(past)
    return found


def _promise(effect: Effect | None) -> float:
    """Say how much an axis is worth another try."""
    if effect is None:
        return 1.0
    return 2.0 * effect.kept / effect.n + 1.0 / (1 + effect.n)


def _step(value: float, pasts: list[Past], rng: random.Random) -> float:
    """Go on where it paid, turn round where it did not; the steps get smaller with every failure."""
    failures = 0
    for past in reversed(pasts):
        if past.verdict == "accepted":
            break
        failures += 1
    up = rng.random() < 0.5
    if pasts and pasts[-1].move in ("up", "down"):
        paid = pasts[-1].verdict == "accepted" or (pasts[-1].effect or -1.0) > 0
        onward = rng.random() < FAITH
        up = (pasts[-1].move == "up") == (paid == onward)
    size = STEP * SHRINK ** (failures // 2) * rng.uniform(0.5, 1.3)
    return round(min(max(value + (size if up else -size), 0.0), 1.0), 3)


def _jointly(
    base: Values, first: str, second: str, history: dict[str, list[Past]], rng: random.Random
) -> Values:
    """Move two axes; where this pair was tried, not to the sides on which it failed."""
    pasts = history.get("+".join(sorted((first, second))), [])
    failed = {
        tuple(past.params[name] > base[name] for name in (first, second))
        for past in pasts
        if past.verdict != "accepted"
    }
    sides = [(a, b) for a in (True, False) for b in (True, False) if (a, b) not in failed]
    ups = rng.choice(sides or [(True, True)])
    size = STEP * SHRINK ** len(failed) * rng.uniform(0.5, 1.3)
    steps = dict(zip((first, second), ups, strict=True))
    return {
        name: round(min(max(base[name] + (size if up else -size), 0.0), 1.0), 3) for name, up in steps.items()
    }
