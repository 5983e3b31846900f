"""What the names of a Python file stand for: modules, members of modules, and which of them are protected."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

#: Clocks by their full names.
CLOCKS = frozenset(
    f"time.{name}{unit}"
    for name in ("time", "perf_counter", "monotonic", "process_time", "thread_time")
    for unit in ("", "_ns")
) | {"datetime.datetime.now", "datetime.datetime.utcnow", "timeit.default_timer", "time.sleep"}


@dataclass
class Names:
    """The imports of one file; a name that was never imported stands for itself."""

    path: str
    protected: Callable[[str], bool]
    #: Name -> the dotted name that it stands for.
    known: dict[str, str] = field(default_factory=dict)
    #: Names of protected modules, and names taken out of them.
    modules: set[str] = field(default_factory=set)
    members: set[str] = field(default_factory=set)
    #: Names of all modules.
    imported: set[str] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)

    def dotted(self, node: ast.AST) -> str:
        """Return the full name of a name or attribute; empty for any other expression."""
        if isinstance(node, ast.Name):
            return self.known.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            inner = self.dotted(node.value)
            return f"{inner}.{node.attr}" if inner else ""
        return ""

    def is_protected(self, node: ast.AST) -> bool:
        """Tell whether an expression is a protected module, a member of one, or inside either."""
        name = root(node)
        return name in self.modules or name in self.members


def root(node: ast.AST) -> str:
    """Return the name at which a chain of attributes and subscripts begins; empty where none does."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def names_of(tree: ast.Module, path: str, protected: Callable[[str], bool]) -> Names:
    """Read the imports and the function definitions of a file."""
    found = Names(path, protected)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.split(".")[0]
                found.known[bound] = alias.name if alias.asname else bound
                found.imported.add(bound)
                if any(protected(place) for place in _places(path, alias.name, 0)):
                    found.modules.add(bound)
        elif isinstance(node, ast.ImportFrom):
            _take_from(found, node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.functions.add(node.name)
    return found


def _take_from(found: Names, node: ast.ImportFrom) -> None:
    module = node.module or ""
    ours = any(found.protected(place) for place in _places(found.path, module, node.level))
    for alias in node.names:
        bound = alias.asname or alias.name
        whole = f"{module}.{alias.name}".strip(".")
        found.known[bound] = whole
        if any(found.protected(place) for place in _places(found.path, whole, node.level)):
            found.modules.add(bound)
            found.imported.add(bound)
        elif ours:
            found.members.add(bound)
        elif alias.name[:1].islower() and not node.level:
            # A module or a function: `from torch.nn import functional`.
            found.imported.add(bound)


def _places(path: str, module: str, level: int) -> Iterator[str]:
    """Yield the files that an import may mean."""
    folder = PurePosixPath(path).parent
    roots = [folder, PurePosixPath("."), PurePosixPath("src")]
    if level:
        roots = [folder.joinpath(*[".."] * (level - 1))]
    parts = [part for part in module.split(".") if part]
    for start in roots:
        place = PurePosixPath(*_plain(start.joinpath(*parts).parts))
        if parts:
            yield f"{place}.py"
        yield str(place / "__init__.py")


def _plain(parts: tuple[str, ...]) -> list[str]:
    """Take `..` out of a path."""
    found: list[str] = []
    for part in parts:
        if part == ".." and found:
            found.pop()
        elif part not in ("..", "."):
            found.append(part)
    return found
