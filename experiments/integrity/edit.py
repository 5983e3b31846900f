"""An edit under suspicion: what a change does to the evaluation, the clock, seeds, output and data.

Static reading of two versions of each file. It catches what is written plainly; code that means to hide can,
and for that there are scored metrics.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from arctl.experiments.integrity.facts import Fact, differences
from arctl.experiments.integrity.finding import Finding, sorted_out
from arctl.experiments.integrity.lines import changed_lines
from arctl.experiments.integrity.names import Names, names_of
from arctl.experiments.integrity.rules import Rules
from arctl.experiments.integrity.tampering import evaluation, tampering
from arctl.experiments.integrity.watched import printed, watched
from arctl.experiments.syntax import tree_of

#: Characters of a file beyond which it is not read.
MOST = 1_000_000
#: Files that Python runs by itself.
UNASKED = frozenset({"sitecustomize.py", "usercustomize.py"})
_PYTHON = frozenset({".py", ".pyw"})
#: Prose: nothing of it runs.
_PROSE = frozenset({".md", ".rst", ".txt", ".lock", ".csv", ".svg"})

#: Two versions of a file; None where there is none, or where it is no text.
Versions = tuple[str | None, str | None]


def check_edit(files: Mapping[str, Versions], rules: Rules) -> tuple[Finding, ...]:
    """Return what is doubtful about an edit: each changed path with its text before and after."""
    found: list[Finding] = []
    for path, (before, after) in sorted(files.items()):
        if before is None:
            found += _new_file(path, rules)
        if after is None or after == before:
            continue
        if max(len(after), len(before or "")) > MOST:
            found.append(Finding("size", "flag", "too large to be looked at", path))
        else:
            found += _changed(path, before or "", after, rules)
    return sorted_out(found)


def _new_file(path: str, rules: Rules) -> Iterator[Finding]:
    """Yield what a new file takes the place of."""
    place = PurePosixPath(path)
    if place.name in UNASKED or place.suffix == ".pth":
        yield Finding("shadow", "quarantine", "Python runs a file of this name by itself", path)
    if place.suffix not in _PYTHON:
        return
    package = place.name == "__init__.py"
    module = (place.parent if package else place.with_suffix("")).name
    # A folder on the way in is a package as well.
    top = place.parts[0] if len(place.parts) > 1 else module
    beside = place.parent.parent if package else place.parent
    if package and rules.protected(str(beside / f"{module}.py")):
        text = f"a package {module} is imported in place of the protected file {beside / module}.py"
        yield Finding("shadow", "quarantine", text, path)
    if len(place.parts) <= 1 + package and (module in sys.stdlib_module_names or top in _LIBRARIES):
        yield Finding("shadow", "quarantine", f"is imported in place of the module {module}", path)


_LIBRARIES = frozenset({"torch", "numpy", "jax", "sklearn", "scipy", "tensorflow", "pandas", "transformers"})


def _changed(path: str, before: str, after: str, rules: Rules) -> Iterator[Finding]:
    suffix = PurePosixPath(path).suffix
    if suffix in _PROSE:
        return
    if suffix in _PYTHON:
        try:
            old, new = tree_of(before), tree_of(after)
        except (SyntaxError, ValueError, RecursionError) as error:
            yield Finding("syntax", "note", f"is no Python that can be read: {error}", path)
        else:
            yield from _python(path, old, new, rules)
            return
    yield from changed_lines(path, before, after, rules)


def _python(path: str, old: ast.Module, new: ast.Module, rules: Rules) -> Iterator[Finding]:
    were, are = names_of(old, path, rules.protected), names_of(new, path, rules.protected)
    # What was imported from a protected file and is bound anew instead still counts as protected.
    seen = replace(are, members=were.members | are.members)
    yield from differences(path, _facts(old, were, rules), _facts(new, seen, rules))
    for each in evaluation(old, were, new, are):
        yield Finding(each.check, each.added or "flag", f"{each.said}: `{each.key}`", path)


def _facts(tree: ast.Module, names: Names, rules: Rules) -> list[Fact]:
    return [*tampering(tree, names), *watched(tree, names, rules), *printed(tree, rules)]
