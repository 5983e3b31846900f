"""Module-level constants of Python source: where they stand and what they are, by the syntax tree."""

from __future__ import annotations

import ast
import operator
import re
from typing import TYPE_CHECKING, NamedTuple

from arctl.experiments.errors import ScienceError
from arctl.experiments.syntax import tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from arctl.experiments.tables import Value

_UPPER = re.compile(r"_?[A-Z][A-Z0-9_]*")
_OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_LARGEST_POWER = 512  # of an exponent: `9**9**9` must not be computed


class SurfaceError(ScienceError):
    """A constant cannot be read or written where a spec says that it stands."""


class Constant(NamedTuple):
    """A value and the span of its expression, in bytes of the UTF-8 text."""

    value: Value
    start: int
    end: int


def constants(source: str) -> dict[str, Value]:
    """Find UPPER_CASE names bound once, at module level, to a number, bool, string or simple arithmetic.

    Raises SurfaceError for source that does not parse.
    """
    tree = parsed(source)
    once = [name for name, count in _bindings(tree).items() if count == 1 and _UPPER.fullmatch(name)]
    found = {name: evaluate(node) for name, node in _assigned(tree) if name in set(once)}
    return {name: value for name, value in found.items() if value is not None}


def locate(source: str, name: str) -> Constant:
    """Find one constant and its span; raises SurfaceError when missing, bound twice or not a constant."""
    tree = parsed(source)
    count = _bindings(tree).get(name, 0)
    if count > 1:
        msg = f"{name} is assigned {count} times at module level."
        raise SurfaceError(msg, "Tune a name that is assigned once: which assignment counts cannot be known.")
    node = dict(_assigned(tree)).get(name)
    if node is None:
        msg = f"there is no constant {name} at module level."
        raise SurfaceError(
            msg, "Write `NAME = value` on a line of its own at module level, or correct the key."
        )
    value = evaluate(node)
    if value is None:
        msg = f"{name} is not bound to a number, bool or string (`{ast.unparse(node)[:40]}`)."
        raise SurfaceError(msg, "Bind it to a literal, or tune a constant that it is computed from.")
    starts = _line_starts(source)
    end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
    return Constant(value, starts[node.lineno - 1] + node.col_offset, starts[end_line - 1] + end_column)


def parsed(source: str) -> ast.Module:
    """Parse source; raises SurfaceError with the line of a syntax error."""
    try:
        return tree_of(source.removeprefix("\ufeff"))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f" (line {error.lineno})" if isinstance(error, SyntaxError) and error.lineno else ""
        msg = f"the Python file does not parse{line}."
        raise SurfaceError(msg, "Correct its syntax; it is read, not run.") from error


def evaluate(node: ast.expr) -> Value | None:
    """The value of a literal or of simple arithmetic; None for anything else."""
    if isinstance(node, ast.Constant):
        # bool before int matters to callers only; bytes, None, complex and ... are no values of a parameter
        return node.value if isinstance(node.value, (bool, int, float, str)) else None
    return _number(node)


def _number(node: ast.expr) -> int | float | None:
    if isinstance(node, ast.Constant):
        plain = isinstance(node.value, (int, float)) and not isinstance(node.value, bool)
        return node.value if plain else None  # type: ignore[return-value]  # a number, by `plain`
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        inner = _number(node.operand)
        return None if inner is None else (-inner if isinstance(node.op, ast.USub) else inner)
    if not isinstance(node, ast.BinOp):
        return None
    left, right = _number(node.left), _number(node.right)
    if left is None or right is None:
        return None
    try:
        if isinstance(node.op, ast.Pow):
            if abs(right) > _LARGEST_POWER or abs(left) > 1e9:
                return None
            result = left**right
        else:
            result = _OPERATORS[type(node.op)](left, right)
    except (KeyError, ArithmeticError):
        return None
    return result if isinstance(result, (int, float)) and abs(result) < 1e100 else None


def _assigned(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Plain assignments to one name that stand directly in the module."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            target, value = node.target, node.value
        else:
            continue
        if isinstance(target, ast.Name):
            yield target.id, value


def _bindings(tree: ast.Module) -> dict[str, int]:
    """How often each name is bound at module level, branches and loops included."""
    counts: dict[str, int] = {}
    queue: list[ast.AST] = list(tree.body)
    while queue:
        node = queue.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            counts[node.name] = counts.get(node.name, 0) + 1
            continue
        if isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            continue  # scopes of their own
        if isinstance(node, ast.AnnAssign) and node.value is None:
            continue  # `X: int` declares and binds nothing
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            counts[node.id] = counts.get(node.id, 0) + 1
        queue.extend(ast.iter_child_nodes(node))
    return counts


def _line_starts(source: str) -> list[int]:
    """Byte offset of each line as the parser counts them: LF, CR LF and CR end one, nothing else does."""
    data = source.encode()
    starts = [3 if source.startswith("\ufeff") else 0]
    starts.extend(match.end() for match in re.finditer(rb"\r\n|\n|\r", data))
    return starts


def replaced(source: str, name: str, value: Value) -> str:
    """Put another value in place of a constant's expression; every other byte and the quotes stay."""
    place = locate(source, name)
    data = source.encode()
    old = data[place.start : place.end]
    text = _literal(value, double=old.startswith(b'"') and old.endswith(b'"'))
    return (data[: place.start] + text.encode() + data[place.end :]).decode()


def _literal(value: Value, *, double: bool) -> str:
    """Write a value as Python; a text between double quotes where its predecessor stood so."""
    text = repr(value)
    if double and isinstance(value, str) and '"' not in value:
        return '"' + text[1:-1].replace("\\'", "'") + '"'
    return text
