"""Lines that an idea rarely needs to touch: seeds, timers and budgets, what is printed, held-out data."""

from __future__ import annotations

import ast
import re
import zlib
from collections.abc import Iterator

from arctl.experiments.integrity.budgets import stretched
from arctl.experiments.integrity.facts import Fact, constant, fact, targets
from arctl.experiments.integrity.finding import Severity
from arctl.experiments.integrity.names import CLOCKS, Names
from arctl.experiments.integrity.rules import BUDGET, EVALUATES, HELD_OUT, LENGTH, SEED, TIMER, Rules, says

SEEDS = (
    "manual_seed", "manual_seed_all", "set_seed", "seed_everything", "set_random_seed", "default_rng",
    "RandomState", "PRNGKey", "SeedSequence", "random.seed", "srand",
)  # fmt: skip
#: Factors that turn one unit of time into another.
UNITS = frozenset({1, 10, 60, 100, 1000, 3600, 1e6, 1e9, 1e-3, 1e-6, 1e-9})
#: Calls that put data together, and what is a number and no data.
MIXES = frozenset({"concatenate", "concat", "cat", "vstack", "hstack", "chain", "extend", "append"})
MEASURED = re.compile(r"loss|acc|err|score|metric|bpb|ppl|mse|auc|f1|time|size|len|num|count|seconds", re.I)
LOADS = (
    "open", "load", "loadtxt", "memmap", "read_csv", "read_parquet", "read_bytes", "read_text", "Path",
    "load_dataset", "make_dataloader", "get_batch", "DataLoader", "Dataset", "fromfile", "load_file",
)  # fmt: skip


def watched(tree: ast.Module, names: Names, rules: Rules) -> Iterator[Fact]:
    """Yield the places of a file that are compared between two versions."""
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    if rules.seed_env and rules.seed_env in texts:
        said = f"reads {rules.seed_env}, by which a run is told its seed"
        yield Fact("seed", rules.seed_env, said, 0, None, "quarantine")
    for node in ast.walk(tree):
        yield from _seeds(node, names)
        yield from _timers(node, names, rules)
        yield from _data(node, names)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and EVALUATES.search(node.name):
            key = f"{node.name}() {zlib.crc32(ast.dump(node).encode()):08x}"
            yield fact(
                "evaluation", node, f"{node.name}() evaluates", "note", "flag", changed="flag", key=key
            )


def _seeds(node: ast.AST, names: Names) -> Iterator[Fact]:
    said = "a line that seeds chance"
    if isinstance(node, ast.Call):
        full = names.dotted(node.func) or (node.func.attr if isinstance(node.func, ast.Attribute) else "")
        if full.split(".")[-1] in SEEDS or full.endswith(SEEDS):
            yield fact("seed", node, said, "note", "flag", changed="flag")
        for word in node.keywords:
            if word.arg and SEED.search(word.arg):
                yield fact("seed", word, said, "note", "flag", changed="flag")
    for target in targets(node):
        if isinstance(target, ast.Name) and SEED.search(target.id):
            over = isinstance(node, ast.For)
            text = "runs over several seeds" if over else said
            key = ast.unparse(node.iter) if isinstance(node, ast.For) else ""
            yield fact("seed", node, text, "flag" if over else "note", "flag", changed="flag", key=key)


def _timers(node: ast.AST, names: Names, rules: Rules) -> Iterator[Fact]:
    for target in targets(node):
        name = target.id if isinstance(target, ast.Name) else ""
        if name and BUDGET.search(name) and name not in rules.params:
            # A number of the file, not what it reads of a protected one.
            own: Severity = "quarantine" if isinstance(node, ast.Assign) and constant(node.value) else "flag"
            yield fact("budget", node, f"{name} is a budget", own, "flag", changed=own)
        elif name and LENGTH.search(name) and name not in rules.params and isinstance(node, ast.Assign):
            yield fact("budget", node, f"{name} says how long it trains", None, None, changed="note")
        elif name and TIMER.search(name):
            # One that begins at nothing is the first; a further one forgets what was counted.
            forgets = isinstance(node, ast.Assign) and constant(node.value)
            grave: Severity = "flag" if forgets else "note"
            yield fact("timer", node, "a line that takes the time", grave, "flag", changed="flag")
    yield from stretched(node, names)
    if isinstance(node, ast.If | ast.While) and (_takes_time(node.test, names) or _times(node)):
        yield fact("timer", node.test, "a test of time or budget", "note", "flag", changed="flag")
    if isinstance(node, ast.BinOp) and _scaled_clock(node, names):
        yield fact("timer", node, "a reading of the clock is scaled or shifted", "flag")


def _times(node: ast.If | ast.While) -> bool:
    """Tell whether it depends on a test what of the time is counted."""
    bound = (target for item in node.body for target in targets(item))
    own = any(isinstance(target, ast.Name) and TIMER.search(target.id) for target in bound)
    return own and isinstance(node, ast.If)


def _takes_time(node: ast.expr, names: Names) -> bool:
    return any(
        (isinstance(item, ast.Name) and (BUDGET.search(item.id) or TIMER.search(item.id)))
        or (isinstance(item, ast.Call) and names.dotted(item.func) in CLOCKS)
        for item in ast.walk(node)
    )


def _scaled_clock(node: ast.BinOp, names: Names) -> bool:
    """Tell whether a clock's reading meets a number that is no unit of time."""
    for one, other in ((node.left, node.right), (node.right, node.left)):
        if not isinstance(one, ast.Constant) or not isinstance(one.value, int | float):
            continue
        if isinstance(node.op, ast.Mult | ast.Div) and one.value in UNITS:
            continue
        spans = other if isinstance(other, ast.BinOp) and isinstance(other.op, ast.Sub) else None
        read = [other] if spans is None else [spans.left, spans.right]
        if any(isinstance(item, ast.Call) and names.dotted(item.func) in CLOCKS for item in read):
            return True
    return False


def _data(node: ast.AST, names: Names) -> Iterator[Fact]:
    """Yield where something of a held-out split is loaded, fitted on, or mixed with other data."""
    if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
        name = names.dotted(node).rsplit(".", 1)[-1]
        rows = HELD_OUT.search(name) and not MEASURED.search(name) and not EVALUATES.search(name)
        if rows and names.is_protected(node) and not names.is_module(node):
            yield fact("data", node, "uses held-out data of a protected file", "quarantine")
        return
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        if any(_held_out_rows(side) for side in (node.left, node.right)):
            yield fact("data", node, "mixes what may be held-out data into other data", "flag")
        return
    if not isinstance(node, ast.Call):
        return
    full = names.dotted(node.func) or (node.func.attr if isinstance(node.func, ast.Attribute) else "")
    name = full.split(".")[-1]
    if name in ("fit", "partial_fit", "train_on_batch"):
        for item in [*node.args, *(word.value for word in node.keywords)]:
            if isinstance(item, ast.Name) and HELD_OUT.search(item.id):
                yield fact("data", node, "fits on what may be held-out data", "flag")
                return
    if name in MIXES and any(_held_out_rows(item) for part in node.args for item in ast.walk(part)):
        yield fact("data", node, "mixes what may be held-out data into other data", "flag")
        return
    if names.is_protected(node.func) and any(_held_out(item) for item in _given(node)):
        yield fact("data", node, "loads held-out data", "quarantine")
        return
    if name not in LOADS:
        return
    for part in ast.walk(node):
        if _held_out(part):
            yield fact("data", node, "reads what may be held-out data", "flag")
            return


def _given(node: ast.Call) -> list[ast.expr]:
    return [*node.args, *(word.value for word in node.keywords)]


def _held_out(node: ast.AST) -> bool:
    """Tell whether a text names a held-out split."""
    said = node.value if isinstance(node, ast.Constant) else None
    return isinstance(said, str) and HELD_OUT.search(said) is not None


def _held_out_rows(node: ast.AST) -> bool:
    """Tell whether a name says held-out data, and not a number that was computed on them."""
    return (
        isinstance(node, ast.Name) and HELD_OUT.search(node.id) is not None and not MEASURED.search(node.id)
    )


def printed(tree: ast.Module, rules: Rules) -> Iterator[Fact]:
    """Yield where the deciding metric is printed, written, or given its value."""
    pattern, last = says(rules.metric), rules.last
    said = f"a line that reports {rules.metric}"
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield from _formatted(node, rules, said)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            text = node.value if isinstance(node.value, str) else node.value.decode("latin-1")
            for found in pattern.finditer(text):
                if text[found.end() :].strip()[:1].isdigit():
                    yield fact("output", node, f"{rules.metric} is written as a number", "quarantine")
                    break
        elif isinstance(node, ast.Call):
            yield from _call(node, rules, said)
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value in (rules.metric, last):
                    yield _reported(value, value, said)
        for target in targets(node):
            if isinstance(target, ast.Name) and target.id == last.replace("-", "_"):
                yield from _assigned(node, said)
            elif isinstance(target, ast.Subscript) and isinstance(node, ast.Assign):
                place = target.slice
                if isinstance(place, ast.Constant) and place.value in (rules.metric, last):
                    yield _reported(node, node.value, said)


def _formatted(node: ast.JoinedStr, rules: Rules, said: str) -> Iterator[Fact]:
    """Yield what stands behind the metric's name in an f-string."""
    for at, part in enumerate(node.values[:-1]):
        follows = node.values[at + 1]
        if isinstance(part, ast.Constant) and isinstance(follows, ast.FormattedValue):
            text = str(part.value)
            if any(not text[found.end() :].strip() for found in says(rules.metric).finditer(text)):
                yield _reported(node, follows.value, said)


def _call(node: ast.Call, rules: Rules, said: str) -> Iterator[Fact]:
    """Yield `print("val_loss:", value)`, `"val_loss: {}".format(value)` and `log(val_loss=value)`."""
    texts = [item for item in node.args if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Constant):
        texts.append(node.func.value)
    for text in texts:
        value = str(text.value)
        if not any(
            value[found.end() :].lstrip()[:1] in ("", "{", "%")
            for found in says(rules.metric).finditer(value)
        ):
            continue
        for item in node.args:
            if item is not text:
                yield _reported(node, item, said)
    for word in node.keywords:
        if word.arg == rules.last:
            yield _reported(word, word.value, said)


def _reported(node: ast.AST, value: ast.expr, said: str) -> Fact:
    """Return how grave it is that a value is reported: a number of the code's own making is."""
    own = _made_up(value)
    return fact("output", node, said, own or "flag", "note", changed=own or "flag")


def _assigned(node: ast.AST, said: str) -> Iterator[Fact]:
    value = getattr(node, "value", None)
    if isinstance(node, ast.AugAssign):
        grave: Severity = "quarantine" if constant(node.value) else "flag"
        yield fact("output", node, said, grave)
    elif isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and isinstance(value, ast.expr):
        # A start value, as in `best = 0.0`, is no result where a real one follows.
        own = None if constant(value) and _start(value) else _made_up(value)
        yield fact("output", node, said, own or "note", "note", changed=own or "flag")


def _start(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value in (0, 0.0, 1, 1.0)


def _made_up(value: ast.expr) -> Severity | None:
    """Tell whether a reported value is a constant, is scaled or shifted by one, or is the best of several."""
    while isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.args:
        if value.func.id not in ("float", "round", "str", "abs", "int"):
            break
        value = value.args[0]
    if constant(value):
        return "quarantine"
    if isinstance(value, ast.BinOp) and not _share(value):
        sides = [side for side in (value.left, value.right) if constant(side)]
        if any(getattr(side, "value", 0) not in UNITS for side in sides):
            return "quarantine"
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in ("min", "max"):
        return "quarantine" if any(constant(item) for item in value.args) else "flag"
    return None


def _share(value: ast.BinOp) -> bool:
    """Tell an error made of an accuracy, `1 - x`, from a number that is bent."""
    return (
        isinstance(value.op, ast.Sub)
        and isinstance(value.left, ast.Constant)
        and value.left.value in (1, 1.0, 100)
    )
