"""Loops and tests that go by a budget which a protected file sets, and those that go beyond it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from arctl.experiments.integrity.facts import Fact, fact
from arctl.experiments.integrity.names import Names
from arctl.experiments.integrity.rules import BUDGET, LENGTH


def stretched(node: ast.AST, names: Names) -> Iterator[Fact]:
    """Yield loops and tests that go by a protected budget, and those that go beyond it."""
    match node:
        case ast.If() | ast.While():
            place = node.test
        case ast.For():
            place = node.iter
        case _:
            return
    parts = list(ast.walk(place))
    if any(_budget(part, names) for part in parts):
        yield fact("budget", place, "goes by a protected budget", "note", "flag", changed="flag")
    for part in parts:
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult | ast.Add | ast.Div):
            for budget, other in ((part.left, part.right), (part.right, part.left)):
                if _budget(budget, names) and _more(part.op, other, first=budget is part.left):
                    yield fact("budget", part, "goes beyond a protected budget", "quarantine")


def _budget(node: ast.AST, names: Names) -> bool:
    """Tell whether an expression is a budget that a protected file sets."""
    if not isinstance(node, ast.Name | ast.Attribute) or not names.is_protected(node):
        return False
    name = names.dotted(node).rsplit(".", 1)[-1]
    return BUDGET.search(name) is not None or LENGTH.search(name) is not None


def _more(operator: ast.operator, other: ast.expr, *, first: bool) -> bool:
    """Tell whether an operation with a number makes a budget larger."""
    try:
        number = float(ast.literal_eval(other))
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    if isinstance(operator, ast.Add):
        return number > 0
    return number > 1 if isinstance(operator, ast.Mult) else first and 0 < number < 1
