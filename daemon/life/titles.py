"""Titles as they are true: `LR 0.1 → 0.2` names a value of the base that was there when it was written."""

from __future__ import annotations

import math
import re
from typing import Any

from arctl.daemon.rows import Experiment
from arctl.daemon.state import State

#: How far a rounded value in a title may lie from the one that it means.
ROUNDED = 0.005
MAX_TITLE = 200


def told(state: State, row: Experiment) -> str:
    """Return an experiment's title; values that it moves from are those of the base that it was built on."""
    title = row.title
    params = state.spec(row.campaign).params
    for name, was, _ in _moves(state, row):
        choices = params[name].choices if name in params else ()
        short = re.escape(name.rpartition(".")[2])
        says = re.compile(rf"(?<![\w.])({re.escape(name)}|{short})(\s+)(\S+)(\s*(?:→|->))")

        def mended(found: re.Match[str], was: Any = was, choices: tuple[Any, ...] = choices) -> str:
            value = _written(was) if _differs(found[3], was, choices) else found[3]
            return f"{found[1]}{found[2]}{value}{found[4]}"

        title = says.sub(mended, title)
    return title[:MAX_TITLE]


def change_of(state: State, row: Experiment) -> str:
    """Return what an experiment set on its base, as `LR 0.3 → 0.2 on e5`; empty where it set no values."""
    moves = _moves(state, row)
    said = ", ".join(f"{name} {_written(was)} → {_written(value)}" for name, was, value in moves)
    return f"{said} on {row.base}" if said else ""


def _moves(state: State, row: Experiment) -> list[tuple[str, Any, Any]]:
    """Return each parameter that a change of values sets, with the base's value and the new one."""
    proposal, base = state.proposals.get(row.proposal), state.experiments.get(row.base)
    if proposal is None or base is None or proposal.change.get("kind") != "params":
        return []
    values = proposal.change.get("values")
    if not isinstance(values, dict):
        return []
    return [(name, base.params[name], value) for name, value in values.items() if name in base.params]


def _differs(text: str, value: Any, choices: tuple[Any, ...]) -> bool:
    """Tell whether a word of a title is a value, perhaps rounded, and another one; other words stay."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        said = text.strip("'\"")
        return said != str(value) and said in {"True", "False", *map(str, choices)}
    try:
        return not math.isclose(float(text), value, rel_tol=ROUNDED)
    except ValueError:
        return False


def _written(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
