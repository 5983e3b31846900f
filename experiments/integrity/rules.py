"""What the checks of an edit must know of a campaign: the metric, what is protected, what may be tuned."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from arctl.experiments.globs import matches

if TYPE_CHECKING:
    from arctl.experiments.models import Spec


@dataclass(frozen=True, slots=True)
class Rules:
    """Plain data of a campaign; `protected` tells whether a path, relative to its folder, is."""

    metric: str
    protected: Callable[[str], bool] = lambda path: False
    params: frozenset[str] = frozenset()
    seed_env: str = ""

    @property
    def last(self) -> str:
        """The metric's own name, without what it is nested in."""
        return self.metric.rsplit(".", 1)[-1].rsplit("/", 1)[-1]


def rules_of(spec: Spec) -> Rules:
    """Return the rules of a campaign's specification."""
    return Rules(
        metric=spec.metric.name,
        protected=lambda path: matches(spec.files.protected, path),
        params=frozenset(param.key or name for name, param in spec.params.items()),
        seed_env=spec.seed.env or "" if spec.seed is not None else "",
    )


#: What a budget is called; a constant of such a name is no hyperparameter.
BUDGET = re.compile(
    r"(?:^|_)budget(?:$|_)|(?:^|_)(?:time|wall(?:_?clock|_?time)?|seconds|minutes|hours|flops?)_limit(?:$|_)"
    r"|(?:^|_)max_(?:seconds|minutes|hours|time|wall(?:_?clock|_?time)?|flops?|tokens)(?:$|_)|^max_time",
    re.IGNORECASE,
)
#: How long something trains, where that is counted.
LENGTH = re.compile(r"(?:^|_)(?:num|max|n|total|train)_?(?:steps?|iters?|iterations|epochs)$|^epochs$", re.I)
#: A span of time that a script measures of itself.
TIMER = re.compile(r"(?:^|_)(?:train(?:ing)?|total|elapsed|wall|run)_?(?:time|seconds|secs|duration)", re.I)
#: A seed by its name.
SEED = re.compile(r"(?:^|_)(?:seed|random_state)s?$", re.IGNORECASE)
#: A function that evaluates, by its name.
EVALUATES = re.compile(r"(?:^|_)(?:eval|evaluate|evaluation|score|metrics?|valid|validate|validation)(?:$|_)")
#: A split that training must not see, as a word of a path or of an argument.
HELD_OUT = re.compile(
    r"(?:^|[\W_\d])(?:val|valid|validation|test|holdout|heldout|held_out|dev)(?:$|[\W_\d])", re.I
)


@lru_cache(maxsize=64)
def says(metric: str) -> re.Pattern[str]:
    """Return what finds a metric written with a value behind it, as a run prints it."""
    return re.compile(rf"(?<![\w.]){re.escape(metric)}['\"]?\s*[:=]", re.IGNORECASE)
