"""Code that reaches into what measures it: the evaluation, the clock, libraries, the interpreter."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from arctl.experiments.integrity.facts import Fact, code, fact, targets
from arctl.experiments.integrity.finding import Severity
from arctl.experiments.integrity.names import CLOCKS, Names, root

#: Built-in functions through which every number goes on its way out.
OUTWARD = frozenset({"print", "open", "round", "float", "format"})
#: Where Python keeps the names of a module, and calls that return such a dictionary.
DICTIONARIES = frozenset({"__dict__", "__globals__", "__builtins__"})
NAMESPACES = frozenset({"globals", "locals", "vars"})
#: Methods that change a dictionary.
FILLS = frozenset({"update", "setdefault", "pop", "popitem", "clear", "__setitem__"})
#: Ways to have a command run by a shell or by itself.
COMMANDS = ("os.system", "os.popen", "subprocess.run", "subprocess.call", "subprocess.check_call",
    "subprocess.check_output", "subprocess.Popen")  # fmt: skip
PATCHES = ("mock.patch", "mock.patch.object", "mock.patch.dict", "monkeypatch.setattr")
#: Ways into the interpreter that training needs seldom.
INSIDE = (
    "gc.get_objects", "gc.get_referrers", "sys._getframe", "inspect.stack", "inspect.currentframe",
    "sys.settrace", "sys.setprofile", "atexit.register", "sys.path.insert", "sys.path.append",
    "importlib.reload", "os.fork", "os.execv", "os.execve", "os.execvp", "os.execvpe", "os.execl",
    "os.execlp",
)  # fmt: skip
WRITES = frozenset(
    {
        "write_text",
        "write_bytes",
        "rename",
        "replace",
        "unlink",
        "remove",
        "chmod",
        "copy",
        "copyfile",
        "move",
    }
)


def tampering(tree: ast.Module, names: Names) -> Iterator[Fact]:
    """Yield what stands in a file that its evaluation, clock and libraries should not meet."""
    for node, inside in _walk(tree):
        for target in targets(node):
            yield from _bound(node, target, names, inside=inside)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _named(node, node.name, names, inside=inside)
        elif isinstance(node, ast.Call):
            yield from _called(node, names)
        elif isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            yield fact("evaluation", node, "may bind any name anew", "flag")
        elif isinstance(node, ast.Import | ast.ImportFrom) and any(
            (alias.name if isinstance(node, ast.Import) else node.module or "").split(".")[0] == "ctypes"
            for alias in node.names
        ):
            yield fact("interpreter", node, "reaches into the interpreter", "flag")


def _walk(tree: ast.Module) -> Iterator[tuple[ast.AST, bool]]:
    """Yield every node, and whether what it binds is local to a function."""
    waiting: list[tuple[ast.AST, frozenset[str] | None]] = [(tree, None)]
    while waiting:
        node, shared = waiting.pop()
        local = shared is not None and not any(
            isinstance(item, ast.Name) and item.id in shared for item in targets(node)
        )
        yield node, local
        inner = shared
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            # What a function declares global is bound in the module.
            inner = frozenset(
                name for item in ast.walk(node) if isinstance(item, ast.Global) for name in item.names
            )
        waiting += [(child, inner) for child in ast.iter_child_nodes(node)]


def _bound(node: ast.AST, target: ast.expr, names: Names, *, inside: bool) -> Iterator[Fact]:
    """Yield what is wrong with one target of an assignment."""
    if isinstance(target, ast.Name):
        yield from _named(node, target.id, names, inside=inside)
        return
    full, first = names.dotted(target), root(target)
    if isinstance(target, ast.Subscript):
        holder = names.dotted(target.value)
        if holder == "sys.modules":
            yield fact("evaluation", node, "puts a module in another's place", "quarantine")
        elif names.is_protected(target) and (first not in names.members or _inmost(target)):
            yield fact("evaluation", node, "changes the protected evaluation", "quarantine")
        elif isinstance(target.value, ast.Call) and code(target.value.func) in NAMESPACES:
            if isinstance(target.slice, ast.Constant) and target.slice.value in names.members | names.modules:
                yield fact("evaluation", node, "changes the protected evaluation", "quarantine")
            else:
                yield fact("interpreter", node, "binds a name behind the file's back", "flag")
        return
    if names.is_protected(target):
        yield fact("evaluation", node, "changes the protected evaluation", "quarantine")
    elif full in CLOCKS:
        yield fact("clock", node, "puts another clock in place of the real one", "quarantine")
    elif first == "builtins" or full in ("sys.stdout", "sys.stderr", "sys.meta_path", "sys.path_hooks"):
        yield fact("output", node, "changes how things are printed or imported", "quarantine")
    elif first in names.imported and isinstance(node, ast.Assign | ast.AnnAssign):
        made = node.value
        own = isinstance(made, ast.Lambda) or (isinstance(made, ast.Name) and made.id in names.functions)
        if own:
            said = "puts a function of its own into a library, which the evaluation may use, too"
            yield fact("library", node, said, "quarantine")


def _inmost(node: ast.AST) -> bool:
    """Tell whether an expression goes by the dictionary in which Python keeps names."""
    return any(isinstance(item, ast.Attribute) and item.attr in DICTIONARIES for item in ast.walk(node)) or (
        isinstance(node, ast.Call) and code(node.func) in NAMESPACES
    )


def _named(node: ast.AST, name: str, names: Names, *, inside: bool) -> Iterator[Fact]:
    key = f"{name} = …" if isinstance(node, ast.FunctionDef | ast.ClassDef) else ""
    if name in names.members or name in names.modules:
        grave: Severity = "flag" if inside else "quarantine"
        said = f"{name} comes from a protected file and is bound anew"
        yield fact("evaluation", node, said, grave, key=key)
    elif names.known.get(name) in CLOCKS:
        said = "puts another clock in place of the real one"
        yield fact("clock", node, said, "flag" if inside else "quarantine", key=key)
    elif name in OUTWARD and not inside:
        yield fact("output", node, f"replaces {name}()", "quarantine", key=key)


def _called(node: ast.Call, names: Names) -> Iterator[Fact]:
    full = names.dotted(node.func)
    first = node.args[0] if node.args else None
    if full in ("setattr", "delattr", "object.__setattr__", "vars") and first is not None:
        yield from _set(node, full, first, names)
    elif full.endswith(PATCHES) or full in ("patch", "patch.object"):
        whole = any(_speaks_of(argument, names) for argument in node.args)
        said = "patches the protected evaluation" if whole else "patches something while it runs"
        yield fact("evaluation", node, said, "quarantine" if whole else "flag")
    elif full.startswith("sys.modules."):
        grave: Severity = "note" if full == "sys.modules.get" else "quarantine"
        yield fact("evaluation", node, "reaches into the table of modules", grave)
    elif full.startswith(("sys.meta_path", "sys.path_hooks")):
        yield fact("evaluation", node, "changes how modules are found", "quarantine")
    elif isinstance(node.func, ast.Attribute) and node.func.attr in FILLS and _inmost(node.func.value):
        yield from _filled(node, node.func.value, names)
    elif full in ("exec", "eval") and any(_mentions(item, names) for item in ast.walk(node)):
        yield fact("evaluation", node, "runs a text that names the protected evaluation", "quarantine")
    elif full in COMMANDS and any(_mentions(item, names) for item in ast.walk(node)):
        yield fact("evaluation", node, "hands a protected file to a command", "quarantine")
    elif full in INSIDE or full.startswith("ctypes.") or full in ("exec", "eval"):
        yield fact("interpreter", node, "reaches into the interpreter", "flag")
    else:
        yield from _files(node, full, names)


def _filled(node: ast.Call, place: ast.expr, names: Names) -> Iterator[Fact]:
    """Yield a dictionary of names that is changed by one of its methods."""
    given = {word.arg for word in node.keywords} | {
        item.value for item in ast.walk(node) if isinstance(item, ast.Constant)
    }
    if names.is_protected(place) or given & (names.members | names.modules):
        yield fact("evaluation", node, "changes the protected evaluation", "quarantine")
    else:
        yield fact("interpreter", node, "binds a name behind the file's back", "flag")


def _mentions(node: ast.AST, names: Names) -> bool:
    """Tell whether a text has the name of something protected in it as a word."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return False
    words = re.findall(r"[\w./-]+", node.value)
    known = names.modules | names.members
    return any(
        names.protected(word.removeprefix("./")) or not known.isdisjoint(word.split(".")) for word in words
    )


def _set(node: ast.Call, full: str, first: ast.expr, names: Names) -> Iterator[Fact]:
    if names.is_protected(first):
        yield fact("evaluation", node, "changes the protected evaluation", "quarantine")
    elif full == "vars":
        return
    elif names.dotted(first) in ("time", "datetime", "builtins", "sys"):
        yield fact("clock", node, "changes the clock or the interpreter", "quarantine")
    elif isinstance(first, ast.Name) and first.id in names.imported:
        yield fact("library", node, "changes a library, which the evaluation may use, too", "flag")


def _speaks_of(node: ast.expr, names: Names) -> bool:
    """Tell whether an argument is, or names in a text, something protected."""
    if names.is_protected(node):
        return True
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.split(".")[0] in names.modules or names.protected(f"{node.value.split('.')[0]}.py")
    return False


def _files(node: ast.Call, full: str, names: Names) -> Iterator[Fact]:
    """Yield calls that touch a protected file by its name."""
    texts = [
        item.value
        for item in ast.walk(node)
        if isinstance(item, ast.Constant) and isinstance(item.value, str) and "\n" not in item.value
    ]
    meant = [text for text in texts if "." in text and names.protected(_module(text.removeprefix("./")))]
    method = node.func.attr if isinstance(node.func, ast.Attribute) else full
    if not meant:
        return
    mode = next((text for text in texts if text and set(text) <= set("rwabtx+")), "r")
    if method in WRITES or (method == "open" and set(mode) & set("wax+")):
        yield fact("evaluation", node, f"writes the protected file {meant[0]}", "quarantine")
    elif method in ("open", "read_text", "read_bytes"):
        yield fact("evaluation", node, f"reads the protected file {meant[0]}", "flag")


def _module(text: str) -> str:
    """Return the file in whose place a package of that name is imported; any other path as it is."""
    return f"{text.removesuffix('/__init__.py')}.py" if text.endswith("/__init__.py") else text


def evaluation(before: ast.Module, old: Names, after: ast.Module, new: Names) -> Iterator[Fact]:
    """Yield what no longer comes from protected files: names, and calls of functions that evaluate."""
    calls_before = set(_calls(before, old))
    calls_after = set(_calls(after, new))
    used = {node.id for node in ast.walk(after) if isinstance(node, ast.Name)}
    lost = {name for name in old.members | old.modules if name not in new.members | new.modules} & used
    for name in sorted(lost):
        whole = old.known.get(name, name)
        yield Fact(
            "evaluation", name, f"{name} was {whole} of a protected file and is another", 0, "quarantine"
        )
    for full in sorted(calls_before - calls_after):
        if full.split(".")[0] in lost or full.rsplit(".", 1)[-1] in lost:
            continue
        yield Fact("evaluation", f"{full}()", "a protected function is called no more", 0, "flag")


def _calls(tree: ast.Module, names: Names) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and names.is_protected(node.func):
            yield names.dotted(node.func)
