"""Facts of a Python file: what stands in it that a check looks after, to compare two versions."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from arctl.experiments.integrity.finding import Finding, Severity


@dataclass(frozen=True, slots=True)
class Fact:
    """One place in a file: `added` and `removed` say how grave it is that it came, or that it went."""

    check: str
    key: str
    said: str
    line: int
    added: Severity | None
    removed: Severity | None = None
    #: Where one came and one went; the graver of the two where this is not said.
    changed: Severity | None = None


def fact(
    check: str,
    node: ast.AST,
    said: str,
    added: Severity | None,
    removed: Severity | None = None,
    *,
    changed: Severity | None = None,
    key: str = "",
) -> Fact:
    """Return a fact about a piece of code, recognised again by its text, not by its place."""
    return Fact(check, key or code(node), said, getattr(node, "lineno", 0), added, removed, changed)


def code(node: ast.AST, most: int = 100) -> str:
    """Write a piece of code on one line, for comparing and for people."""
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= most else text[: most - 1] + "…"


def differences(path: str, before: Sequence[Fact], after: Sequence[Fact]) -> Iterator[Finding]:
    """Yield what came and what went, by check; that a line was moved is neither."""
    old, new = Counter((each.check, each.key) for each in before), Counter((f.check, f.key) for f in after)
    came = _once(each for each in after if new[each.check, each.key] > old[each.check, each.key])
    went = _once(each for each in before if old[each.check, each.key] > new[each.check, each.key])
    for each in came:
        partner = next(
            (other for other in went if other.check == each.check and other.said == each.said), None
        )
        if partner is not None and each.changed is not None:
            went.remove(partner)
            text = f"{each.said}: `{partner.key}` became `{each.key}`"
            yield Finding(each.check, each.changed, text, f"{path}:{each.line}")
        elif each.added is not None:
            yield Finding(each.check, each.added, f"{each.said}: `{each.key}`", f"{path}:{each.line}")
    for each in went:
        if each.removed is not None:
            yield Finding(each.check, each.removed, f"{each.said}, which was taken out: `{each.key}`", path)


def _once(facts: Iterator[Fact] | Sequence[Fact]) -> list[Fact]:
    return list({(each.check, each.key): each for each in facts}.values())


def constant(node: ast.AST | None) -> bool:
    """Tell whether an expression is a number, or made of numbers alone."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float) and not isinstance(node.value, bool)
    if isinstance(node, ast.UnaryOp):
        return constant(node.operand)
    if isinstance(node, ast.BinOp):
        return constant(node.left) and constant(node.right)
    return False


def targets(node: ast.AST) -> list[ast.expr]:
    """Return what a statement binds, tuples taken apart."""
    match node:
        case ast.Assign():
            found = list(node.targets)
        case ast.AugAssign() | ast.AnnAssign() | ast.For() | ast.AsyncFor() | ast.NamedExpr():
            found = [node.target]
        case ast.Delete():
            found = list(node.targets)
        case ast.With() | ast.AsyncWith():
            found = [item.optional_vars for item in node.items if item.optional_vars is not None]
        case _:
            return []
    flat: list[ast.expr] = []
    while found:
        item = found.pop(0)
        if isinstance(item, ast.Tuple | ast.List):
            found = [*item.elts, *found]
        else:
            flat.append(item.value if isinstance(item, ast.Starred) else item)
    return flat
