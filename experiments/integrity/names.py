"""What the names of a Python file stand for: modules, members of modules, and which of them are protected."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from arctl.experiments.integrity.facts import targets

#: Functions that return a module by a text.
FETCHES = frozenset({"__import__", "importlib.import_module"})
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
    #: Further names that are given to protected modules.
    aliases: set[str] = field(default_factory=set)
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
        node = holder(node)
        if isinstance(node, ast.Name):
            return node.id in self.modules | self.members | self.aliases
        return self.is_module(node)

    def is_module(self, node: ast.AST) -> bool:
        """Tell whether an expression is a protected module, by its name or fetched by a text."""
        if isinstance(node, ast.Name):
            return node.id in self.modules | self.aliases
        if isinstance(node, ast.Call) and node.args:
            fetched = self.dotted(node.func) in FETCHES
            return fetched and self._names_module(node.args[0])
        if isinstance(node, ast.Subscript) and self.dotted(node.value) == "sys.modules":
            return self._names_module(node.slice)
        return False

    def _names_module(self, node: ast.AST) -> bool:
        said = node.value if isinstance(node, ast.Constant) else None
        return isinstance(said, str) and any(self.protected(place) for place in _places(self.path, said, 0))


def holder(node: ast.AST) -> ast.AST:
    """Return what a chain of attributes and subscripts begins at; `vars(x)` is part of the chain of x."""
    while True:
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "sys.modules":
            return node
        if isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "vars" and node.args:
            node = node.args[0]
        else:
            return node


def root(node: ast.AST) -> str:
    """Return the name at which a chain of attributes and subscripts begins; empty where none does."""
    node = holder(node)
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
    for node in ast.walk(tree):
        # Another name of a protected module is protected, too.
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr | ast.For):
            value = node.iter if isinstance(node, ast.For) else node.value
            given = value.elts if isinstance(value, ast.Tuple | ast.List) else [value]
            if any(item is not None and found.is_module(item) for item in given):
                found.aliases.update(item.id for item in targets(node) if isinstance(item, ast.Name))
    return found


def _take_from(found: Names, node: ast.ImportFrom) -> None:
    module = node.module or ""
    ours = any(found.protected(place) for place in _places(found.path, module, node.level))
    for alias in node.names:
        bound = alias.asname or alias.name
        if bound == "*":
            continue
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
