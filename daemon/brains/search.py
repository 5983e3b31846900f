"""The search brain: moves along the tunable surface, local at first, then by Optuna's TPE (ask-and-tell).

Most proposals move one parameter away from the champion, untried ones first: a step up and a step down,
then wherever TPE expects most. Every fourth moves two at once. The study is rebuilt from the campaign's
history at each question, so nothing is lost by a restart.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from arctl.daemon.actions import Past
from arctl.daemon.brains.base import Reply, Situation
from arctl.daemon.facts import Draft
from arctl.experiments import surface

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


class SearchBrain:
    """Tree-structured Parzen estimator over the champion's neighbourhood."""

    def propose(self, situation: Situation) -> Reply:
        """Return moves never tried before; exhausted when every open axis is used up."""
        params = situation.spec.params
        champion = {name: value for name, value in situation.params.items() if name in params}
        axes = [name for name in surface.active(params, champion) if name in champion]
        axes = sorted(name for name in axes if name not in situation.dead_axes)
        if not axes:
            return Reply(
                (), exhausted=True, note="no tunable parameter is left to move; see `arctl deadends`"
            )
        seen = {_key(past.params) for past in situation.history if past.params}
        counts = Counter(part for past in situation.history for part in past.axis.split("+") if part)
        rng = random.Random(f"{situation.spec.brain.seed}/{len(situation.history)}")  # noqa: S311
        study = _study(situation, rng.randrange(2**31))
        drafts: list[Draft] = []
        number = len(situation.history)
        while len(drafts) < situation.want:
            free = _choose(axes, counts, rng, joint=(number + len(drafts)) % JOINT_EVERY == 0)
            moved = _step(params, champion, free, seen, counts, rng) or _move(
                study, params, champion, free, seen, rng
            )
            if moved is None:
                axes = [axis for axis in axes if axis not in free] if len(free) == 1 else axes
                if not axes:
                    break
                counts.update(free)
                continue
            seen.add(_key({**champion, **moved}))
            counts.update(moved.keys())
            drafts.append(_draft(champion, moved))
        return Reply(tuple(drafts), exhausted=not drafts)


def _study(situation: Situation, seed: int) -> optuna.Study:
    """Rebuild the study: what was measured, what failed, what is still under way."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=8, constant_liar=True)
    study = optuna.create_study(direction=situation.spec.metric.goal, sampler=sampler)
    space = {name: _distribution(param) for name, param in situation.spec.params.items()}
    study.add_trials(list(_trials(situation.history, space)))
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
    seen: set[str],
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
        if goal != value and _key({**champion, name: goal}) not in seen:
            return {name: goal}
    return None


def _move(
    study: optuna.Study,
    params: dict[str, Param],
    champion: Values,
    free: list[str],
    seen: set[str],
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
        if len(moved) == len(free) and _key({**champion, **moved}) not in seen:
            study.sampler = informed
            return moved
    study.sampler = informed
    return None


def _rounded(value: Any, param: Param) -> Any:
    if param.type != "float" or param.step is not None:
        return value
    short = float(f"{value:.{DIGITS}g}")
    return min(max(short, param.low or short), param.high or short)


def _key(params: Values) -> str:
    return repr(sorted((name, value) for name, value in params.items()))


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
