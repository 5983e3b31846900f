"""The search brain: moves along the tunable surface, local at first, then by Optuna's TPE (ask-and-tell).

Most proposals move one parameter away from the champion, untried ones first: a step up and a step down,
then wherever TPE expects most. Every fourth moves two at once. The study is rebuilt from the campaign's
history whenever TPE is asked, so nothing is lost by a restart.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from arctl.daemon.brains import rules
from arctl.daemon.brains.base import RuledBrain
from arctl.daemon.life.binding import axis_is_dead
from arctl.daemon.rows import Proposal
from arctl.daemon.specs import spec_of
from arctl.daemon.thought import Services
from arctl.daemon.turns import Draft, Past, Question, Reply
from arctl.experiments import surface
from arctl.experiments.company import Brain as Settings
from arctl.experiments.similarity import near_params

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution

    from arctl.experiments.models import Param

Values = dict[str, Any]

#: Attempts to find values on one axis that were never tried.
TRIES = 24
#: Each of so many proposals moves two parameters at once.
JOINT_EVERY = 4
#: The two plain steps with which an axis is first tried: up and down.
STEPS = (True, False)
#: Digits that a proposed number keeps: enough to search, few enough to read.
DIGITS = 3


class SearchBrain(RuledBrain):
    """Tree-structured Parzen estimator over the champion's neighbourhood, within the agent's direction."""

    def __init__(self, settings: Settings, services: Services | None = None) -> None:
        super().__init__(settings, services)
        #: What others objected to on this champion: it is not proposed again.
        self._objected: list[Proposal] = []

    def propose(self, question: Question) -> Reply:
        """Return moves never tried before; exhausted when every open axis is used up."""
        acknowledged = rules.acknowledge(question)
        if question.proposal is not None:
            # What it could say for the move is what it said: another one is proposed in its place.
            self._objected.append(question.proposal)
            return Reply(acknowledged=acknowledged)
        params = spec_of(question.campaign).params
        champion = {name: value for name, value in question.params.items() if name in params}
        dead = list(question.dead_ends)
        axes = [name for name in surface.active(params, champion) if name in champion]
        axes = sorted(name for name in axes if name not in question.taken and not axis_is_dead(dead, name))
        axes = rules.allowed(question, axes)
        if not axes:
            note = "no tunable parameter is left to move; see `arctl deadends`"
            return Reply(exhausted=True, note=note, acknowledged=acknowledged)
        drafts = self._drafts(question, params, champion, axes) if question.want else []
        exhausted = bool(question.want) and not drafts
        return Reply(tuple(drafts), exhausted=exhausted, acknowledged=acknowledged)

    def _drafts(
        self, question: Question, params: dict[str, Param], champion: Values, axes: list[str]
    ) -> list[Draft]:
        self._objected = [row for row in self._objected if row.base == question.base]
        tried = Tried(params, question, self._objected)
        counts = Counter(part for past in question.history for part in past.axis.split("+") if part)
        rng = random.Random(f"{self.settings.seed}/{question.turn.id}/{len(question.history)}")  # noqa: S311
        # Built where TPE is asked for the first time: plain steps need none.
        study = cache(partial(_study, question, params, rng.randrange(2**31)))
        drafts: list[Draft] = []
        number = len(question.history)
        solo = question.direction is None
        while len(drafts) < question.want:
            free = _choose(axes, counts, rng, joint=(number + len(drafts)) % JOINT_EVERY == 0)
            moved = _step(params, champion, free, tried, counts, rng) or _move(
                study(), params, champion, free, tried, rng
            )
            if moved is None:
                axes = [axis for axis in axes if axis not in free] if len(free) == 1 else axes
                if not axes:
                    break
                counts.update(free)
                continue
            tried.add(champion, moved)
            counts.update(moved.keys())
            drafts.append(_draft(champion, moved))
            if not solo and len(free) == 1:
                # Two proposals of one turn are on different axes.
                axes = [axis for axis in axes if axis not in free]
                if not axes:
                    break
        return drafts


class Tried:
    """What was tried or is proposed already: a move says nothing new when it is near one of these."""

    def __init__(self, params: dict[str, Param], question: Question, objected: list[Proposal]) -> None:
        self._params = params
        self._by_axis: dict[str, list[Values]] = {}
        self._moves: dict[str, list[tuple[str, str]]] = {}
        for past in question.history:
            if past.params and past.verdict not in ("cancelled", "conflict", "lost"):
                self._by_axis.setdefault(past.axis, []).append(past.params)
            if past.verdict in ("accepted", "rejected", "inconclusive"):
                self._moves.setdefault(past.axis, []).append((past.move, past.verdict))
        for row in (*question.open, *objected):
            if row.change.get("kind") == "params":
                values = {**question.params, **row.change.get("values", {})}
                self._by_axis.setdefault(row.axis, []).append(values)

    def add(self, champion: Values, moved: Values) -> None:
        """Count a move as tried."""
        self._by_axis.setdefault("+".join(sorted(moved)), []).append({**champion, **moved})

    def knows(self, champion: Values, moved: Values) -> bool:
        """Tell whether a move is near a tried one, or the third in vain the same way on its axis."""
        axis = "+".join(sorted(moved))
        values = {**champion, **moved}
        for other in self._by_axis.get(axis, ()):
            same = {name: other[name] for name in values if name in other}
            if set(same) == set(values) and near_params(self._params, values, same):
                return True
        last = self._moves.get(axis, [])[-2:]
        way = _direction(champion, moved)
        vain = len(last) == 2 and all(verdict != "accepted" for _, verdict in last)
        return vain and way in ("up", "down") and all(move == way for move, _ in last)


def _study(question: Question, params: dict[str, Param], seed: int) -> optuna.Study:
    """Rebuild the study: what was measured, what failed, what is still under way."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=8, constant_liar=True)
    study = optuna.create_study(direction=spec_of(question.campaign).metric.goal, sampler=sampler)
    space = {name: _distribution(param) for name, param in params.items()}
    study.add_trials(list(_trials(question.history, space)))
    return study


def _trials(
    history: Iterable[Past], space: dict[str, BaseDistribution]
) -> Iterable[optuna.trial.FrozenTrial]:
    from optuna.trial import TrialState, create_trial

    for past in history:
        params = {
            name: value
            for name, value in past.params.items()
            if name in space and space[name]._contains(space[name].to_internal_repr(value))
        }
        used = {name: space[name] for name in params}
        if past.value is not None:
            yield create_trial(params=params, distributions=used, value=past.value)
        elif params:
            state = TrialState.FAIL if past.verdict else TrialState.RUNNING
            yield create_trial(params=params, distributions=used, state=state)


def _distribution(param: Param) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if param.type == "bool":
        return CategoricalDistribution((False, True))
    if param.type == "choice":
        return CategoricalDistribution(param.choices)
    low, high = param.low, param.high
    if low is None or high is None:
        msg = "a number without a range passed the check of arctl.toml"
        raise AssertionError(msg)
    if param.type == "int":
        return IntDistribution(int(low), int(high), log=param.log, step=int(param.step or 1))
    return FloatDistribution(low, high, log=param.log, step=param.step)


def _choose(axes: list[str], counts: Counter[str], rng: random.Random, *, joint: bool) -> list[str]:
    """Choose what to move: the least tried first, by lot among equals."""
    order = sorted(axes, key=lambda axis: (counts[axis], rng.random()))
    return order[: 2 if joint and len(order) > 1 else 1]


def _step(
    params: dict[str, Param],
    champion: Values,
    free: list[str],
    tried: Tried,
    counts: Counter[str],
    rng: random.Random,
) -> Values | None:
    """Return a plain step up or down on an axis that was hardly tried; None where that says nothing new."""
    name = free[0]
    param, value = params[name], champion[name]
    if len(free) > 1 or counts[name] >= len(STEPS) or param.low is None or param.high is None:
        return None
    for up in rng.sample(STEPS, len(STEPS)):
        if param.log:
            goal = value * 2 if up else value / 2
        else:
            goal = value + (0.25 if up else -0.25) * (param.high - param.low)
        goal = min(max(goal, param.low), param.high)
        if param.type == "int" or param.step is not None:
            pace = param.step or 1
            goal = type(value)(param.low + round((goal - param.low) / pace) * pace)
        goal = _rounded(goal, param)
        if goal != value and not tried.knows(champion, {name: goal}):
            return {name: goal}
    return None


def _move(
    study: optuna.Study,
    params: dict[str, Param],
    champion: Values,
    free: list[str],
    tried: Tried,
    rng: random.Random,
) -> Values | None:
    """Ask for values on the free axes, all else as the champion has it; None when none are new."""
    import optuna

    space = {name: _distribution(params[name]) for name in champion}
    fixed = {name: value for name, value in champion.items() if name not in free}
    informed = study.sampler
    for attempt in range(TRIES):
        # TPE may insist on what is known already; chance finds the way out.
        base = informed if attempt < TRIES // 3 else optuna.samplers.RandomSampler(seed=rng.randrange(2**31))
        study.sampler = base
        study.enqueue_trial(fixed)
        trial = study.ask(space)
        moved = {name: _rounded(trial.params[name], params[name]) for name in free}
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
        moved = {name: value for name, value in moved.items() if value != champion[name]}
        if len(moved) == len(free) and not tried.knows(champion, moved):
            study.sampler = informed
            return moved
    study.sampler = informed
    return None


def _rounded(value: Any, param: Param) -> Any:
    if param.type != "float" or param.step is not None:
        return value
    short = float(f"{value:.{DIGITS}g}")
    return min(max(short, param.low or short), param.high or short)


def _draft(champion: Values, moved: Values) -> Draft:
    told = ", ".join(f"{name} {_short(champion[name])} → {_short(value)}" for name, value in moved.items())
    names = " and ".join(moved)
    return Draft(
        title=told,
        change={"kind": "params", "values": moved},
        hypothesis=f"The champion is not at its best in {names}.",
        axis="+".join(sorted(moved)),
        move=_direction(champion, moved),
        expected="better by more than the noise",
        if_works="search on from the new values",
        if_fails=f"once {names} was tried both ways without success, it is closed as a dead end",
    )


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _direction(champion: Values, moved: Values) -> str:
    if len(moved) != 1:
        return "replace"
    ((name, value),) = moved.items()
    old = champion[name]
    numbers = all(isinstance(item, int | float) and not isinstance(item, bool) for item in (old, value))
    return ("up" if value > old else "down") if numbers else "replace"
